"""How long the loop of the windows is held up while a reply streams into the bubble and to twenty overlays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import IO, Any

from .report import Row, missing
from .stage import Stage, lacking, stage

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
    told, heard = _watched(found, pace)
    if not told["seen"]:
        raise RuntimeError("the bubble or the figure was hidden while the loop was watched")
    if heard["ends"] != [pace.replies] * CLIENTS:
        raise RuntimeError(f"not every client heard every reply's end: {heard['ends']}")
    speaking, idle = _spread(told["speaking"]), _spread(told["idle"])
    note = (
        f"{pace.replies} replies of {pace.chunks} chunks to {CLIENTS} clients, reached {told['rate']:.0f} chunks/s\n"
        f"speaking: {speaking}\nidle: {idle}"
    )
    return Row(
        f"loop gap p99 at {pace.rate} chunks/s", speaking.p99, "ms", idle.p99, speaking.p99 / idle.p99,
        f"< {MOST_MS:g} ms", speaking.p99 < MOST_MS, note,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spread:
    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f}, p99 {self.p99:.1f}, longest {self.longest:.1f} ms"


def _spread(gaps: Sequence[float]) -> _Spread:
    hundredths = quantiles(gaps, n=100)
    return _Spread(hundredths[49], hundredths[98], max(gaps))


def _watched(found: Stage, pace: Pace) -> tuple[dict[str, Any], dict[str, Any]]:
    said = [str(found.profile), *map(str, (pace.rate, pace.chunks, pace.replies, pace.idle))]
    (found.profile / "script.json").write_text(found.script().read_text(encoding="utf-8"), encoding="utf-8")
    with _python(found, APP, *said) as app:
        address = _line(app.stdout)["address"]
        with _python(found, LISTENERS, address, str(CLIENTS)) as listeners:
            _line(listeners.stdout)
            assert app.stdin
            app.stdin.write("begin\n")
            app.stdin.flush()
            told = _line(app.stdout)
            return told, _line(listeners.stdout)


def _python(found: Stage, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], env=found.place.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _line(stream: IO[str] | None) -> dict[str, Any]:
    assert stream
    line = stream.readline()
    if not line:
        raise RuntimeError("a program of this benchmark ended too early; what it said stands above")
    return dict(json.loads(line))
