"""What a benchmark found, as rows of one table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HEAD = ("what", "Alisa", "baseline", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing. `ratio` is Alisa to baseline; `met` is None where there is no goal to meet."""

    what: str
    alisa: float | None
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    note: str = ""


def missing(what: str, why: str) -> Row:
    """A row for what could not be measured here."""
    return Row(what, None, "", note=why)


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, each note on a line of its own below its row."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    notes = ["", *(row.note for row in rows)]
    lines = []
    for line, note in zip(cells, notes, strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        lines += [f"    {part}" for part in note.splitlines()]
    return "\n".join(lines)


def write_json(path: Path, rows: Sequence[Row], quick: bool) -> None:
    """Write the rows to `path`."""
    path.write_text(json.dumps({"quick": quick, "rows": [asdict(row) for row in rows]}, indent=1), encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "-" if row.ratio is None else f"{row.ratio:.3f}"
    met = {True: "yes", False: "NO", None: "-"}[row.met]
    return row.what, _figure(row.alisa, row.unit), _figure(row.baseline, row.unit), ratio, row.goal or "-", met


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    return f"{value:.{digits}f} {unit}".strip()
