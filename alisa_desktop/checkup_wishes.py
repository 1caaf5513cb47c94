"""The check-up that the windows ask for: it runs behind them, and what it finds comes back through the bridge."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from alisa_desktop.core.health import Checkup
from alisa_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from alisa_desktop.doctor.examination import Examination
    from alisa_desktop.engine import Engine


class CheckupWishes(QObject):
    """Lives as long as the engine does. GUI thread, which is the loop's."""

    def __init__(self, engine: Engine, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._engine = engine
        self._bridge = bridge
        self._present: Examination | None = None
        bridge.checkup_requested.connect(lambda: engine.spawn(self._examine()))
        bridge.checkup_stopped.connect(self._stop)
        bridge.folder_requested.connect(self._open_folder)
        if bridge.checkup_wanted:  # the window was there before the engine
            engine.spawn(self._examine())

    async def _examine(self) -> None:
        self._stop()
        self._bridge.checkup_told.emit(Checkup())
        await asyncio.to_thread(importlib.import_module, "alisa_desktop.doctor.examination")
        from alisa_desktop.doctor.case import Case
        from alisa_desktop.doctor.examination import Examination

        case = await asyncio.to_thread(Case, self._engine.paths)
        examination = Examination(case, lambda checkup: self._tell(examination, checkup))
        self._stop()
        self._present = examination
        if not self._bridge.checkup_wanted:  # not any more
            examination.stop()
        await examination.run()

    def _tell(self, examination: Examination, checkup: Checkup) -> None:
        if examination is self._present:  # another one may have begun
            self._bridge.checkup_told.emit(checkup)

    def _stop(self) -> None:
        if self._present:
            self._present.stop()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._engine.paths.profile)))
