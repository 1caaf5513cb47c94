"""Once, after her first answer: that this was the starter brain, and that there are bigger ones."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from alisa_desktop.core.events import ReplyFinished
from alisa_desktop.core.messages import Outcome
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.note import Note

SENTENCE = "That was my starter brain: small, quick, and only good for small talk."


class StarterHint(Note):
    """A quiet sentence with two ways on and one out. It hides when one of them is taken and never comes back."""

    choose_requested = Signal()
    explain_requested = Signal()
    taken = Signal()
    """The user took one of the ways; the hint is hidden by then."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, SENTENCE, ("Choose a bigger one…", "What is it?"), "Close this hint", parent)
        self._turn = ""
        self.setAccessibleName("About her starter brain")
        self.choose, self.explain = self.ways
        for button in (self.choose, self.explain, self.cross):
            button.clicked.connect(self._leave)
        self.choose.clicked.connect(self.choose_requested)
        self.explain.clicked.connect(self.explain_requested)

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

    def _leave(self) -> None:
        self.hide()
        self.taken.emit()


def _is_starter(settings: Settings) -> bool:
    return settings.model_source is ModelSource.BUILTIN


def _is_news(settings: Settings) -> bool:
    return _is_starter(settings) and not settings.starter_hint_shown
