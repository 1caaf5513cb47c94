"""The report on what went wrong, as it is copied: to be read before it is given to anybody."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.page import button, words
from alisa_desktop.ui.theme import ThemeWatcher

ABOUT = (
    "This is all of it, and nothing is sent anywhere. Names, folders and addresses are taken out, "
    "and nothing that was said or seen is in it. Read it through before you pass it on."
)


class ReportWindow(QDialog):
    """Shows the report of the moment it was made. GUI thread only."""

    def __init__(self, bridge: Bridge, watcher: ThemeWatcher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Report")
        Dress(self, watcher)
        self.text = QPlainTextEdit(bridge.report(), readOnly=True)
        self.text.setAccessibleName("Report")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.copy = CopyButton("&Copy report", "Copy report", self.text.toPlainText)
        close = QPushButton("Close", default=True)
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.copy)
        row.addWidget(button("Show &log", bridge.log_requested.emit))
        row.addStretch(1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(words(ABOUT))
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.resize(640, 520)
        self.copy.setFocus()
