"""Waiting that counts only the time in which something could happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

SLICE_SECONDS = 0.05


async def in_time(wait: Callable[[], Awaitable[object]], seconds: float) -> bool:
    """Whether what `wait` waits for comes within `seconds`; it is begun anew for every slice of them, and may not mind.

    A machine that sleeps or is too busy takes a slice away, not all of the patience: a plain time-out would be due
    together with what came meanwhile, and win.
    """
    for _ in range(max(1, round(seconds / SLICE_SECONDS))):
        try:
            async with asyncio.timeout(SLICE_SECONDS):
                await wait()
        except TimeoutError:
            continue
        return True
    return False
