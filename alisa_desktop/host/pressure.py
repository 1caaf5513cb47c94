"""Whether the machine is short of memory, so that it is time to give some back. Nothing here raises."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alisa_desktop.host.hardware import Hardware, Senses, look
from alisa_desktop.host.processor import Processor

LOW_SHARE = 0.05
LOW_BYTES = 400 << 20
"""Less than this is little on a machine of any size."""
STALLED_PERCENT = 10.0
"""Of the last ten seconds, in which everything waited for memory."""

NOTHING_ELSE = Senses(
    cores=lambda: (0, 0), processor=Processor, on_battery=lambda: None, load=lambda: None, gpus=tuple,
    disk_free=lambda folder: 0,
)  # fmt: skip
"""Looks at memory and its limits alone."""


def is_scarce(available_bytes: int, total_bytes: int) -> bool:
    """Whether so little is left that the next program to ask makes the machine swap; no when the total isn't known."""
    return total_bytes > 0 and available_bytes < max(LOW_SHARE * total_bytes, LOW_BYTES)


def stalled_percent(pressure: str) -> float:
    """The share of the last ten seconds in which everything waited, by the words of the kernel's accounting/psi.rst."""
    found = re.search(r"^full avg10=(\d+(?:\.\d+)?) ", pressure, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _memory() -> Hardware:
    return look(Path(), NOTHING_ELSE)


def _pressure() -> str:
    try:
        return Path("/proc/pressure/memory").read_text(encoding="ascii", errors="replace")
    except OSError:  # another system, an old kernel, or psi=0
        return ""


if sys.platform == "win32":

    def _is_notified() -> bool:
        """Whether Windows itself says that memory is low; which is where it begins to swap."""
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateMemoryResourceNotification.restype = wintypes.HANDLE
        kernel.QueryMemoryResourceNotification.argtypes = [wintypes.HANDLE, ctypes.POINTER(wintypes.BOOL)]
        kernel.CloseHandle.argtypes = [wintypes.HANDLE]
        is_low = wintypes.BOOL()
        if not (handle := kernel.CreateMemoryResourceNotification(0)):  # LowMemoryResourceNotification
            return False
        kernel.QueryMemoryResourceNotification(handle, ctypes.byref(is_low))
        kernel.CloseHandle(handle)
        return bool(is_low)

else:

    def _is_notified() -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Signs:
    """How the machine is asked; none of them raises."""

    memory: Callable[[], Hardware] = _memory
    pressure: Callable[[], str] = _pressure
    is_notified: Callable[[], bool] = _is_notified


def memory_is_low(signs: Signs | None = None) -> bool:
    """Whether the machine, or the container we are in, is short of memory now; no where that can't be known.

    Reads small files, in about a millisecond; never raises. Call it from any thread.
    """
    signs = signs or Signs()
    memory = signs.memory()
    return (
        is_scarce(memory.available_bytes, memory.memory_bytes)
        or stalled_percent(signs.pressure()) > STALLED_PERCENT
        or signs.is_notified()
    )
