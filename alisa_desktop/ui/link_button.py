"""A web address behind a few words, opened only when it is pressed."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QWidget

from alisa_desktop.ui.menu_line import line


class LinkButton(QPushButton):
    """Looks like a link and is reached like a button; the whole address is in the tool tip. GUI thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._address = ""
        self.setProperty("words", True)
        self.setAutoDefault(False)
        self.clicked.connect(self._open)

    def lead_to(self, words: str, address: str) -> None:
        """Show `words`; without an https `address` they lead nowhere."""
        self._address = address if QUrl(address).scheme() == "https" else ""
        self.setText(line(words))
        self.setToolTip(self._address)
        self.setEnabled(bool(self._address))
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._address else Qt.CursorShape.ArrowCursor)
        self.setAccessibleDescription(self._address)

    def _open(self) -> None:
        if self._address:
            open_link(QUrl(self._address))


def open_link(url: QUrl) -> bool:
    """Open a web page in the user's browser; anything that is not https is refused."""
    return url.scheme() == "https" and QDesktopServices.openUrl(url)
