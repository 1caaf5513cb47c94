"""The one loop that windows and everything else share."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, cast

import qasync

from alisa_desktop.ui.application import Application

Result = TypeVar("Result")


def run_on_loop(application: Application, work: Coroutine[Any, Any, Result]) -> Result:
    """Do `work` on the loop that windows and everything else share, and return what it does."""
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        return cast(Result, loop.run_until_complete(_closing_generators(work)))


async def _closing_generators(work: Coroutine[Any, Any, Result]) -> Result:
    """Do `work`, and close asynchronous generators that nobody reads to their end.

    asyncio's own loop does that, qasync's does not; then Python closes them where they are collected, and there nothing
    can be awaited: an error in no place.
    """
    loop = asyncio.get_running_loop()
    over = False
    left: list[AsyncGenerator[Any, Any]] = []
    closings: set[asyncio.Task[None]] = set()

    def close() -> None:
        while left and not over:
            closing = loop.create_task(left.pop().aclose())
            closings.add(closing)
            closing.add_done_callback(closings.discard)

    def collected(generator: AsyncGenerator[Any, Any]) -> None:  # in whatever thread
        left.append(generator)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(close)

    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(finalizer=collected)
    try:
        return await work
    finally:
        sys.set_asyncgen_hooks(*before)
        close()
        while closings:  # the end of one lets go of those it was reading
            await asyncio.wait(closings)
            await asyncio.sleep(0)
        over = True
