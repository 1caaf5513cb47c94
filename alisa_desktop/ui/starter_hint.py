"""Once, after her first answer: that this was the starter brain, and that there are bigger ones."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from alisa_desktop.core.events import ReplyFinished
from alisa_desktop.core.messages import Outcome
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.afterwards import quiet_button
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.look import Look

SENTENCE = "That was my starter brain: small, quick, and only good for small talk."


class StarterHint(QWidget):
    """A quiet sentence with two ways on and one out. It hides when one of them is taken and never comes back."""

    choose_requested = Signal()
    explain_requested = Signal()
    taken = Signal()
    """The user took one of the ways; the hint is hidden by then."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turn = ""
        self.setAccessibleName("About her starter brain")
        self.sentence = Line(look, SENTENCE, self)
        self.choose = self._button("Choose a bigger one…")
        self.explain = self._button("What is it?")
        self.cross = quiet_button("Close this hint", self)
        self.cross.clicked.connect(self._leave)
        self.choose.clicked.connect(self.choose_requested)
        self.explain.clicked.connect(self.explain_requested)
        self._lay_out(look)
        self.restyle(look)
        self.hide()

    def _button(self, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(words)
        button.setAccessibleDescription(SENTENCE)
        button.setProperty("words", True)
        button.clicked.connect(self._leave)
        return button

    def _lay_out(self, look: Look) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.sentence, 1)
        above.addWidget(self.cross, 0, Qt.AlignmentFlag.AlignTop)
        below.setSpacing(look.theme.space_m)
        below.addWidget(self.choose)
        below.addWidget(self.explain)
        below.addStretch()
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.theme.space_xs)
        column.addLayout(above)
        column.addLayout(below)

    def hear(self, event: ReplyFinished, settings: Settings) -> bool:
        """A reply is over: come up if it is the first of the starter brain, go if it is a later one.

        True when the hint has come up, which must be kept in the settings. Fixed words (no tokens) are nobody's.
        """
        if not self.isHidden():
            self.setVisible(event.turn == self._turn)
            return False
        if not (_is_news(settings) and event.outcome is Outcome.DONE and event.tokens):
            return False
        self._turn = event.turn
        self.show()
        return True

    def heed(self, settings: Settings) -> None:
        """Go if the user has chosen another model."""
        if not _is_starter(settings):
            self.hide()

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self.sentence.restyle(look)
        self.choose.setFont(look.small)
        self.explain.setFont(look.small)
        self.cross.setIcon(look.icon("close", 16))

    def fit(self, width: int) -> int:
        """The height in px at `width`."""
        return self._column.totalHeightForWidth(width)

    def _leave(self) -> None:
        self.hide()
        self.taken.emit()


def _is_starter(settings: Settings) -> bool:
    return settings.model_source is ModelSource.BUILTIN


def _is_news(settings: Settings) -> bool:
    return _is_starter(settings) and not settings.starter_hint_shown
