"""What `alisa-desktop doctor` does, on a loop; imported only when it runs."""

from __future__ import annotations

import json
import shutil
import sys

import click

from alisa_desktop.core.health import Checkup, Verdict
from alisa_desktop.doctor.case import Case
from alisa_desktop.doctor.examination import Examination
from alisa_desktop.doctor.report import as_json, as_text
from alisa_desktop.host.paths import Paths, resources
from alisa_desktop.model_words import ProgressLine, show_reading

COLOURS = {Verdict.GOOD: "green", Verdict.BAD: "red", Verdict.UNKNOWN: "yellow"}
UNWELL = 1
WIDEST = 120
"""Columns; longer lines are hard to read."""
THOUSAND = 1000


async def examine(paths: Paths | None, homeless: str, quick: bool, json_wanted: bool) -> int:
    """Look at everything and print what was found; the exit code tells whether something is bad."""
    line = ProgressLine()

    def show(checkup: Checkup) -> None:
        if checkup.busy and checkup.share is not None:
            show_reading(line, checkup.busy, round(checkup.share * THOUSAND), THOUSAND)

    case = Case(paths or nowhere(), homeless=homeless, quick=quick)
    checkup = await Examination(case, show).run()
    line.end()
    if json_wanted:
        click.echo(json.dumps(as_json(checkup.findings), ensure_ascii=False, indent=2))
    else:
        width = min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDEST
        click.echo(as_text(checkup.findings, width, paint), nl=False)
    return UNWELL if any(finding.verdict is Verdict.BAD for finding in checkup.findings) else 0


def paint(verdict: Verdict, text: str) -> str:
    """The text in the colour of the verdict; `click.echo` leaves colours out where there is no terminal."""
    return click.style(text, fg=COLOURS[verdict], bold=verdict is Verdict.BAD)


def nowhere() -> Paths:
    """The places of an Alisa who has none, because this user has no home: nothing is there."""
    return Paths(resources() / "nowhere", resources())
