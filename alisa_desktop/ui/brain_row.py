"""One model or server of a list: what it is, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.offer_card import PRESENT


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row shows. `remove` is the word on its second button; it has none where that is empty."""

    key: tuple[str, ...]
    title: str
    detail: str
    trouble: str = ""
    present: bool = False
    usable: bool = True
    remove: str = ""


class BrainRow(QWidget):
    """Shows an entry until another one takes its place. GUI thread only."""

    use_requested = Signal(object)  # the entry's key
    remove_requested = Signal(object)

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        """What is shown."""
        self.title, self.detail = ElidedLabel(), ElidedLabel()
        self.detail.setProperty("muted", True)
        self.title.setProperty("name", True)
        self.trouble = QLabel(wordWrap=True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.present = QLabel(PRESENT)
        self.present.setProperty("muted", True)
        self.use = QPushButton("Use", autoDefault=False)
        self.remove = QPushButton(autoDefault=False)
        self.use.clicked.connect(lambda: self.use_requested.emit(self.entry.key))
        self.remove.clicked.connect(lambda: self.remove_requested.emit(self.entry.key))
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        words, row = QVBoxLayout(), QHBoxLayout(self)
        words.setSpacing(1)
        for label in (self.title, self.detail, self.trouble):
            words.addWidget(label)
        row.setContentsMargins(14, 8, 12, 8)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addWidget(self.present)
        for part in (self.use, self.remove):
            row.addWidget(part)

    def show_entry(self, entry: Entry) -> None:
        """Show this one."""
        if entry != self.entry:
            self.entry = entry
            self._show()

    def _show(self) -> None:
        entry = self.entry
        self.setAccessibleName(entry.title)
        self.setAccessibleDescription(". ".join(filter(None, (entry.detail, entry.trouble))))
        self.title.show_words(entry.title)
        self.detail.show_words(entry.detail)
        self.trouble.setText(entry.trouble)
        self.trouble.setVisible(bool(entry.trouble))
        self.present.setVisible(entry.present)
        self.remove.setText(entry.remove)
        self.remove.setVisible(bool(entry.remove))
        self._show_use(entry)
        for button, does in ((self.use, "Use"), (self.remove, entry.remove.rstrip("…"))):
            button.setAccessibleName(f"{does} {entry.title}")
            button.setAccessibleDescription(self.accessibleDescription())

    def _show_use(self, entry: Entry) -> None:
        held = self.use.hasFocus()
        self.use.setEnabled(entry.usable)
        self.use.setVisible(not entry.present)
        if held and entry.present and entry.remove:
            self.remove.setFocus(Qt.FocusReason.OtherFocusReason)
