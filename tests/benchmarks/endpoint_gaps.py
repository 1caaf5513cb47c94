"""How long the windows' loop of the real app is held up while two hundred clients listen, and when they come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .endpoint_load import EARS, LISTENERS, app_on, script
from .endpoint_orders import Ordered, ordered
from .pairs import Spread, spread
from .report import Row, missing
from .stage import lacking, stage

RATES = (40, 100)
MOST_GAP = 16.0


@dataclass(frozen=True, slots=True)
class Length:
    """Seconds of an idle while and of a reply, and how often all clients go and come back."""

    idle: float
    reply: float
    storms: int


FULL, QUICK = Length(10.0, 20.0, 5), Length(4.0, 5.0, 2)


def measure(folder: Path, quick: bool) -> list[Row]:
    """A row for each pace, and one for the clients that come back."""
    if reason := lacking():
        return [missing("endpoint in the app", reason)]
    length = QUICK if quick else FULL
    with stage(folder) as found, app_on(found, script()) as (app, port), ordered(EARS) as ears:
        ears.order("connect", port=port, number=LISTENERS, versions=[1, 2])
        app.order("watch", seconds=length.idle)
        idle = _gaps(app)
        rows = [_speaking(app, rate, length.reply, idle) for rate in RATES]
        return [*rows, *_storm(app, ears, port, length.storms, idle)]


def _speaking(app: Ordered, rate: int, seconds: float, idle: Spread) -> Row:
    app.order("watch")
    app.order("speak", rate=rate, chunks=int(rate * seconds))
    return _row(f"loop gap p99, {rate} words/s to {LISTENERS}", _gaps(app), idle)


def _storm(app: Ordered, ears: Ordered, port: int, times: int, idle: Spread) -> Sequence[Row]:
    seconds, lost = [], 0
    app.order("watch")
    for _ in range(times):
        ears.order("leave")
        told = ears.order("connect", port=port, number=LISTENERS, versions=[2], at_once=LISTENERS)
        seconds.append(told["seconds"])
        lost += told["lost"]
    note = ", ".join(f"{one:.2f}" for one in seconds) + f" s; {lost} never came in"
    return [
        _row(f"loop gap p99, {LISTENERS} come back", _gaps(app), idle),
        Row(f"{LISTENERS} come back to the app, longest", max(seconds), "s", note=note),
    ]


def _gaps(app: Ordered) -> Spread:
    told: dict[str, Any] = app.order("gaps")
    if not told["seen"]:
        raise RuntimeError("the bubble or the figure was hidden while the loop was watched")
    return spread(told["gaps"])


def _row(what: str, busy: Spread, idle: Spread) -> Row:
    note = f"busy: {busy}\nidle: {idle}"
    met = busy.p99 < MOST_GAP
    return Row(what, busy.p99, "ms", idle.p99, busy.p99 / idle.p99, f"< {MOST_GAP:g} ms", met, note)
