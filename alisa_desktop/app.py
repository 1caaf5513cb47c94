"""The tray app: Qt, the loop and the engine put together; the only file that knows both sides."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QUrl
from PySide6.QtGui import QDesktopServices

from alisa_desktop.autostart_wishes import AutostartWishes
from alisa_desktop.brain_wishes import BrainWishes
from alisa_desktop.checkup_wishes import CheckupWishes
from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.core.events import Event, EyesChanged, HistoryChanged, ModeChanged, ModelChanged
from alisa_desktop.core.messages import Emotion
from alisa_desktop.core.sight import Consent
from alisa_desktop.host.door import door_address, may_enter
from alisa_desktop.leaving import Leaving
from alisa_desktop.options import Options
from alisa_desktop.porter import Porter
from alisa_desktop.qt_loop import run_on_loop
from alisa_desktop.settings.file import SettingsFile, write_json
from alisa_desktop.troubles import Troubles
from alisa_desktop.ui.application import Application
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.door import Door
from alisa_desktop.ui.first_picture import FirstPicture
from alisa_desktop.ui.windows import Places, Windows
from alisa_desktop.update_wishes import UpdateWishes

if TYPE_CHECKING:
    from alisa_desktop.engine import Engine
    from alisa_desktop.host.hotkey import Hotkey
    from alisa_desktop.settings.schema import Settings

FIRST_PAINT_SECONDS = 1.0
WELCOME = "Hi. I'm Alisa, and I live here now. Click me when you want to talk; right-click me for everything else."


def run(application: Application, options: Options, picture: FirstPicture | None, troubles: Troubles) -> int:
    """Live until the end; `picture` stands in for her until she is there, `troubles` are told then."""
    run_on_loop(application, App(application, options, troubles).live(picture))
    return 0


class App:
    """Everything between the first window and the last; lives on the GUI thread, which is the loop's."""

    def __init__(self, application: Application, options: Options, troubles: Troubles) -> None:
        self._options = options
        self._troubles = troubles
        self._paths = options.paths
        self._bridge = Bridge()
        file = SettingsFile(self._paths.settings)
        settings = file.load()
        self._notice = file.notice  # a damaged file is put aside here, so the engine will not know
        self._windows = Windows(
            application,
            self._bridge,
            settings,
            self._paths.resources,
            _own_pack(self._paths.sprites),
            hidden=options.hidden,
        )
        self._leaving = Leaving(application, self._paths.logs)
        self._bridge.quit_requested.connect(self._leaving.leave)
        self._porter = Porter(lambda: self._leaving.leave("the door"), self._windows.come_forward)

    async def live(self, picture: FirstPicture | None) -> None:
        """Show her at once, wake the engine behind her, and stay until the end, which may come at any moment."""
        self._leaving.hear_signals()
        door = Door(door_address(self._paths.profile), self._porter.welcome, may_enter)
        asked = asyncio.ensure_future(self._leaving.asked.wait())
        life = asyncio.ensure_future(self._live(picture))
        try:
            await asyncio.wait([asked, life], return_when=asyncio.FIRST_COMPLETED)
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life
        finally:
            asked.cancel()
            door.close()
            self._leaving.close()

    async def _appear(self, picture: FirstPicture | None) -> None:
        painted = FirstPaint(self._windows.avatar)
        self._windows.show_avatar(_read_places(self._paths.places))
        if self._windows.avatar.isVisible():
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_PAINT_SECONDS):
                    await painted.happened.wait()
        if picture:
            picture.close()
            picture.deleteLater()

    async def _live(self, picture: FirstPicture | None) -> None:
        """Everything, until it is cancelled."""
        await self._appear(picture)
        await asyncio.to_thread(importlib.import_module, "alisa_desktop.engine")
        from alisa_desktop.engine import Engine

        self._windows.furnish()
        async with AsyncExitStack() as stack:
            try:
                engine = await stack.enter_async_context(Engine(self._options))
            finally:
                stack.callback(self._windows.close)  # before the engine is, which takes longer
            self._leaving.save = engine.save
            engine.on_shutdown = lambda: self._leaving.leave("the power-off")
            engine.spawn(self._leaving.join_session())
            await self._connect(engine, stack)
            stack.callback(self._windows.keep_picture, self._paths.first_picture)
            await asyncio.get_running_loop().create_future()

    async def _connect(self, engine: Engine, stack: AsyncExitStack) -> None:
        AutostartWishes(engine, self._bridge)
        UpdateWishes(engine, self._bridge)
        BrainWishes(engine, self._bridge)
        CheckupWishes(engine, self._bridge)
        wishes = Wishes(engine, self._bridge, self._windows)
        stack.callback(wishes.close)
        modes = engine.conversation.modes.values()
        self._bridge.show_modes(
            [(mode.name, mode.title, mode.description) for mode in modes], engine.conversation.mode.name
        )
        self._windows.set_resting(engine.conversation.mode.resting)
        engine.bus.subscribe(self._bridge.deliver)  # first, so that nothing is missed while the rest is asked for
        self._porter.serve(engine.conversation, engine.spawn)
        self._bridge.deliver(ModelChanged(engine.model_status))
        self._bridge.deliver(EyesChanged(engine.eyes.status))
        self._bridge.show_endpoint(engine.doorway.address, engine.doorway.trouble)
        try:
            await wishes.load_today()
        except MemoryFailed as error:
            engine.notices.append(error.sentence)
        engine.on_settings = self._bridge.settings_changed.emit
        engine.on_endpoint = self._bridge.show_endpoint
        self._bridge.settings_changed.emit(engine.settings)
        self._windows.placed.connect(lambda *_: self._windows.keep_picture(self._paths.first_picture))
        for notice in filter(None, (self._notice, self._windows.notice)):
            if notice not in engine.notices:
                engine.notices.append(notice)
        stack.callback(self._troubles.close)
        if self._windows.hidden:  # whatever there is to tell waits until she is wanted
            self._windows.appeared.connect(lambda: engine.spawn(self._greet(engine)))
        else:
            await self._greet(engine)

    async def _greet(self, engine: Engine) -> None:
        engine.tell_notices()
        self._troubles.tell(self._bridge, self._paths, lambda: engine.settings)
        if await _knows_nobody(engine):
            if not (engine.settings.welcome_shown or self._options.model or self._options.scripted):
                self._windows.welcome()
            engine.conversation.remark(WELCOME, Emotion.HAPPY)  # after it, for her words would make way for a window


