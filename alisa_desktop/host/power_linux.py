"""The machine's sleep and its end as logind tells them; source: systemd's org.freedesktop.login1(5), INHIBITOR_LOCKS"""

from __future__ import annotations

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

LOGIN = ("/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.login1.Manager")
"""Path, service and interface."""
MEMBER, SHUTDOWN = "PrepareForSleep", "PrepareForShutdown"
REASON = ("sleep:shutdown", "Alisa Desktop", "What was said is written down first", "delay")
PATIENCE = 2.0
"""Seconds that the way onto the bus may take, and the way off it."""

log = logging.getLogger(__name__)


class LinuxPower:
    """Listens on the system bus in a thread of its own, which ends soon where there is no bus.

    A lock of logind's delays the sleep until `on_sleep` has returned, and the power-off, which `on_shutdown` hears of,
    until this process has ended.
    """

    def __init__(
        self,
        on_sleep: Callable[[], None],
        on_wake: Callable[[], None],
        on_shutdown: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_sleep, self._on_wake, self._on_shutdown = on_sleep, on_wake, on_shutdown
        self._delay: Any = None
        self._closed = False
        self._socket: socket.socket | None = None
        self._socket_lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="power", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the bus, which ends the thread. Call it from any thread but that one, also twice."""
        with self._socket_lock:
            self._closed = True
            if self._socket:
                with suppress(OSError):  # the bus may have hung up
                    self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)

    def _live(self) -> None:
        try:
            from jeepney import DBusErrorResponse
        except ImportError as error:
            log.info("nothing tells of the machine's sleep beforehand: %s", error)
            return
        try:
            self._visit_bus()
        # no bus, or it has hung up; an address that makes no sense, or words that don't; unwelcome
        except (OSError, RuntimeError, ValueError, LookupError, DBusErrorResponse) as error:
            if not self._closed:
                log.info("nothing tells of the machine's sleep beforehand: %s", error)
        finally:
            self._let_sleep()

    def _visit_bus(self) -> None:
        from jeepney.bus import get_bus
        from jeepney.io.blocking import DBusConnection, prep_socket

        way = prep_socket(get_bus("SYSTEM"), enable_fds=True, timeout=PATIENCE)
        try:
            with self._socket_lock:
                if self._closed:
                    return
                self._socket = way
            self._listen(DBusConnection(way, enable_fds=True))
        finally:
            with self._socket_lock:
                self._socket = None
                way.close()

    def _listen(self, bus: Any) -> None:
        from jeepney import HeaderFields, MatchRule, message_bus
        from jeepney.wrappers import unwrap_msg

        path, service, interface = LOGIN
        with ExitStack() as stack:
            signals: deque[Any] = deque()
            for member in (MEMBER, SHUTDOWN):
                rule = MatchRule(type="signal", sender=service, interface=interface, member=member, path=path)
                told = MatchRule(type="signal", interface=interface, member=member, path=path)  # by a name of numbers
                stack.enter_context(bus.filter(told, queue=signals))
                unwrap_msg(bus.send_and_get_reply(message_bus.AddMatch(rule)))
            self._delay_sleep(bus)
            while True:
                signal = bus.recv_until_filtered(signals)
                match signal.header.fields[HeaderFields.member], signal.body:
                    case (str(member), (True,)) if member == SHUTDOWN:
                        self._keep_delay()
                        self._on_shutdown()
                    case (str(member), (True,)) if member == MEMBER:
                        self._on_sleep()
                        self._let_sleep()
                    case (str(member), _) if member == MEMBER:
                        self._on_wake()
                        self._delay_sleep(bus)

    def _delay_sleep(self, bus: Any) -> None:
        """Take the lock: a file whose closing gives it back. Without it the sleep is told, but doesn't wait."""
        from jeepney import DBusAddress, MessageFlag, MessageType, new_method_call

        self._let_sleep()
        call = new_method_call(DBusAddress(*LOGIN), "Inhibit", "ssss", REASON)
        call.header.flags |= MessageFlag.no_auto_start
        answer = bus.send_and_get_reply(call)
        if answer.header.message_type is MessageType.method_return:
            (self._delay,) = answer.body
        else:
            log.info("the machine won't wait for me before it sleeps: %s", answer.body)

    def _keep_delay(self) -> None:
        """Hold the lock for as long as this process lives: the system waits, but for 5 s at most."""
        if self._delay is not None:
            self._delay.to_raw_fd()
            self._delay = None

    def _let_sleep(self) -> None:
        if self._delay is not None:
            self._delay.close()
            self._delay = None
