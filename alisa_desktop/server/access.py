"""Who may connect: one guard before all routing, for HTTP and WebSocket alike.

The threat is any web page in the user's browser: it can reach 127.0.0.1, and no other middleware stops its WebSocket.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alisa_desktop.core.errors import SettingsFailed

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body or of a WebSocket message."""
_OPAQUE = frozenset({"null", "file://"})
"""Origins of pages that have none: sandboxed ones, and files such as an overlay in OBS."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who may connect. `allowed_origins` are web pages of the user's ("https://example.org"), besides our own.

    `token`, when set, must come with every request. `frames_per_second` and `frame_burst` bound what one client sends.
    Raises `SettingsFailed` when `host` is not this machine alone and there is no token.
    """

    port: int
    host: str = LOOPBACK
    allowed_origins: frozenset[str] = frozenset()
    allow_null_origin: bool = False
    token: str = field(default="", repr=False)
    max_sockets: int = 32
    frames_per_second: float = 20.0
    frame_burst: int = 100

    def __post_init__(self) -> None:
        if self.host != LOOPBACK and not self.token:
            raise SettingsFailed(
                f"I only listen on {LOOPBACK} unless a token is set. Set one, or leave the address out."
            )

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may call us."""
        return frozenset(f"{name}:{self.port}" for name in (LOOPBACK, "localhost", self.host))

    def allows_origin(self, origin: str) -> bool:
        """Whether a page from `origin` may connect."""
        if origin in _OPAQUE:
            return self.allow_null_origin
        own = {f"http://{host}" for host in self.hosts}
        return origin in own or origin in {allowed.lower().rstrip("/") for allowed in self.allowed_origins}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of the one asked for."""

    status: HTTPStatus
    sentence: str


class TokenBucket:
    """Lets `burst` through at once and `rate` a second after that; time in seconds, given by the caller."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more may pass at `now`."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class AccessGuard:
    """The ASGI application around ours that turns away whoever may not connect."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self._app = app
        self._policy = policy
        self._sockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        refusal = self._refuse(scope)
        if refusal:
            log.warning("refused %s: %s", scope["type"], refusal.sentence)
            await _deny(send, refusal, "websocket.http" if scope["type"] == "websocket" else "http")
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await self._serve_request(scope, receive, send)

    def _refuse(self, scope: Scope) -> Refusal | None:
        return self._refuse_caller(scope) or (
            self._refuse_socket() if scope["type"] == "websocket" else _refuse_body(scope)
        )

    def _refuse_caller(self, scope: Scope) -> Refusal | None:
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._policy.hosts:
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This address is not Alisa's.")
        if not all(self._policy.allows_origin(origin.lower()) for origin in origins):
            shown = ", ".join(origins)[:200]
            return Refusal(HTTPStatus.FORBIDDEN, f"Pages from {shown!a} are not on Alisa's list of allowed origins.")
        if self._policy.token and not self._knows_token(scope):
            return Refusal(HTTPStatus.UNAUTHORIZED, "Alisa wants her token: as a Bearer header, or as ?token=.")
        return None

    def _knows_token(self, scope: Scope) -> bool:
        given = [value[7:].strip() for value in _values(scope, b"authorization") if value[:7].lower() == "bearer "]
        given += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return any(hmac.compare_digest(token.encode(), self._policy.token.encode()) for token in given)

    def _refuse_socket(self) -> Refusal | None:
        if self._sockets >= self._policy.max_sockets:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many clients are connected to Alisa. Close one first.")
        return None

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._sockets += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._sockets -= 1

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to its limit first, so that no route sees one that is too large."""
        body = b""
        more = True
        while more and len(body) <= LARGEST_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            await _deny(send, _TOO_LARGE)
        else:
            await self._app(scope, _replayed(body, receive), send)


_TOO_LARGE = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {LARGEST_BODY} bytes.")


def _values(scope: Scope, name: bytes) -> list[str]:
    """All values of a header; lower case names, as ASGI has them."""
    return [value.decode("latin-1").strip() for known, value in scope["headers"] if known == name]


def _refuse_body(scope: Scope) -> Refusal | None:
    if scope["method"] in {"POST", "PUT", "PATCH"}:
        kinds = [value.partition(";")[0].strip().lower() for value in _values(scope, b"content-type")]
        if kinds != ["application/json"]:
            return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    if any(int(length) > LARGEST_BODY for length in _values(scope, b"content-length")):
        return _TOO_LARGE
    return None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once and then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _deny(send: Send, refusal: Refusal, kind: str = "http") -> None:
    body = refusal.sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": f"{kind}.response.start", "status": int(refusal.status), "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body, "more_body": False})
