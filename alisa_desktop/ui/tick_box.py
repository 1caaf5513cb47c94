"""A check box whose frame and tick one can see on every theme."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox

BOX = 18
GAP = 10
TICK = (QPointF(4.5, 9.5), QPointF(7.8, 12.8), QPointF(13.5, 5.5))


class TickBox(QCheckBox):
    """Painted from the palette of its window alone, which style sheets keep from its children. GUI thread only."""

    def sizeHint(self) -> QSize:
        """Room for the box, the text and the ring of the focus."""
        text = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        return QSize(BOX + GAP + text.width() + 8, max(BOX, text.height()) + 8)

    def hitButton(self, pos: object) -> bool:
        """The text counts too."""
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Box, tick, text, and a ring when it has the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_box(painter)
        colours, roles = self.window().palette(), QPalette.ColorRole
        painter.setPen(colours.color(roles.WindowText if self.isEnabled() else roles.PlaceholderText))
        area = self.rect().adjusted(4 + BOX + GAP, 0, 0, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic, self.text())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.color(roles.Link), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _paint_box(self, painter: QPainter) -> None:
        colours, roles = self.window().palette(), QPalette.ColorRole
        box = QRectF(4, (self.height() - BOX) / 2, BOX, BOX)
        fill = colours.color(roles.Link if self.isChecked() else roles.Base)
        painter.setPen(QPen(fill if self.isChecked() else colours.color(roles.PlaceholderText), 1.5))
        painter.setBrush(fill)
        painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75), 5, 5)
        if self.isChecked():
            painter.setPen(QPen(colours.color(roles.Base), 2.2, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
            painter.drawPolyline([box.topLeft() + point for point in TICK])
