"""What the user asks of the windows about models, handed to the engine; answers go back through the bridge."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from alisa_desktop.core.brains import Brain
from alisa_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from alisa_desktop.engine import Engine


class BrainWishes(QObject):
    """Lives as long as the engine does. GUI thread, which is the loop's."""

    def __init__(self, engine: Engine, bridge: Bridge) -> None:
        super().__init__(bridge)
        self._engine = engine
        self._bridge = bridge
        library = engine.library
        asks = self._asks
        bridge.offers_requested.connect(asks(self._tell_offers))
        bridge.brains_requested.connect(asks(self._tell_brains))
        bridge.scan_requested.connect(asks(self._tell_found))
        bridge.servers_requested.connect(asks(self._tell_servers))
        bridge.fetch_requested.connect(asks(library.fetch))
        bridge.fetch_resume_requested.connect(asks(library.fetch))
        bridge.fetch_pause_requested.connect(asks(library.pause))
        bridge.fetch_cancel_requested.connect(asks(library.cancel))
        bridge.import_requested.connect(asks(lambda path: engine.import_brain(Path(path))))
        bridge.use_brain_requested.connect(asks(engine.use_brain))
        bridge.remove_brain_requested.connect(asks(engine.remove_brain))
        bridge.unload_requested.connect(asks(self._rest))
        bridge.typing_began.connect(asks(engine.mind.wake))
        bridge.use_requested.connect(lambda: bridge.show_use(engine.mind.use))
        bridge.use_server_requested.connect(engine.use_server)
        bridge.welcome_seen.connect(self._keep_welcome)
        bridge.log_requested.connect(self._open_log)
        bridge.settings_changed.connect(lambda _: self._tell_present())
        bridge.model_changed.connect(lambda _: self._tell_present())
        if engine.paths.models.is_dir():  # a download may have been broken off
            engine.spawn(library.open())

    def _asks(self, work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
        return lambda *wish: self._engine.spawn(work(*wish))

    async def _tell_offers(self) -> None:
        offers = await self._engine.library.offers()
        self._bridge.show_offers(offers, self._engine.library.machine)

    async def _tell_brains(self) -> None:
        brains = await self._engine.library.brains()
        self._bridge.show_brains(brains, self._present(brains))

    async def _tell_found(self) -> None:
        self._bridge.show_found(await self._engine.library.elsewhere())

    async def _tell_servers(self) -> None:
        self._bridge.show_servers(await self._engine.library.servers())

    async def _rest(self) -> None:
        await self._engine.mind.rest()

    def _tell_present(self) -> None:
        brains = self._bridge.brains
        if (present := self._present(brains)) != self._bridge.brain:
            self._bridge.show_brains(brains, present)

    def _present(self, brains: tuple[Brain, ...]) -> str:
        return next((brain.id for brain in brains if brain.path == self._engine.mind.file), "")

    def _keep_welcome(self) -> None:
        self._engine.change(self._engine.settings.model_copy(update={"welcome_shown": True}))

    def _open_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._engine.paths.logs / "alisa.log")))
