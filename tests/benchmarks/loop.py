"""How long the loop of the windows is held up while a reply streams into the bubble and to twenty overlays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .pairs import spread
from .report import Row, missing
from .stage import Stage, heard, lacking, stage

MOST_MS = 16.0
CLIENTS = 20
APP, LISTENERS = (str(Path(__file__).with_name(name)) for name in ("loop_app.py", "loop_clients.py"))


@dataclass(frozen=True, slots=True)
class Pace:
    """How she speaks: chunks a second, chunks a reply, replies; and how long the loop is watched idle before (s)."""

    rate: int
    chunks: int
    replies: int
    idle: float


FULL = (Pace(100, 1000, 1, 10.0), Pace(2000, 2000, 5, 10.0))
QUICK = (Pace(100, 200, 1, 2.0), Pace(2000, 1000, 1, 2.0))


def measure(folder: Path, quick: bool) -> list[Row]:
    """One row a pace: the 99th percentile of the gaps, and beside it the others."""
    if reason := lacking():
        return [missing("loop", reason)]
    with stage(folder) as found:
        return [_row(found, pace) for pace in (QUICK if quick else FULL)]


def _row(found: Stage, pace: Pace) -> Row:
    told, clients = _watched(found, pace)
    if not told["seen"]:
        raise RuntimeError("the bubble or the figure was hidden while the loop was watched")
    if clients["ends"] != [pace.replies] * CLIENTS:
        raise RuntimeError(f"not every client heard every reply's end: {clients['ends']}")
    speaking, idle = spread(told["speaking"]), spread(told["idle"])
    note = (
        f"{pace.replies} replies of {pace.chunks} chunks to {CLIENTS} clients, reached {told['rate']:.0f} chunks/s\n"
        f"speaking: {speaking}\nidle: {idle}"
    )
    return Row(
        f"loop gap p99 at {pace.rate} chunks/s", speaking.p99, "ms", idle.p99, speaking.p99 / idle.p99,
        f"< {MOST_MS:g} ms", speaking.p99 < MOST_MS, note,
    )  # fmt: skip


def _watched(found: Stage, pace: Pace) -> tuple[dict[str, Any], dict[str, Any]]:
    said = [str(found.profile), *map(str, (pace.rate, pace.chunks, pace.replies, pace.idle))]
    (found.profile / "script.json").write_text(found.script().read_text(encoding="utf-8"), encoding="utf-8")
    with found.talk(APP, *said) as app:
        address = heard(app.stdout)["address"]
        with found.talk(LISTENERS, address, str(CLIENTS)) as listeners:
            heard(listeners.stdout)
            assert app.stdin
            app.stdin.write("begin\n")
            app.stdin.flush()
            told = heard(app.stdout)
            return told, heard(listeners.stdout)
