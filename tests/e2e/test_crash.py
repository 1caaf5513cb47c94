"""A native crash ends the real program; the next start says so once, with a report."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from desktop import Desktop, wait_for

BUBBLE = "^Talk with Alisa$"
REPORT = "^Alisa — Report$"
SHOW_REPORT = 176, 90
"""Where that button is, from the left edge and the bottom of the window of the bubble with its shadow, in px."""


def test_a_crash_is_told_once_with_a_report(start: Any, script: str, tmp_path: Path) -> None:
    place: Desktop = start.desktop
    program = start("--scripted", script)
    logs = program.profile / "logs"
    assert program.address
    program.process.send_signal(signal.SIGSEGV)
    assert program.process.wait(30) == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in (logs / "crash.txt").read_text()
    start.programs.clear()

    again = start("--scripted", script)
    assert again.address
    place.window(BUBBLE)

    def shown() -> bool:
        bubble = place.windows(BUBBLE)[-1]
        place.click(bubble.x + SHOW_REPORT[0], bubble.y + bubble.height - SHOW_REPORT[1])
        return bool(place.windows(REPORT))

    wait_for(shown, "the report")
    assert "Segmentation fault" in (logs / "last_crash.txt").read_text()
    assert (logs / "crash.txt").read_bytes() == b""
    again.quit()
    assert not (logs / "crash.txt").exists()

    third = start("--scripted", script)
    assert third.address
    assert not place.windows(REPORT)
