"""What her eyes cost: to stay aware, to read, to take a picture, and what is left of them when they are shut.

The real app runs on a desktop with a window full of text in front of it. What the eyes take is compared with the same
app while they are shut, or with the plain way to do the same.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from desktop import wait_for
from Xlib import X
from Xlib.display import Display

from .eyes_page import HEIGHT, WIDTH
from .pairs import Pairs, spread
from .report import Row, missing
from .stage import AVATAR, Stage, heard, lacking, stage
from .usage import MB

SECONDS, QUICK_SECONDS = 60.0, 10.0
LONG_SECONDS = 600.0
"""From here on the opening and the first reading count as a part of staying aware."""
SETTLE_SECONDS, STILL_SECONDS = 12.0, 2.0
GAP_SECONDS, QUICK_GAP_SECONDS = 20.0, 5.0
TICKS, QUICK_TICKS = 5, 2
TICK_SECONDS = 1.1
OPENINGS, QUICK_OPENINGS = 3, 2
READINGS, CAPTURES = 3, 40
MOST_CPU = 1.0
MOST_GAP = 16.0
MOST_CLOCK = 5.0
"""Percent of the window: the tile of the clock, its neighbour, and the line that stands there."""
MOST_LEFT = 5.0
"""MB that may be left in the app of eyes that are shut: what Python and Qt learn once, and noise."""
LAST = "the look asked for at the end included"
PAGE = "A page of text"
APP, PAGES, ALONE = (str(Path(__file__).with_name(f"eyes_{name}.py")) for name in ("app", "page", "alone"))


def measure(folder: Path, quick: bool, seconds: float | None = None) -> list[Row]:
    """All rows; the still page is watched for `seconds`, the one with a clock for at most a minute of them."""
    if reason := lacking() or ("" if Path("/proc/self/status").exists() else "not measured: no /proc here"):
        return [missing("eyes", reason)]
    seconds = seconds or (QUICK_SECONDS if quick else SECONDS)
    with stage(folder) as found:
        _keep_lit(found)
        with _seeing(found) as seer:
            rows = _memory(seer, QUICK_OPENINGS if quick else OPENINGS)
            rows += _awareness(seer, seconds, QUICK_TICKS if quick else TICKS)
            rows += _gaps(seer, QUICK_GAP_SECONDS if quick else GAP_SECONDS)
        return [*rows, *_capture(found), *_reading(found, 1 if quick else READINGS)]


def _keep_lit(found: Stage) -> None:
    """Switch the server's screen saver off, which comes after ten minutes without a key: the eyes turn away from it."""
    display = Display(found.place.environment["DISPLAY"])
    display.set_screen_saver(0, 0, X.DontPreferBlanking, X.DontAllowExposures)
    display.close()


@dataclass(frozen=True, slots=True)
class _Seer:
    """The app on its stage, which takes orders."""

    found: Stage
    talk: subprocess.Popen[str]
    process: psutil.Process

    def order(self, do: str, **details: Any) -> dict[str, Any]:
        """Have something done; returns what the app says of it."""
        assert self.talk.stdin
        self.talk.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self.talk.stdin.flush()
        return heard(self.talk.stdout)

    @property
    def eyes(self) -> psutil.Process:
        """The process that looks."""
        return next(child for child in self.process.children() if "--eyes" in child.cmdline())

    def shut(self, eyes: psutil.Process) -> float:
        """Shut the eyes; returns the seconds until their process is gone."""
        began = time.perf_counter()
        self.order("allow", consent="off")
        wait_for(lambda: not eyes.is_running(), "the end of the eyes")
        return time.perf_counter() - began

    @contextmanager
    def page(self, kind: str) -> Iterator[None]:
        """Show a page while this lasts."""
        with self.found.talk(PAGES, PAGE, kind) as page:
            try:
                self.found.place.window(PAGE)
                time.sleep(STILL_SECONDS)
                yield
            finally:
                page.terminate()


@contextmanager
def _seeing(found: Stage) -> Iterator[_Seer]:
    """The app with shut eyes, once nothing of its start goes on any more."""
    (found.profile / "script.json").write_text(found.script().read_text(encoding="utf-8"), encoding="utf-8")
    with found.talk(APP, str(found.profile)) as talk:
        heard(talk.stdout)
        found.place.window(AVATAR)
        time.sleep(SETTLE_SECONDS)
        yield _Seer(found, talk, psutil.Process(talk.pid))
        assert talk.stdin
        talk.stdin.close()


