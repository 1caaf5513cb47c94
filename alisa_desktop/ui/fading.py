"""The bubble fades when nothing happens, and costs nothing once it is gone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, QTimer
from PySide6.QtWidgets import QWidget

FADE = 350  # ms
SIGNS_OF_LIFE = frozenset({QEvent.Type.Enter, QEvent.Type.Leave, QEvent.Type.ActivationChange, QEvent.Type.Show})


class Fading(QObject):
    """Hides `window` after a while without a reason to stay. GUI thread only.

    `holds` says whether there is such a reason now. Timer and animation run only while the window can be seen and
    nothing holds it.
    """

    def __init__(self, window: QWidget, holds: Callable[[], bool]) -> None:
        super().__init__(window)
        self._window = window
        self._holds = holds
        self.seconds = 0
        """Seconds of quiet until it fades; 0 for never."""
        self.still = False
        """True hides at once instead of fading."""
        self.timer = QTimer(self, singleShot=True)
        """Runs while the quiet lasts."""
        self.timer.timeout.connect(self._fade)
        self.animation = QPropertyAnimation(window, b"windowOpacity", self)
        """Runs while it fades."""
        self.animation.setDuration(FADE)
        self.animation.finished.connect(self._vanish)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pointer and keyboard came or went, the window was shown or hidden; nothing is kept from it."""
        if event.type() in SIGNS_OF_LIFE:
            self.reconsider()
        elif event.type() is QEvent.Type.Hide:
            self.rest()
        return False

    def reconsider(self) -> None:
        """Something happened: be fully there, and begin to wait anew if nothing holds."""
        self.rest()
        if self.seconds and self._window.isVisible() and not self._holds():
            self.timer.start(self.seconds * 1000)

    def rest(self) -> None:
        """Stop waiting and fading."""
        self.timer.stop()
        if self.animation.state() is QPropertyAnimation.State.Running:
            self.animation.stop()
            self._window.setWindowOpacity(1.0)

    def _fade(self) -> None:
        if self._holds():
            return
        if self.still:
            self._window.hide()
            return
        self.animation.setStartValue(1.0)
        self.animation.setEndValue(0.0)
        self.animation.start()

    def _vanish(self) -> None:
        self._window.hide()
        self._window.setWindowOpacity(1.0)
