"""What a rule has to work with: clients of the server that remember what they heard, and patience."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .frames import EMOTION, END, is_text, shown

NO_SUCH_MODE = "no-such-mode"
SHORT = "Say hello in one short sentence."
LONG = "Tell me a long story about a lighthouse and its keeper, in at least two thousand words."


class Broken(Exception):
    """The server breaks the rule; says what was seen."""


class Untested(Exception):
    """The rule could not be tested; says why."""


class Silence(Broken):
    """A frame that was due never came."""


class Ear:
    """A client that hears everything at once, and reads it in order when it is asked to.

    `heard` holds every frame with the time it came (seconds, monotonic), empty frames included.
    """

    def __init__(self, connection: ClientConnection, patience: float) -> None:
        self.connection = connection
        self.heard: list[tuple[float, str]] = []
        self.since = time.monotonic()
        self._patience = patience
        self._unread: asyncio.Queue[str | None] = asyncio.Queue()
        self._news = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = await self.connection.recv()
                self._hear(frame if isinstance(frame, str) else f"[a binary frame of {len(frame)} bytes]")
        self._unread.put_nowait(None)

    def _hear(self, frame: str) -> None:
        self.heard.append((time.monotonic(), frame))
        self._news.set()
        if frame:
            self._unread.put_nowait(frame)

    async def say(self, *frames: str) -> None:
        """Send frames."""
        try:
            for frame in frames:
                await self.connection.send(frame)
        except ConnectionClosed as closed:
            raise self._lost() from closed

    async def next(self, due: str) -> str:
        """The next frame that is not empty; raises `Silence` when what is `due` does not come."""
        try:
            async with asyncio.timeout(self._patience):
                frame = await self._unread.get()
        except TimeoutError:
            raise Silence(f"{due} did not come within {self._patience:g} s") from None
        if frame is None:
            self._unread.put_nowait(None)
            raise self._lost()
        return frame

    async def anything(self, seconds: float) -> tuple[float, str]:
        """The next frame, be it empty, with its time; raises `Silence`."""
        known = len(self.heard)
        try:
            async with asyncio.timeout(seconds):
                while len(self.heard) == known:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Silence(f"no frame at all, not even an empty one, came in {seconds:g} s") from None
        return self.heard[known]

    async def until_end(self, due: str = "[END]") -> list[str]:
        """The frames up to and with the next `[END]`; raises `Silence` with what came instead."""
        frames: list[str] = []
        while not frames or frames[-1] != END:
            try:
                frames.append(await self.next(due))
            except Silence as silence:
                raise Silence(f"{silence}; seen: {shown(*frames)}") from None
        return frames

    async def until_text(self) -> list[str]:
        """The frames up to and with the next text, or the next `[END]`."""
        frames: list[str] = []
        while not frames or not (is_text(frames[-1]) or frames[-1] == END):
            frames.append(await self.next("the first text of a reply"))
        return frames

    def at_once(self) -> list[str]:
        """What was heard, but not read yet."""
        frames: list[str] = []
        while not self._unread.empty():
            if frame := self._unread.get_nowait():
                frames.append(frame)
        return frames

    async def fence(self) -> list[str]:
        """Ask for a mode that is none. Whatever was asked before is answered before this: all frames up to its end."""
        await self.say(f"/mode {NO_SUCH_MODE}")
        return await self.until_end("the [END] after an unknown mode")

    async def rest(self, window: float) -> list[str]:
        """What comes when nothing is due: the answer to a fence, and before it the end of a reply that still runs.

        `window` is how long, in seconds, it is listened for more afterwards.
        """
        await self.say("/stop")
        frames = await self.fence()
        with suppress(Silence, TimeoutError):
            async with asyncio.timeout(window):
                frames.append(await self.next("nothing"))
        return frames

    async def pong(self) -> None:
        """Ping the server and wait for its answer; raises `Silence`."""
        try:
            async with asyncio.timeout(self._patience):
                await (await self.connection.ping())
        except TimeoutError:
            raise Silence(f"no pong came within {self._patience:g} s") from None
        except ConnectionClosed as closed:
            raise self._lost() from closed

    async def leave(self) -> None:
        """Close the connection."""
        await self.connection.close()
        await self._listening

    def _lost(self) -> Broken:
        code, reason = self.connection.close_code, self.connection.close_reason
        return Broken(f"the server closed the connection ({code} {reason or 'without a reason'})")


@dataclass
class Exchange:
    """One short reply as three clients heard it, and what each was sent after it: if all is well, a fence's answer."""

    sender: list[str]
    others: list[list[str]]
    after: list[list[str]]

    @property
    def everybody(self) -> list[list[str]]:
        """The reply for each client, the sender's first."""
        return [self.sender, *self.others]


