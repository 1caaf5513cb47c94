"""Notices when the file of the program is replaced while it runs, as a package's update does."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

SETTLED_MS = 5000
"""A package replaces its files one after the other."""
Identity = tuple[int, int, int, int]


class ProgramWatch(QObject):
    """Watches one file. GUI thread only."""

    replaced = Signal()
    """Another file is in its place; told once."""

    def __init__(self, program: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._program = program
        self._known = identity(program)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(self._compare)
        self._watcher = QFileSystemWatcher([str(program)], self)
        self._watcher.fileChanged.connect(self._settled.start)

    def _compare(self) -> None:
        found = identity(self._program)
        if found and found != self._known:
            self.deleteLater()
            self.replaced.emit()
        elif found:
            self._watcher.addPath(str(self._program))  # Qt looks away from a file that was away
        else:
            self._settled.start()  # it is on its way, or she was removed


def identity(file: Path) -> Identity | None:
    """What tells a file from another one at the same place; None where there is none."""
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
