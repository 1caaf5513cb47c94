"""What went wrong behind the user's back, told once and calmly: bugs of this run, and the crash of the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from alisa_desktop.host.bugs import Bugs
from alisa_desktop.host.paths import Paths
from alisa_desktop.report import make_report
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge

BROKE = "Something went wrong inside me. I go on all the same. A report can help to mend it."
CRASHED = "The last time, a part of me crashed and took me with it. A report can help to mend it."


class Troubles:
    """Bugs as they come, and `crash`, what the last run left behind. GUI thread, which is the loop's."""

    def __init__(self, bugs: Bugs, crash: str = "") -> None:
        self._bugs = bugs
        self._crash = crash
        self._told = 0

    def tell(self, bridge: Bridge, paths: Paths, settings: Callable[[], Settings]) -> None:
        """From now on, tell the windows of whatever goes wrong, and of what did already; until `close`."""
        loop = asyncio.get_running_loop()

        def tell_bug() -> None:
            if len(self._bugs.found) > self._told:
                self._told = len(self._bugs.found)
                bridge.trouble_told.emit(BROKE)

        def hear() -> None:  # in any thread
            with suppress(RuntimeError):  # the loop is closed: she is leaving
                loop.call_soon_threadsafe(tell_bug)

        facts = {"Qt": f"{qVersion()} on {QGuiApplication.platformName()}"}
        bridge.report = lambda: make_report(paths, settings(), self._bugs.found, self._crash, facts)
        self._bugs.hear = hear
        if self._crash:
            bridge.trouble_told.emit(CRASHED)
        tell_bug()

    def close(self) -> None:
        """Tell nobody any more; bugs go to the log as before."""
        self._bugs.hear = lambda: None
