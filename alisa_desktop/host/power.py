"""The machine's sleep, and on Linux its end, told beforehand: whoever must put something down does so in time."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

HANDLING_SECONDS = 2.0
"""The machine waits no longer than this; Windows gives about as much, logind 5 s."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """A system that calls, in any thread, before the machine sleeps and after it woke, until it is closed."""

    def close(self) -> None:
        """Let go of the system."""
        ...


class NoPower:
    """Null object: nothing here tells of sleep beforehand."""

    def close(self) -> None:
        """Nothing was taken."""


class PowerWatch:
    """Brings what a system tells of the machine's sleep into the loop that runs now.

    Make it and close it in that loop's thread. The callbacks must not raise.
    """

    def __init__(
        self,
        on_sleep: Callable[[], None],
        on_wake: Callable[[], None],
        open_source: Callable[[Callable[[], None], Callable[[], None]], Source],
    ) -> None:
        self._on_sleep, self._on_wake = on_sleep, on_wake
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._closed = False
        self._handled = threading.Event()
        self._source = self._open(open_source)

    def close(self) -> None:
        """Listen no more; nothing is called from here on. May be called twice."""
        self._closed = True
        self._handled.set()  # the source may be waiting for it, in the middle of what it must finish to close
        self._source.close()

    def _open(self, open_source: Callable[[Callable[[], None], Callable[[], None]], Source]) -> Source:
        try:
            return open_source(self._tell_sleep, self._tell_wake)
        except (OSError, ImportError, AttributeError, RuntimeError) as error:  # a library or its function is missing
            log.info("nothing tells of the machine's sleep beforehand: %s", error)
            return NoPower()

    def _tell_sleep(self) -> None:
        """Return when it was handled, or is not going to be in time."""
        if threading.get_ident() == self._thread:  # macOS calls there, and sleeps once this has returned
            self._sleep()
            return
        self._handled.clear()
        if not self._closed and self._call(self._sleep):
            self._handled.wait(HANDLING_SECONDS)

    def _tell_wake(self) -> None:
        self._call(self._wake)

    def _call(self, callback: Callable[[], None]) -> bool:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(callback)
            return True
        return False

    def _sleep(self) -> None:
        try:
            if not self._closed:
                self._on_sleep()
        finally:
            self._handled.set()

    def _wake(self) -> None:
        if not self._closed:
            self._on_wake()


def watch(
    on_sleep: Callable[[], None], on_wake: Callable[[], None], on_shutdown: Callable[[], None] = lambda: None
) -> PowerWatch:
    """Call `on_sleep` before the machine sleeps and `on_wake` after it woke, in the thread of the running loop.

    The machine waits until `on_sleep` has returned (2 s at most), but not for tasks that it starts; a wake may come
    without a sleep before it. Where nothing can tell, nothing is ever called. Never raises; waits for no system.

    `on_shutdown` is called before logind switches the machine off, which waits for the end of this process (5 s at
    most); on other systems the end of the session comes first, and is told by Qt.
    """
    loop = asyncio.get_running_loop()

    def tell_shutdown() -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(on_shutdown)

    return PowerWatch(on_sleep, on_wake, partial(_source, tell_shutdown))


if sys.platform == "win32":

    def _source(_: Callable[[], None], on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> Source:
        from alisa_desktop.host.power_windows import WindowsPower

        return WindowsPower(on_sleep, on_wake)

elif sys.platform == "darwin":

    def _source(_: Callable[[], None], on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> Source:
        from alisa_desktop.host.power_macos import MacPower

        return MacPower(on_sleep, on_wake)

else:

    def _source(on_shutdown: Callable[[], None], on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> Source:
        from alisa_desktop.host.power_linux import LinuxPower

        return LinuxPower(on_sleep, on_wake, on_shutdown)
