"""A question before something is gone, which one can say no to; it waits without holding anything up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def ask(parent: QWidget, question: str, more: str, yes: str, no: str, do: Callable[[], object]) -> QMessageBox:
    """Ask in a box of `parent`'s; `yes` does it, and everything else leaves things as they are. Plain text only."""
    window = parent.window()
    box = QMessageBox(QMessageBox.Icon.Warning, window.windowTitle(), question, parent=window)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(more)
    go = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
    go.setProperty("danger", True)
    leave = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(leave)
    box.setEscapeButton(leave)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    go.clicked.connect(lambda: do())
    box.open()
    go.style().polish(go)  # it was made before it warned
    return box
