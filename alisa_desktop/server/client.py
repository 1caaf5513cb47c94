"""One connected client: a bounded queue of frames and the writer that empties it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.websockets import WebSocket, WebSocketDisconnect

from alisa_desktop.core.messages import ConnectedClient
from alisa_desktop.server.ports import Dialect

TRY_AGAIN_LATER = 1013
PROGRAM_SHOWN = 80
log = logging.getLogger(__name__)

SendNow = Callable[[str], bool]
"""Sends a frame and returns True, or returns False when the connection does not take it at once."""


def send_later(_: str) -> bool:
    """The `SendNow` of a connection of which nobody knows what it takes at once."""
    return False


@dataclass(frozen=True, slots=True)
class Pace:
    """How a client is written to, in seconds: `keep_alive` after the last frame, `patience` for one frame to be taken.

    `grace` is what a client has to take its last frames and the close frame, before the connection is cut. No more
    than `frames_waiting` are kept for it, and none after `characters_waiting` already are.
    """

    keep_alive: float = 20.0
    patience: float = 300.0
    grace: float = 1.0
    frames_waiting: int = 1024
    characters_waiting: int = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


class Client:
    """A client of the endpoint. Nothing it does or fails to do delays anybody else.

    `name` is the sender of its words; `abort` cuts the connection at once. What `send_now` takes needs no writer: to
    wake one for every frame of every client, and to time it, costs far more than to send.
    """

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        socket: WebSocket,
        abort: Callable[[], None],
        pace: Pace,
        send_now: SendNow = send_later,
    ) -> None:
        self.name = name
        self.dialect = dialect
        self.socket = socket
        self.since = datetime.now(UTC)
        self.speaking = False
        self.leaving = False
        """Whether the connection is being closed: nothing more is taken from or put to this client."""
        self._abort = abort
        self._pace = pace
        self._send_now = send_now
        self._is_idle = False  # the writer waits for something to do, so nothing can be overtaken
        self._sent_at = 0.0
        self._waiting: asyncio.Queue[str | _Close] = asyncio.Queue()
        self._behind = 0  # characters that wait

    @property
    def card(self) -> ConnectedClient:
        """What the user is told about it."""
        program = self.dialect.program or self.socket.headers.get("user-agent", "")
        shown = " ".join(program.split())[:PROGRAM_SHOWN]
        return ConnectedClient(self.name, self.dialect.kind, self.dialect.version, shown, self.since)

    def put(self, frames: Iterable[str]) -> None:
        """Send frames, or queue them for the writer; a client that is too far behind is dropped."""
        for frame in frames:
            if self.leaving:
                return
            if self._is_idle and self._waiting.empty() and self.dialect.listens and self._send_now(frame):
                self._sent_at = _now()
                continue
            if self._behind > self._pace.characters_waiting:
                self._give_up("too slow: too much is waiting")
                return
            self._waiting.put_nowait(frame)
            self._behind += len(frame)
            if self._waiting.qsize() > self._pace.frames_waiting:
                self._give_up("too slow: too many frames are waiting")

    def drop(self, code: int, reason: str) -> None:
        """Close the connection after the frames that wait, but within the grace."""
        if not self.leaving:
            self._waiting.put_nowait(_Close(code, reason))
            self._leave()

    async def write(self) -> None:
        """Send what is queued, and keep-alives in between, until the connection closes."""
        self._sent_at = _now()
        try:
            while not isinstance(item := await self._next(), _Close):
                if self.dialect.listens:
                    await self._send(item)
                self._sent_at = _now()
            await self.socket.close(item.code, item.reason)
        except (WebSocketDisconnect, RuntimeError):  # closed under our hands: starlette and uvicorn say it so
            self._leave()

    def _leave(self) -> None:
        self.leaving = True
        asyncio.get_running_loop().call_later(self._pace.grace, self._abort)

    async def _next(self) -> str | _Close:
        """What is to be sent next: a keep-alive when nothing was for a while."""
        self._is_idle = True
        try:
            while (due := self._sent_at + self._pace.keep_alive) > _now():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        item = await self._waiting.get()
                        self._behind -= len(item) if isinstance(item, str) else 0
                        return item
            return self.dialect.keep_alive
        finally:
            self._is_idle = False

    async def _send(self, frame: str) -> None:
        """Send, as soon as there is room; only that is timed, for on some loops a timer that was stopped lives on."""
        try:
            if not self._send_now(frame):
                async with asyncio.timeout(self._pace.patience):
                    await self.socket.send_text(frame)
        except TimeoutError:
            self._give_up("dead: a frame was not taken")

    def _give_up(self, reason: str) -> None:
        if self.leaving:
            return
        log.info("%s is dropped: %s", self.name, reason)
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self.drop(TRY_AGAIN_LATER, reason)


def _now() -> float:
    return asyncio.get_running_loop().time()
