"""A small server that keeps every rule of version 1 it can; what it says is of no use. For tests, and to read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from .frames import CONTROL, END, MODE_CHANGED, SPEECH

MODES = {"default": "default", "study": "study", "chill": "chill"}
ALIASES = {"teasing": "default", "serious": "study", "calm": "chill"}


@dataclass(eq=False)
class Client:
    """One connection, and what is known of it."""

    socket: ServerConnection
    keep_alive: float
    first: str | None = None
    turn: object = None
    """The reply of which this client has got something."""
    waiting: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    @property
    def sensor(self) -> bool:
        """Whether it never reads."""
        return (self.first or "").startswith("[VISION_")

    def put(self, *frames: str) -> None:
        """Queue frames, but for a sensor."""
        if not self.sensor:
            for frame in frames:
                self.waiting.put_nowait(frame)

    async def write(self) -> None:
        """Send what is queued, and keep-alives in between."""
        with suppress(ConnectionClosed):
            while True:
                frame = await self._next()
                if not self.sensor:
                    await self.socket.send(frame)

    async def _next(self) -> str:
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.waiting.get(), self.keep_alive)
        return ""


class SmallServer:
    """Keeps the rules; servers that break one change a method."""

    keep_alive = 20.0

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.mode = "default"
        self._stop = asyncio.Event()
        self._turn: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Serve; the address."""
        async with serve(self.handle, "127.0.0.1", 0, process_request=self.page) as server:
            yield _address(server)
            await self._end_turn()

    def page(self, socket: ServerConnection, request: Request) -> Response | None:
        """`GET /`."""
        if "Upgrade" in request.headers:
            return None
        body = json.dumps({"status": "ok", "message": "Alisa Backend Running"})
        return socket.respond(HTTPStatus.OK, body)

    async def handle(self, socket: ServerConnection) -> None:
        """One client from its first frame to its last."""
        client = Client(socket, self.keep_alive)
        self.clients.append(client)
        writer = asyncio.create_task(client.write())
        try:
            with suppress(ConnectionClosed):
                async for frame in socket:
                    client.first = client.first or str(frame)
                    await self.take(client, str(frame))
        finally:
            self.clients.remove(client)
            writer.cancel()

    async def take(self, client: Client, frame: str) -> None:
        """One frame of a client's."""
        if frame in SPEECH:
            self.relay(client, frame)
        elif frame and not frame.startswith("[VISION_"):
            await self.chat(client, self.message(frame))

    def message(self, frame: str) -> str:
        """The text of a frame in either form."""
        with suppress(ValueError):
            content = json.loads(frame)
            if isinstance(content, dict) and isinstance(content.get("message"), str):
                return str(content["message"])
        return frame

    async def chat(self, client: Client, text: str) -> None:
        """A command, or a turn."""
        word, _, rest = text.partition(" ")
        if word == "/stop":
            self.stop()
        elif word == "/mode":
            await self.switch(client, rest)
        else:
            await self._end_turn()
            self._stop.clear()
            self._turn = asyncio.create_task(self.reply(client, text))

    async def _end_turn(self) -> None:
        self._stop.set()
        if self._turn:
            await self._turn

    def stop(self) -> None:
        """End the running turn."""
        self._stop.set()

    async def switch(self, client: Client, name: str) -> None:
        """Another mode, or a sentence."""
        mode = ALIASES.get(name, name)
        if mode in MODES:
            self.mode = mode
            client.put(MODE_CHANGED, END)
        else:
            client.put(f"I know {', '.join(MODES)}.", END)

    def relay(self, speaker: Client, frame: str) -> None:
        """Speech, to the others."""
        for client in self.clients:
            if client is not speaker:
                client.put(frame)

    async def reply(self, sender: Client, text: str) -> None:
        """One turn."""
        turn = sender.turn = object()
        sender.put("[EMOTION]happy")
        for word in self.words(text):
            if self._stop.is_set():
                break
            self.speak(turn, word)
            await asyncio.sleep(0.005)
        self.finish(turn)

    def speak(self, turn: object, word: str) -> None:
        """One chunk, for all; with the face before it where it is the first."""
        for client in self.clients:
            if client.turn is not turn:
                client.turn = turn
                client.put("[EMOTION]happy")
            client.put(*self.chunks(word))

    def finish(self, turn: object) -> None:
        """The end, for all who heard something."""
        for client in self.clients:
            if client.turn is turn:
                client.turn = None
                client.put("[EMOTION]calm", END)

    def words(self, text: str) -> Sequence[str]:
        """What is said to a text: ten seconds for a story, the words themselves for "repeat", else short."""
        asked = text.lower()
        if "story" in asked:
            return [f"{number} " for number in range(2000)]
        return text.partition(": ")[2].split() if asked.startswith("repeat") else ["Hello", " to", " you", "."]

    def chunks(self, word: str) -> Sequence[str]:
        """A word cut so that none of it looks like a control frame."""
        return (word[:1], word[1:]) if word.startswith(CONTROL) else (word,)


def _address(server: Server) -> str:
    host, port = next(iter(server.sockets)).getsockname()[:2]
    return f"ws://{host}:{port}/ws/chat"
