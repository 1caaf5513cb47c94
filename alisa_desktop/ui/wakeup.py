"""One alarm for everything that moves by itself: nothing wakes up unless somebody asked for it."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

PRECISE_BELOW = 0.2
"""Alarms nearer than this (s) are kept to the millisecond; others may be a few percent late, which spares wake-ups."""


class Clock(QObject):
    """Seconds since some moment, and one alarm. GUI thread only."""

    rang = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.rang)

    def now(self) -> float:
        """Seconds, never going back."""
        return time.monotonic()

    def wake_at(self, moment: float | None) -> None:
        """Ring once at `moment` (s) instead of any earlier wish; None: do not ring."""
        if moment is None:
            self._timer.stop()
            return
        delay = max(0.0, moment - self.now())
        kind = Qt.TimerType.PreciseTimer if delay < PRECISE_BELOW else Qt.TimerType.CoarseTimer
        self._timer.setTimerType(kind)
        self._timer.start(round(delay * 1000) + 1)
