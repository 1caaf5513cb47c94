"""Connections as uvicorn makes them, but bounded: in number, in time, and with an answer to whatever is no HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from alisa_desktop.server.access import TokenBucket

FRAMES_BESIDES = 100.0
"""Pings, pongs and fragments a second that a WebSocket may send besides the beginnings of messages."""
FRAMES_BESIDES_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection has time for, in seconds: `request` for a request's head, and as long again for its body.

    `keep_alive` is for being idle after a response. `spare_connections` may be open besides all WebSockets.
    """

    request: float = 10.0
    keep_alive: int = 5
    spare_connections: int = 64


@dataclass(frozen=True, slots=True)
class Rules:
    """What a connection goes by: at most `connections` at once; `headers` are those of every answer."""

    limits: Limits
    connections: int
    headers: tuple[tuple[str, str], ...]

    @property
    def bad_request(self) -> bytes:
        """The whole answer to what is no HTTP."""
        body = "This is not a request that Alisa can read."
        headers = (("content-length", str(len(body))), ("content-type", "text/plain"), ("connection", "close"))
        lines = (f"{name}: {value}" for name, value in headers + self.headers)
        return "\r\n".join(["HTTP/1.1 400 Bad Request", *lines, "", body]).encode()


class HttpConnection(H11Protocol):
    """An HTTP connection that is cut when it is one too many, or too slow to send a request.

    The `Rules` are in the application's state, by the name `rules`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rules: Rules = self.app_state["rules"]
        self._stage: tuple[object, str] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request, or cut the connection."""
        super().connection_made(transport)
        if len(self.connections) > self._rules.connections:
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some more of a request."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer has begun; with uvicorn's, the application's own would fail."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(self._rules.bad_request)
        self.transport.close()

    def shutdown(self) -> None:
        """Close at once while a request is awaited, else after the response."""
        if self._awaited:
            self.transport.close()
        else:
            super().shutdown()

    @property
    def _awaited(self) -> str:
        """What of a request is still to come: its head, its body, or nothing."""
        if self.transport.get_protocol() is not self:
            return ""  # it is a WebSocket by now
        if self.cycle is None or self.cycle.response_complete:
            return "head"
        return "body" if self.cycle.more_body else ""

    def _watch(self) -> None:
        """Restart the clock when the next part of a request is awaited, but not for every byte of it."""
        stage = (self.cycle, self._awaited)
        if stage == self._stage:
            return
        self._stage = stage
        self._stop_watching()
        if self._awaited:
            self._deadline = self.loop.call_later(self._rules.limits.request, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._deadline:
            self._deadline.cancel()


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket of uvicorn's that can be cut, whose refusals count as answers, and that expects anything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rules: Rules = self.app_state["rules"]
        self.app_state = {**self.app_state, "abort": self._abort, "send_now": self._send_now}
        self.conn = _Protocol(self._rules.headers, max_size=self.config.ws_max_size, logger=self.logger)

    def _abort(self) -> None:
        self.transport.abort()

    def _send_now(self, frame: str) -> bool:
        """Send a text frame if the connection takes it at once; whether it did."""
        if not self.writable.is_set() or self.conn.state is not State.OPEN or self.transport.is_closing():
            return False
        self.transport.write(_framed(frame))
        return True

    def data_received(self, data: bytes) -> None:
        """Take some more; a handshake comes as a whole, and one that can't be read is forgotten by uvicorn."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()) or self._rules.bad_request)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on; text must be UTF-8, for which uvicorn logs an error."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_utf8(b"".join(self.frames)):
            self.conn.fail(CloseCode.INVALID_DATA, "text must be UTF-8")
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send an ASGI message; a refusal completes the handshake, which uvicorn forgets and logs an error for."""
        await super().send(message)
        if self.initial_response and self.close_sent:
            self.handshake_complete = True


class _Protocol(ServerProtocol):
    """The protocol of a WebSocket, all of whose answers have our headers, and with an end to pings and fragments."""

    def __init__(self, headers: tuple[tuple[str, str], ...], **options: Any) -> None:
        super().__init__(**options)
        self._headers = headers
        self._bucket = TokenBucket(FRAMES_BESIDES, FRAMES_BESIDES_AT_ONCE, time.monotonic())

    def process_origin(self, headers: Headers) -> None:
        """Leave origins to the guard, however many there are."""

    def send_response(self, response: Response) -> None:
        """Answer a handshake."""
        response.headers.pop("Date", None)
        for name, value in self._headers:
            response.headers.setdefault(name, value)
        super().send_response(response)

    def send_close(self, code: int | None = None, reason: str = "") -> None:
        """Say goodbye, once: the server that ends asks for it also where a client was told already."""
        if self.state is State.OPEN:
            super().send_close(code, reason)

    def recv_frame(self, frame: Frame) -> None:
        """Take a frame; those that begin no message are counted here, because the application never sees them."""
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY} and not self._bucket.take(time.monotonic()):
            raise ProtocolError("too many frames at once")
        super().recv_frame(frame)


@lru_cache(maxsize=64)
def _framed(text: str) -> bytes:
    """A text frame as it goes over the wire; servers do not mask, so it is the same for all clients (RFC 6455, 5.1)."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
