"""What two hundred overlays cost: frames a second, how late they come, and a storm of clients that come back.

The baseline is a plain broadcast with the same server library, in the same process, measured in turn; the windows' loop
is looked at in the real app.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from . import endpoint_gaps, endpoint_load
from .endpoint_orders import Ordered, ordered
from .pairs import Pairs
from .report import Row

LISTENERS = 200
RATE = 50
FLOOD = 1e9
LEAST, MOST_LATE, MOST_STORM = 0.8, 1.25, 1.25
SERVER, EARS = (str(Path(__file__).with_name(f"endpoint_{name}.py")) for name in ("server", "ears"))
LOOPS = {"asyncio": "serving", "qasync": "in the app"}
"""The loops she runs on, and where that is."""


@dataclass(frozen=True, slots=True)
class Size:
    """How often, and how many words: in a flood and at `RATE` a second."""

    pairs: int
    flood: int
    paced: int


FULL, QUICK = Size(7, 500, 300), Size(3, 150, 100)


def measure(folder: Path, quick: bool, load: float | None = None) -> list[Row]:
    """All rows; `load` instead has her under load for so many seconds."""
    if load:
        return endpoint_load.measure(folder, load)
    rows: list[Row] = []
    for loop, place in LOOPS.items():
        rows += _side_by_side(loop, place, QUICK if quick else FULL)
    return rows + endpoint_gaps.measure(folder, quick)


def _side_by_side(loop: str, place: str, size: Size) -> list[Row]:
    with ordered(SERVER, loop) as server, ordered(EARS) as ears:
        ports = server.answer()
        found = _Found(server, ears, ports, size)
        rows = [row for version in (1, 2) for row in found.fan_out(version, place)]
        return [*rows, found.storm(place)]


@dataclass(frozen=True, slots=True)
class _Found:
    server: Ordered
    ears: Ordered
    ports: dict[str, int]
    size: Size

    def fan_out(self, version: int, place: str) -> list[Row]:
        """Rows of frames a second, processor time and lateness."""
        floods = [self._pair(version, FLOOD, self.size.flood) for _ in range(self.size.pairs)]
        paced = [self._pair(version, RATE, self.size.paced) for _ in range(self.size.pairs)]
        rates, cpu = _pairs(floods, "rate"), _pairs(floods, "cpu")
        late, paced_cpu = _pairs(paced, "p99"), _pairs(paced, "cpu")
        what = f"v{version} to {LISTENERS} {place}"
        return [
            _row(f"{what}, frames/s", rates, "", f"ratio >= {LEAST}", rates.ratio >= LEAST),
            _row(f"{what}, CPU a frame", cpu, "µs"),
            _row(f"{what}, {RATE} words/s, p99 late", late, "ms", f"ratio <= {MOST_LATE}", late.ratio <= MOST_LATE),
            _row(f"{what}, {RATE} words/s, CPU a frame", paced_cpu, "µs"),
        ]

    def _pair(self, version: int, rate: float, chunks: int) -> tuple[dict[str, float], dict[str, float]]:
        ours, plain = (self._run(side, version, rate, chunks) for side in ("ours", "plain"))
        return ours, plain

    def _run(self, side: str, version: int, rate: float, chunks: int) -> dict[str, float]:
        self._connect(side, version)
        self.ears.order("begin")
        told = self.server.order(side, version=version, rate=rate, chunks=chunks)
        published = told["published"]
        came = self.ears.order("until", frames=len(published))
        spent = self.server.order("spent")["spent"] - told["spent"]
        late = self.ears.order("late", published=published)
        if late["digests"] != 1 or came["heard"] != len(published):
            raise RuntimeError(f"the clients of {side} heard different things: {late}")
        self.ears.order("leave")
        frames = len(published) * LISTENERS
        return {"rate": frames / (came["last"] - published[0]), "cpu": spent / frames * 1e6, "p99": late["p99"]}

    def storm(self, place: str) -> Row:
        """The row of clients that come back all at once."""
        seconds: dict[str, list[float]] = {"ours": [], "plain": []}
        for _ in range(self.size.pairs):
            for side, times in seconds.items():
                self._connect(side, 2, at_once=LISTENERS)
                self.ears.order("leave")
                times.append(1000 * self._connect(side, 2, at_once=LISTENERS))
                self.ears.order("leave")
        pairs = Pairs(seconds["ours"], seconds["plain"])
        return _row(f"{LISTENERS} come back {place}", pairs, "ms", f"ratio <= {MOST_STORM}", pairs.ratio <= MOST_STORM)

    def _connect(self, side: str, version: int, at_once: int = 16) -> float:
        greeted = side == "ours"
        told = self.ears.order(
            "connect", port=self.ports[side], number=LISTENERS, versions=[version], greeted=greeted, at_once=at_once
        )
        if told["lost"] and at_once < LISTENERS:
            raise RuntimeError(f"{told['lost']} of {LISTENERS} clients could not connect to {side}")
        return float(told["seconds"])


def _pairs(runs: list[tuple[dict[str, float], dict[str, float]]], key: str) -> Pairs:
    return Pairs([ours[key] for ours, _ in runs], [plain[key] for _, plain in runs])


def _row(what: str, pairs: Pairs, unit: str, goal: str = "", met: bool | None = None) -> Row:
    return Row(what, median(pairs.ours), unit, median(pairs.theirs), pairs.ratio, goal, met, pairs.note)
