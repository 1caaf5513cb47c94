"""Requests and WebSocket frames as bytes, for tests of what no proper client would send."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

PATIENCE = 30.0
Header = tuple[str, str]
UPGRADE: tuple[Header, ...] = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)


class Answer(NamedTuple):
    """What a server answered; the names of headers are in lower case."""

    status: int
    headers: list[Header]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that may be there once."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2
        return values[0] if values else None


class Line:
    """A TCP connection. Reading works after a reset too: what was said before it is still there."""

    def __init__(self, plug: socket.socket) -> None:
        self._plug = plug
        self._loop = asyncio.get_running_loop()
        self._read = b""
        self.sent = 0
        """Bytes that could be sent."""

    async def say(self, *parts: bytes) -> bool:
        """Send; whether all of it could be sent."""
        try:
            for part in parts:
                await self._loop.sock_sendall(self._plug, part)
                self.sent += len(part)
        except OSError:
            return False
        return True

    def finish(self) -> None:
        """Say that nothing more will be said."""
        with suppress(OSError):  # the other side is gone already
            self._plug.shutdown(socket.SHUT_WR)

    async def hear(self, end: bytes = b"") -> bytes:
        """What comes, up to and with `end`, or until the connection closes."""
        async with asyncio.timeout(PATIENCE):
            while not end or end not in self._read:
                if not (more := await self._more()):
                    break
                self._read += more
        length = self._read.index(end) + len(end) if end and end in self._read else len(self._read)
        heard, self._read = self._read[:length], self._read[length:]
        return heard

    async def _more(self) -> bytes:
        try:
            return await self._loop.sock_recv(self._plug, 65536)
        except OSError:  # reset
            return b""

    async def answer(self) -> Answer:
        """The next answer; its body is what comes until the connection closes, or as long as it says."""
        status, *lines = (await self.hear(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        code = int(status.split()[1]) if status else 0
        return Answer(code, headers, b"" if code == 101 else await self.hear())

    async def close_code(self) -> int:
        """The code of the close frame that ends the connection; 0 when it ends without one."""
        told, code = await self.hear(), 0
        while told:
            size = told[1] if told[1] < 126 else struct.unpack("!H", told[2:4])[0]
            start = 2 if told[1] < 126 else 4
            if told[0] == 0x88:
                code = struct.unpack("!H", told[start : start + 2])[0]
            told = told[start + size :]
        return int(code)


@asynccontextmanager
async def a_line(port: int) -> AsyncIterator[Line]:
    """A connection to this machine, closed afterwards."""
    with socket.socket() as plug:
        plug.setblocking(False)
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", port))
        yield Line(plug)


def head(port: int, line: str, *headers: Header, version: str = "1.1") -> bytes:
    """The head of a request to this machine; a header with an empty name takes the usual Host away."""
    named = [one for one in headers if one[0]]
    if len(named) == len(headers) and not any(name == "Host" for name, _ in headers):
        named = [("Host", f"127.0.0.1:{port}"), *named]
    lines = [f"{line} HTTP/{version}", *(f"{name}: {value}" for name, value in named), "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def visit(port: int, line: str = "GET /", *headers: Header, body: bytes = b"", version: str = "1.1") -> Answer:
    """One request on a connection of its own."""
    names = {name for name, _ in headers}
    known = [("Content-Length", str(len(body)))] if body and not names & {"Content-Length", "Transfer-Encoding"} else []
    request = head(port, line, ("Connection", "close"), *known, *headers, version=version)
    async with a_line(port) as connection:
        saying = asyncio.create_task(connection.say(request, body))
        answer = await connection.answer()
        saying.cancel()
        with suppress(asyncio.CancelledError):
            await saying
    return answer


async def knock(port: int, path: str = "/ws/chat", *headers: Header) -> Answer:
    """One handshake of a WebSocket, on a connection of its own."""
    async with a_line(port) as connection:
        await connection.say(head(port, f"GET {path}", *UPGRADE, *headers))
        return await connection.answer()


def frame(opcode: int, payload: bytes, *, final: bool = True, size: int | None = None) -> bytes:
    """A frame of a client (RFC 6455), masked with zeros; `size` is what it says of its length."""
    length = len(payload) if size is None else size
    if length < 126:
        said = struct.pack("!B", 0x80 | length)
    elif length < 65536:
        said = struct.pack("!BH", 0x80 | 126, length)
    else:
        said = struct.pack("!BQ", 0x80 | 127, length)
    return bytes([(0x80 if final else 0) | opcode]) + said + b"\0\0\0\0" + payload
