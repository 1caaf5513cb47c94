"""A button that copies something and says that it did."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QWidget

COPIED_FOR = 1500  # ms
COPIED = "Copied"


class CopyButton(QPushButton):
    """Puts what `source` gives on the clipboard; it is as wide as it ever has to be. GUI thread only."""

    def __init__(self, words: str, name: str, source: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self._words = words
        self._source = source
        self.setAutoDefault(False)
        self.setAccessibleName(name)
        self._reset = QTimer(self, singleShot=True, interval=COPIED_FOR)
        self._reset.timeout.connect(lambda: self.setText(self._words))
        self.clicked.connect(self.copy)

    def copy(self) -> None:
        """Copy it now."""
        QGuiApplication.clipboard().setText(self._source())
        self.setText(COPIED)
        self._reset.start()

    def sizeHint(self) -> QSize:
        """Room for both texts, so that nothing moves when it changes."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        widest = max(self.fontMetrics().horizontalAdvance(words) for words in (self._words, COPIED))
        words = QSize(widest, self.fontMetrics().height())
        return self.style().sizeFromContents(QStyle.ContentsType.CT_PushButton, option, words, self)

    def minimumSizeHint(self) -> QSize:
        """All of it."""
        return self.sizeHint()
