"""Models that come in several files: NAME-00001-of-00003.gguf and so on, which llama.cpp opens by the first."""

from __future__ import annotations

import re
from pathlib import Path

MAX_PARTS = 1_000
_PART = re.compile(r"(?P<name>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})(?P<end>\.gguf)", re.IGNORECASE)


def parts_of(file: Path) -> tuple[Path, ...]:
    """All files of the model that `file` belongs to, the first part first, whether they are there or not."""
    found = _PART.fullmatch(file.name)
    if not found or not 1 <= int(found["part"]) <= int(found["parts"]) <= MAX_PARTS:
        return (file,)
    names = (
        f"{found['name']}-{part:05}-of-{found['parts']}{found['end']}" for part in range(1, int(found["parts"]) + 1)
    )
    return tuple(file.with_name(name) for name in names)


def stem_of(file: Path) -> str:
    """The file's name without its ending and without the number of its part."""
    found = _PART.fullmatch(file.name)
    return found["name"] if found else file.stem
