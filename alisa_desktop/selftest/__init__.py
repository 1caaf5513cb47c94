"""The shipped program checks itself: `alisa-desktop --self-test [--report FILE] [--pictures DIR]`, exit code 0 or 1.

`report` runs checks one after the other and writes what came out; `behind` checks what has no windows, `talk` the
engine with one turn over its endpoint, `pictures` what is painted. All of it happens in a profile of its own, which is
gone afterwards.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from alisa_desktop import __version__


def main(arguments: Sequence[str]) -> int:
    """Check everything and tell it; returns the exit code. Call it in a process that does nothing else."""
    parser = argparse.ArgumentParser(prog="alisa-desktop --self-test", description="Check that all of me is here.")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found there (JSON)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="put what was painted there (PNG)")
    wished = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="alisa-self-test-"))
    kept = [path for path in (wished.report, wished.pictures) if path]
    works = False
    try:
        works = _run(folder, (wished.report or folder / "report.json").absolute(), wished.pictures)
    finally:
        shutil.rmtree(folder / "profile", ignore_errors=True)
        if works or len(kept) == 2:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if works else 1


def _run(folder: Path, report: Path, pictures: Path | None) -> bool:
    from alisa_desktop.host.display import has_display, prefer_free_placement

    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prefer_free_placement()
    from alisa_desktop.host.paths import Paths
    from alisa_desktop.qt_loop import run_on_loop
    from alisa_desktop.selftest.report import Report
    from alisa_desktop.selftest.script import check_everything
    from alisa_desktop.ui.application import Application

    application = Application(["Alisa"])
    application.setApplicationVersion(__version__)
    application.setQuitOnLastWindowClosed(False)
    application.setStyle("Fusion")
    found = Report(report, _output(), is_kept=report.parent != folder)
    with found.watched():
        run_on_loop(application, check_everything(found, Paths.of(folder / "profile"), pictures or folder / "pictures"))
    return found.finish()


def _output() -> TextIO | None:
    """Where sentences go; a windowed program on Windows has no such place."""
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    return sys.stdout
