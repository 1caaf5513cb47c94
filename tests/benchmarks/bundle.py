"""What the bundle costs against the same program from source: disk, starts with a cold and a warm disk cache, memory.

The bundle is `dist/alisa-desktop`, or the one whose program is named by `--exe`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psutil
from desktop import wait_for

from .pairs import Pairs
from .report import Row, missing
from .stage import AVATAR, Stage, address_in, lacking, stage
from .usage import MB

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "dist" / "alisa-desktop" / ("alisa-desktop.exe" if sys.platform == "win32" else "alisa-desktop")
HOW = "build it with `make bundle`, or name its program with --exe"
MOST_INSTALLED, MOST_COMPRESSED = 300.0, 130.0
MOST_START = 1.5
"""Times a start from source."""
BIGGEST = 10
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
WARM, QUICK_WARM, COLD, QUICK_COLD = 9, 2, 5, 1
SETTLE_SECONDS = 15.0


def measure(folder: Path, quick: bool, exe: Path | None = None) -> list[Row]:
    """All rows; the baseline is `python -m alisa_desktop`."""
    exe = (exe or BUILT).absolute()
    if not exe.exists():
        return [missing("bundle", f"not measured: {exe} is not there; {HOW}")]
    rows = _sizes(exe.parent, folder, quick)
    if reason := lacking():
        return [*rows, missing("bundle, starts and memory", reason)]
    with stage(folder / "bundle", exe) as ours, stage(folder / "source") as theirs:
        rows += _starts(ours, theirs, "warm", QUICK_WARM if quick else WARM, lambda: None)
        if os.access(DROP_CACHES, os.W_OK):
            rows += _starts(ours, theirs, "cold", QUICK_COLD if quick else COLD, _drop_caches)
        else:
            rows.append(missing("bundle, cold start", "not measured: the disk cache may not be dropped here"))
        rows += _memory(ours, theirs)
    return rows


def _sizes(bundle: Path, folder: Path, quick: bool) -> list[Row]:
    files = {path: path.stat().st_size for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()}
    installed = sum(files.values()) / MB
    biggest = sorted(files, key=lambda path: -files[path])[:BIGGEST]
    note = "\n".join(f"{files[path] / MB:7.1f} MB  {path.relative_to(bundle)}" for path in biggest)
    rows = [_size("bundle, installed", installed, MOST_INSTALLED, f"{len(files)} files; the biggest:\n{note}")]
    if not quick:  # it takes a minute or two
        packed = folder / "bundle.tar.xz"
        command = ["tar", "--create", "--use-compress-program", "xz -6 -T0", "--file", str(packed), bundle.name]
        subprocess.run(command, cwd=bundle.parent, check=True)
        rows.append(_size("bundle, compressed (xz)", packed.stat().st_size / MB, MOST_COMPRESSED, ""))
    return rows


def _size(what: str, megabytes: float, most: float, note: str) -> Row:
    return Row(what, megabytes, "MB", goal=f"<= {most:g} MB", met=megabytes <= most, note=note)


def _starts(ours: Stage, theirs: Stage, cache: str, times: int, before: Callable[[], None]) -> list[Row]:
    figures: tuple[list[float], list[float]] = ([], [])
    answers: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for place, found in enumerate((ours, theirs)):
            before()
            figure, answer = _seconds(found)
            figures[place].append(figure)
            answers[place].append(answer)
    return [
        _row(f"bundle, {cache} start to her figure", Pairs(*figures)),
        _row(f"bundle, {cache} start to the endpoint", Pairs(*answers)),
    ]


def _row(what: str, pairs: Pairs) -> Row:
    ours, theirs = median(pairs.ours), median(pairs.theirs)
    return Row(what, ours, "s", theirs, pairs.ratio, f"ratio <= {MOST_START}", pairs.ratio <= MOST_START, pairs.note)


def _seconds(found: Stage) -> tuple[float, float]:
    """From the start of the process until she is there, and until her endpoint takes a connection."""
    (found.profile / "endpoint.json").unlink(missing_ok=True)
    command: Sequence[str] = found.alisa()
    began = time.perf_counter()
    with found.running(command):
        found.place.run("xdotool", "search", "--sync", "--onlyvisible", "--name", AVATAR)
        figure = time.perf_counter() - began
        address = urlsplit(wait_for(lambda: address_in(found.profile), "the endpoint", 120))
        socket.create_connection((address.hostname or "", address.port or 0), 30).close()
        return figure, time.perf_counter() - began


def _drop_caches() -> None:
    os.sync()
    DROP_CACHES.write_text("3")


def _memory(ours: Stage, theirs: Stage) -> list[Row]:
    """Megabytes of the app and of its runner, both at rest."""
    sides = [_rest(found) for found in (ours, theirs)]
    note = "shared libraries count in full"
    return [
        Row(f"bundle, {what}", sides[0][what], "MB", sides[1][what], sides[0][what] / sides[1][what], note=note)
        for what in sides[0]
    ]


def _rest(found: Stage) -> dict[str, float]:
    with found.running(found.alisa()) as process:
        wait_for((found.profile / "endpoint.json").exists, "the endpoint")
        app = psutil.Process(process.pid)
        runner = wait_for(app.children, "the runner")[0]
        time.sleep(SETTLE_SECONDS)
        memory = {"app": app.memory_full_info(), "runner": runner.memory_full_info()}
    return {
        f"idle {name}, {kind.upper()}": getattr(memory[name], kind) / MB for name in memory for kind in ("rss", "uss")
    }
