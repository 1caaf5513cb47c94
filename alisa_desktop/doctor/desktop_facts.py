"""The desktop as Qt sees it, asked in a child: the command line has no Qt, and Qt ends a process it can't serve.

The child is `ui/desktop_facts.py`, which prints one JSON object.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alisa_desktop.host.child import child_command, no_window
from alisa_desktop.host.display import has_display

LONGEST = 15.0
"""Seconds the child may take."""
PART = "--desktop"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScreenFacts:
    """A screen: its name, its size in physical px, and how much larger things are drawn on it (1.0: as they are)."""

    name: str
    width: int
    height: int
    scale: float


@dataclass(frozen=True, slots=True)
class DesktopFacts:
    """What Qt knows; None where it doesn't. `trouble` is a sentence where it can't open windows at all.

    `platform` is Qt's own name of it: xcb, wayland, windows, cocoa or offscreen.
    """

    qt: str = ""
    platform: str = ""
    screens: tuple[ScreenFacts, ...] = ()
    tray: bool | None = None
    blended: bool | None = None
    trouble: str = ""

    @classmethod
    def of(cls, told: Any) -> DesktopFacts:
        """What the child told; raises `ValueError`, `TypeError` or `LookupError` for anything else."""
        screens = tuple(
            ScreenFacts(str(one["name"]), int(one["width"]), int(one["height"]), float(one["scale"]))
            for one in told["screens"]
        )
        return cls(str(told["qt"]), str(told["platform"]), screens, bool(told["tray"]), bool(told["blended"]))


def ask_desktop(
    cwd: Path, cancelled: threading.Event, command: Sequence[str] | None = None, longest: float = LONGEST
) -> DesktopFacts:
    """Ask the child; never raises. Call it in a worker thread."""
    if not has_display():
        return DesktopFacts(trouble="There is no display here.")
    try:
        child = subprocess.Popen(
            command or child_command(PART),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=no_window(),
        )
    except OSError as error:
        return DesktopFacts(trouble=f"I can't start a part of myself ({error.strerror}).")
    with child:
        answer, errors = _answer(child, cancelled, time.monotonic() + longest)
    if answer is None:
        return DesktopFacts(trouble="The display doesn't answer.")
    try:
        return DesktopFacts.of(json.loads(answer))
    except (ValueError, TypeError, LookupError):
        log.warning("no facts of the desktop (exit code %s): %s", child.returncode, _last_line(errors))
        return DesktopFacts(trouble="Qt can't open windows on this display.")


def _answer(child: subprocess.Popen[bytes], cancelled: threading.Event, end: float) -> tuple[bytes | None, bytes]:
    while time.monotonic() < end and not cancelled.is_set():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=0.05)
    child.kill()
    return None, b""


def _last_line(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
