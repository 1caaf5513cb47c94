"""Something went wrong inside of her: one calm sentence in the bubble, with the report to copy or to read first."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from alisa_desktop.ui.afterwards import quiet_button
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.look import Look

COPY = "Copy report"
COPIED = "Copied"


class TroubleNote(QWidget):
    """Hidden until `show_trouble`, and then there until it is closed. GUI thread only."""

    show_requested = Signal()
    """The user wants to read the report."""
    closed = Signal()

    def __init__(self, look: Look, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.setAccessibleName("Something went wrong")
        self.sentence = Line(look, "", self)
        self.copy = self._button(COPY)
        self.read = self._button("Show report…")
        self.cross = quiet_button("Close this note", self)
        self.copy.clicked.connect(self._copy)
        self.read.clicked.connect(self.show_requested)
        self.cross.clicked.connect(self._close)
        self._lay_out(look)
        self.restyle(look)
        self.hide()

    def _button(self, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(words)
        button.setProperty("words", True)
        return button

    def _lay_out(self, look: Look) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.sentence, 1)
        above.addWidget(self.cross, 0, Qt.AlignmentFlag.AlignTop)
        below.setSpacing(look.theme.space_m)
        below.addWidget(self.copy)
        below.addWidget(self.read)
        below.addStretch()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.theme.space_xs)
        column.addLayout(above)
        column.addLayout(below)

    def show_trouble(self, sentence: str) -> None:
        """Say what is the matter."""
        self.sentence.setText(sentence)
        self.copy.setText(COPY)
        for button in (self.copy, self.read):
            button.setAccessibleDescription(sentence)
        self.show()

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self.sentence.restyle(look)
        self.copy.setFont(look.small)
        self.read.setFont(look.small)
        self.cross.setIcon(look.icon("close", 16))

    def fit(self, width: int) -> int:
        """The height in px at `width`."""
        return self._column.totalHeightForWidth(width)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._bridge.report())
        self.copy.setText(COPIED)

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
