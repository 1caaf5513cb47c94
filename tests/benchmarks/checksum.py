"""How long the windows' loop stands still while a downloaded file of two gigabytes is hashed, as a download does it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from alisa_desktop.model.catalog import Role
from alisa_desktop.model.disk import in_thread
from alisa_desktop.model.hub import Wanted
from alisa_desktop.model.part import Part

from .report import Row

SIZE, QUICK_SIZE = 2_000_000_000, 250_000_000
TICK = 0.005
FRAME_MS = 16.0


def measure(folder: Path, quick: bool) -> list[Row]:
    """Rows for the loop's gaps and the speed; the file is a sparse one in `folder`."""
    return asyncio.run(_measure(folder, QUICK_SIZE if quick else SIZE))


async def _measure(folder: Path, size: int) -> list[Row]:
    (folder / "model").mkdir()
    with (folder / "model" / "big.gguf").open("wb") as file:
        file.truncate(size)
    part = Part(folder, "model", Wanted("big.gguf", Role.MODEL, "", size, "0" * 64))
    await in_thread(part.begin)
    seconds, hashing = await _gaps(lambda: _hash(part))
    _, idle = await _gaps(lambda: asyncio.sleep(seconds))
    await in_thread(part.close)
    alone, beside = _high(idle), _high(hashing)
    note = f"longest {max(hashing):.1f} ms, of an idle loop {max(idle):.1f}; {size / seconds / 1e9:.2f} GB/s"
    return [
        Row(
            f"loop gap p99 while {size / 1e9:g} GB are hashed (an idle loop's)", beside, "ms", alone,
            beside / alone if alone else None, f"< {FRAME_MS:g} ms", beside < FRAME_MS, note,
        )
    ]  # fmt: skip


async def _hash(part: Part) -> None:
    while await in_thread(part.hash_more):
        pass


async def _gaps(work: Callable[[], Awaitable[None]]) -> tuple[float, list[float]]:
    """The seconds `work` takes, and by how much (ms) the loop was late to what was due every few ms meanwhile."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late.append((time.perf_counter() - due) * 1000)

    watching = asyncio.ensure_future(watch())
    began = time.perf_counter()
    await work()
    seconds = time.perf_counter() - began
    watching.cancel()
    return seconds, late or [0.0]


def _high(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]
