"""Where overlays reach Alisa now, to read and to copy, and what is in the way."""

from __future__ import annotations

from itertools import chain

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.overlay_address import overlay_page

NOT_YET = "Overlays can connect as soon as you apply this."
NOT_NOW = "Nothing is served at the moment."


class EndpointStatus(QWidget):
    """Follows the bridge: it shows what is, not what is being edited. GUI thread only."""

    def __init__(self, bridge: Bridge, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._settings = settings
        self.address, self.page = _address("Where overlays connect"), _address("Where her overlay page is")
        self.sentence, self.trouble = _sentence("muted"), _sentence("danger")
        self.copier = CopyButton("Copy", "Copy the address for overlays", lambda: bridge.endpoint)
        """Copies the address of the endpoint."""
        self.page_copier = CopyButton("Copy overlay page for OBS", "Copy overlay page for OBS", self._page)
        """Copies the address of the overlay page."""
        self._lay_out()
        bridge.endpoint_changed.connect(self._show)
        bridge.settings_changed.connect(self._keep)
        self._show()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        for row, pair in enumerate(self._pairs):
            for side, widget in enumerate(pair):
                grid.addWidget(widget, row, side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid)
        column.addWidget(self.sentence)
        column.addWidget(self.trouble)

    @property
    def _pairs(self) -> tuple[tuple[QLabel, CopyButton], ...]:
        return (self.address, self.copier), (self.page, self.page_copier)

    def _keep(self, settings: Settings) -> None:
        self._settings = settings
        self._show()

    def _page(self) -> str:
        return overlay_page(self._bridge.endpoint, self._settings.endpoint_token)

    def _show(self) -> None:
        address, trouble = self._bridge.endpoint, self._bridge.endpoint_trouble
        self.address.setText(address)
        self.page.setText(overlay_page(address))
        for part in chain(*self._pairs):
            part.setVisible(bool(address))
        absent = NOT_NOW if self._settings.endpoint_on else NOT_YET
        _say(self.sentence, trouble if address else ("" if trouble else absent))
        _say(self.trouble, "" if address else trouble)
        self.page_copier.setToolTip(self._tip())

    def _tip(self) -> str:
        token = " The address holds your token." if self._settings.endpoint_token else ""
        return f"Paste it into a browser source of OBS.{token}"


def _address(name: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(name)
    return label


def _sentence(look: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty(look, True)
    label.setWordWrap(True)
    return label


def _say(label: QLabel, sentence: str) -> None:
    label.setText(sentence)
    label.setVisible(bool(sentence))
