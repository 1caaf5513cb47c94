"""What the user wants to start at the log-in, handed to the system; how it is goes back through the bridge."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from alisa_desktop.core.errors import AutostartFailed
from alisa_desktop.host.autostart import Autostart
from alisa_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from alisa_desktop.engine import Engine


class AutostartWishes(QObject):
    """Lives as long as the engine does. GUI thread, which is the loop's; files and registry have threads of theirs."""

    def __init__(self, engine: Engine, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._engine = engine
        self._bridge = bridge
        self._autostart = Autostart(engine.paths)
        self._one = asyncio.Lock()
        bridge.autostart_asked.connect(lambda: engine.spawn(self._tell()))
        bridge.autostart_requested.connect(lambda on: engine.spawn(self._turn(on)))
        engine.spawn(asyncio.to_thread(self._autostart.correct))

    async def _turn(self, on: bool) -> None:
        trouble = ""
        async with self._one:  # one click after the other
            try:
                await asyncio.to_thread(self._autostart.turn, on)
            except AutostartFailed as error:
                trouble = error.sentence
        await self._tell(trouble)

    async def _tell(self, trouble: str = "") -> None:
        async with self._one:
            on = await asyncio.to_thread(lambda: self._autostart.is_on)
        self._bridge.show_autostart(on, trouble)
