"""What commands do when the one they knock at is just leaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop import doorbell
from alisa_desktop.core.knocks import Guest
from alisa_desktop.doorbell import NOT_RUNNING, leave, start
from alisa_desktop.host.door import NO_ANSWER, HungUp
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.porch import open_door
from alisa_desktop.host.single import is_held, only_instance

pytestmark = pytest.mark.usefixtures("runtime")
PATIENCE = 60.0


@asynccontextmanager
async def leaving(paths: Paths, visits: list[bytes]) -> AsyncIterator[asyncio.Event]:
    """She holds the profile, and hangs up on everybody; the event is set at the second visit."""
    twice = asyncio.Event()

    def welcome(send: Callable[[bytes], None], hang_up: Callable[[], None]) -> Guest:
        class Visitor:
            def feed(self, data: bytes) -> None:
                visits.append(data)
                hang_up()
                if len(visits) > 1:
                    twice.set()

            def gone(self) -> None:
                """Nobody minds."""

        return Visitor()

    async with AsyncExitStack() as stack:
        stack.enter_context(only_instance(paths.lock))
        await stack.enter_async_context(open_door(paths.profile, welcome))
        yield twice


def begin(paths: Paths, begun: list[bool]) -> Callable[[], int]:
    def begin() -> int:
        begun.append(is_held(paths.lock))
        return 7

    return begin


async def test_who_starts_her_again_while_she_leaves_waits_and_begins(profile: Path) -> None:
    paths, visits, begun = Paths.of(profile), list[bytes](), list[bool]()
    async with leaving(paths, visits) as twice:
        starting = asyncio.create_task(asyncio.to_thread(start, paths, hidden=False, begin=begin(paths, begun)))
        await twice.wait()
    assert await starting == 7
    assert begun == [True]


async def test_who_asks_her_to_quit_while_she_leaves_waits_until_she_has(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, visits = Paths.of(profile), list[bytes]()
    async with leaving(paths, visits) as twice:
        asking = asyncio.create_task(asyncio.to_thread(leave, paths, PATIENCE))
        await twice.wait()
    assert await asking == 0
    assert capsys.readouterr().out == f"{NOT_RUNNING}\n"


@pytest.mark.parametrize("wish", ["start", "quit"])
async def test_one_who_only_ever_hangs_up_is_told_of(profile: Path, monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    monkeypatch.setattr(doorbell, "STARTING_SECONDS", 0.2)
    paths, visits = Paths.of(profile), list[bytes]()

    def go() -> Any:
        return leave(paths, 0.2) if wish == "quit" else start(paths, hidden=False, begin=lambda: 7)

    async with leaving(paths, visits):
        with pytest.raises(HungUp) as told:
            await asyncio.to_thread(go)
    assert str(told.value) == NO_ANSWER
    assert visits