@dataclass
class Stage:
    """A server to be tested, and how; times in seconds. Everything entered is gone after `clear`."""

    address: str
    patience: float = 90.0
    grace: float = 5.0
    quick: bool = False
    mode: str = "default"
    keep_alive: float = 20.0
    silence: float | None = None
    """How long it took until a keep-alive came, once that is known."""
    _exchange: Exchange | None = None
    _visitors: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def window(self) -> float:
        """How long it is listened for what should not come."""
        return min(self.grace / 10, 0.3)

    async def knock(self) -> None:
        """Connect once and leave; raises what connecting raises."""
        async with connect(self.address, proxy=None, open_timeout=self.patience):
            pass

    async def enter(self) -> Ear:
        """One more client."""
        try:
            connection = await connect(
                self.address, proxy=None, open_timeout=self.patience, ping_interval=None, max_queue=None
            )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise Broken(f"the server does not let one more client in ({error})") from error
        ear = Ear(connection, self.patience)
        self._visitors.push_async_callback(ear.leave)
        return ear

    async def enter_deaf(self) -> None:
        """A client that shakes hands and never reads again: no frame, no ping, no close."""
        place = urlsplit(self.address)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(place.hostname, place.port or 80, type=socket.SOCK_STREAM)
        family, kind, protocol, _, where = found[0]
        deaf = socket.socket(family, kind, protocol)
        self._visitors.callback(deaf.close)
        deaf.setblocking(False)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # little room, so that it is full soon
        await loop.sock_connect(deaf, where)
        await loop.sock_sendall(deaf, _handshake(place).encode())
        answer = await loop.sock_recv(deaf, len("HTTP/1.1 101"))
        if not answer.endswith(b"101"):
            raise Broken(f"the server does not let one more client in ({answer!r})")

    async def exchange(self) -> Exchange:
        """One short reply heard by three clients; asked for once, and kept for all rules that look at it."""
        if self._exchange is None:
            ears = [await self.enter() for _ in range(3)]
            await ears[0].say(SHORT)
            told = await asyncio.gather(*(_frames(ear.until_end()) for ear in ears))
            for ear, frames in zip(ears, told, strict=True):
                frames.extend([] if frames else [frame for _, frame in ear.heard if frame])
            after = [await _frames(ear.rest(self.window)) for ear in ears]
            self._exchange = Exchange(told[0], told[1:], after)
        return self._exchange

    async def restore(self) -> None:
        """Leave the server in the mode it is to be left in."""
        with suppress(Broken):
            ear = await self.enter()
            await ear.say(f"/mode {self.mode}")
            await ear.until_end()
        await self.clear()

    async def clear(self) -> None:
        """Send all clients away."""
        await self._visitors.aclose()
        self._visitors = AsyncExitStack()


def _handshake(place: SplitResult) -> str:
    headers = {
        "Host": place.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    lines = [f"GET {place.path or '/'}?{place.query} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""])


async def _frames(reading: Awaitable[list[str]]) -> list[str]:
    try:
        return await reading
    except Broken:
        return []


def is_refusal(frames: list[str]) -> bool:
    """Whether these frames are the answer to a fence and nothing else: a sentence, and one `[END]`."""
    return len(frames) > 1 and frames[-1] == END and all(map(is_text, frames[:-1]))


def faces(frames: list[str]) -> list[str]:
    """The `[EMOTION]` frames among these."""
    return [frame for frame in frames if frame.startswith(EMOTION)]
