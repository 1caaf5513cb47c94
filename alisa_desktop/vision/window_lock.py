"""Whether the session is locked, as a Linux desktop tells it over D-Bus."""

from __future__ import annotations

import os
import time
from typing import Any

PATIENCE = 0.1
"""Seconds that opening a bus, or one answer, may take."""

FIRST_REST, LONGEST_REST = 1.0, 64.0
"""Seconds in which a bus that is absent or silent isn't asked again; it doubles each time.

A bus may only be slow because the machine is busy, and then a locked screen must not go unnoticed for long.
"""

LOGIN = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
LOGIN_SESSION = "org.freedesktop.login1.Session"
OWN_SESSION = "/org/freedesktop/login1/session/auto"
"""org.freedesktop.login1(5): the caller's session, or its user's one with a display; since systemd 243."""

SAVERS = (
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
)
"""Names (of the service and its interface) and paths of those that know `GetActive`."""


class SessionLock:
    """Asks logind and the desktop's screen saver; where neither is there, nothing is locked. For one thread."""

    def __init__(self) -> None:
        self._system = _Bus("SYSTEM")
        self._session = _Bus("SESSION")

    def locked(self) -> bool:
        """Whether one of them says so. It never raises, and takes up to 0.2 s where a bus keeps silent."""
        return self._hinted() or any(self._active(*saver) for saver in SAVERS)

    def close(self) -> None:
        """Leave both buses."""
        self._system.close()
        self._session.close()

    def _hinted(self) -> bool:
        hint = self._hint(OWN_SESSION)
        if hint is None and (own := self._system.ask(*LOGIN, "GetSessionByPID", "u", (os.getpid(),))):
            hint = self._hint(own[0])
        return bool(hint)

    def _hint(self, path: str) -> bool | None:
        properties = "org.freedesktop.DBus.Properties"
        answer = self._system.ask(LOGIN[0], path, properties, "Get", "ss", (LOGIN_SESSION, "LockedHint"))
        return answer[0] == ("b", True) if answer else None

    def _active(self, name: str, path: str) -> bool:
        return self._session.ask(name, path, name, "GetActive") == (True,)


class _Bus:
    """A message bus that may be absent: then every question is answered with None, and soon."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection: Any = None
        self._rest = FIRST_REST
        self._rests_until = 0.0

    def ask(
        self, service: str, path: str, interface: str, method: str, signature: str = "", body: tuple[object, ...] = ()
    ) -> tuple[Any, ...] | None:
        """What `service` answers; None where it refuses, isn't running (it is not started for this) or keeps silent."""
        if time.monotonic() < self._rests_until:
            return None
        from jeepney import DBusAddress, DBusErrorResponse, MessageFlag, MessageType, new_method_call

        call = new_method_call(DBusAddress(path, service, interface), method, signature or None, body)
        call.header.flags |= MessageFlag.no_auto_start
        try:
            self._connection = self._connection or _connect(self._name)
            answer = self._connection.send_and_get_reply(call, timeout=PATIENCE)
        # no address, or one that makes no sense; unwelcome; nobody there, or silence (TimeoutError is an OSError)
        except (KeyError, ValueError, RuntimeError, DBusErrorResponse, OSError):
            self.close()
            self._rests_until = time.monotonic() + self._rest
            self._rest = min(LONGEST_REST, 2 * self._rest)
            return None
        self._rest = FIRST_REST
        return tuple(answer.body) if answer.header.message_type is MessageType.method_return else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connect(name: str) -> Any:
    from jeepney.bus import get_bus
    from jeepney.io.blocking import DBusConnection, prep_socket

    class Connection(DBusConnection):  # type: ignore[misc]  # jeepney has no types
        def receive(self, *, timeout: float | None = None) -> Any:
            """The greeting in its constructor would wait for ever."""
            return super().receive(timeout=PATIENCE / 2 if timeout is None else timeout)

    socket = prep_socket(get_bus(_address(name)), timeout=PATIENCE / 2)
    try:
        return Connection(socket)
    except BaseException:
        socket.close()
        raise


def _address(name: str) -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if name == "SESSION" and runtime and "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        return f"unix:path={runtime}/bus"  # where systemd puts it: sd_bus_open_user(3)
    return name
