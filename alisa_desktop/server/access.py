"""Who may connect: one guard before all routing, for HTTP and WebSocket alike.

The threat is any web page in the user's browser: it can reach 127.0.0.1, and no other middleware stops its WebSocket.
"""

from __future__ import annotations

import hmac
import logging
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alisa_desktop.core.errors import SettingsFailed

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 1024 * 1024
"""Bytes of a request's body or of a WebSocket message."""
TOKEN_PROTOCOL = "alisa.token."
"""What a subprotocol begins with that carries the token, because a page can't give its WebSocket a header."""
FOR_ANYBODY = re.compile(r"/overlay(/|/\w[\w.-]*\.(html|js|css|svg|png))?", re.ASCII)
"""Paths that are read without the token: files of the program, which are the same for everybody.

The user's own pictures lie deeper, and so do all tricks with dots and slashes.
"""
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_ABILITIES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment"),
    *("picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb"),
    "xr-spatial-tracking",
)
"""What a browser could do for a page, and does for none of ours."""
log = logging.getLogger(__name__)

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who may connect. `allowed_origins` are web pages of the user's ("https://example.org"), besides our own.

    "null" and "file://" may be among them: the origins of pages that have none, such as a file in OBS.
    `token`, when set, must come with every request. `frames_per_second` and `frame_burst` bound what one client sends.
    Raises `SettingsFailed` when `host` is not this machine alone and there is no token.
    """

    port: int
    host: str = LOOPBACK
    allowed_origins: frozenset[str] = frozenset()
    token: str = field(default="", repr=False)
    max_sockets: int = 256
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
        known = {f"http://{host}" for host in self.hosts} | self.allowed_origins
        return origin != "" and _plain(origin) in map(_plain, known)

    def knows(self, token: bytes) -> bool:
        """Whether this is the token (UTF-8); takes as long for a wrong one as for the right one."""
        return hmac.compare_digest(token, self.token.encode())

    def knows_protocol(self, subprotocol: str) -> bool:
        """Whether this subprotocol carries the token: UTF-8 in URL-safe base64 without its padding (RFC 4648)."""
        known = urlsafe_b64encode(self.token.encode()).rstrip(b"=")
        return hmac.compare_digest(subprotocol.encode(), TOKEN_PROTOCOL.encode() + known)


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
    """The ASGI application around ours that turns away whoever may not connect, and seals every answer."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self._app = app
        self._policy = policy
        self._headers = security_headers(policy)
        self._sockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        sealed = _sealed(send, self._headers)
        refusal = refuse(scope, self._policy) or self._refuse_one_more(scope)
        if refusal:
            log.warning("refused %s: %d %s", scope["type"], refusal.status, refusal.status.phrase)
            log.debug(refusal.sentence)  # it may name the page that somebody had open
            await _deny(sealed, refusal, "websocket.http" if scope["type"] == "websocket" else "http")
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, sealed)
        else:
            await self._serve_request(scope, receive, sealed)

    def _refuse_one_more(self, scope: Scope) -> Refusal | None:
        if scope["type"] == "websocket" and self._sockets >= self._policy.max_sockets:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many clients are connected to Alisa. Close one first.")
        return None

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application choose among the other subprotocols; a browser wants one of its own to be chosen."""
        tokens = [name for name in scope["subprotocols"] if name.startswith(TOKEN_PROTOCOL)]
        others = [name for name in scope["subprotocols"] if name not in tokens]

        async def choose(message: Message) -> None:
            if message["type"] == "websocket.accept" and tokens:
                message = {**message, "subprotocol": message.get("subprotocol") or tokens[0]}
            await send(message)

        self._sockets += 1
        try:
            await self._app({**scope, "subprotocols": others}, receive, choose)
        finally:
            self._sockets -= 1

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to its limit first, so that no route sees one that is too large."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > LARGEST_BODY:
                await _deny(send, _TOO_LARGE, "http")
                return
            more = message.get("more_body", False)
        await self._app(scope, _replayed(bytes(body), receive), send)


def security_headers(policy: AccessPolicy) -> Headers:
    """What every answer tells a browser: our pages speak with us alone, and nobody else may use or frame them."""
    sockets = " ".join(f"ws://{host}" for host in sorted(policy.hosts))
    content = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src 'self' {sockets}; font-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return [
        (b"content-security-policy", content.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"x-frame-options", b"DENY"),
        (b"permissions-policy", ", ".join(f"{ability}=()" for ability in _ABILITIES).encode()),
        (b"cache-control", b"no-store"),
    ]


def refuse(scope: Scope, policy: AccessPolicy) -> Refusal | None:
    """Why a request or a handshake may not pass, if so; the first rule that is broken."""
    for rule in (_refuse_host, _refuse_origin, _refuse_site, _refuse_token, _refuse_body):
        if refusal := rule(scope, policy):
            return refusal
    return None


def _refuse_host(scope: Scope, policy: AccessPolicy) -> Refusal | None:
    hosts = _values(scope, b"host")
    if len(hosts) == 1 and hosts[0].lower() in policy.hosts:
        return None
    return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This address is not Alisa's.")


def _refuse_origin(scope: Scope, policy: AccessPolicy) -> Refusal | None:
    origins = _values(scope, b"origin")
    if not origins or (len(origins) == 1 and policy.allows_origin(origins[0])):
        return None
    shown = ", ".join(origins)[:200]
    return Refusal(HTTPStatus.FORBIDDEN, f"Pages from {shown!a} are not on Alisa's list of allowed origins.")


def _refuse_site(scope: Scope, _: AccessPolicy) -> Refusal | None:
    """What a strange page asks for without telling its origin: an image, a frame (Fetch Metadata, W3C)."""
    sites = _values(scope, b"sec-fetch-site")
    ours = all(site in {"same-origin", "none"} for site in sites) or _values(scope, b"origin")
    how = _values(scope, b"sec-fetch-mode"), _values(scope, b"sec-fetch-dest")
    if scope["type"] == "websocket" or ours or how == (["navigate"], ["document"]):
        return None
    return Refusal(HTTPStatus.FORBIDDEN, "A page that is not Alisa's asked for this.")


def _refuse_token(scope: Scope, policy: AccessPolicy) -> Refusal | None:
    if not policy.token:
        return None
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if any(name.lower() == "token" for name, _ in query):
        sentence = "Alisa takes no token from an address, because addresses end up in histories and logs."
        return Refusal(HTTPStatus.UNAUTHORIZED, f"{sentence} Send it as a Bearer header.")
    if _is_for_anybody(scope) or _knows_token(scope, policy):
        return None
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        f"Alisa wants her token: as a Bearer header or, for a WebSocket, as a subprotocol {TOKEN_PROTOCOL}BASE64URL.",
    )


def _is_for_anybody(scope: Scope) -> bool:
    reads = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
    return reads and FOR_ANYBODY.fullmatch(scope["path"]) is not None  # the path that is routed, nothing encoded


def _knows_token(scope: Scope, policy: AccessPolicy) -> bool:
    given = [value.encode("latin-1") for value in _values(scope, b"authorization")]
    tokens = [value[7:].strip() for value in given if value[:7].lower() == b"bearer "]
    return any(map(policy.knows, tokens)) or any(map(policy.knows_protocol, scope.get("subprotocols", ())))


def _refuse_body(scope: Scope, _: AccessPolicy) -> Refusal | None:
    if scope["type"] == "websocket":
        return None
    kinds = [value.partition(";")[0].strip().lower() for value in _values(scope, b"content-type")]
    if scope["method"] not in _BODILESS and kinds != ["application/json"]:
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
    if any(int(length) > LARGEST_BODY for length in _values(scope, b"content-length")):
        return _TOO_LARGE
    return None


_TOO_LARGE = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {LARGEST_BODY} bytes.")


def _plain(origin: str) -> str:
    return origin.lower().rstrip("/")


def _values(scope: Scope, name: bytes) -> list[str]:
    """All values of a header; lower case names, as ASGI has them."""
    return [value.decode("latin-1").strip() for known, value in scope["headers"] if known == name]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body once and then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _sealed(send: Send, headers: Headers) -> Send:
    """A `send` that gives the start of every answer these headers, whatever the application says."""
    names = {name for name, _ in headers}

    async def sealed(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start", "websocket.accept"}:
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
            message = {**message, "headers": [*others, *headers]}
        await send(message)

    return sealed


async def _deny(send: Send, refusal: Refusal, kind: str) -> None:
    """Refuse and close, so that nothing more of the request is read."""
    body = refusal.sentence.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": f"{kind}.response.start", "status": int(refusal.status), "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body, "more_body": False})
