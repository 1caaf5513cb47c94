"""What of a screen's text is worth telling: cut to what a prompt has room for, the telling parts first. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from statistics import median

from alisa_desktop.vision.screen import TextLine

LONGEST = 1200
"""Characters, about 300 tokens of English."""
LONGEST_LINE = 240
BREAK = " | "
"""Between lines."""
GAP = " … "
"""Between lines where others were left out."""
HEADING = 1.35
"""How much higher than most others a line must be to be a heading."""
NEIGHBOURS = 2
"""Lines around an error that are told with it."""

FOCUSED, ERROR, NEAR_ERROR, IS_HEADING, IS_FRESH = 100.0, 80.0, 50.0, 40.0, 30.0

_TROUBLE = re.compile(
    r"\b(?:\w*error|\w*exception|traceback|fatal|panic(?:ked)?|fail(?:ed|ure)|denied|refused|undefined|segmentation"
    r"|not found|no such|cannot|can't|unable to|unresolved|warning|critical|exit (?:code|status)|fehler|erreur)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w\w")


def digest(
    lines: Sequence[TextLine], fresh: Collection[TextLine] = (), *, from_end: bool = False, longest: int = LONGEST
) -> str:
    """The lines worth telling, in reading order, in at most `longest` characters.

    What has the keyboard comes first, then errors with what stands around them, headings, and what has just changed
    (`fresh`); the rest from the top, or with `from_end` from the bottom, where terminals and chats go on.
    """
    rows = _rows(lines)
    rows = [row for row in rows if _WORDS.search(row.text)]
    if not rows:
        return ""
    worth = _worth(rows, set(fresh))
    last = len(rows) - 1
    order = sorted(range(len(rows)), key=lambda at: (-worth[at], last - at if from_end else at))
    chosen: set[int] = set()
    room = longest
    for at in order:
        cost = len(_cut(rows[at].text)) + len(BREAK)
        if cost <= room:
            chosen.add(at)
            room -= cost
        elif room < LONGEST_LINE:
            break
    return _joined([rows[at].text for at in sorted(chosen)], sorted(chosen))


def _rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Lines that stand side by side, as one; top to bottom."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.top + line.box.height / 2):
        middle = line.box.top + line.box.height / 2
        if rows and rows[-1][0].box.top <= middle <= rows[-1][0].box.bottom and len(rows[-1]) < 20:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_row(row) for row in rows]


def _row(parts: list[TextLine]) -> TextLine:
    parts.sort(key=lambda line: line.box.left)
    text = "  ".join(" ".join(part.text.split()) for part in parts)
    return TextLine(text, parts[0].box, any(part.focused for part in parts))


def _worth(rows: Sequence[TextLine], fresh: Collection[TextLine]) -> list[float]:
    usual = median(row.box.height for row in rows)
    new = {(line.box.left, line.box.top) for line in fresh}
    all_new = len(fresh) >= len(rows)
    worth = [0.0] * len(rows)
    for at, row in enumerate(rows):
        if row.focused:
            worth[at] += FOCUSED
        if row.box.height >= HEADING * usual and len(row.text) <= LONGEST_LINE:
            worth[at] += IS_HEADING
        if not all_new and (row.box.left, row.box.top) in new:
            worth[at] += IS_FRESH
        if _TROUBLE.search(row.text[:LONGEST_LINE]):
            worth[at] += ERROR
            for near in range(max(0, at - NEIGHBOURS), min(len(rows), at + NEIGHBOURS + 1)):
                worth[near] = max(worth[near], NEAR_ERROR)
    return worth


def _joined(texts: Sequence[str], places: Sequence[int]) -> str:
    told = ""
    for at, text in enumerate(texts):
        if at:
            told += BREAK if places[at] == places[at - 1] + 1 else GAP
        told += _cut(text)
    return told


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"
