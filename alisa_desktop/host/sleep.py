"""The machine's sleep, noticed by whoever was asleep too: time that passed without us."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

EVERY_SECONDS = 30.0
LATE_SECONDS = 20.0
"""Later than this is no busy machine any more."""


async def wake_ups(
    now: Callable[[], float] = time.time, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[float]:
    """Yield, each time the machine has woken up, how long it slept (s, about); a clock that was set looks like that.

    The clock on the wall is asked, because the others stand still during sleep on some systems and not on others.
    """
    while True:
        before = now()
        await sleep(EVERY_SECONDS)
        if abs(late := now() - before - EVERY_SECONDS) > LATE_SECONDS:
            yield late
