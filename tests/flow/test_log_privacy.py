"""Whatever goes wrong, no word of the talk, the screen or a secret gets into the log, unless the user wants that."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from listening import Listener
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.events import ReplyFinished, ReplyText
from alisa_desktop.core.log import is_detailed
from alisa_desktop.core.messages import ModelState, Outcome
from alisa_desktop.core.sight import AppKind, Depth, Sight
from alisa_desktop.host.bugs import Bugs
from alisa_desktop.server.json_frames import SUBPROTOCOL
from alisa_desktop.settings.schema import ModelSource

SAID, HEARD, SEEN, SECRET = "zebracrossing", "moonlitpiano", "bankstatement", "sesame4711"
PRIVATE = (SAID, HEARD, SEEN, SECRET)

pytestmark = pytest.mark.usefixtures("bugs")


@pytest.fixture
def written(profile: Path) -> Callable[[str], str]:
    """Reads all log files of this kind."""

    def read(ending: str = "") -> str:
        files = [file for file in (profile / "logs").iterdir() if file.name.endswith(f"{ending}.log")]
        return "".join(file.read_text(encoding="utf-8") for file in files)

    return read


def _check(text: str) -> None:
    assert not [word for word in PRIVATE if word in text]


async def test_a_talk_and_a_bug_in_it(
    open_engine: Any, script: Any, written: Any, bugs: Bugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = script({"text": HEARD, "when": "well"}, {"text": HEARD, "fail": "crash", "when": "fail"})
    async with open_engine(scripted=replies) as engine:
        heard = Listener(engine.bus)
        for words in (f"well {SAID}", f"fail {SAID}", f"/mode {SAID}"):
            turn = engine.conversation.submit(words, "bubble")
            if hasattr(turn, "turn"):
                await heard.finished(turn.turn)

        async def break_down(prompt: Any) -> AsyncIterator[Any]:
            raise ValueError(f"no way with {prompt!r}")
            yield

        monkeypatch.setattr(engine.mind.model, "stream", break_down)
        reply = await heard.finished(engine.conversation.say(f"more {SAID}"))
        assert reply.outcome is Outcome.FAILED
        engine.bus.subscribe(lambda event: json.loads(repr(event)))
        await heard.finished(engine.conversation.say(f"even more {SAID}"))
    assert "a turn failed" in written()
    assert "JSONDecodeError" in written()
    assert "ValueError" in str(bugs.found)
    _check(written() + str(bugs.found))


async def test_the_detailed_log_has_it_all(open_engine: Any, script: Any, written: Any) -> None:
    async with open_engine(scripted=script({"text": HEARD})) as engine:
        heard = Listener(engine.bus)
        engine.change(engine.settings.model_copy(update={"detailed_log": True}))
        async with asyncio.timeout(30):
            while not is_detailed():
                await asyncio.sleep(0)
        await heard.finished(engine.conversation.say(SAID))
        details = written("-detailed")
        assert SAID in details
        assert HEARD in details
        assert SAID not in written("alisa")
        await engine.forget()
        assert SAID not in written("-detailed")
        assert "detailed_log" not in engine.paths.settings.read_text()


async def test_a_screen_and_eyes_that_fail(
    open_engine: Any, script: Any, written: Any, bugs: Bugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_engine(scripted=script({"text": HEARD})) as engine:
        heard = Listener(engine.bus)

        async def look(_: Depth) -> Sight:
            return Sight("XTerm", SEEN, AppKind.TERMINAL, Depth.TEXT, SEEN)

        async def fail(_: Depth) -> Sight:
            raise RuntimeError(f"can't read {SEEN}")

        monkeypatch.setattr(type(engine.eyes), "is_open", True)
        for how in (look, fail):
            monkeypatch.setattr(engine.eyes, "look", how)
            await heard.finished(engine.conversation.look(SAID))
    assert "RuntimeError" in written()
    _check(written() + str(bugs.found))


BAD_FRAMES = [
    SEEN,
    f'{{"type": "say", "text": "{SAID}", "id": 1, "{SECRET}": []}}',
    f'{{"type": "{SAID}"}}',
    f'{{"type": "say", "text": ["{SAID}"]}}',
    f'{{"type": "screen", "app": "x", "title": "{SEEN}", "text": "{SEEN}"}}',
    f'{{"type": "set_mode", "mode": "{SAID}"}}',
    f'["{SAID}"',
    f"[VISION_DESKTOP]{SEEN}|{SEEN}",
    f"[VISION_SCREEN]{SEEN} | {SEEN}",
    f"/mode {SAID}",
    f"[{SAID}]",
]


@pytest.mark.parametrize("subprotocols", [[SUBPROTOCOL], None])
async def test_bad_frames_and_strange_clients(
    open_engine: Any, script: Any, written: Any, bugs: Bugs, subprotocols: Any
) -> None:
    async with open_engine(scripted=script({"text": HEARD}), endpoint=True, port=0) as engine:
        address = engine.endpoint_address
        heard = Listener(engine.bus)
        for frame in (*BAD_FRAMES, SAID.encode(), "x" * 200_000 + SAID):
            async with connect(address, proxy=None, subprotocols=subprotocols) as client:
                with suppress(ConnectionClosed):
                    await client.send(frame)
                    await client.send(f'{{"type": "say", "text": "{SAID}"}}')
                await _done_with(client, heard)
        for options in (
            {"uri": f"{address}?token={SECRET}"},
            {"uri": f"{address}/{SECRET}"},
            {"additional_headers": {"Authorization": f"Bearer {SECRET}"}, "origin": f"https://{SECRET}.example.org"},
        ):
            with suppress(InvalidStatus, ConnectionClosed):
                async with connect(**({"uri": address, "proxy": None} | options)):
                    pass
        await _garbage(address, f"GET /{SECRET} HTTP/9\r\n{SAID}\r\n\r\n".encode())
        await _garbage(address, f"{SAID}\0\xff\r\n\r\n".encode())
        await _garbage(address, f"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: {SECRET}\r\n\r\n".encode())
    assert "listening at" in written()
    assert "refused websocket" in written()
    _check(written())
    assert not bugs.found


async def _done_with(client: ClientConnection, heard: Listener) -> None:
    """Wait until she has answered, or has shut the door."""
    known = heard.of(ReplyFinished)
    answered = asyncio.ensure_future(heard.until(lambda event: isinstance(event, ReplyFinished) and event not in known))
    closed = asyncio.ensure_future(client.wait_closed())
    await asyncio.wait([answered, closed], return_when=asyncio.FIRST_COMPLETED)
    for task in (answered, closed):
        task.cancel()
    await asyncio.gather(answered, closed, return_exceptions=True)


async def _garbage(address: str, data: bytes) -> None:
    host, _, port = address.removeprefix("ws://").partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    with closing(writer), suppress(ConnectionError):
        writer.write(data)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 30)


@asynccontextmanager
async def _server(answer: str) -> AsyncIterator[str]:
    """A model server that gives this answer to everything; its address, with a key in it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer.encode())
            await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://me:{SECRET}@127.0.0.1:{port}/v1/chat/completions"


