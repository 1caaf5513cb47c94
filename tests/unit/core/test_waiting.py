"""Patience that a loop which stands still does not use up."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from alisa_desktop.core.waiting import SLICE_SECONDS, in_time


async def test_what_comes_is_waited_for_and_what_does_not_is_not() -> None:
    come = asyncio.Event()
    assert not await in_time(come.wait, 2 * SLICE_SECONDS)
    asyncio.get_running_loop().call_later(2 * SLICE_SECONDS, come.set)
    assert await in_time(come.wait, 60.0)
    assert await in_time(come.wait, 0.0)


async def test_a_loop_that_stands_still_for_longer_does_not_miss_what_came_meanwhile() -> None:
    loop, come = asyncio.get_running_loop(), asyncio.Event()

    def stand_still() -> None:
        told = threading.Thread(target=lambda: (time.sleep(0.3), loop.call_soon_threadsafe(come.set)))
        told.start()
        told.join()
        time.sleep(0.3)

    loop.call_soon(stand_still)
    assert await in_time(come.wait, 4 * SLICE_SECONDS)


async def test_who_is_cancelled_waits_no_longer() -> None:
    waiting = asyncio.ensure_future(in_time(asyncio.Event().wait, 60.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
