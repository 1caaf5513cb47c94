"""The endpoint itself: a server on this machine's own address, inside the loop that is running already."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from alisa_desktop.core.errors import PortTaken
from alisa_desktop.server.access import LARGEST_BODY, AccessPolicy
from alisa_desktop.server.api import CHAT_PATH, create_app
from alisa_desktop.server.client import Pace
from alisa_desktop.server.hub import Hub
from alisa_desktop.server.ports import Talk

PORTS_TRIED = 50
PING_INTERVAL = 30
PING_TIMEOUT = 300
"""Seconds; long, because some clients block their loop while their user types."""
log = logging.getLogger(__name__)


class Endpoint:
    """The WebSocket endpoint of a talk. All of it belongs to the loop's thread.

    `policy.port` is the port wished for; `port` and `address` tell the one in use after `start`.
    """

    def __init__(self, talk: Talk, policy: AccessPolicy, pace: Pace | None = None) -> None:
        self._talk = talk
        self._policy = policy
        self._pace = pace or Pace()
        self._serving: tuple[Hub, uvicorn.Server, socket.socket] | None = None

    @property
    def port(self) -> int:
        """The port in use."""
        return self._policy.port

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"ws://{self._policy.host}:{self.port}{CHAT_PATH}"

    async def start(self) -> None:
        """Begin to serve; clients can connect when this returns. Raises `PortTaken`."""
        listener = listen(self._policy.host, self._policy.port)
        self._policy = replace(self._policy, port=listener.getsockname()[1])
        hub = Hub(self._talk, self._policy, self._pace)
        server = _server(hub, self._policy)
        await server.startup(sockets=[listener])
        self._serving = hub, server, listener
        log.info("listening at %s", self.address)

    def show_vision(self, update: Mapping[str, object]) -> None:
        """Tell every client that wants to know what Alisa sees (JSON values)."""
        if self._serving:
            self._serving[0].show_vision(update)

    async def close(self) -> None:
        """Bring every reply to its end and close every client with 1001, within 2 seconds; no task is left."""
        if self._serving:
            hub, server, listener = self._serving
            self._serving = None
            for accepting in server.servers:
                accepting.close()
            await hub.close()
            await server.shutdown(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at `port` or, when a stranger has it, at the next free one. Raises `PortTaken`."""
    last = min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        with suppress(OSError):
            return _listen_at(host, candidate)
    raise PortTaken(
        f"Every port from {port} to {last} is in use, so overlays can't reach me. Choose another in Settings."
    )


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


def _server(hub: Hub, policy: AccessPolicy) -> uvicorn.Server:
    """A server to be started with `startup` and ended with `shutdown`.

    Its own `serve` is never entered: that takes over Ctrl-C, which is our loop's, and wakes ten times a second.
    """
    config = uvicorn.Config(
        create_app(hub, policy),
        interface="asgi3",
        loop="none",
        http="h11",
        ws=_Connection,
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
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    return server


class _Connection(WebSocketsSansIOProtocol):
    """A WebSocket of uvicorn's that can be cut, and whose refusals count as answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, "abort": self._abort}

    def _abort(self) -> None:
        self.transport.abort()

    async def send(self, message: Any) -> None:
        """Send an ASGI message; a refusal completes the handshake, which uvicorn forgets and logs an error for."""
        await super().send(message)
        if self.initial_response and self.close_sent:
            self.handshake_complete = True
