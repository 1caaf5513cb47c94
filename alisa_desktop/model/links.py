"""Model files of the user's that stay where they are: a list of their paths, in the profile."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from pathlib import Path

from alisa_desktop.core.errors import AlisaError
from alisa_desktop.model.disk import replace_file

MAX_LINKS = 200

log = logging.getLogger(__name__)


class ShelfFailed(AlisaError):
    """The models that are here can't be changed (not ours, in use, a folder that can't be written ...)."""


class Links:
    """The paths kept in the JSON file `file`, oldest first; a damaged list is laid aside before it is written anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def all(self) -> tuple[Path, ...]:
        """The paths; none where there is no list, or none that can be read."""
        return tuple(map(Path, self._read() or ()))

    def add(self, path: Path) -> None:
        """Keep a path; raises `ShelfFailed`."""
        with self._lock:
            kept = self._read()
            if kept is None:
                self._lay_aside()
            paths = [*(kept or ()), str(path)]
            if len(paths) > MAX_LINKS:
                raise ShelfFailed(f"I know {MAX_LINKS} model files of yours already. Take one off the list first.")
            self._write(list(dict.fromkeys(paths)))

    def remove(self, path: Path) -> bool:
        """Forget a path; tells whether it was kept. Raises `ShelfFailed`."""
        with self._lock:
            paths = self._read() or []
            if str(path) not in paths:
                return False
            self._write([kept for kept in paths if kept != str(path)])
            return True

    def _read(self) -> list[str] | None:
        """The list; None for a damaged one."""
        try:
            said = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            log.warning("the list of linked models can't be read: %s", type(error).__name__)
            return None
        paths = said.get("linked") if isinstance(said, dict) else None
        if not isinstance(paths, list):
            return None
        return [path for path in paths if isinstance(path, str) and path and "\0" not in path]

    def _lay_aside(self) -> None:
        with suppress(OSError):
            self._file.replace(self._file.with_name(self._file.name + ".damaged"))

    def _write(self, paths: list[str]) -> None:
        try:
            replace_file(self._file, json.dumps({"linked": paths}, indent=1).encode("ascii"))
        except OSError as error:
            raise ShelfFailed(
                f"I can't keep the list of your model files ({error.strerror}). "
                f"Make room or allow writing in {self._file.parent}."
            ) from error
