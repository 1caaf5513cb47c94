"""One GGUF file dropped on a window: taken as a wish to think with it, and never moved from where it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

ENDING = ".gguf"
DRAGGING = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class GgufDrop(QObject):
    """Watches what is dragged over `widget`, and lets everything but one local GGUF file pass by. GUI thread only."""

    dropped = Signal(str)  # its path
    hovered = Signal(bool)  # such a file is over the window, or no longer

    def __init__(self, widget: QWidget, *more: QWidget) -> None:
        super().__init__(widget)
        for part in (widget, *more):
            part.setAcceptDrops(True)
            part.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the file; all else goes its way."""
        if isinstance(event, QDropEvent) and event.type() in (*DRAGGING, QEvent.Type.Drop):
            return self._consider(event)
        if event.type() is QEvent.Type.DragLeave:
            self.hovered.emit(False)
        return False

    def _consider(self, event: QDropEvent) -> bool:
        path, action = gguf_path(event.mimeData()), _harmless(event.possibleActions())
        if not path or action is Qt.DropAction.IgnoreAction:
            return False
        event.setDropAction(action)
        event.accept()
        arrived = not isinstance(event, QDragMoveEvent)
        if event.type() is not QEvent.Type.DragMove:
            self.hovered.emit(not arrived)
        if arrived:
            self.dropped.emit(path)
        return True


def gguf_path(data: QMimeData) -> str:
    """The path of the one local GGUF file that is dragged; empty where it is anything else."""
    addresses = data.urls() if data.hasUrls() else []
    if len(addresses) != 1 or not addresses[0].isLocalFile():
        return ""
    path = addresses[0].toLocalFile()
    return path if path.casefold().endswith(ENDING) else ""


def _harmless(possible: Qt.DropAction) -> Qt.DropAction:
    """Never to move: the other program would take the file away."""
    for action in (Qt.DropAction.LinkAction, Qt.DropAction.CopyAction):
        if possible & action:
            return action
    return Qt.DropAction.IgnoreAction
