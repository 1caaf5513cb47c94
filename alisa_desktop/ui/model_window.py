"""The Model status window: which model thinks, how it is doing, where it runs, and what the starter brain is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.about import fact, open_link
from alisa_desktop.ui.alisa_menu import state_words
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.document import fill
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.look import Lettering
from alisa_desktop.ui.theme import Theme, ThemeWatcher, body_font
from alisa_desktop.ui.whereabouts import place

WIDTH = 560
HEIGHT = 240
HEIGHT_WITH_CARD = 560
MARGIN = 8  # px around the words of the card


class ModelWindow(QDialog):
    """Follows the model and the settings while it is open; `card` is the Markdown file on the starter brain.

    GUI thread only.
    """

    choose_requested = Signal()

    def __init__(
        self, bridge: Bridge, watcher: ThemeWatcher, settings: Settings, card: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Model status")
        Dress(self, watcher)
        self._bridge = bridge
        self._settings = settings
        self._markdown = _read(card)
        self.name, self.state, self.place, self.detail = fact(), fact(), fact(), fact()
        self.name.setProperty("title", True)
        self.card = self._build_card()
        self._lay_out()
        self._wear(watcher.theme)
        self._show_facts()
        bridge.model_changed.connect(self._show_facts)
        bridge.settings_changed.connect(self._take_settings)
        watcher.changed.connect(self._wear)
        self.resize(WIDTH, HEIGHT if self.card.isHidden() else HEIGHT_WITH_CARD)

    def _build_card(self) -> QTextBrowser:
        browser = QTextBrowser()
        browser.setOpenLinks(False)
        browser.setAccessibleName("About the starter brain")
        browser.document().setDocumentMargin(MARGIN)
        browser.anchorClicked.connect(open_link)
        return browser

    def _lay_out(self) -> None:
        facts = QFormLayout()
        facts.setHorizontalSpacing(16)
        facts.addRow("State", self.state)
        facts.addRow("Where", self.place)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.name)
        column.addLayout(facts)
        column.addWidget(self.detail)
        column.addWidget(self.card, 1)
        column.addStretch()
        column.addLayout(self._build_buttons())
        self._close.setFocus()

    def _build_buttons(self) -> QHBoxLayout:
        choose = QPushButton("Choose a &model…", autoDefault=False)
        self._close = close = QPushButton("Close", default=True)
        choose.clicked.connect(self.choose_requested)
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._show_facts()

    def _show_facts(self) -> None:
        model = self._bridge.model
        self.name.setText(model.name or "No model yet")
        self.state.setText(_begun(state_words(model)))
        self.place.setText(_begun(place(self._settings)))
        self.detail.setText(model.detail)
        self.detail.setVisible(bool(model.detail))
        self.card.setVisible(bool(self._markdown) and self._settings.model_source is ModelSource.BUILTIN)

    def _wear(self, theme: Theme) -> None:
        fill(self.card.document(), self._markdown, Lettering(theme, body_font(theme)), keep_lines=False)
        self.card.moveCursor(QTextCursor.MoveOperation.Start)  # else it is scrolled to the end


def _begun(words: str) -> str:
    """`words` as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def _read(card: Path) -> str:
    try:
        return card.read_text(encoding="utf-8")
    except OSError:  # a build without the starter brain has no card either
        return ""
