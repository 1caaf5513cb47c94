"""Something went wrong inside of her: one calm sentence in the bubble, with the report to copy or to read first."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.note import Note

COPY = "Copy report"
COPIED = "Copied"


class TroubleNote(Note):
    """Hidden until `show_trouble`, and then there until it is closed. GUI thread only."""

    show_requested = Signal()
    """The user wants to read the report."""
    closed = Signal()

    def __init__(self, look: Look, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(look, "", (COPY, "Show report…"), "Close this note", parent)
        self._bridge = bridge
        self.setAccessibleName("Something went wrong")
        self.copy, self.read = self.ways
        self.copy.clicked.connect(self._copy)
        self.read.clicked.connect(self.show_requested)
        self.cross.clicked.connect(self._close)

    def show_trouble(self, sentence: str) -> None:
        """Say what is the matter."""
        self.say(sentence)
        self.copy.setText(COPY)
        self.show()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._bridge.report())
        self.copy.setText(COPIED)

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
