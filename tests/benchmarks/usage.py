"""What a process takes of the machine while nothing happens. Linux only: it reads /proc."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

MB = 1e6
_VOLUNTARY = re.compile(r"^voluntary_ctxt_switches:\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Idle:
    """A while of a process: share of one core in percent, wake-ups a second, and its memory (MB) at the end.

    `rss` counts shared pages in full, `uss` only what is the process's own.
    """

    cpu: float
    wakeups: float
    rss: float
    uss: float


class Watch:
    """Looks at a process from its making to `finish`."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._began = time.monotonic()
        self._before = self._counters()

    def finish(self) -> Idle:
        """What the process took since."""
        seconds = time.monotonic() - self._began
        nanoseconds, switches = (after - before for after, before in zip(self._counters(), self._before, strict=True))
        memory = self._process.memory_full_info()
        return Idle(nanoseconds / 1e7 / seconds, switches / seconds, memory.rss / MB, memory.uss / MB)

    def _counters(self) -> tuple[int, int]:
        """Nanoseconds on a core and voluntary context switches, of all threads that live now."""
        on_core = switches = 0
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            on_core += int((thread / "schedstat").read_text().split()[0])
            found = _VOLUNTARY.search((thread / "status").read_text())
            switches += int(found[1]) if found else 0
        return on_core, switches
