"""`CHANGELOG.md`, read: packages, the app stores and the release on the web tell from here what changed.

`python -m installer.changelog 0.1.0` prints the notes of a release as Markdown.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
_RELEASE = re.compile(r"^## \[(?P<version>\d[^\]]*)\] - (?P<day>\d{4}-\d\d-\d\d)\n", re.MULTILINE)
_ITEM = re.compile(r"^- (.+(?:\n  \S.*)*)", re.MULTILINE)
_HEADING = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Release:
    """One released version; `notes` is the entry as Markdown."""

    version: str
    day: date
    notes: str

    @property
    def items(self) -> list[str]:
        """What changed, one line each, without marks."""
        return [re.sub(r"[`*]", "", " ".join(item.split())) for item in _ITEM.findall(self.notes)]

    @property
    def moment(self) -> datetime:
        """The begin of its day, which is the time that everything built for it carries."""
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)


def releases(text: str) -> list[Release]:
    """All releases of a changelog, newest first; what is not yet released is left out."""
    return [
        Release(found["version"], date.fromisoformat(found["day"]), _HEADING.split(text[found.end() :])[0].strip())
        for found in _RELEASE.finditer(text)
    ]


def release_of(version: str) -> Release:
    """The entry of this version in `CHANGELOG.md`; raises `LookupError` when there is none."""
    for release in releases(FILE.read_text(encoding="utf-8")):
        if release.version == version:
            return release
    raise LookupError(f"{FILE.name} has no entry for {version}; give it one: ## [{version}] - YYYY-MM-DD")


if __name__ == "__main__":
    try:
        print(release_of(sys.argv[1].removeprefix("v")).notes)
    except LookupError as error:
        sys.exit(str(error))
