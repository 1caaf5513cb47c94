"""Whether she starts when the user logs in: a tick that holds at once, because the system keeps it and no settings."""

from __future__ import annotations

import sys

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.page import words
from alisa_desktop.ui.tick_box import TickBox

TITLE = "Start with Windows" if sys.platform == "win32" else "Start when I log in"
HELP = "She then waits in the tray until you click her there. Your system keeps this choice; it holds at once."


class AutostartBox(QWidget):
    """Shows what the system says whenever it is seen. GUI thread only."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.box = TickBox(TITLE)
        self.box.setAccessibleDescription(HELP)
        self.trouble = words("")
        self.trouble.setProperty("danger", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.box, self.trouble, words(HELP, muted=True)):
            column.addWidget(part)
        self.box.clicked.connect(bridge.autostart_requested)
        bridge.autostart_told.connect(self._show)
        self._show(bridge.autostart, "")

    def showEvent(self, event: QShowEvent) -> None:
        """Ask how it is now: the user may have changed it elsewhere."""
        super().showEvent(event)
        self._bridge.autostart_asked.emit()

    def _show(self, on: bool, trouble: str) -> None:
        self.box.setChecked(on)
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))
