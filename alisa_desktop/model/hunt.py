"""Looking for files under folders of the user's, within bounds: deep, many, slow or gone, they never hold us up."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a hunt goes, all its folders together: levels below each, entries looked at, files found, seconds."""

    depth: int = 6
    entries: int = 50_000
    files: int = 500
    seconds: float = 10.0


class Hunt:
    """One search through several folders; `stopped` is asked between entries and ends it."""

    def __init__(self, bounds: Bounds | None = None, stopped: Callable[[], bool] = lambda: False) -> None:
        self._bounds = bounds or Bounds()
        self._stopped = stopped
        self._end = time.monotonic() + self._bounds.seconds
        self._entries = self._bounds.entries
        self._files = self._bounds.files

    @property
    def over(self) -> bool:
        """Whether a bound is reached."""
        return self._entries <= 0 or self._files <= 0 or time.monotonic() > self._end or self._stopped()

    def files(self, root: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
        """The plain files under `root` whose name is `wanted`, nearest first, in the order of their names.

        Links to folders are not followed, links to files only where these are under `root`, too. A folder that can't
        be read is passed over.
        """
        try:
            top = root.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # gone, a link to itself, a name that can be none
            return
        level = [top]
        for _ in range(self._bounds.depth):
            folders = level
            level = []
            for folder in folders:
                for entry in self._listed(folder):
                    if _is_folder(entry):
                        level.append(Path(entry.path))
                    elif wanted(entry.name) and _is_file_under(top, entry):
                        self._files -= 1
                        yield Path(entry.path)

    def _listed(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                there = self._some(entries)
        except OSError:
            return
        for entry in sorted(there, key=lambda entry: entry.name):
            if self.over:
                return
            yield entry

    def _some(self, entries: Iterator[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
        there: list[os.DirEntry[str]] = []
        for entry in entries:
            if self.over:
                break
            self._entries -= 1
            there.append(entry)
        return there


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder itself: no link, and no junction of Windows."""
    try:
        if not entry.is_dir(follow_symlinks=False):
            return False
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    except OSError:
        return False
    return not attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT


def _is_file_under(top: Path, entry: os.DirEntry[str]) -> bool:
    """Whether it is a plain file, or a link to one under `top`; never a pipe or a device."""
    try:
        return entry.is_file() and (not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(top))
    except (OSError, RuntimeError):
        return False
