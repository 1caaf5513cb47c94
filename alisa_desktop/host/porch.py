"""Her door where there are no windows: opened on a plain asyncio loop. With windows, Qt opens it (`ui.door`)."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from alisa_desktop.core.knocks import MOST_UNREAD, Guest, Welcome
from alisa_desktop.host.door import door_address, is_answered, may_enter

ROUNDS = 3
"""Of the loop from a connection that is accepted to its end, if it is hung up on at once. A server that is closed
meanwhile forgets it, and leaves it open (`Server._attach` in CPython 3.11)."""

log = logging.getLogger(__name__)


@dataclass
class _Porch:
    """Who lets visitors in, and the connections of those who are there; who comes when it is shut is sent away."""

    welcome: Welcome
    connections: set[_Connection] = field(default_factory=set)
    is_open: bool = True

    async def shut(self) -> None:
        """Hang up on everybody; returns when they are gone."""
        self.is_open = False
        for connection in tuple(self.connections):
            await connection.break_off()


class _Connection(asyncio.Protocol):
    """One visitor's connection; it stands among those of the porch as long as it is open."""

    def __init__(self, porch: _Porch) -> None:
        self.closed = asyncio.Event()
        self._porch = porch
        self._guest: Guest | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let them in, if they are the same user."""
        self._transport = cast(asyncio.Transport, transport)
        self._porch.connections.add(self)
        connection = transport.get_extra_info("socket")
        if not self._porch.is_open or (connection and not may_enter(connection.fileno())):
            self._transport.abort()
            return
        self._guest = self._porch.welcome(self._send, self._transport.close)

    def data_received(self, data: bytes) -> None:
        """Hand on what they say."""
        if self._guest:
            self._guest.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that they are gone."""
        if self._guest:
            self._guest.gone()
        self._porch.connections.discard(self)
        self.closed.set()

    async def break_off(self) -> None:
        """Hang up at once; returns when the connection is closed."""
        self._transport.abort()
        await self.closed.wait()

    def _send(self, data: bytes) -> None:
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self._transport.abort()
        else:
            self._transport.write(data)


@asynccontextmanager
async def open_door(profile: Path, welcome: Welcome) -> AsyncIterator[None]:
    """Let visitors in as long as the block runs. Where that can't be, the log says so, and nobody comes."""
    address = door_address(profile)
    if not address or is_answered(address):
        log.warning("no door: %s", "there is somebody at that address" if address else "no folder is private")
        yield
        return
    porch = _Porch(welcome)
    async with _listening(address, lambda: _Connection(porch)):
        try:
            yield
        finally:
            await porch.shut()


if sys.platform == "win32":

    @asynccontextmanager
    async def _listening(address: str, connect: Callable[[], asyncio.Protocol]) -> AsyncIterator[None]:
        loop = cast(Any, asyncio.get_running_loop())
        (pipe,) = await loop.start_serving_pipe(connect, address)  # the Proactor loop's own; typeshed wants streams
        try:
            yield
        finally:
            pipe.close()

else:

    @asynccontextmanager
    async def _listening(address: str, connect: Callable[[], asyncio.Protocol]) -> AsyncIterator[None]:
        loop, listener = asyncio.get_running_loop(), _bind(address)
        server = await loop.create_unix_server(connect, sock=listener)
        try:
            yield
        finally:
            loop.remove_reader(listener)
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            server.close()
            _remove(address)

    def _bind(address: str) -> socket.socket:
        _remove(address)  # left behind by one that was killed: nobody answers there
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        Path(address).chmod(0o600)
        return listener

    def _remove(address: str) -> None:
        with suppress(OSError):
            Path(address).unlink()
