"""The endpoint and, beside it, a plain broadcast of uvicorn's, on one loop; `endpoint` measures them in turn.

Started as `endpoint_server.py asyncio|qasync`. Prints the two ports and then answers orders, JSON lines.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.paced import Paced

from alisa_desktop.conversation.session import Conversation
from alisa_desktop.conversation.turn import Desk
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import Event, ReplyFinished
from alisa_desktop.core.messages import Chosen, Chunk, Prompt, StreamPart, Usage
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.persona.crisis import parse_crisis_rule
from alisa_desktop.persona.modes import Modes, parse_mode
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.json_protocol import JsonProtocol, Lines
from alisa_desktop.server.pages import Folders
from alisa_desktop.server.ports import Dialect
from alisa_desktop.server.scene import Scene
from alisa_desktop.server.serve import PING_INTERVAL, PING_TIMEOUT, Endpoint, listen
from alisa_desktop.server.text_protocol import TextProtocol

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Steady(Paced):
    """A model at a set pace which lets the others have their turn after every word, as one in a process does."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Speak."""
        if prompt.choice:
            yield Chosen(prompt.choice.options[0])
        due = time.perf_counter()
        for number in range(self._chunks):
            due += self._pause
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            yield Chunk(self._words[number % len(self._words)])
        yield Usage(1, 1, self._chunks)


class Plain:
    """What anybody would write first: an ASGI application that awaits every socket in turn for every frame."""

    def __init__(self) -> None:
        self._sends: dict[int, Send] = {}

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._sends[id(send)] = send
        try:
            while (await receive())["type"] == "websocket.receive":
                pass
        finally:
            del self._sends[id(send)]

    async def broadcast(self, frames: Sequence[str], rate: float) -> list[float]:
        """Send the frames, `rate` of them a second; when each one's turn came."""
        began, due = [], time.perf_counter()
        for frame in frames:
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began.append(time.perf_counter())
            for send in tuple(self._sends.values()):
                await send({"type": "websocket.send", "text": frame})
        return began


class Both:
    """What can be ordered; each answers with what is to be printed."""

    def __init__(self, talk: Conversation, plain: Plain) -> None:
        self._talk = talk
        self._plain = plain
        self._heard: list[tuple[float, Event]] = []
        self._frames: dict[int, list[str]] = {}
        self._finished = asyncio.Event()
        talk.bus.subscribe(self._hear)  # before the endpoint, so it is told first

    def _hear(self, event: Event) -> None:
        self._heard.append((time.perf_counter(), event))
        if isinstance(event, ReplyFinished):
            self._finished.set()

    async def ours(self, version: int, rate: float, chunks: int) -> dict[str, Any]:
        """Let her speak; when each frame of this version was published."""
        self._talk.use(Steady(rate, chunks))
        self._heard.clear()
        self._finished.clear()
        spent = time.process_time()
        self._talk.say("Tell me about the sea.")
        await self._finished.wait()
        dialect, published, self._frames[version] = self._dialect(version), [], []
        for at, event in self._heard:
            told = dialect.tell(event)
            published += [at] * len(told)
            self._frames[version] += told
        return {"published": published, "spent": spent}

    async def plain(self, version: int, rate: float, chunks: int) -> dict[str, Any]:
        """Broadcast what she said last in this version."""
        spent = time.process_time()
        return {"published": await self._plain.broadcast(self._frames[version], rate), "spent": spent}

    async def spent(self) -> dict[str, Any]:
        """Seconds this process was on a core."""
        return {"spent": time.process_time()}

    def _dialect(self, version: int) -> Dialect:
        scene = Scene(self._talk.emotion)
        return JsonProtocol("", self._talk, scene, Lines()) if version == 2 else TextProtocol("", scene.emotion)


def a_conversation() -> Conversation:
    """A talk of hers without a profile."""
    mode = parse_mode("default", "You are Alisa.")
    crisis = parse_crisis_rule("zzz crisis zzz", "Talk to somebody.")
    desk = Desk(Steady(1.0, 1), Forgetful("Test."), "You are Alisa.", crisis, lambda: datetime.now(UTC))
    return Conversation(EventBus(), desk, Modes({"default": mode}), "default")


@asynccontextmanager
async def serving(plain: Plain) -> AsyncGenerator[int]:
    """Serve the plain one the way ours is served."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        plain, interface="asgi3", loop="none", ws=WebSocketsSansIOProtocol, ws_per_message_deflate=False,
        ws_ping_interval=PING_INTERVAL, ws_ping_timeout=PING_TIMEOUT, lifespan="off", log_config=None,
        log_level=logging.WARNING, access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await server.shutdown()


async def main() -> None:
    """Obey until standard input ends."""
    talk, plain = a_conversation(), Plain()
    both = Both(talk, plain)
    nowhere = Path(__file__).parent / "none"
    endpoint = Endpoint(talk, AccessPolicy(0), Folders(nowhere, nowhere))
    await endpoint.start()
    async with serving(plain) as port:
        print(json.dumps({"ours": endpoint.port, "plain": port}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            print(json.dumps(await getattr(both, order.pop("do"))(**order)), flush=True)
    await endpoint.close()
    await talk.close()


def run(kind: str) -> None:
    """Run on asyncio's own loop, as `serve` does, or on the loop of the windows."""
    if kind == "asyncio":
        asyncio.run(main())
        return
    import qasync
    from PySide6.QtCore import QCoreApplication

    application = QCoreApplication([])
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        loop.run_until_complete(main())


if __name__ == "__main__":
    run(sys.argv[1])
