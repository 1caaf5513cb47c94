"""Notices when the user edits a persona file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

SETTLED_MS = 300
"""Editors write a file in several steps."""


class PersonaWatch(QObject):
    """Watches the folder of the user's persona files, and those in it. GUI thread only."""

    changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._watcher = QFileSystemWatcher(self)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(self._tell)
        self._watcher.directoryChanged.connect(self._settled.start)
        self._watcher.fileChanged.connect(self._settled.start)
        self.watch()

    def watch(self) -> None:
        """Watch what is there now; call it after the folder was made."""
        watched = {*self._watcher.directories(), *self._watcher.files()}
        present = [self._folder, *self._folder.glob("*.txt")] if self._folder.is_dir() else []
        if fresh := [str(path) for path in present if str(path) not in watched]:
            self._watcher.addPaths(fresh)

    def _tell(self) -> None:
        self.watch()
        self.changed.emit()
