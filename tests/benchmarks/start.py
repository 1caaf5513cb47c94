"""How long she takes to stand there: from the start of the process to a visible Alisa, disk cache warm.

Usually that is the picture kept of her last time; where there is none, as at the very first start, it is the figure.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from desktop import wait_for

from alisa_desktop.host.paths import Paths

from .pairs import Pairs
from .report import Row, missing
from .stage import AVATAR, BARE, Stage, lacking, stage

GOAL = 1.6
PAIRS, QUICK_PAIRS = 9, 3


def measure(folder: Path, quick: bool) -> list[Row]:
    """Two rows, with and without a kept picture: the seconds of the real program against those of the bare one."""
    if reason := lacking():
        return [missing("start", reason)]
    pairs = QUICK_PAIRS if quick else PAIRS
    with stage(folder) as found:
        picture = Paths.of(found.profile).first_picture
        return [
            _row("start to her kept picture", _pairs(found, pairs)),
            _row("start to her figure, no picture kept", _pairs(found, pairs, without=picture)),
        ]


def _row(what: str, pairs: Pairs) -> Row:
    goal = f"ratio <= {GOAL}"
    ours, theirs = median(pairs.ours), median(pairs.theirs)
    return Row(what, ours, "s", theirs, pairs.ratio, goal, pairs.ratio <= GOAL, pairs.note)


def _pairs(found: Stage, pairs: int, without: Path | None = None) -> Pairs:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(pairs):
        if without:
            without.unlink(missing_ok=True)
        ours.append(_seconds(found, found.alisa("--scripted", str(found.script())), AVATAR))
        theirs.append(_seconds(found, found.bare(), BARE))
    return Pairs(ours, theirs)


def _seconds(found: Stage, command: Sequence[str], title: str) -> float:
    began = time.perf_counter()
    with found.running(command):
        found.place.run("xdotool", "search", "--sync", "--onlyvisible", "--name", title)
        seconds = time.perf_counter() - began
        if title == AVATAR:  # let her finish, so that she ends as in life and the next start finds all in order
            wait_for((found.profile / "endpoint.json").exists, "the endpoint")
    return seconds
