"""What is said to somebody who started her by a click and will not see her: one sentence in a window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.theme import ThemeWatcher


def last_word(application: QApplication, sentence: str, icon: str) -> QMessageBox:
    """A window with the `sentence` in plain text; `icon` is the path of the picture of its title bar."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Alisa can't start", sentence)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setWindowIcon(QIcon(icon))
    box.setDefaultButton(box.addButton("&Close", QMessageBox.ButtonRole.AcceptRole))
    Dress(box, ThemeWatcher(application, parent=box))
    return box
