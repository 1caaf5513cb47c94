"""Whether there is a newer version: asked when the user wants it, told through the bridge, once by a notice.

And whether a newer one has come under her feet: a package that is updated replaces the files of her who runs.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from alisa_desktop import __version__
from alisa_desktop.core.updates import Update
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.program_watch import ProgramWatch

if TYPE_CHECKING:
    from alisa_desktop.engine import Engine
    from alisa_desktop.updates.checker import Checker

FOUND = "Version {version} of me is out; you have {mine}. About Alisa, in my menu, has the way to it."


REPLACED = "I was updated while I ran. Quit me in my menu and start me again, so that all of me is the new version."


class UpdateWishes(QObject):
    """Lives as long as the engine does. GUI thread, which is the loop's; the web client is loaded when it is needed."""

    def __init__(self, engine: Engine, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._engine = engine
        self._bridge = bridge
        self._checker: Checker | None = None
        self._opening = asyncio.Lock()
        self._tends = False
        bridge.update_requested.connect(lambda: engine.spawn(self._check()))
        bridge.settings_changed.connect(self._follow)
        if getattr(sys, "frozen", False):
            self._program = ProgramWatch(Path(sys.executable), self)
            self._program.replaced.connect(lambda: bridge.notice_raised.emit(REPLACED))

    def _follow(self, settings: Settings) -> None:
        if self._tends and self._checker:
            self._checker.reconsider()
        elif settings.tell_updates and not self._tends:
            self._tends = True
            self._engine.spawn(self._tend())

    async def _tend(self) -> None:
        await (await self._open()).tend(self._wanted, self._notice)

    async def _check(self) -> None:
        await (await self._open()).check(self._engine.settings.update_feed)

    async def _open(self) -> Checker:
        async with self._opening:
            if self._checker is None:
                await asyncio.to_thread(importlib.import_module, "alisa_desktop.updates.checker")
                from alisa_desktop.updates.checker import Checker

                self._checker = Checker(self._engine.paths.updates, __version__, self._bridge.show_update)
            return self._checker

    def _wanted(self) -> str:
        return self._engine.settings.update_feed if self._engine.settings.tell_updates else ""

    def _notice(self, update: Update) -> None:
        self._bridge.notice_raised.emit(FOUND.format(version=update.version, mine=__version__))
