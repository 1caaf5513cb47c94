"""Three dots while she thinks."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.look import Look

STEP = 320  # ms
HEIGHT = 20  # px


class ThinkingDots(QWidget):
    """Walks from dot to dot while it can be seen; stands still for those who want less motion."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Alisa is thinking")
        self._look = look
        self._lit = 0
        self.timer = QTimer(self)
        """Runs only while the dots are visible and may move."""
        self.timer.setInterval(STEP)
        self.timer.timeout.connect(self._step)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._look = look
        self._run()

    def fit(self, width: int) -> int:
        """The height in px, whatever the width."""
        return HEIGHT

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to walk."""
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        self.timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the three dots, one of them lit."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        for index in range(3):
            lit = self._look.still or index == self._lit
            painter.setBrush(QColor(self._look.theme.accent if lit else self._look.theme.border))
            painter.drawEllipse(2 + index * 13, HEIGHT // 2 - 4, 8, 8)

    def _run(self) -> None:
        if self.isVisible() and not self._look.still:
            self.timer.start()
        else:
            self.timer.stop()
        self.update()

    def _step(self) -> None:
        self._lit = (self._lit + 1) % 3
        self.update()
