"""Who asks the feed: one, however often and quickly it is wished."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from releases import Feed, open_feed

from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.host.paths import Paths
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.update_wishes import UpdateWishes
from alisa_desktop.updates import checker as checker_module


@pytest.fixture
def feed() -> Iterator[Feed]:
    with open_feed() as feed:
        yield feed


class House:
    """Spawns tasks, as the engine does."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        self.paths = paths
        self.settings = settings
        self.tasks: list[asyncio.Task[None]] = []

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it."""
        self.tasks.append(asyncio.ensure_future(work))

    async def close(self) -> None:
        """End what was begun."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_two_changes_of_the_settings_and_two_clicks_begin_one(
    bridge: Bridge, feed: Feed, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker_module, "FIRST_SECONDS", 0.0)
    house = House(Paths.of(profile), Settings(tell_updates=True, update_feed=feed.address))
    told: list[Update] = []
    opened: list[object] = []
    made = checker_module.Checker
    monkeypatch.setattr(checker_module, "Checker", lambda *about: opened.append(made(*about)) or opened[-1])
    bridge.update_told.connect(told.append)
    wishes = UpdateWishes(cast(Any, house), bridge)
    bridge.settings_changed.emit(house.settings)
    bridge.settings_changed.emit(house.settings)
    assert len(house.tasks) == 1
    bridge.update_requested.emit()
    bridge.update_requested.emit()
    async with asyncio.timeout(30):
        while len([update for update in told if update.state is Freshness.CURRENT]) < 2:
            await asyncio.sleep(0.01)
    bridge.settings_changed.emit(house.settings)
    assert len(house.tasks) == 3
    await house.close()
    assert len(opened) == 1
    wishes.deleteLater()
