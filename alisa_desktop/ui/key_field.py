"""A field that takes the keys one presses as its value, and leaves the window's own keys alone."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QKeySequenceEdit, QLineEdit, QWidget

WIDTH = 220
CLEARING = frozenset({Qt.Key.Key_Backspace, Qt.Key.Key_Delete})
OF_THE_WINDOW = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab})


class KeyField(QKeySequenceEdit):
    """One combination, or none: Backspace and the cross clear it. GUI thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaximumSequenceLength(1)
        self.setClearButtonEnabled(True)
        self.setFixedWidth(WIDTH)
        self._line = self.findChild(QLineEdit)
        self._hint("None")

    def event(self, event: QEvent) -> bool:
        """Leave Escape and Enter to the window."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and _is_of_window(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the combination, or clear it."""
        if _is_of_window(event):
            event.ignore()
        elif event.key() in CLEARING and not event.modifiers():
            self.clear()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Ask for keys."""
        super().focusInEvent(event)
        self._hint("Press the keys…")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop asking."""
        super().focusOutEvent(event)
        self._hint("None")

    def _hint(self, words: str) -> None:
        if not self._line:
            return
        self._line.setPlaceholderText(words)
        self._line.setProperty("ring", self.hasFocus())  # the line has no focus of its own
        self._line.style().unpolish(self._line)
        self._line.style().polish(self._line)


def _is_of_window(event: QKeyEvent) -> bool:
    return event.key() in OF_THE_WINDOW and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
