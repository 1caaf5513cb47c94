"""Ports, starting and closing."""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from own_tasks import own_tasks

from alisa_desktop.core.errors import PortTaken
from alisa_desktop.server import serve
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.pages import Folders
from alisa_desktop.server.serve import CUT_OFF, Endpoint, listen

Fixture = Callable[..., Any]


def a_stranger(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    stranger = socket.socket()
    if sys.platform != "win32":  # connections may be left at this port
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stranger.bind((host, port))
    stranger.listen()
    return stranger


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_next_free_port_is_taken(host: str) -> None:
    with a_stranger(host) as stranger:
        taken = stranger.getsockname()[1]
        with listen("127.0.0.1", taken) as ours:
            assert taken < ours.getsockname()[1] < taken + serve.PORTS_TRIED
            assert ours.getsockname()[0] == "127.0.0.1"


def test_no_free_port_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PORTS_TRIED", 1)
    with a_stranger() as stranger, pytest.raises(PortTaken, match="Settings"):
        listen("127.0.0.1", stranger.getsockname()[1])


def test_no_port_beyond_the_last_is_tried() -> None:
    with listen("127.0.0.1", 65535) as ours:
        with pytest.raises(PortTaken):
            listen("127.0.0.1", 65535)
        assert ours.getsockname()[1] == 65535


async def test_the_address_tells_the_port_in_use(open_house: Fixture) -> None:
    with a_stranger() as stranger:
        taken = stranger.getsockname()[1]
        async with open_house(AccessPolicy(taken)) as house:
            assert house.endpoint.port > taken
            assert house.endpoint.moved_from == taken
            assert house.endpoint.address == f"ws://127.0.0.1:{house.endpoint.port}/ws/chat"
            client = await house.enter(origin=f"http://127.0.0.1:{house.endpoint.port}")
            await client.close()


async def test_the_same_port_can_be_had_again(open_house: Fixture) -> None:
    async with open_house() as house:
        port = house.endpoint.port
        await (await house.enter()).ping()
    async with open_house(AccessPolicy(port)) as house:
        assert house.endpoint.port == port
        assert house.endpoint.moved_from is None


async def test_ctrl_c_stays_ours(open_house: Fixture) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with open_house():
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_closing_leaves_no_task(open_house: Fixture) -> None:
    before = own_tasks()
    async with open_house() as house:
        assert own_tasks() == before | {house.talk._worker}  # a server without clients needs no task
        clients = [await house.enter() for _ in range(3)]
        house.model.feel("happy")
        await clients[0].send("hello")
        assert await clients[1].recv() == "[EMOTION]happy"
        await clients[2].close()
        await house.endpoint.close()
        for client in clients:
            await client.wait_closed()
    assert own_tasks() == before


async def test_closing_twice_or_before_starting_is_harmless(house: Any) -> None:
    await house.endpoint.close()
    await house.endpoint.close()
    await Endpoint(house.talk, AccessPolicy(port=0), Folders(Path(), Path())).close()


async def test_a_closed_endpoint_can_be_started_again(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    await house.endpoint.close()
    await house.endpoint.start()
    assert house.endpoint.port == port
    client = await house.enter()
    await client.send("/mode study")
    assert await hear(client) == ["[MODE CHANGED]", "[END]"]


async def test_after_closing_nobody_answers(open_house: Fixture) -> None:
    async with open_house() as house:
        await house.endpoint.close()
        house.endpoint.show_vision({})
        with pytest.raises(OSError):
            await house.enter()


def stop_listening(house: Any) -> None:
    """What becomes of a listener while the machine sleeps, on some systems."""
    for accepting in house.endpoint._serving.server.servers:
        accepting.close()


async def test_all_is_well(house: Any, open_house: Fixture) -> None:
    before = house.endpoint._serving.server.servers
    assert not await house.endpoint.check()
    assert house.endpoint._serving.server.servers is before
    async with open_house(AccessPolicy(0, token="opensesame")) as locked:
        assert not await locked.endpoint.check()
        assert locked.endpoint._serving.server.servers[0].is_serving()


async def test_a_lost_listener_listens_again(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    old = await house.enter()
    house.model.feel("happy")
    house.model.say("Once ")
    await old.send("a story")
    assert (await old.recv(), await old.recv()) == ("[EMOTION]happy", "Once")
    stop_listening(house)
    with pytest.raises(OSError):
        await house.enter()
    assert not await house.endpoint.check()
    assert house.endpoint.port == port
    new = await house.enter()
    house.model.say("upon a time.")
    house.model.end()
    assert (await hear(old))[-1] == (await hear(new))[-1] == "[END]"


@pytest.mark.skipif(sys.platform == "win32", reason="the loop of Windows has no readers to take away")
async def test_a_listener_that_does_not_answer_is_replaced(
    house: Any, monkeypatch: pytest.MonkeyPatch, hear: Fixture
) -> None:
    old = await house.enter()
    monkeypatch.setattr(serve, "ANSWER_PATIENCE", 0.2)
    loop = asyncio.get_running_loop()
    before = house.endpoint._serving.server.servers
    deaf = before[0].sockets[0].fileno()
    loop.remove_reader(deaf)  # the system takes connections, but nobody picks them up
    assert not await house.endpoint.check()
    assert house.endpoint._serving.server.servers != before
    for client in (old, await house.enter()):
        await client.send("/mode study")
        assert (await hear(client))[-1] == "[END]"


async def test_a_port_lost_to_a_stranger_is_left_to_it(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    old = await house.enter()
    stop_listening(house)
    with a_stranger(port=port):
        assert await house.endpoint.check(), "another address"
        assert house.endpoint.port > port
        new = await house.enter(origin=f"http://localhost:{house.endpoint.port}")
        assert not await house.endpoint.check()
    await new.send("/mode study")
    assert await hear(new) == ["[MODE CHANGED]", "[END]"]
    assert await old.recv() == "[MODE CHANGED]"
    await house.endpoint.close()
    for client in (old, new):
        await client.wait_closed()
        assert client.close_code == 1001


async def test_no_port_is_left_and_then_there_is_one(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    port = house.endpoint.port
    monkeypatch.setattr(serve, "PORTS_TRIED", 1)
    stop_listening(house)
    with a_stranger(port=port):
        for _ in range(2):
            with pytest.raises(PortTaken):
                await house.endpoint.check()
    assert await house.endpoint.check(), "an address again"
    assert house.endpoint.port == port
    await (await house.enter()).close()


async def test_checking_and_closing_at_once(house: Any) -> None:
    stop_listening(house)
    await asyncio.gather(*(house.endpoint.check() for _ in range(3)), house.endpoint.close())
    assert not await house.endpoint.check()
    with pytest.raises(OSError):
        await house.enter()


async def test_after_a_move_the_wished_port_is_tried_again(open_house: Fixture) -> None:
    with a_stranger() as stranger:
        wished = stranger.getsockname()[1]
        async with open_house(AccessPolicy(wished)) as house:
            assert house.endpoint.moved_from == wished
            await house.endpoint.close()
            stranger.close()
            await house.endpoint.start()
            assert (house.endpoint.port, house.endpoint.moved_from) == (wished, None)


async def test_who_does_not_let_go_in_time_is_no_error(open_house: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    assert CUT_OFF in inspect.getsource(uvicorn.Server.shutdown)
    told = logging.getLogger("uvicorn.error")
    async with open_house():
        told.error(CUT_OFF, 0)
        told.warning("something else")
    assert [record.message for record in caplog.records if record.name == told.name] == ["something else"]
