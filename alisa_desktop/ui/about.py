"""The About window: version, licence, what runs where, and whose work is inside."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.licences import THIRD_PARTY
from alisa_desktop.ui.link_button import open_link
from alisa_desktop.ui.theme import Theme, ThemeWatcher
from alisa_desktop.ui.update_line import UpdateLine
from alisa_desktop.ui.whereabouts import endpoint_place, model_place, promise

FACE = 72


class About(QDialog):
    """Follows the model, the endpoint and the settings while it is open; `licences` is the file of all of them in full,
    which only a bundle has. GUI thread only."""

    def __init__(
        self,
        bridge: Bridge,
        watcher: ThemeWatcher,
        settings: Settings,
        parent: QWidget | None = None,
        *,
        licences: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Alisa")
        self.resize(560, 560)
        Dress(self, watcher)
        self._bridge = bridge
        self._settings = settings
        self._theme = watcher.theme
        self.model, self.endpoint, self.promise = fact(), fact(), fact()
        self.updates = UpdateLine(bridge)
        self._licences = self._build_licences()
        self._whole_licences = licences
        self.in_full = QPushButton("Read the licences in full")
        self.in_full.setAutoDefault(False)
        self.in_full.clicked.connect(self._read_in_full)
        self._lay_out()
        self._show_facts()
        bridge.model_changed.connect(self._show_facts)
        bridge.endpoint_changed.connect(self._show_facts)
        bridge.settings_changed.connect(self._take_settings)
        watcher.changed.connect(self._wear)

    def _build_licences(self) -> QTextBrowser:
        browser = QTextBrowser()
        browser.setOpenLinks(False)
        browser.setAccessibleName("Licences of others' work")
        browser.anchorClicked.connect(open_link)
        browser.setHtml(_licence_list(self._theme))
        return browser

    def _lay_out(self) -> None:
        facts = QFormLayout()
        facts.setHorizontalSpacing(16)
        facts.addRow("Model", self.model)
        facts.addRow("Overlays", self.endpoint)
        facts.addRow("Updates", self.updates)
        close = QPushButton("Close", default=True)
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(_head(self.windowIcon()))
        column.addWidget(self.promise)
        column.addLayout(facts)
        column.addWidget(QLabel("With the work of"))
        column.addWidget(self._licences, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.in_full)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column.addLayout(buttons)
        self.in_full.setVisible(bool(self._whole_licences and self._whole_licences.is_file()))
        close.setFocus()

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._show_facts()

    def _show_facts(self) -> None:
        self.model.setText(model_place(self._settings, self._bridge.model))
        self.endpoint.setText(endpoint_place(self._bridge.endpoint))
        self.promise.setText(promise(self._settings))

    def _read_in_full(self) -> None:
        assert self._whole_licences
        self._licences.setPlainText(self._whole_licences.read_text(encoding="utf-8"))
        self._licences.setFocus()
        self.in_full.hide()

    def _wear(self, theme: Theme) -> None:
        if not self.in_full.isHidden() or not self._whole_licences:
            self._licences.setHtml(_licence_list(theme))


def _head(icon: QIcon) -> QHBoxLayout:
    face = QLabel()
    face.setPixmap(icon.pixmap(FACE, FACE))
    name, version = QLabel("Alisa"), QLabel(f"Version {QGuiApplication.applicationVersion()} · MIT licence")
    name.setProperty("title", True)
    version.setProperty("muted", True)
    version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    words = QVBoxLayout()
    words.addStretch(1)
    for label in (name, QLabel("A private companion who thinks on your own machine."), version):
        words.addWidget(label)
    words.addStretch(1)
    row = QHBoxLayout()
    row.setSpacing(16)
    row.addWidget(face)
    row.addLayout(words, 1)
    return row


def fact() -> QLabel:
    """A label for something that is so, to read, to select and to copy."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


def _licence_list(theme: Theme) -> str:
    rows = (
        f'<tr><td style="padding:2px 16px 2px 0"><a style="color:{theme.link}" href="{escape(part.address)}">'
        f"{escape(part.name)}</a></td><td style='padding:2px 0'>{escape(part.licence)}</td></tr>"
        for part in THIRD_PARTY
    )
    return f"<table>{''.join(rows)}</table>"
