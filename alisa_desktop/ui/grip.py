"""The corner by which the user makes the bubble larger or smaller."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.placement import Side

SIZE = 14  # px


class Grip(QWidget):
    """An invisible handle in the upper corner away from her; a double click gives the size back to the bubble."""

    grabbed = Signal()
    dragged = Signal(QPoint)
    """How far the pointer went since the grab, in px; positive is larger."""
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SIZE, SIZE)
        self._side = Side.LEFT
        self._start = QPoint()

    def face(self, side: Side) -> None:
        """The bubble is on this side of her."""
        self._side = side
        left = side is Side.LEFT
        self.setCursor(Qt.CursorShape.SizeFDiagCursor if left else Qt.CursorShape.SizeBDiagCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        self._start = event.globalPosition().toPoint()
        self.grabbed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        way = self._start - event.globalPosition().toPoint()
        self.dragged.emit(way if self._side is Side.LEFT else QPoint(-way.x(), way.y()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Let the bubble choose its size again."""
        self.released.emit()
