"""The QApplication: it hears that the system wants the app to end, and leaves how to whoever knows that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """Qt itself would leave its loop in the middle of everything when asked to quit."""

    quit_requested = Signal()
    """A session manager, Windows at the log-out, or the Dock of macOS ends us; the system may wait for the slots."""

    def event(self, event: QEvent) -> bool:
        """Take requests to quit out of Qt's hands."""
        if event.type() is QEvent.Type.Quit:
            event.accept()
            self.quit_requested.emit()
            return True
        return bool(super().event(event))
