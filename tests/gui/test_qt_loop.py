"""The loop that windows and everything else share."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from alisa_desktop.qt_loop import run_on_loop
from alisa_desktop.ui.application import Application


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []
    gc.collect()  # what others left is theirs
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    return found


@pytest.fixture(autouse=True)
def _loop_of_the_test() -> Iterator[None]:
    yield
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("waits", [True, False])
def test_a_generator_that_nobody_reads_to_its_end_is_closed(
    qapp: Application, unraisable: list[object], waits: bool
) -> None:
    closed = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0.01)
            closed.append(True)

    async def doubled() -> AsyncIterator[int]:
        try:
            async for number in numbers():
                yield 2 * number
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def first() -> int:
        number = await anext(doubled()) // 2
        gc.collect()
        if waits:
            async with asyncio.timeout(30):
                while len(closed) < 2:
                    await asyncio.sleep(0.01)
        return number

    before = sys.get_asyncgen_hooks()
    assert run_on_loop(qapp, first()) == 1
    assert len(closed) == 2
    assert not unraisable
    assert sys.get_asyncgen_hooks() == before
