"""The machine's sleep as the workspace of macOS tells it, in programs whose main thread runs a Cocoa loop (Qt's does).

pyobjc is imported where it is asked: other systems don't have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class MacPower:
    """Observes NSWorkspace; called in the main thread, and the machine sleeps once `on_sleep` has returned.

    Raises `ImportError` without pyobjc.
    """

    def __init__(self, on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> None:
        import AppKit

        self._center = AppKit.NSWorkspace.sharedWorkspace().notificationCenter()
        self._observers = [
            self._observe(AppKit.NSWorkspaceWillSleepNotification, on_sleep),
            self._observe(AppKit.NSWorkspaceDidWakeNotification, on_wake),
        ]

    def close(self) -> None:
        """Observe no more. May be called twice."""
        while self._observers:
            self._center.removeObserver_(self._observers.pop())

    def _observe(self, name: Any, callback: Callable[[], None]) -> Any:
        def hear(_notification: Any) -> None:
            callback()

        # without a queue the block runs while the notification is being posted, not some time after it
        return self._center.addObserverForName_object_queue_usingBlock_(name, None, None, hear)
