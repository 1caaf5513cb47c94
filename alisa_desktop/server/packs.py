"""Sprite packs as the overlay page may fetch them: by name, one file at a time, never from outside of the pack."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BUILTIN = "alisa"
"""The pack that comes with Alisa."""
MANIFEST = "manifest.json"
TYPES: Mapping[str, str] = {".svg": "image/svg+xml", ".png": "image/png"}
LARGEST: Mapping[str, int] = {".json": 256 * 1024, ".svg": 4 * 2**20, ".png": 16 * 2**20}
"""Bytes of a file by its ending; what the figure on the desktop refuses, the page is not sent either."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_LONGEST_PATH = 400


@dataclass(frozen=True, slots=True)
class PackFile:
    """The content of a file and what it is."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Packs:
    """All packs there are; one of the user's wins over a built-in of the same name. Every method reads the disk."""

    builtin: Path
    own: Path

    def names(self) -> list[str]:
        """The packs by name, the user's first."""
        return list(dict.fromkeys(folder.name for root in (self.own, self.builtin) for folder in _folders(root)))

    def default(self) -> str:
        """The pack she wears on the desktop: the user's first one, else the built-in."""
        return next((folder.name for folder in _folders(self.own)), BUILTIN)

    def files(self, pack: str) -> list[str] | None:
        """The names of the files at the top of a pack that may be fetched; nothing for an unknown pack."""
        folder = self._find(pack)
        return None if folder is None else sorted(path.name for path in _entries(folder) if _allowed(folder, path.name))

    def read(self, pack: str, file: str) -> PackFile | None:
        """A file of a pack; nothing when there is none of this name that may be fetched."""
        folder = self._find(pack)
        path = None if folder is None else _allowed(folder, file)
        if path is None:
            return None
        try:
            return PackFile(path.read_bytes(), TYPES.get(path.suffix.lower(), "application/json"))
        except OSError:
            return None

    def _find(self, pack: str) -> Path | None:
        """The folder of a pack: looked up among those there are, so that no name leads anywhere else."""
        wish = unicodedata.normalize("NFC", pack)
        found = (folder for root in (self.own, self.builtin) for folder in _folders(root))
        return next((folder for folder in found if unicodedata.normalize("NFC", folder.name) == wish), None)


def _folders(root: Path) -> Iterator[Path]:
    yield from sorted(path for path in _entries(root) if path.is_dir())


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _allowed(folder: Path, file: str) -> Path | None:
    """Where `file` lies, if it is one of the kinds that may be fetched, inside of `folder`, and not too large."""
    parts = file.split("/")
    if len(file) > _LONGEST_PATH or not all(map(_is_plain, parts)) or not _is_of_a_kind(file):
        return None
    try:
        path = folder.joinpath(*parts).resolve()
        inside = path.is_relative_to(folder.resolve()) and _is_of_a_kind(path.name) and path.is_file()
        return path if inside and path.stat().st_size <= LARGEST[path.suffix.lower()] else None
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name the disk can't have
        return None


def _is_of_a_kind(file: str) -> bool:
    name = file.rpartition("/")[2]
    return name == MANIFEST or Path(name).suffix.lower() in TYPES


def _is_plain(part: str) -> bool:
    """Whether a part of a path is the same harmless name on every system."""
    if not part or part[0] == "." or part[-1] in ". ":
        return False
    return not (_FORBIDDEN.search(part) or _DEVICE.fullmatch(part))
