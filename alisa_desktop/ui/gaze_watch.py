"""Where her eyes stand, for everything that shows it: a look too short to be noticed is shown long enough."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from alisa_desktop.core.sight import EyesStatus, Gaze
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.wakeup import Clock

LEAST_SECONDS = 0.6
"""How long a look is shown at least."""


class GazeWatch(QObject):
    """Follows the bridge. GUI thread only."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject, *, clock: Clock | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._clock = clock or Clock(self)
        self._look_ends = 0.0
        self.shown = bridge.eyes.gaze
        """What is to be seen now; a look stays for a while after its end."""
        bridge.eyes_changed.connect(self._follow)
        self._clock.rang.connect(self._settle)

    @property
    def status(self) -> EyesStatus:
        """How the eyes really stand."""
        return self._bridge.eyes

    def close(self) -> None:
        """Wait for nothing any more."""
        self._clock.wake_at(None)

    def _follow(self, status: EyesStatus) -> None:
        if status.gaze is Gaze.LOOKING:
            self._look_ends = self._clock.now() + LEAST_SECONDS
        self._settle()

    def _settle(self) -> None:
        gaze = self._bridge.eyes.gaze
        lasts = self.shown is Gaze.LOOKING and self._clock.now() < self._look_ends
        if lasts and gaze is not Gaze.LOOKING:
            self._clock.wake_at(self._look_ends)
            return
        self._clock.wake_at(None)
        self.shown = gaze
        self.changed.emit()
