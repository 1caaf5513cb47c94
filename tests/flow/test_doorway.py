"""The endpoint as the engine keeps it: who has the port, what the settings change, and what sleep does to it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from listening import Listener
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from alisa_desktop import doorway as doorway_module
from alisa_desktop import engine as engine_module
from alisa_desktop.core.errors import PortTaken
from alisa_desktop.core.events import ClientsChanged, ReplyText
from alisa_desktop.server.serve import listen

PATIENCE = 30.0
Script = Callable[..., Path]


def a_taken_port() -> socket.socket:
    """A port that somebody listens at, high enough that the next ones are free; tests beside us have others."""
    return listen("127.0.0.1", 23_000 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))


async def gets_in(address: str) -> bool:
    try:
        await (await connect(address, proxy=None)).close()
    except OSError:
        return False
    return True


async def changed(engine: Any, **settings: Any) -> str:
    """Change settings and wait for the new address."""
    news: asyncio.Queue[str] = asyncio.Queue()
    engine.on_endpoint = lambda address, trouble: news.put_nowait(address)
    engine.change(engine.settings.model_copy(update=settings))
    async with asyncio.timeout(PATIENCE):
        while not (address := await news.get()):
            pass
    return address


async def test_a_taken_port_is_told(open_engine: Any, script: Script, profile: Path) -> None:
    stranger = a_taken_port()
    port = stranger.getsockname()[1]
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=port) as engine:
        assert engine.doorway.address != f"ws://127.0.0.1:{port}/ws/chat"
        assert f"Port {port} is taken by another program" in engine.doorway.trouble
        assert not engine.notices  # the menu says it, the bubble need not
        assert json.loads((profile / "endpoint.json").read_text())["address"] == engine.doorway.address
        stranger.close()
        with_alisa = engine.doorway.address
        again = await changed(engine, endpoint_origins="http://localhost:3000")
        assert again == f"ws://127.0.0.1:{port}/ws/chat" != with_alisa
        assert engine.doorway.trouble == ""


async def test_another_alisa_is_called_by_her_name(
    open_engine: Any, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alisa_desktop.server.neighbour.ASK_SECONDS", 30.0)  # both live on one loop
    words = script({"text": "x"})
    async with open_engine(scripted=words, endpoint=True, port=0) as first:
        port = int(first.doorway.address.rpartition(":")[2].partition("/")[0])
        async with open_engine(scripted=words, endpoint=True, port=port, alone=False) as second:
            assert "taken by another Alisa" in second.doorway.trouble


async def test_no_port_at_all_is_told_and_she_lives(
    open_engine: Any, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alisa_desktop.server import serve

    with a_taken_port() as stranger:
        monkeypatch.setattr(serve, "PORTS_TRIED", 1)
        port = stranger.getsockname()[1]
        async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=port) as engine:
            assert engine.doorway.address == ""
            assert "in use" in engine.doorway.trouble
            assert engine.notices == [engine.doorway.trouble]


async def test_token_and_origins_follow_the_settings(open_engine: Any, script: Script) -> None:
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        async with connect(engine.doorway.address, proxy=None):
            pass
        address = await changed(engine, endpoint_token="opensesame", endpoint_origins=" http://localhost:3000 , null,")
        with pytest.raises(InvalidStatus, match="401"):
            await connect(address, proxy=None)
        bearer = {"Authorization": "Bearer opensesame"}
        for origin in ("http://localhost:3000", "null"):
            await (await connect(address, proxy=None, additional_headers=bearer, origin=origin)).close()
        with pytest.raises(InvalidStatus, match="403"):
            await connect(address, proxy=None, additional_headers=bearer, origin="https://evil.example")


async def test_the_user_sends_a_client_away(open_engine: Any, script: Script) -> None:
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        heard = Listener(engine.bus)
        client = await connect(engine.doorway.address, proxy=None)
        listed = await heard.until(lambda event: isinstance(event, ClientsChanged) and bool(event.clients))
        assert isinstance(listed, ClientsChanged)
        engine.doorway.send_away(listed.clients[0].name)
        await asyncio.wait_for(client.wait_closed(), PATIENCE)
        assert client.close_code == 4001


async def test_after_sleep_clients_get_in_again(
    open_engine: Any, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    woke: asyncio.Queue[float] = asyncio.Queue()

    async def wake_ups() -> Any:
        while True:
            yield await woke.get()

    monkeypatch.setattr(engine_module, "wake_ups", wake_ups)
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        stays = await connect(engine.doorway.address, proxy=None)
        endpoint = engine.doorway._endpoint
        endpoint._serving.stop_listening()
        with pytest.raises(OSError):
            await connect(engine.doorway.address, proxy=None)
        woke.put_nowait(3600.0)
        async with asyncio.timeout(PATIENCE):
            while not await gets_in(engine.doorway.address):
                await asyncio.sleep(0.01)
        await (await connect(engine.doorway.address, proxy=None)).close()
        await stays.send("/mode study")
        assert await asyncio.wait_for(stays.recv(), PATIENCE) == "[MODE CHANGED]"


async def test_while_no_port_is_free_no_address_lies_about(
    open_engine: Any, script: Script, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alisa_desktop.server import serve

    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        address = engine.doorway.address
        with monkeypatch.context() as taken:

            def refuse(host: str, port: int) -> socket.socket:
                raise PortTaken("Every port is in use.")

            taken.setattr(serve, "listen", refuse)
            engine.doorway._endpoint._serving.stop_listening()
            await engine.doorway.check()
        assert (engine.doorway.address, engine.doorway.trouble) == ("", "Every port is in use.")
        assert not (profile / "endpoint.json").exists()
        await engine.doorway.check()
        assert json.loads((profile / "endpoint.json").read_text())["address"] == engine.doorway.address == address


async def test_who_closes_meanwhile_is_told_of_no_address(
    open_engine: Any, script: Script, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        looking, found = asyncio.Event(), asyncio.Event()

        async def moved(_: object) -> str:
            looking.set()
            await found.wait()
            return "Moved."

        monkeypatch.setattr(doorway_module, "_moved", moved)
        endpoint = engine.doorway._endpoint
        endpoint._serving.stop_listening()
        endpoint._known = 1  # told of another port
        check = asyncio.create_task(engine.doorway.check())
        await asyncio.wait_for(looking.wait(), PATIENCE)
        await engine.doorway.close()
        found.set()
        await check
        assert (engine.doorway.address, engine.doorway.trouble) == ("", "")
        assert not (profile / "endpoint.json").exists()


async def test_closing_while_listening_anew(open_engine: Any, script: Script, profile: Path) -> None:
    async with open_engine(scripted=script({"text": "x"}), endpoint=True, port=0) as engine:
        endpoint = engine.doorway._endpoint
        endpoint._serving.stop_listening()
        endpoint._known = 1
        accept = endpoint._accept

        async def slowly(*given: Any) -> None:
            await accept(*given)
            closing.append(asyncio.create_task(engine.doorway.close()))
            await asyncio.sleep(0)

        closing: list[asyncio.Task[None]] = []
        endpoint._accept = slowly
        await engine.doorway.check()
        await closing[0]
        assert engine.doorway.address == ""
        assert not (profile / "endpoint.json").exists()


async def test_a_reply_under_way_outlives_another_doorway(open_engine: Any, script: Script) -> None:
    chunks = [f"word{number} " for number in range(2000)]
    words = script({"text": "x", "emotion": "happy", "chunks": chunks, "delay_ms": 50})
    async with open_engine(scripted=words, endpoint=True, port=0) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("Tell me a lot.")
        await heard.until(lambda event: isinstance(event, ReplyText))
        address = await changed(engine, endpoint_origins="http://localhost:3000")
        async with connect(f"{address}?v=2", proxy=None) as client:
            welcome = json.loads(await client.recv())
            assert (welcome["reply"]["turn"], welcome["reply"]["user_text"]) == (turn, "Tell me a lot.")
            assert welcome["reply"]["text"].startswith("word0")
            engine.conversation.stop()
            told = [welcome["reply"]["text"]]
            while (message := json.loads(await asyncio.wait_for(client.recv(), PATIENCE)))["type"] != "end":
                told += [message["text"]] if message["type"] == "text" else []
            assert "".join(told).strip() == message["text"].strip()
