"""Words that are scrolled out at the top fade instead of being cut in half."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

HEIGHT = 10  # px


class SoftEdge(QWidget):
    """Lies over the top of a view and takes no clicks."""

    def __init__(self, surface: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.surface = surface
        """The colour into which the words fade, as `#rrggbb`."""
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint from the surface to nothing."""
        fade = QLinearGradient(0, 0, 0, self.height())
        colour = QColor(self.surface)
        fade.setColorAt(0, colour)
        colour.setAlpha(0)
        fade.setColorAt(1, colour)
        QPainter(self).fillRect(self.rect(), fade)
