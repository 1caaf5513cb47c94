"""The endpoint itself: a server on this machine's own address, inside the loop that is running already."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

import uvicorn
from starlette.types import ASGIApp

from alisa_desktop.core.errors import PortTaken
from alisa_desktop.server.access import LARGEST_BODY, LOOPBACK, AccessPolicy, security_headers
from alisa_desktop.server.api import CHAT_PATH, create_app
from alisa_desktop.server.client import Pace
from alisa_desktop.server.hub import Hub
from alisa_desktop.server.limits import HttpConnection, Limits, Rules, SocketConnection
from alisa_desktop.server.pages import Folders
from alisa_desktop.server.ports import Talk
from alisa_desktop.server.scene import Scene, listening_scene

PORTS_TRIED = 50
BACKLOG = 4
"""Connections that the loop accepts at a time, before it does anything else: a crowd must not hold up the windows."""
WAITING = 512
"""Connections that may wait to be accepted: all overlays come back at once after a restart."""
ANSWER_PATIENCE = 5.0
"""Seconds that a connection to ourselves may take."""
PING_INTERVAL = 30
PING_TIMEOUT = 300
"""Seconds; long, because some clients block their loop while their user types."""
CUT_OFF = "Cancel %s running task(s), timeout graceful shutdown exceeded"

log = logging.getLogger(__name__)


class Endpoint:
    """The WebSocket endpoint of a talk. All of it belongs to the loop's thread.

    `policy.port` is the port wished for; `port` and `address` tell the one in use after `start`. `scene` is one that
    hears the talk already; without it there is one that hears from now on.
    """

    def __init__(
        self,
        talk: Talk,
        policy: AccessPolicy,
        folders: Folders,
        pace: Pace | None = None,
        limits: Limits | None = None,
        scene: Scene | None = None,
    ) -> None:
        self._talk = talk
        self._folders = folders
        self._policy = policy
        self._pace = pace or Pace()
        self._limits = limits or Limits()
        self._scene = scene or listening_scene(talk)
        self._wished = policy.port
        self._known = 0
        """The port that was last told of, 0 while there is none."""
        self._serving: _Serving | None = None
        self._changing = asyncio.Lock()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._policy.port

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"ws://{self._policy.host}:{self.port}{CHAT_PATH}"

    @property
    def moved_from(self) -> int | None:
        """The port wished for, when another one is in use because somebody else has that."""
        return self._wished if self._wished not in (0, self.port) else None

    async def start(self) -> None:
        """Begin to serve; clients can connect when this returns. Raises `PortTaken`."""
        listener = self._listen(self._wished or self.port)
        hub = Hub(self._talk, self._policy, self._pace, self._scene)
        server = _server(self._app(hub), self._limits)
        self._serving = _Serving(hub, server)
        await self._accept(self._serving, listener)
        self._known = self.port
        log.info("listening at %s", self.address)

    async def check(self) -> bool:
        """See whether clients can still connect, and listen anew if not, as after the machine slept.

        Clients that are connected stay. Returns whether there is an address to be told of: another one, or one again
        after `PortTaken`, which this raises while every port is in use.
        """
        if not (serving := self._serving):
            return False
        accepting = serving.accepting
        if all(one.is_serving() for one in accepting) and await self._answers():
            return False
        async with self._changing:
            if serving is not self._serving or serving.accepting is not accepting:
                return False  # closed meanwhile, or seen to
            known, self._known = self._known, 0
            serving.stop_listening()
            listener = self._listen(self.port)
            serving.server.config.loaded_app = self._app(serving.hub)
            await self._accept(serving, listener)
            self._known = self.port
        log.info("listening again at %s", self.address)
        return self.port != known

    def send_away(self, client: str) -> None:
        """Disconnect the client of this name, because the user wants that."""
        if self._serving:
            self._serving.hub.send_away(client)

    def show_vision(self, update: Mapping[str, object]) -> None:
        """Tell every client that wants to know what Alisa sees (JSON values)."""
        if self._serving:
            self._serving.hub.show_vision(update)

    async def close(self) -> None:
        """Bring every reply to its end and close every client with 1001, within 2 seconds; no task is left."""
        async with self._changing:
            serving, self._serving = self._serving, None
        if serving:
            serving.stop_listening()
            await serving.hub.close()
            await serving.server.shutdown()

    def _listen(self, port: int) -> socket.socket:
        listener = listen(self._policy.host, port)
        self._policy = replace(self._policy, port=listener.getsockname()[1])
        return listener

    def _app(self, hub: Hub) -> ASGIApp:
        return create_app(hub, self._policy, self._folders)

    async def _accept(self, serving: _Serving, listener: socket.socket) -> None:
        headers = tuple((name.decode(), value.decode()) for name, value in security_headers(self._policy))
        most = self._policy.max_sockets + self._limits.spare_connections
        serving.server.lifespan.state["rules"] = Rules(self._limits, most, headers)
        await serving.server.startup(sockets=[listener])
        listener.listen(WAITING)  # so many may wait; the loop goes on to accept a few at a time
        serving.accepting = serving.server.servers

    async def _answers(self) -> bool:
        """Whether a connection to our own address is answered, with whatever it may be."""
        try:
            async with asyncio.timeout(ANSWER_PATIENCE):
                reader, writer = await asyncio.open_connection(self._policy.host, self.port)
                with closing(writer):
                    writer.write(f"GET / HTTP/1.1\r\nHost: {LOOPBACK}:{self.port}\r\n\r\n".encode())
                    return (await reader.readline()).startswith(b"HTTP/1.1 ")
        except OSError:  # a time-out is one too
            return False


@dataclass(slots=True)
class _Serving:
    hub: Hub
    server: uvicorn.Server
    accepting: list[asyncio.Server] = field(default_factory=list)

    def stop_listening(self) -> None:
        """Close the listening sockets; connections stay."""
        for one in self.accepting:
            one.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at `port` or, when a stranger has it, at the next free one. Raises `PortTaken`."""
    last = min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        with suppress(OSError):
            return _listen_at(host, candidate)
    raise PortTaken(
        f"Every port from {port} to {last} is in use, so overlays can't reach me. Choose another in Settings."
    )


def bind_once(host: str, port: int) -> None:
    """Find out whether the endpoint could listen there, without listening; raises `OSError` where it can't."""
    _bound("0.0.0.0", port).close()
    _bound(host, port).close()


def _listen_at(host: str, port: int) -> socket.socket:
    if port:  # whoever listens at all addresses must not lose this one to us, as macOS would have it
        _bound("0.0.0.0", port).close()  # bound for a moment, never listening
    listener = _bound(host, port)
    try:
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there SO_REUSEADDR would let two programs share one port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port that was ours a moment ago can be had again
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's tells anything: that who does not let go in time is cut off is no error."""
    return record.msg != CUT_OFF


def _server(app: ASGIApp, limits: Limits) -> uvicorn.Server:
    """A server to be started with `startup` and ended with `shutdown`.

    Its own `serve` is never entered: that takes over Ctrl-C, which is our loop's, and wakes ten times a second.
    """
    config = uvicorn.Config(
        app,
        interface="asgi3",
        loop="none",
        http=HttpConnection,
        timeout_keep_alive=limits.keep_alive,
        backlog=BACKLOG,
        ws=SocketConnection,
        ws_max_size=LARGEST_BODY,
        ws_ping_interval=PING_INTERVAL,
        ws_ping_timeout=PING_TIMEOUT,
        ws_per_message_deflate=False,  # nothing is gained on the way to oneself
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,  # uvicorn writes addresses with their query to the log, tokens included
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    config.load()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    return server
