"""How the model is doing, while that keeps her from talking."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.ui.column import Fitting, stack
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.look import Look

BAR = 4  # px


class ModelLine(QWidget):
    """Nothing while the model is ready; else a sentence with a thin progress bar or the way to the settings."""

    choose_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.sentence = Line(look, "", self)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Loading the model")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.button = QPushButton("Choose a model…", self)
        self.button.clicked.connect(self.choose_requested)
        self.hide()

    def show_status(self, status: ModelStatus) -> None:
        """Tell where the model stands."""
        loading = status.state is ModelState.LOADING
        self.sentence.setText(status.detail or ("Waking up…" if loading else "I have no model to think with."))
        self.bar.setVisible(loading and status.progress is not None)
        self.bar.setValue(round((status.progress or 0.0) * 1000))
        self.button.setHidden(loading)
        self.setHidden(status.state is ModelState.READY)

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
