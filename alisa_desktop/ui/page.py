"""What pages of windows are made of: a column that scrolls, plain words, and buttons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

GAP = 10


class Page(QScrollArea):
    """A column of widgets that scrolls where there is no room. GUI thread only."""

    def __init__(self) -> None:
        super().__init__()
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        """From the top."""
        self.column.setContentsMargins(2, 12, 12, 8)
        self.column.setSpacing(GAP)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)


def words(text: str, *, muted: bool = False, title: bool = False) -> QLabel:
    """Plain text that wraps."""
    label = QLabel(text, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("muted", muted)
    label.setProperty("title", title)
    return label


def button(text: str, do: Callable[[], object]) -> QPushButton:
    """A button that does something and is never the default one."""
    made = QPushButton(text, autoDefault=False)
    made.clicked.connect(lambda: do())
    return made
