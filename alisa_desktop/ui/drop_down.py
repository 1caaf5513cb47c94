"""A combo box with an arrow that one can see on every theme."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QComboBox

ARROW = (QPointF(-4, -2), QPointF(0, 2), QPointF(4, -2))


class DropDown(QComboBox):
    """Paints its arrow itself: a style sheet that gives the box a border takes the arrow away. GUI thread only."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box, and the arrow on it."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.window().palette().color(QPalette.ColorRole.Text), 1.6, c=Qt.PenCapStyle.RoundCap))
        tip = QPointF(self.width() - 15, self.height() / 2)
        painter.drawPolyline([tip + point for point in ARROW])
