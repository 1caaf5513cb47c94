"""A log file that begins anew when it is full, readable by its owner only, and that no trouble with the disk stops."""

from __future__ import annotations

import io
import itertools
import logging
import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST = 1_000_000
"""Bytes of a file."""
OLD_FILES = 3


class LogFile(RotatingFileHandler):
    """Records of `level` and above; `path.1` is the file before, and so on."""

    def __init__(self, path: Path, level: int = logging.INFO, old_files: int = OLD_FILES) -> None:
        super().__init__(path, maxBytes=LARGEST, backupCount=old_files, encoding="utf-8", errors="backslashreplace")
        self.setLevel(level)

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)

    def close(self) -> None:
        """Close the file; what a full disk refuses is lost."""
        with suppress(OSError):
            super().close()

    def doRollover(self) -> None:
        """Begin a new file. Where another program holds the present one, as Windows allows, it just goes on."""
        if self.stream:
            with suppress(OSError):
                self.stream.close()  # a full disk refuses the rest of it
            self.stream = None
        file = Path(self.baseFilename)
        older = [file.with_name(f"{file.name}.{number}") for number in range(self.backupCount + 1)]
        with suppress(OSError):
            file.replace(older[0])  # only when this one moves do the others
            for name, older_name in reversed(list(itertools.pairwise(older))):
                if name.exists():
                    name.replace(older_name)
        self.stream = self._open()
