"""A quiet note below the talk: a sentence, ways on as words to click, and a cross."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from alisa_desktop.ui.afterwards import quiet_button
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.look import Look


class Note(QWidget):
    """Hidden until somebody shows it. `ways` are its buttons, one for each of the `words`. GUI thread only."""

    def __init__(self, look: Look, sentence: str, words: tuple[str, ...], leave: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.sentence = Line(look, sentence, self)
        self.ways = [self._way(each) for each in words]
        self.cross = quiet_button(leave, self)
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.sentence, 1)
        above.addWidget(self.cross, 0, Qt.AlignmentFlag.AlignTop)
        below.setSpacing(look.theme.space_m)
        for way in self.ways:
            below.addWidget(way)
        below.addStretch()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.theme.space_xs)
        self._column.addLayout(above)
        self._column.addLayout(below)
        self.say(sentence)
        self.restyle(look)
        self.hide()

    def say(self, sentence: str) -> None:
        """Have another sentence, which screen readers tell with each of the ways, too."""
        self.sentence.setText(sentence)
        for way in self.ways:
            way.setAccessibleDescription(sentence)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self.sentence.restyle(look)
        for way in self.ways:
            way.setFont(look.small)
        self.cross.setIcon(look.icon("close", 16))

    def fit(self, width: int) -> int:
        """The height in px at `width`."""
        return self._column.totalHeightForWidth(width)

    def _way(self, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(words)
        button.setProperty("words", True)
        return button
