"""What she costs while nobody talks to her: a minute of the real program with the starter brain, then of the bare."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import psutil
from desktop import wait_for

from .report import Row, missing
from .stage import AVATAR, BARE, Stage, lacking, stage
from .usage import Idle, Watch

MOST_CPU = 0.5
MOST_RSS = 150.0
MINUTE, QUICK_MINUTE = 60.0, 10.0
STILL_SECONDS, SETTLE_SECONDS = 3.0, 10.0


def measure(folder: Path, quick: bool) -> list[Row]:
    """Rows for CPU, wake-ups and memory; the two programs run one after the other."""
    if reason := lacking() or ("" if Path("/proc/self/schedstat").exists() else "not measured: no /proc here"):
        return [missing("idle", reason)]
    seconds = QUICK_MINUTE if quick else MINUTE
    with stage(folder) as found:
        app, runner = _alisa(found, seconds)
        bare = _bare(found, seconds)
    note = f"over {seconds:.0f} s"
    return [
        _row("idle app, CPU", app.cpu, "% of a core", bare.cpu, MOST_CPU, note),
        _row("idle runner, CPU", runner.cpu, "% of a core"),
        _row("idle app, wake-ups", app.wakeups, "/s", bare.wakeups),
        _row("idle runner, wake-ups", runner.wakeups, "/s"),
        _row("idle app, RSS", app.rss, "MB", bare.rss, MOST_RSS, "shared libraries count in full"),
        _row("idle app, USS", app.uss, "MB", bare.uss),
        _row("idle runner, RSS", runner.rss, "MB"),
        _row("idle runner, USS", runner.uss, "MB"),
    ]


def _row(
    what: str, ours: float, unit: str, theirs: float | None = None, most: float | None = None, note: str = ""
) -> Row:
    ratio = ours / theirs if theirs and theirs >= 1 else None  # next to nothing is no measure
    goal, met = ("", None) if most is None else (f"<= {most:g} {unit}", ours <= most)
    return Row(what, ours, unit, theirs, ratio, goal, met, note)


def _alisa(found: Stage, seconds: float) -> tuple[Idle, Idle]:
    with found.running(found.alisa()) as process:
        found.place.window(AVATAR)
        runner = wait_for(lambda: psutil.Process(process.pid).children(), "the runner")[0]
        _wait_until_still(runner)
        app, mind = Watch(process.pid), Watch(runner.pid)
        time.sleep(seconds)
        return app.finish(), mind.finish()


def _bare(found: Stage, seconds: float) -> Idle:
    with found.running(found.bare()) as process:
        found.place.window(BARE)
        return _watched(process, seconds)


def _watched(process: subprocess.Popen[bytes], seconds: float) -> Idle:
    time.sleep(STILL_SECONDS)
    watch = Watch(process.pid)
    time.sleep(seconds)
    return watch.finish()


def _wait_until_still(runner: psutil.Process) -> None:
    """Wait until the model is loaded and everything at the start is over: the runner takes no more time."""
    time.sleep(SETTLE_SECONDS)
    before = -1.0
    while (now := sum(runner.cpu_times()[:2])) > before:
        before = now
        time.sleep(STILL_SECONDS)
