"""Chunks that come faster than they can be told become larger ones; nothing is lost and nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from alisa_desktop.conversation.turn import _until
from alisa_desktop.core.errors import ModelCrashed
from alisa_desktop.core.messages import Chosen, Chunk, StreamPart, Usage


async def hasty(count: int, error: Exception | None = None) -> AsyncGenerator[StreamPart, None]:
    yield Chosen("happy")
    for number in range(count):
        yield Chunk(f"{number} ")
    if error:
        raise error
    yield Usage(1, 1, count)


async def test_a_burst_is_told_at_once() -> None:
    told = [part async for part in _until(asyncio.Event(), hasty(1000))]
    assert told[0] == Chosen("happy")
    assert told[-1] == Usage(1, 1, 1000)
    assert "".join(part.text for part in told if isinstance(part, Chunk)) == "".join(f"{n} " for n in range(1000))
    assert len(told) < 10


async def test_what_came_before_an_error_is_told_before_it() -> None:
    told: list[StreamPart] = []
    with pytest.raises(ModelCrashed):
        async for part in _until(asyncio.Event(), hasty(3, ModelCrashed("gone"))):
            told.append(part)
    assert told == [Chosen("happy"), Chunk("0 1 2 ")]


async def test_slow_chunks_stay_single() -> None:
    async def slow() -> AsyncGenerator[StreamPart, None]:
        for letter in "abc":
            yield Chunk(letter)
            for _ in range(5):
                await asyncio.sleep(0)

    assert [part async for part in _until(asyncio.Event(), slow())] == [Chunk("a"), Chunk("b"), Chunk("c")]


async def test_a_stop_gives_up_what_is_waited_for_and_leaves_no_task() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[StreamPart, None]:
        try:
            yield Chunk("a")
            await asyncio.Event().wait()
        finally:
            closed.set()

    stop = asyncio.Event()
    before = asyncio.all_tasks()
    told = []
    async for part in _until(stop, endless()):
        told.append(part)
        stop.set()
    assert told == [Chunk("a")]
    assert closed.is_set()
    assert asyncio.all_tasks() == before
