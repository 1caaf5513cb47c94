"""A check-up in writing: lines for people, and one JSON object for programs."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict

from alisa_desktop import __version__
from alisa_desktop.core.health import Finding, Verdict
from alisa_desktop.doctor.program import system

SIGNS = {Verdict.GOOD: "✓ good", Verdict.BAD: "✗ bad", Verdict.UNKNOWN: "? unknown"}
MARK_WIDTH = max(map(len, SIGNS.values())) + 2
WIDTH = 100
"""Columns of a line where nobody says how many there are."""


def as_text(
    findings: Sequence[Finding], width: int = WIDTH, paint: Callable[[Verdict, str], str] = lambda verdict, text: text
) -> str:
    """One entry for each finding, in `width` columns, and a line that counts them; `paint` may colour the verdicts."""
    column = max((len(finding.title) for finding in findings), default=0) + 2
    lines = [line for finding in findings for line in _entry(finding, column, width, paint)]
    return "\n".join([*lines, "", summary(findings)]) + "\n"


def _entry(finding: Finding, column: int, width: int, paint: Callable[[Verdict, str], str]) -> list[str]:
    sign = SIGNS[finding.verdict]
    margin = " " * (MARK_WIDTH + column)
    room = max(20, width - len(margin))
    said = textwrap.wrap(finding.found, room, break_on_hyphens=False) or [""]
    advice = textwrap.wrap(f"→ {finding.advice}", room, subsequent_indent="  ") if finding.advice else []
    head = f"{paint(finding.verdict, sign)}{' ' * (MARK_WIDTH - len(sign))}{finding.title.ljust(column)}{said[0]}"
    return [head.rstrip(), *(f"{margin}{line}" for line in (*said[1:], *advice))]


def summary(findings: Sequence[Finding]) -> str:
    """How many are good, bad and unknown."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict) + "."


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    """The same for programs: `version`, `platform`, `system` and `checks`, whose names stay the same."""
    fields = ("name", "title", "verdict", "found", "advice")
    checks = [{name: value for name, value in asdict(finding).items() if name in fields} for finding in findings]
    return {"version": __version__, "platform": sys.platform, "system": system(), "checks": checks}