ECHO = f'{{"error": {{"message": "what does {SAID} mean? {HEARD}"}}}}'
ANSWERS = [
    f"HTTP/1.1 500 No\r\nContent-Length: {len(ECHO)}\r\n\r\n{ECHO}",
    f"HTTP/1.1 401 No\r\nContent-Length: {len(ECHO)}\r\n\r\n{ECHO}",
    f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {HEARD}\n\ndata: {{{HEARD}\n\n",
    f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{HEARD}",
    f"HTTP/1.1 302 Away\r\nLocation: http://{SECRET}@example.org/{SAID}\r\n\r\n",
    f"{HEARD} is no HTTP\r\n\r\n",
    "",
]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_servers_that_fail(open_engine: Any, script: Any, written: Any, bugs: Bugs, answer: str) -> None:
    async with _server(answer) as url, open_engine(scripted=script({"text": "x"})) as engine:
        heard = Listener(engine.bus)
        engine.mind._options = replace(engine.options, scripted=None)
        engine.change(engine.settings.model_copy(update={"model_source": ModelSource.SERVER, "server_url": url}))
        for _ in range(2):
            with suppress(AlisaError):
                await heard.finished(engine.conversation.say(SAID))
    _check(written())
    assert not bugs.found


async def test_a_memory_that_breaks(open_engine: Any, script: Any, written: Any, profile: Path) -> None:
    async with open_engine(scripted=script({"text": HEARD})) as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say(SAID))
        with closing(sqlite3.connect(engine.paths.database)) as other:
            other.execute("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END")
        await heard.finished(engine.conversation.say(SAID))
        with closing(sqlite3.connect(engine.paths.database)) as other:
            other.execute("ALTER TABLE messages RENAME TO letters")
        engine.spawn(engine.memory.search(SEEN))
        await heard.finished(engine.conversation.say(SAID))
    database = profile / "alisa_memory.db"
    database.write_bytes(b"SQLite format 3\0" + SAID.encode() * 1000)
    async with open_engine(scripted=script({"text": HEARD})) as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say(SAID))
    assert "a turn was not stored" in written()
    assert "the memory was damaged" in written()
    _check(written())


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_a_runner_that_crashes_in_the_middle_of_a_reply(open_engine: Any, written: Any, endless: Path) -> None:
    async with open_engine(model=endless) as engine:
        heard = Listener(engine.bus)
        await engine.mind.model.ready()
        turn = engine.conversation.say(SAID)
        await heard.until(lambda event: isinstance(event, ReplyText))
        [runner] = [child for child in psutil.Process().children() if "--runner" in child.cmdline()]
        runner.send_signal(signal.SIGSEGV)
        await heard.finished(turn)
        assert engine.model_status.state is not ModelState.FAILED
    text = written()
    assert "Fatal Python error: Segmentation fault" in text
    assert "_generate" in text
    _check(text)
