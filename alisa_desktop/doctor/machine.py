"""Checks of the machine: processor, memory, graphics card and disk."""

from __future__ import annotations

import os

from alisa_desktop.doctor.case import Answer, Case, Check, bad, good, unknown
from alisa_desktop.host.access import nearest
from alisa_desktop.host.container import read_limits
from alisa_desktop.host.hardware import threads_for
from alisa_desktop.model.safe_list import Marks
from alisa_desktop.model.variants import last_used

GIB, MIB = 1 << 30, 1 << 20
NEEDED_FREE = 512 * MIB
"""Bytes of memory that she and her starter brain want, with some room for the rest of the desktop."""
LEAST_DISK = 200 * MIB
"""Bytes of disk below which what is said may soon not be stored."""
FEATURES = (
    "SSE4.2",
    "AVX",
    "AVX2",
    "FMA",
    "F16C",
    "BMI2",
    "AVX512",
    "AVX512 VNNI",
    "AVX VNNI",
    "AMX",
    "NEON",
    "DOTPROD",
)
WISHED = {"x86": ("AVX2", "FMA"), "arm": ("NEON",)}
"""What a model needs to think at a good pace."""


def look_at_processor(case: Case) -> Answer:
    """What thinks, and how fast it can."""
    hardware = case.hardware
    processor = hardware.processor
    has = [name for name in FEATURES if processor.knows(name)]
    if not (processor.name or has):
        return unknown("The system doesn't say what processor this is.")
    cores = hardware.physical_cores or hardware.logical_cores
    parts = [processor.name or "A processor", f"{cores} core{'s' if cores != 1 else ''}" if cores else ""]
    parts += [f"with {', '.join(has)}" if has else "", f"of which I think with {threads_for(hardware)}"]
    found = f"{', '.join(filter(None, parts))}."
    if used := last_used(case.paths.processors):
        found += f" llama.cpp computes with its variant {used[1]}."
    family = WISHED["arm" if {"NEON"} & (processor.has | processor.lacks) and "AVX" not in has else "x86"]
    lacking = [name for name in family if processor.knows(name) is False]
    if lacking:
        slow = "Large models think slowly on it. Choose a small one, or a server."
        return bad(f"{found} It lacks {' and '.join(lacking)}.", slow)
    return good(found)


def look_at_memory(case: Case) -> Answer:
    """How much memory there is, and how much of it is free."""
    hardware = case.hardware
    if not hardware.memory_bytes:
        return unknown("The system doesn't say how much memory there is.")
    limited = read_limits().memory_bytes == hardware.memory_bytes
    found = f"{_size(hardware.available_bytes)} of {_size(hardware.memory_bytes)} are free"
    found += ", which is what this container may use." if limited else "."
    if hardware.available_bytes < NEEDED_FREE:
        return bad(found, "Close other programs, or choose a smaller model.")
    return good(found)


def look_at_graphics(case: Case) -> Answer:
    """Which graphics cards there are, and whether a model was found to run on one."""
    names = [f"{gpu.name} ({_size(gpu.memory_bytes)})" if gpu.memory_bytes else gpu.name for gpu in case.hardware.gpus]
    tried = [fact for fact in Marks(case.paths.graphics).all() if isinstance(fact, list) and len(fact) > 1]
    layers = [fact[-1] for fact in tried if isinstance(fact[-1], int)]
    if not names:
        return good("I know of no graphics card that could think; I think with the processor.")
    found = f"{', '.join(names)}."
    if not layers:
        return good(f"{found} No model was tried on it; I think with the processor.")
    if layers[-1]:
        return good(f"{found} It takes {layers[-1]} layers of the model that was tried last.")
    advice = f"If it should help, update its driver, quit me, and delete {case.paths.graphics.name} in my folder."
    return unknown(f"{found} The model that was tried last doesn't run on it; I think with the processor.", advice)


def look_at_disk(case: Case) -> Answer:
    """Whether there is room for what will be said."""
    there = nearest(case.paths.profile)
    if there is None or (not case.hardware.disk_free_bytes and not _is_full(case)):
        return unknown("The system doesn't say how much room is on the disk.")
    free = case.hardware.disk_free_bytes
    found = f"{_size(free)} are free on the disk of my folder."
    if hasattr(os, "statvfs") and (facts := os.statvfs(there)).f_files and not facts.f_favail:
        return bad("The disk of my folder takes no more files.", "Delete files there that you don't need.")
    if free < LEAST_DISK:
        return bad(found, "Free some space there; a full disk can't keep what you say.")
    return good(found)


def _is_full(case: Case) -> bool:
    there = nearest(case.paths.profile)
    return bool(there and hasattr(os, "statvfs") and os.statvfs(there).f_blocks)


def _size(size: int) -> str:
    if size < GIB:
        return f"{size / MIB:.0f} MB"
    return f"{size / GIB:.1f} GB"


CHECKS = (
    Check("processor", "Processor", look_at_processor),
    Check("ram", "Working memory", look_at_memory),
    Check("graphics", "Graphics card", look_at_graphics),
    Check("disk", "Disk", look_at_disk),
)
