"""What she saw as a file to keep: JSON, written in one step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alisa_desktop.core.sight import Look
from alisa_desktop.settings.file import write_json


def export_looks(path: Path, looks: Sequence[Look]) -> str:
    """Write `looks` to `path`; returns why that failed as a sentence, or nothing."""
    try:
        write_json(path, [_plain(look) for look in looks])
    except OSError as error:
        return f"I can't write {path.name} there ({error.strerror or 'the system does not say why'})."
    return ""


def _plain(look: Look) -> dict[str, object]:
    return {
        "id": look.id,
        "from": look.at.isoformat(),
        "until": look.until.isoformat(),
        "looks": look.count,
        "application": look.app,
        "window": look.title,
        "depth": look.depth.value,
        "note": look.note,
        "told": look.told,
    }
