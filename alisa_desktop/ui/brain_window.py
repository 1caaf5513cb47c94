"""Choose her brain: what can be downloaded, what is on this computer, and what other programs and servers have."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.brain_lists import FoundPage, HerePage, ServersPage
from alisa_desktop.ui.brain_words import plain_sentence
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.gguf_drop import GgufDrop
from alisa_desktop.ui.offer_list import OffersPage
from alisa_desktop.ui.page import button, words
from alisa_desktop.ui.theme import ThemeWatcher

DROP = "Or drop a .gguf file here; it stays where it is."
LET_GO = "Let it go, and she can think with it. The file stays where it is."
FILTER = "GGUF models (*.gguf)"


class BrainWindow(QDialog):
    """Asks the bridge for what there is whenever it opens. GUI thread only."""

    settings_requested = Signal()
    """The user wants to write the address of a server."""

    def __init__(
        self, bridge: Bridge, watcher: ThemeWatcher, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Choose her brain")
        self.setMinimumSize(560, 420)
        self.resize(700, 560)
        Dress(self, watcher)
        self._bridge = bridge
        self.offers = OffersPage(bridge)
        self.here = HerePage(bridge, settings)
        self.found = FoundPage(bridge)
        self.servers = ServersPage(bridge, settings)
        self.servers.settings_requested.connect(self.settings_requested)
        self.said = words("")
        """What the last wish came to, where there is something to say."""
        self.said.hide()
        self.hint = words(DROP, muted=True)
        self._lay_out()
        self.drop = GgufDrop(self)
        """A file dropped on the window."""
        self.drop.dropped.connect(self._import)
        self.drop.hovered.connect(lambda over: self.hint.setText(LET_GO if over else DROP))
        bridge.notice_raised.connect(self._say)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        for page, title in (
            (self.offers, "&Get one"),
            (self.here, "On this &computer"),
            (self.found, "&Other programs"),
            (self.servers, "Se&rvers"),
        ):
            self.tabs.addTab(page, title)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName("Where the model is")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 14)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.said)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(button("&Import a file…", self._browse))
        row.addWidget(self.hint, 1)
        close = button("Close", self.reject)
        row.addWidget(close)
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what there is now."""
        super().showEvent(event)
        self._say("")
        self._bridge.brains_requested.emit()
        self._bridge.offers_requested.emit()

    def show_here(self) -> None:
        """Turn to what is on this computer."""
        self.tabs.setCurrentWidget(self.here)

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Import a model", str(Path.home()), FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._import)
        dialog.open()

    def _import(self, path: str) -> None:
        self._say("")
        self.show_here()
        self._bridge.import_requested.emit(path)

    def _say(self, sentence: str) -> None:
        if sentence and not self.isVisible():
            return
        self.said.setText(plain_sentence(sentence))
        self.said.setVisible(bool(sentence))
