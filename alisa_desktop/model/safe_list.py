"""Which model files crash on this processor unless they are loaded the safe (slower) way; survives restarts."""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path

MAX_FILES = 200

log = logging.getLogger(__name__)


class Marks:
    """A list of facts in a JSON file at `file`, the latest `MAX_FILES` of them, written atomically."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[object]:
        """Read the facts, the latest last; none from a file that is missing or broken."""
        with suppress(OSError, ValueError):
            marks = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(marks, list):
                return marks
        return []

    def add(self, mark: list[str | int]) -> None:
        """Remember a fact. A file that can't be written costs what is learned anew, nothing else."""
        marks = [*self.all(), mark][-MAX_FILES:]
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(marks), encoding="utf-8")
            os.replace(fresh, self._file)  # noqa: PTH105 - the atomic one, also on Windows
        except OSError as error:
            log.warning("%s can't be written: %s", self._file.name, error)


class SafeList:
    """Remembers files by path, size and time of change, in a JSON file at `file`."""

    def __init__(self, file: Path) -> None:
        self._marks = Marks(file)

    def __contains__(self, model: Path) -> bool:
        return mark(model) in self._marks.all()

    def add(self, model: Path) -> None:
        """Remember `model`. A list that can't be written costs one more crash at the next start, nothing else."""
        self._marks.add(mark(model))


def mark(model: Path) -> list[str | int]:
    """What tells a file from another: path, size and time of change (ns)."""
    try:
        facts = model.stat()
    except OSError:
        return [str(model), 0, 0]
    return [str(model), facts.st_size, facts.st_mtime_ns]
