"""What this machine has to think with: memory, processor, disk, power, and how busy it is. Nothing here raises."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from alisa_desktop.host.container import Limits, read_limits
from alisa_desktop.host.graphics import Gpu, read_gpus
from alisa_desktop.host.processor import Processor, read_processor

BUSY = 0.5
"""From this share of its time on, the processor counts as busy with other things."""
GIB = 1 << 30
SHOWN_FEATURES = ("AVX512", "AVX2", "AVX", "NEON")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hardware:
    """This machine, or the container we are in. Sizes in bytes and numbers of cores, 0 for not known.

    `disk_free_bytes` is that of the folder asked for. `load` is the share (0-1) of the processor's time that is taken,
    by a model of ours, too. None: not known.
    """

    memory_bytes: int = 0
    available_bytes: int = 0
    disk_free_bytes: int = 0
    physical_cores: int = 0
    logical_cores: int = 0
    processor: Processor = field(default_factory=Processor)
    on_battery: bool | None = None
    load: float | None = None
    gpus: tuple[Gpu, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether other programs keep the processor busy, as far as is known."""
        return self.load is not None and self.load >= BUSY

    def __str__(self) -> str:
        """One line for people."""
        return ", ".join(filter(None, self._words()))

    def _words(self) -> list[str]:
        best = next((name for name in SHOWN_FEATURES if self.processor.knows(name)), "")
        cores = self.physical_cores or self.logical_cores
        return [
            self.processor.name,
            f"{cores} core{'s' if cores > 1 else ''}{f' with {best}' if best else ''}" if cores else best,
            f"{_gb(self.memory_bytes)} of memory ({_gb(self.available_bytes)} free)" if self.memory_bytes else "",
            f"{_gb(self.disk_free_bytes)} of disk free" if self.disk_free_bytes else "",
            *(f"{gpu.name} ({_gb(gpu.memory_bytes)})" if gpu.memory_bytes else gpu.name for gpu in self.gpus),
            "on battery" if self.on_battery else "",
            "busy" if self.busy else "",
        ]


def _memory() -> tuple[int, int]:
    memory = psutil.virtual_memory()
    return memory.total, memory.available


def _cores() -> tuple[int, int]:
    """Physical and logical ones, of those that this process may run on."""
    physical, logical = psutil.cpu_count(logical=False) or 0, psutil.cpu_count() or 0
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    return min(physical, allowed), min(logical, allowed)


def _on_battery() -> bool | None:
    ask = getattr(psutil, "sensors_battery", None)  # psutil leaves it out where it can't know
    battery = ask() if ask else None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged


def _load() -> float | None:
    if sys.platform == "win32":
        return float(psutil.cpu_percent()) / 100  # since it was last asked
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _disk_free(folder: Path) -> int:
    there = next((place for place in (folder, *folder.parents) if place.is_dir()), None)
    return shutil.disk_usage(there).free if there else 0


@dataclass(frozen=True, slots=True)
class Senses:
    """How the machine is asked; each of them may raise what systems raise."""

    memory: Callable[[], tuple[int, int]] = _memory
    limits: Callable[[], Limits] = read_limits
    cores: Callable[[], tuple[int, int]] = _cores
    processor: Callable[[], Processor] = read_processor
    on_battery: Callable[[], bool | None] = _on_battery
    load: Callable[[], float | None] = _load
    gpus: Callable[[], tuple[Gpu, ...]] = read_gpus
    disk_free: Callable[[Path], int] = _disk_free


def look(folder: Path, senses: Senses | None = None) -> Hardware:
    """What this machine has now, with the free disk of `folder` (which may be still to come).

    Reads small files, in some ms; never raises. Where there is no load average (Windows), `load` is that since the
    last look, and says nothing the first time.
    """
    senses = senses or Senses()
    limits = _ask(senses.limits, Limits())
    total, available = _ask(senses.memory, (0, 0))
    physical, logical = _ask(senses.cores, (0, 0))
    return Hardware(
        memory_bytes=_least(total, limits.memory_bytes),
        available_bytes=_least(available, limits.free_bytes),
        disk_free_bytes=_ask(lambda: senses.disk_free(folder), 0),
        physical_cores=_at_most(physical, limits.cores),
        logical_cores=_at_most(logical, limits.cores),
        processor=_ask(senses.processor, Processor()),
        on_battery=_ask(senses.on_battery, None),
        load=_ask(senses.load, None),
        gpus=_ask(senses.gpus, ()),
    )


def threads_for(hardware: Hardware) -> int:
    """How many threads a model should think with here, at least 1.

    They wait for each other after every step, so each one that is kept off its core stops all: one core stays free for
    the rest of the desktop, two while other programs are busy. On battery, half of the cores do.
    """
    cores = hardware.physical_cores or hardware.logical_cores // 2
    wanted = cores - 2 if hardware.busy else cores - 1
    return max(1, min(wanted, cores // 2) if hardware.on_battery else wanted)


def _ask(call: Callable[[], T], unknown: T) -> T:
    try:
        return call()
    except (OSError, RuntimeError, ValueError, AttributeError, LookupError, TypeError, psutil.Error):
        return unknown  # systems have many ways of not knowing


def _least(size: int, limit: int | None) -> int:
    return size if limit is None else min(size, limit) if size else limit


def _at_most(cores: int, limit: float | None) -> int:
    return cores if limit is None else min(cores, max(1, round(limit)))


def _gb(size: int) -> str:
    """Gigabytes as memory is sold, so that a machine of 8 GB has 8 though the system keeps a little of it."""
    return f"{size / GIB:.1f} GB" if size < 4 * GIB else f"{size / GIB:.0f} GB"