async def _knows_nobody(engine: Engine) -> bool:
    """Whether nothing was ever said; False where that can't be known."""
    try:
        return not await engine.memory.recent(1)
    except MemoryFailed:
        return False


class Wishes(QObject):
    """What the user asks of the windows, handed to the engine; answers go back through the bridge."""

    def __init__(self, engine: Engine, bridge: Bridge, windows: Windows) -> None:
        super().__init__(bridge)
        from alisa_desktop.ui.persona_watch import PersonaWatch

        self._engine = engine
        self._bridge = bridge
        self._windows = windows
        self._personas = PersonaWatch(engine.paths.personas, self)
        self._personas.changed.connect(self._reload_personas)
        talk = engine.conversation
        bridge.submitted.connect(self._submit)
        bridge.stop_requested.connect(talk.stop)
        bridge.regenerate_requested.connect(lambda: talk.regenerate("bubble"))
        bridge.mode_requested.connect(lambda name: talk.set_mode(name, "window"))
        bridge.settings_edited.connect(engine.change)
        bridge.days_requested.connect(lambda: engine.spawn(self._load_days()))
        bridge.day_requested.connect(lambda day: engine.spawn(self._load_day(day)))
        bridge.search_requested.connect(lambda text: engine.spawn(self._search(text)))
        bridge.delete_turn_requested.connect(lambda turn: engine.spawn(engine.forget(turn)))
        bridge.delete_all_requested.connect(lambda: engine.spawn(engine.forget()))
        bridge.disconnect_requested.connect(engine.doorway.send_away)
        bridge.look_requested.connect(self._look)
        bridge.consent_requested.connect(engine.allow_looks)
        bridge.pause_requested.connect(engine.pause_eyes)
        bridge.looks_requested.connect(lambda: engine.spawn(self._load_looks()))
        bridge.delete_look_requested.connect(lambda look: engine.spawn(engine.forget_looks(look=look)))
        bridge.forget_hour_requested.connect(lambda: engine.spawn(engine.forget_looks(last_hour=True)))
        bridge.forget_looks_requested.connect(lambda: engine.spawn(engine.forget_looks()))
        self._keys = LookKeys(lambda: self._look(""), bridge.notice_raised.emit)
        bridge.settings_changed.connect(self._keys.follow)
        windows.placed.connect(self._keep_place)
        windows.persona_edit_requested.connect(self._edit_persona)
        windows.persona_reset_requested.connect(self._reset_persona)
        engine.bus.subscribe(self._hear)

    def _submit(self, text: str) -> None:
        self._bridge.answer(self._engine.conversation.submit(text, "bubble", may_look=True))

    def _look(self, text: str) -> None:
        self._engine.conversation.look(text, "bubble")

    async def _load_looks(self) -> None:
        self._bridge.looks_loaded.emit(await self._engine.memory.looks())

    def close(self) -> None:
        """Give the keys for a look back."""
        self._keys.close()

    async def load_today(self) -> None:
        """Give the bubble what was said since midnight."""
        midnight = datetime.combine(date.today(), time.min).astimezone()  # on the day of a clock change, too
        self._bridge.today_loaded.emit(await self._engine.memory.since(midnight))

    async def _load_days(self) -> None:
        self._bridge.days_loaded.emit(await self._engine.memory.days())

    async def _load_day(self, day: object) -> None:
        self._bridge.turns_loaded.emit(await self._engine.memory.on_day(day))  # type: ignore[arg-type]  # a date

    async def _search(self, text: str) -> None:
        self._bridge.turns_loaded.emit(await self._engine.memory.search(text))

    def _keep_place(self, screen: str, x: int, y: int) -> None:
        places = _read_places(self._engine.paths.places)
        places.pop(screen, None)
        places[screen] = (x, y)  # the last one is home
        with suppress(OSError):  # a profile that can't be written was told when it was opened
            write_json(self._engine.paths.places, places)

    def _edit_persona(self, name: str) -> None:
        self._engine.spawn(self._open_persona(name))

    async def _open_persona(self, name: str) -> None:
        path = self._engine.personas.edit_copy(name)
        self._personas.watch()
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _reset_persona(self, name: str) -> None:
        self._engine.spawn(self._reset(name))

    async def _reset(self, name: str) -> None:
        if self._engine.personas.reset(name):
            self._reload_personas()

    def _reload_personas(self) -> None:
        self._engine.reload_personas()
        talk = self._engine.conversation
        modes = [(mode.name, mode.title, mode.description) for mode in talk.modes.values()]
        self._bridge.show_modes(modes, talk.mode.name)

    def _hear(self, event: Event) -> None:
        if isinstance(event, ModeChanged):
            self._windows.set_resting(self._engine.conversation.mode.resting)
        elif isinstance(event, HistoryChanged):
            self._engine.spawn(self.load_today())


