"""The Model status window: which model thinks, how it is doing, where it runs, and what the starter brain is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Brain, BrainUse
from alisa_desktop.core.messages import ModelState
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.about import fact
from alisa_desktop.ui.alisa_menu import state_words
from alisa_desktop.ui.brain_lists import ask_remove
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.document import fill
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.link_button import open_link
from alisa_desktop.ui.look import Lettering
from alisa_desktop.ui.model_facts import ModelFacts
from alisa_desktop.ui.page import button, words
from alisa_desktop.ui.theme import Theme, ThemeWatcher, body_font
from alisa_desktop.ui.whereabouts import far_host, going_away, place

WIDTH = 600
HEIGHT = 400
HEIGHT_WITH_CARD = 600
MARGIN = 8  # px around the words of the card
ASK_EVERY = 2000
"""Milliseconds between questions on how the model does, while the window can be seen."""


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
        self.name, self.away, self.detail = fact(), words(""), fact()
        self.name.setProperty("title", True)
        self.away.setProperty("danger", True)
        self.facts = ModelFacts()
        self.state, self.place = self.facts.state, self.facts.place
        self.card = self._build_card()
        self.timer = QTimer(self, interval=ASK_EVERY)
        """Asks how the model does, while the window can be seen."""
        self.timer.timeout.connect(bridge.use_requested)
        self._lay_out()
        self._wear(watcher.theme)
        self._show_facts()
        self._connect(watcher)
        self.resize(WIDTH, HEIGHT if self.card.isHidden() else HEIGHT_WITH_CARD)

    def _connect(self, watcher: ThemeWatcher) -> None:
        bridge = self._bridge
        for signal in (bridge.model_changed, bridge.brains_loaded, bridge.brain_changed, bridge.use_told):
            signal.connect(self._show_facts)
        bridge.settings_changed.connect(self._take_settings)
        watcher.changed.connect(self._wear)

    def _build_card(self) -> QTextBrowser:
        browser = QTextBrowser()
        browser.setOpenLinks(False)
        browser.setAccessibleName("About the starter brain")
        browser.document().setDocumentMargin(MARGIN)
        browser.anchorClicked.connect(open_link)
        return browser

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        for part in (self.name, self.away, self.facts, self.detail):
            column.addWidget(part)
        column.addWidget(self.card, 1)
        column.addStretch()
        column.addLayout(self._build_buttons())
        self._close.setFocus()

    def _build_buttons(self) -> QHBoxLayout:
        bridge = self._bridge
        self.unload = button("&Unload now", bridge.unload_requested.emit)
        self.unload.setToolTip("Gives its memory back; she wakes up again when you type.")
        self.remove = button("&Remove…", self._ask_remove)
        self._close = close = QPushButton("Close", default=True)
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(button("Choose a&nother…", self.choose_requested.emit))
        for part in (self.unload, self.remove, button("Show &log", bridge.log_requested.emit)):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Ask how the model does, now and from now on."""
        super().showEvent(event)
        self._bridge.brains_requested.emit()
        self._bridge.use_requested.emit()
        self.timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask no more."""
        super().hideEvent(event)
        self.timer.stop()

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._show_facts()

    @property
    def _brain(self) -> Brain | None:
        """The present model, where it is a file that is known."""
        if self._settings.model_source is ModelSource.SERVER:
            return None
        return next((brain for brain in self._bridge.brains if brain.id == self._bridge.brain), None)

    def _show_facts(self) -> None:
        bridge, model, brain = self._bridge, self._bridge.model, self._brain
        served = self._settings.model_source is ModelSource.SERVER
        self.name.setText(model.name or "No model yet")
        self.state.setText(_begun(state_words(model)))
        self.place.setText(_begun(place(self._settings)))
        self.facts.show_brain(brain)
        self.facts.show_use(BrainUse() if served else bridge.use, model)
        self.detail.setText(model.detail)
        self.detail.setVisible(bool(model.detail))
        host = far_host(self._settings)
        self.away.setText(going_away(host) if host else "")
        self.away.setVisible(bool(host))
        self.unload.setVisible(not served)
        self.unload.setEnabled(model.state is ModelState.READY)
        self._show_remove(brain)
        self.card.setVisible(bool(self._markdown) and self._settings.model_source is ModelSource.BUILTIN)

    def _show_remove(self, brain: Brain | None) -> None:
        self.remove.setVisible(brain is not None and bool(brain.id))
        self.remove.setText("Fo&rget…" if brain and brain.linked else "&Remove…")

    def _ask_remove(self) -> None:
        if brain := self._brain:
            ask_remove(self, brain, self._bridge)

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
