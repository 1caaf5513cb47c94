"""Persona files: the built-in ones, and the user's copies and additions in the profile, which win."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from alisa_desktop.core.errors import SettingsFailed

ORDER = ("default", "study", "chill", "creative")
LARGEST = 64 * 1024
"""Bytes of a persona file; more than any model would read of it."""


class Personas:
    """Two folders of `name.txt` files, `builtin` (read-only) and `own`."""

    def __init__(self, builtin: Path, own: Path) -> None:
        self.builtin = builtin
        self.own = own

    def texts(self) -> dict[str, str]:
        """Name and text of every persona: the built-in ones first, then the user's by name.

        A file of the user's that is hidden or can't be read is left out; text that is no UTF-8 is read with
        replacement marks.
        """
        found = {name: self.builtin_text(name) for name in ORDER}
        own = sorted(self.own.glob("[!.]*.txt")) if self.own.is_dir() else []
        for path in own:
            name = path.stem.casefold() if path.stem.casefold() in ORDER else path.stem
            with suppress(OSError):
                found[name] = self._read(path)
        return found

    def builtin_text(self, name: str) -> str:
        """The built-in persona of this name; raises `OSError` when there is none."""
        return self._read(self.builtin / f"{name}.txt")

    def edit_copy(self, name: str) -> Path:
        """The user's own file of this persona, copied from the built-in one at first; raises `SettingsFailed`."""
        copy = self.own / f"{name}.txt"
        try:
            if not copy.exists():
                self.own.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.builtin / f"{name}.txt", copy)
        except OSError as error:
            raise SettingsFailed(f"I can't write the persona file {copy} ({error.strerror}).") from error
        return copy

    def reset(self, name: str) -> bool:
        """Put the user's copy of a built-in persona aside (`name.txt.old`); False when there is none to reset."""
        copy = self.own / f"{name}.txt"
        if name not in ORDER or not copy.exists():
            return False
        try:
            copy.replace(copy.with_suffix(".txt.old"))
        except OSError as error:
            raise SettingsFailed(f"I can't reset the persona file {copy} ({error.strerror}).") from error
        return True

    @staticmethod
    def _read(path: Path) -> str:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8", errors="replace")
