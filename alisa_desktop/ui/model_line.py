"""How the model is doing, while that keeps her from talking."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from alisa_desktop.core.brains import Fetch
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.ui.brain_words import RESTING, at_work, progress, short_fetch_words
from alisa_desktop.ui.column import Fitting, stack
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.look import Look

BAR = 4  # px


class ModelLine(QWidget):
    """Nothing while the model is ready; else a sentence with a thin progress bar or the way to another model.

    A download that is under way shows here, too.
    """

    choose_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._status = ModelStatus(ModelState.READY, "")
        self._fetch: Fetch | None = None
        self._fetch_words = ""
        self.sentence = Line(look, "", self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.button = QPushButton("Choose a model…", self)
        self.button.clicked.connect(self.choose_requested)
        self.hide()

    def show_status(self, status: ModelStatus) -> None:
        """Tell where the model stands."""
        self._status = status
        self._show()

    def show_fetches(self, fetches: Sequence[Fetch]) -> bool:
        """Tell how a download does; True when what is to be seen here has changed its size."""
        before = self._outline()
        self._fetch, self._fetch_words = at_work(fetches), short_fetch_words(fetches)
        self._show()
        return before != self._outline()

    def _outline(self) -> tuple[bool, bool, int]:
        return self.isHidden(), self.bar.isHidden(), self.sentence.fit(self.width())

    def _show(self) -> None:
        state = self._status.state
        loading, well = state is ModelState.LOADING, state in (ModelState.READY, ModelState.RESTING)
        fetch = self._fetch if well else None
        share = progress(fetch) if fetch else self._status.progress if loading else None
        self.sentence.setText(self._fetch_words if fetch else self._words(state))
        self.bar.setAccessibleName("Download" if fetch else "Loading the model")
        self.bar.setVisible(share is not None)
        self.bar.setValue(round((share or 0.0) * 1000))
        self.button.setHidden(loading or well)
        self.setHidden(state is ModelState.READY and fetch is None)

    def _words(self, state: ModelState) -> str:
        said = {ModelState.LOADING: "Waking up…", ModelState.RESTING: RESTING}
        return self._status.detail or said.get(state, "I have no model to think with.")

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._look = look
        self.sentence.restyle(look)

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        rows: list[Fitting] = [self.sentence, _Fixed(self.bar, width, BAR), _Fixed(self.button, 0, 0)]
        return stack(rows, width, self._look.theme.space_s)


class _Fixed:
    """A widget of Qt's own in a column: of its natural size where `width` or `height` is 0."""

    def __init__(self, widget: QWidget, width: int, height: int) -> None:
        self._widget = widget
        self._width = width or widget.sizeHint().width()
        self._height = height or widget.sizeHint().height()

    def fit(self, width: int) -> int:
        return self._height

    def isHidden(self) -> bool:
        return self._widget.isHidden()

    def setGeometry(self, x: int, y: int, w: int, h: int, /) -> None:
        self._widget.setGeometry(x, y, min(w, self._width), h)
