"""Whether there is a newer version, in words, with the way to it and a button that asks now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.link_button import LinkButton
from alisa_desktop.ui.page import button, words

WORDS = {
    Freshness.UNKNOWN: "Not asked yet.",
    Freshness.CHECKING: "Asking…",
    Freshness.CURRENT: "This is the latest version.",
    Freshness.NEWER: "Version {version} is out.",
    Freshness.FAILED: "{trouble}",
}
WHATS_NEW = "What's new"


class UpdateLine(QWidget):
    """Follows what is known. All that comes from outside is shown as plain text. GUI thread only."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.sentence = words("")
        self.notes = words("", muted=True)
        self.link = LinkButton()
        self.check = button("Check &now", bridge.update_requested.emit)
        self.check.setAccessibleDescription("Asks whether there is a newer version of Alisa.")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.link)
        row.addWidget(self.check, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.notes)
        bridge.update_told.connect(self._show)
        self._show(bridge.update)

    def _show(self, update: Update) -> None:
        self.sentence.setText(WORDS[update.state].format(version=update.version, trouble=update.trouble))
        self.notes.setText(update.notes)
        self.notes.setVisible(bool(update.notes))
        self.link.lead_to(WHATS_NEW, update.address)
        self.link.setVisible(bool(update.address))
        self.check.setEnabled(update.state is not Freshness.CHECKING)
