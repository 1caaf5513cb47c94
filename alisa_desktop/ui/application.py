"""The QApplication: it hears that the system wants the app to end, and leaves how to whoever knows that."""

from __future__ import annotations

import locale
from collections.abc import Sequence
from contextlib import suppress

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication

PLAIN = ("C.UTF-8", "C")
"""Locales of the C library in which letters and numbers are those of programs, the best one first."""


class Application(QApplication):
    """Qt itself would leave its loop in the middle of everything when asked to quit."""

    quit_requested = Signal()
    """A session manager, Windows at the log-out, or the Dock of macOS ends us; the system may wait for the slots."""

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(arguments)
        speak_plainly()

    def event(self, event: QEvent) -> bool:
        """Take requests to quit out of Qt's hands."""
        if event.type() is QEvent.Type.Quit:
            event.accept()
            self.quit_requested.emit()
            return True
        return bool(super().event(event))


def speak_plainly() -> None:
    """Take back what Qt's start did to the C library, which all parts of the process share.

    Qt itself and Python know the user's language without it. With Turkish letters, PySide takes the property
    `interval` for one without a setter, because the large i of that language is another one; with the numbers of many
    languages, libraries write and read a comma for the point.
    """
    for category in (locale.LC_CTYPE, locale.LC_NUMERIC):
        for name in PLAIN:
            with suppress(locale.Error):
                locale.setlocale(category, name)
                break