class LookKeys:
    """The keys that let her look from within every application, while she may look at all. Loop's thread."""

    def __init__(self, look: Callable[[], None], tell: Callable[[str], None]) -> None:
        self._look = look
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._wanted = ""
        self._hotkey: Hotkey | None = None

    def follow(self, settings: Settings) -> None:
        """Listen for the keys of `settings`; the user is told where that can't be."""
        wanted = settings.look_hotkey if settings.vision is not Consent.OFF else ""
        if wanted == self._wanted:
            return
        self.close()
        self._wanted = wanted
        if wanted:
            from alisa_desktop.host.hotkey import open_hotkey

            self._hotkey = open_hotkey(wanted, self._pressed)
            if self._hotkey.trouble:
                self._tell(self._hotkey.trouble)

    def close(self) -> None:
        """Give the keys back."""
        self._wanted = ""
        if self._hotkey:
            self._hotkey.close()
            self._hotkey = None

    def _pressed(self) -> None:  # in the hotkey's thread
        with suppress(RuntimeError):  # the loop is closed: she is leaving
            self._loop.call_soon_threadsafe(self._look)


class FirstPaint(QObject):
    """Tells when a window was painted for the first time."""

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        self.happened = asyncio.Event()
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at what the window gets; nothing is taken away."""
        if event.type() is QEvent.Type.Paint:
            self.happened.set()
            self._window.removeEventFilter(self)
        return False


def _read_places(file: Path) -> Places:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return {str(screen): (int(x), int(y)) for screen, (x, y) in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _own_pack(folder: Path) -> Path | None:
    """The user's own sprite pack: the first folder in their `sprites` folder."""
    packs = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    return packs[0] if packs else None