class _Spending:
    """Processor time of a process from here on."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._began = time.monotonic()
        self._before = _on_cores(process)

    @property
    def percent(self) -> float:
        """Percent of one core, until now."""
        return 100 * (_on_cores(self._process) - self._before) / (time.monotonic() - self._began)


def _on_cores(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


# staying aware


@dataclass(frozen=True, slots=True)
class _Watched:
    """A while of awareness: percent of a core from the first reading on, and with all before; what was counted."""

    eyes: float
    app: float
    whole: float
    first: dict[str, int]
    last: dict[str, int]
    ticks: Sequence[int]
    """Pixels read in each look of a second or so after the other, at the end."""


def _awareness(seer: _Seer, seconds: float, ticks: int) -> list[Row]:
    shut = _Spending(seer.process)
    time.sleep(min(seconds, SECONDS))
    app = shut.percent
    still = _watch(seer, "still", seconds)
    brief = min(seconds, SECONDS)
    clock = _watch(seer, "clock", brief, ticks)
    return [*_still(still, app, seconds), *_clock(clock, app, brief)]


def _watch(seer: _Seer, kind: str, seconds: float, ticks: int = 0) -> _Watched:
    with seer.page(kind):
        app, began = _Spending(seer.process), time.monotonic()
        first = seer.order("allow", consent="aware")["counts"]
        eyes = seer.eyes
        steady_eyes, steady_app = _Spending(eyes), _Spending(seer.process)
        time.sleep(seconds)
        shares = steady_eyes.percent, steady_app.percent
        whole = 100 * _on_cores(eyes) / (time.monotonic() - began) + app.percent
        last = _look(seer)
        pixels = _ticked(seer, last["pixels"], ticks)
        seer.shut(eyes)
    return _Watched(*shares, whole, first, last, pixels)


def _look(seer: _Seer) -> dict[str, int]:
    told = seer.order("look", depth="text")
    if told["title"] != PAGE or not told["text"]:
        raise RuntimeError(f"the eyes saw something else: {told}")
    return dict(told["counts"])


def _ticked(seer: _Seer, before: int, ticks: int) -> list[int]:
    pixels = [before]
    for _ in range(ticks):
        time.sleep(TICK_SECONDS)
        pixels.append(_look(seer)["pixels"])
    return [after - before for before, after in pairwise(pixels)]


def _still(found: _Watched, app: float, seconds: float) -> list[Row]:
    what, first, last = "eyes aware, still page", found.first["runs"], found.last["runs"]
    note = f"captures {found.last['captures']}, {LAST}; runs are of bands, one reading takes several"
    return [
        *_shares(what, found, app, seconds),
        Row(f"{what}, runs of OCR", last, "", first, last / first, "first reading only", last == first, note),
    ]


def _shares(what: str, found: _Watched, app: float, seconds: float, has_goal: bool = True) -> list[Row]:
    since = f"over {seconds:.0f} s after the first reading; the baseline is the app with shut eyes"
    is_long = has_goal and seconds >= LONG_SECONDS
    return [
        Row(f"{what}, eyes' CPU", found.eyes, "%"),
        Row(f"{what}, app's CPU", found.app, "%", app),
        _share(f"{what}, CPU of both", found.eyes + found.app, app, has_goal, since),
        _share(f"{what}, with opening", found.whole, app, is_long, "the first reading counts, too"),
    ]


def _share(what: str, percent: float, app: float, has_goal: bool, note: str) -> Row:
    goal, met = (f"<= {MOST_CPU:g} %", percent <= MOST_CPU) if has_goal else ("", None)
    return Row(what, percent, "%", app, None, goal, met, note)


def _clock(found: _Watched, app: float, seconds: float) -> list[Row]:
    what, window = "eyes aware, clock ticks", WIDTH * HEIGHT
    read = 100 * median(found.ticks) / window
    runs, captures = (found.last[key] - found.first[key] for key in ("runs", "captures"))
    note = f"of {window} px; each time {', '.join(map(str, found.ticks))} px"
    return [
        *_shares(what, found, app, seconds, has_goal=False),
        Row(f"{what}, later runs of OCR", runs, "", note=f"in {captures} captures, {LAST}"),
        Row(
            "eyes, read when a clock ticks",
            read,
            "%",
            100.0,
            read / 100,
            f"<= {MOST_CLOCK:g} %",
            read <= MOST_CLOCK,
            note,
        ),
    ]


# memory


def _memory(seer: _Seer, openings: int) -> list[Row]:
    app = [seer.process.memory_info().rss / MB]
    seconds = []
    with seer.page("still"):
        for _ in range(openings):
            opened, read, peak, gone = _opening(seer)
            seconds.append(gone)
            app.append(seer.process.memory_info().rss / MB)
    left = app[-1] - app[0]
    note = f"MB before, and after each time shut: {', '.join(f'{rss:.1f}' for rss in app)}"
    return [
        Row("eyes' RSS, opened", opened, "MB"),
        Row(
            "eyes' RSS, after a reading", read, "MB", opened, read / opened, note=f"at most {peak:.0f} MB while reading"
        ),
        Row("eyes shut, process gone after", max(seconds), "s", note=f"longest of {openings}"),
        Row("eyes shut, left in the app", left, "MB", None, None, f"<= {MOST_LEFT:g} MB", left <= MOST_LEFT, note),
    ]


def _opening(seer: _Seer) -> tuple[float, float, float, float]:
    """The eyes' RSS (MB) before and after a reading and its peak, and the seconds in which they are gone."""
    seer.order("allow", consent="ask")
    seer.order("look", depth="window")
    eyes = seer.eyes
    opened = eyes.memory_info().rss / MB
    _look(seer)
    read = eyes.memory_info().rss / MB
    status = Path(f"/proc/{eyes.pid}/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / MB
    return opened, read, peak, seer.shut(eyes)


# the loop


def _gaps(seer: _Seer, seconds: float) -> list[Row]:
    with seer.page("turning"):
        seer.order("allow", consent="ask")
        _look(seer)
        idle = spread(seer.order("gaps", seconds=seconds, looking=False)["gaps"])
        told = seer.order("gaps", seconds=seconds, looking=True)
        seer.shut(seer.eyes)
    looking = spread(told["gaps"])
    note = f"{told['looks']} looks one after the other\nlooking: {looking}\nidle: {idle}"
    return [
        Row(
            "eyes, loop gap p99 while reading", looking.p99, "ms", idle.p99, looking.p99 / idle.p99,
            f"< {MOST_GAP:g} ms", looking.p99 < MOST_GAP, note,
        ),
        Row("eyes, longest loop gap", looking.longest, "ms", idle.longest, looking.longest / idle.longest),
    ]  # fmt: skip


# parts alone


def _alone(found: Stage, what: str, times: int) -> dict[str, Any]:
    with found.talk(ALONE, what, str(times)) as process:
        return heard(process.stdout)


def _capture(found: Stage) -> list[Row]:
    told = _alone(found, "capture", CAPTURES)
    taken, size = told["seconds"], "x".join(map(str, told["size"]))
    return [
        _against(f"capture {size}, to plain mss", taken["camera"], taken["plain"]),
        _against(f"capture {size}, to mss opened for it", taken["camera"], taken["opened"]),
    ]


def _against(what: str, ours: Sequence[float], theirs: Sequence[float]) -> Row:
    pairs = Pairs(ours, theirs)
    return Row(what, 1000 * median(ours), "ms", 1000 * median(theirs), pairs.ratio, note=pairs.note)


def _reading(found: Stage, times: int) -> list[Row]:
    told = _alone(found, "read", times)
    whole, one, same = (told[key] for key in ("whole", "one", "same"))
    seconds, line = (median(reading["seconds"] for reading in readings) for readings in (whole, one))
    share = median(reading["pixels"] for reading in one) / told["pixels"]
    noticed = median(reading["seconds"] for reading in same)
    return [
        Row("loading the reader, a line read", told["loading"]["seconds"], "s"),
        Row("reading 1920x1080, dense", seconds, "s", note=_effort(whole)),
        Row("reading it, one line changed", line, "s", seconds, line / seconds, note=_effort(one)),
        Row("pixels of that", 100 * share, "%", 100.0, share),
        Row("noticing that nothing changed", 1000 * noticed, "ms"),
    ]


def _effort(readings: Sequence[dict[str, float]]) -> str:
    cpu, runs, right = (median(reading[key] for reading in readings) for key in ("cpu", "runs", "right"))
    return f"median of {len(readings)}: {cpu:.1f} s on cores, {runs:.0f} runs, {100 * right:.1f} % of the words right"
