"""The engine: opens everything that is not Qt, top to bottom, and closes it in reverse.

Edges get the conversation, the bus and the memory from here, and hand changed settings back. One loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from alisa_desktop.conversation.acquaintance import SAID_WITH
from alisa_desktop.conversation.session import Conversation
from alisa_desktop.conversation.surroundings import Surroundings
from alisa_desktop.conversation.turn import Desk
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.errors import AlisaError, MemoryFailed, UnknownMode
from alisa_desktop.core.events import (
    Event,
    EyesChanged,
    LedgerChanged,
    ModeChanged,
    ModelChanged,
    NoticeRaised,
    ReplyFinished,
    ScreenSeen,
)
from alisa_desktop.core.log import forget_details, is_detailed, set_detailed
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus
from alisa_desktop.core.sight import Consent, Depth, Sight
from alisa_desktop.core.waiting import in_time
from alisa_desktop.doorway import Doorway
from alisa_desktop.host.child import child_command
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.power import watch
from alisa_desktop.host.process import kinship
from alisa_desktop.host.secrets import keep_key
from alisa_desktop.host.single import only_instance
from alisa_desktop.host.sleep import wake_ups
from alisa_desktop.library import Library
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.mind import Mind, model_part
from alisa_desktop.options import Options
from alisa_desktop.persona.crisis import parse_crisis_rule
from alisa_desktop.persona.modes import DEFAULT, Modes, PersonaBroken, parse_mode
from alisa_desktop.persona.prompt import screen_note
from alisa_desktop.settings.file import SettingsFile
from alisa_desktop.settings.personas import Personas
from alisa_desktop.settings.schema import OF_FILE, ModelSource, Settings
from alisa_desktop.vision.eyes import Eyes, Rules

if TYPE_CHECKING:
    from alisa_desktop.memory.store import Store

PAUSE = timedelta(hours=1)
"""How long the eyes are shut by "Pause for an hour", and how much "Forget the last hour" forgets."""
LOADED_TURNS = 300
"""How many stored turns are read at start; the first prompt takes the latest of them, up to the seed's 3000 tokens."""
ARRIVED = "My new brain is here: {name}. Say something, and I'll try it on you."
LETTING_GO_SECONDS = 0.5
"""A reply that is stopped ends within milliseconds; the model of one that has not ended by then hangs."""
CLOSING_SECONDS = 2.0
"""The most that closing one thing may take where nothing is lost by leaving it open."""
NO_KEYRING = "Your system has no keyring I can use, so I keep the key only until I quit."

log = logging.getLogger(__name__)


class Engine:
    """Everything that runs behind the edges. Use as `async with Engine(options) as engine`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.paths = options.paths
        self.bus = EventBus()
        self.personas = Personas(self.paths.builtin_personas, self.paths.personas)
        self.notices: list[str] = []
        """Sentences from opening, for the edge to show when it can."""
        self.on_settings: Callable[[Settings], None] = lambda _: None
        self.on_endpoint: Callable[[str, str], None] = lambda address, trouble: None
        """Called with the endpoint's address (empty while it is off) and a sentence of trouble, or empty."""
        self.on_shutdown: Callable[[], None] = lambda: None
        """Called when the machine is about to be switched off, where the system tells."""
        self._file = SettingsFile(self.paths.settings)
        self._kinship = kinship()
        self.mind = Mind(options, self._kinship.adopt, self.bus.publish)
        self._tasks: set[asyncio.Task[None]] = set()
        self._following = asyncio.Lock()
        self._thinking = asyncio.Lock()
        self._choosing = asyncio.Lock()
        self._arriving = ""
        self._is_heard = False  # whether there is an edge that shows notices
        self.library = Library(self.paths, use=self._use_file, spawn=self.spawn, publish=self.bus.publish)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self, stack: AsyncExitStack) -> None:
        if self.options.alone:
            stack.enter_context(only_instance(self.paths.lock))
        self.settings = self._thought = self._file.load().model_copy(update={"detailed_log": is_detailed()})
        self._writer = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="settings"))
        stack.push_async_callback(self._close_mind)
        await self.mind.open(self.settings)  # the model's process loads while the rest is opened here
        self.memory = await open_memory(self.paths)
        stack.push_async_callback(self.memory.close)
        self.eyes = Eyes(
            rules(self.paths, self.settings),
            command=child_command("--eyes"),
            cwd=self.paths.resources,
            adopt=self._kinship.adopt,
            on_status=lambda status: self.bus.publish(EyesChanged(status)),
            on_sight=lambda sight: self.conversation.see(sight),
        )
        self.conversation = self._converse()
        self.mind.serve(self.conversation)
        self.doorway = Doorway(self.options, self.conversation, lambda *told: self.on_endpoint(*told))
        stack.push_async_callback(within, CLOSING_SECONDS, self.doorway.close)
        stack.push_async_callback(self._finish_talk)
        stack.callback(self.bus.subscribe(self._hear))
        stack.callback(self.bus.subscribe(self.mind.hear))
        stack.push_async_callback(within, CLOSING_SECONDS, self._finish_tasks)
        stack.push_async_callback(within, CLOSING_SECONDS, self.library.close)
        stack.push_async_callback(self.eyes.close)  # first of all: who leaves sees nothing any more
        await self._recall()
        self._told_of_memory = self.memory.notice
        self.notices += filter(None, (self._file.notice, self.memory.notice))
        self._see_to(self.mind.status)  # it may have failed before anybody heard of it
        await self._open_doorway()
        await self._open_eyes(self.settings)
        self.spawn(self._stay_awake())
        power = watch(
            lambda: self.spawn(self._fall_asleep()),
            lambda: self.spawn(self.doorway.check()),
            lambda: self.on_shutdown(),
        )
        stack.callback(power.close)
        self.spawn(self.mind.tend())

    @property
    def model_status(self) -> ModelStatus:
        """Where the model stands now."""
        return self.mind.status

    @property
    def endpoint_address(self) -> str:
        """Where overlays connect; empty while that is off or impossible."""
        return self.doorway.address

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task of the engine's; an error in it is told to the user, not lost."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def save(self) -> None:
        """Stop the replies under way and write everything down, and go on: the session of the user may end now."""
        await self.conversation.finish_turns()
        await asyncio.wrap_future(self._writer.submit(lambda: None))  # behind whatever is being written

    def change(self, settings: Settings) -> None:
        """Make `settings` the present ones: save them and let everything they touch follow."""
        old, self.settings = self.settings, settings
        self._save()
        self.on_settings(settings)
        self.spawn(self._follow(old, settings))

    def tell_notices(self) -> None:
        """Publish the sentences from opening, once an edge is there to show them."""
        self._is_heard = True
        while self.notices:
            self.bus.publish(NoticeRaised(self.notices.pop(0)))

    def reload_personas(self) -> None:
        """Read the persona files again; a broken one of the user's is told and passed over."""
        modes = self._read_modes()
        self.conversation.use_modes(modes)
        self.tell_notices()

    async def forget(self, turn: str | None = None) -> None:
        """Forget one turn, or everything (its reply under way is stopped first); raises `MemoryFailed`."""
        await self.conversation.finish_turns(turn)
        try:
            await (self.memory.forget_all() if turn is None else self.memory.delete(turn))
        finally:  # she does not speak of it any more, even where the disk can't let go of it
            self.conversation.forget(turn)
            if turn is None:
                forget_details(self.paths.logs)

    # her brains

    async def use_brain(self, name: str) -> None:
        """Think with the model of this id of the library, or with the starter brain where it is empty.

        Raises `ModelMissing` and `ModelTooBig`.
        """
        async with self._choosing:  # to find one may take seconds, and the one chosen last counts
            if name:
                await self.library.use(name)
            else:
                self.change(self.settings.model_copy(update={"model_source": ModelSource.BUILTIN}))

    async def import_brain(self, path: Path) -> None:
        """Think with a file of the user's, which stays where it is; raises `ModelMissing`, `ModelBroken` and more."""
        await self.use_brain((await self.library.add(path)).id)

    async def remove_brain(self, name: str) -> None:
        """Delete a model of ours, or forget one of the user's; one that she thinks with is left first."""
        brain = await self.library.find(name)
        chosen = self.settings.model_source is ModelSource.FILE and self.settings.model_file == str(brain.path)
        if chosen or brain.path == self.mind.file:
            await self.use_brain("")
            await self._follow_mind()
        await self.library.remove(name)

    def use_server(self, url: str, model: str) -> None:
        """Think with a model of a server."""
        changes = {"model_source": ModelSource.SERVER, "server_url": url, "server_model": model}
        self.change(self.settings.model_copy(update=changes))

    def _use_file(self, path: Path) -> None:
        self._arriving = str(path) if path != self.mind.file else ""
        changes = {"model_source": ModelSource.FILE, "model_file": str(path)}
        self.change(self.settings.model_copy(update=changes))

    # her eyes

    def allow_looks(self, consent: Consent) -> None:
        """The user has read what the eyes do, and allows this much from now on."""
        explained = self.settings.vision_explained or consent is not Consent.OFF
        changes = {"vision": consent, "vision_explained": explained, "vision_paused_until": None}
        self.change(self.settings.model_copy(update=changes))

    def pause_eyes(self, pause: bool) -> None:
        """Shut the eyes for an hour, or open them again."""
        until = datetime.now(UTC) + PAUSE if pause else None
        self.change(self.settings.model_copy(update={"vision_paused_until": until}))

    async def forget_looks(self, *, last_hour: bool = False, look: str | None = None) -> None:
        """Forget one receipt, those of the last hour, or all, and what she still knows of them; raises
        `MemoryFailed`."""
        try:
            await self.memory.forget_looks(datetime.now(UTC) - PAUSE if last_hour else None, look)
        finally:
            self.conversation.forget_sights()
            self.bus.publish(LedgerChanged())

    async def _open_eyes(self, settings: Settings) -> None:
        if self.options.eyes:
            await self.eyes.follow(rules(self.paths, settings))
            until = settings.vision_paused_until
            if until is not None:  # a clock that was set back meanwhile does not make the pause a longer one
                until = min(until, datetime.now(UTC) + PAUSE)
            await self.eyes.allow(settings.vision, until)

    # opening

    async def _open_doorway(self) -> None:
        await self.doorway.open(self.settings)
        if self.doorway.trouble and not self.doorway.address:
            self.notices.append(self.doorway.trouble)

    async def _fall_asleep(self) -> None:
        await self.mind.rest()

    async def _stay_awake(self) -> None:
        async for _ in wake_ups():
            await self.doorway.check()

    def _converse(self) -> Conversation:
        texts = self.paths.resources
        desk = Desk(
            model=self.mind.model,
            memory=self.memory,
            character=(texts / "prompts" / "character.txt").read_text(encoding="utf-8"),
            crisis=parse_crisis_rule(
                (texts / "safety" / "crisis_patterns.txt").read_text(encoding="utf-8"),
                (texts / "safety" / "crisis_answer.txt").read_text(encoding="utf-8"),
            ),
            now=lambda: datetime.now().astimezone(),
            surroundings=Surroundings(self.eyes, self.memory, self.spawn, self.bus.publish),
        )
        modes = self._read_modes()
        return Conversation(self.bus, desk, modes, self._first_mode(modes))

    def _first_mode(self, modes: Modes) -> str:
        if self.options.mode is not None:
            return modes.find(self.options.mode).name
        try:
            return modes.find(self.settings.mode).name
        except UnknownMode as error:
            self.notices.append(error.sentence)
            return DEFAULT

    def _read_modes(self) -> Modes:
        modes = {}
        for name, text in self.personas.texts().items():
            try:
                modes[name] = parse_mode(name, text)
            except PersonaBroken as error:
                self.notices.append(error.sentence)
                with suppress(OSError):
                    modes[name] = parse_mode(name, self.personas.builtin_text(name))
        return Modes(modes)

    async def _recall(self) -> None:
        try:
            told = [turn for words in SAID_WITH for turn in await self.memory.search(words)]
            self.conversation.load(await self.memory.recent(LOADED_TURNS), sorted(told, key=lambda turn: turn.at))
        except MemoryFailed as error:
            self.notices.append(error.sentence)

    # closing

    async def _finish_talk(self) -> None:
        """Bring the reply under way to its end and store it; a model that does not let go of it is closed first."""
        talk = asyncio.ensure_future(self.conversation.close())
        if not await in_time(lambda: asyncio.wait([talk]), LETTING_GO_SECONDS):
            await self.mind.close()
        await talk

    async def _close_mind(self) -> None:
        await self.mind.close()

    async def _finish_tasks(self) -> None:
        while tasks := tuple(self._tasks):  # the end of one may begin another
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # following changes

    async def _follow(self, old: Settings, new: Settings) -> None:
        async with self._following:  # one change after the other
            await self._follow_one(old, new)

    async def _follow_one(self, old: Settings, new: Settings) -> None:
        key = new.server_key.get_secret_value()
        is_new = new.server_key != old.server_key or (key and new.server_url != old.server_url)
        if is_new and not await asyncio.to_thread(keep_key, new.server_url, key) and key:
            self.bus.publish(NoticeRaised(NO_KEYRING))
        if new.detailed_log != is_detailed():
            await asyncio.to_thread(set_detailed, new.detailed_log)
        if new.mode not in (old.mode, self.conversation.mode.name):
            self.conversation.set_mode(new.mode)
        self.spawn(self._follow_mind())
        if _eyes_part(old) != _eyes_part(new):
            await self._open_eyes(new)
            if not self.eyes.is_open:
                self.conversation.forget_sights()
        if _doorway_part(old) != _doorway_part(new):
            await self.doorway.close()
            await self._open_doorway()
            self.tell_notices()

    async def _follow_mind(self) -> None:
        """Let her think as the settings say; what can't be used is taken out of them again."""
        async with self._thinking:
            wanted = self.settings  # the latest, however long the one before took to load
            arriving, self._arriving = self._arriving, ""
            if await self.mind.follow(wanted, again=bool(arriving)):
                self._thought = wanted
                if arriving and arriving == wanted.model_file:
                    self.conversation.remark(ARRIVED.format(name=self.mind.status.name), Emotion.HAPPY)
            elif model_part(wanted) == model_part(self.settings):
                self.change(self.settings.model_copy(update={name: getattr(self._thought, name) for name in OF_FILE}))

    def _see_to(self, status: ModelStatus) -> None:
        if status.state in (ModelState.FAILED, ModelState.MISSING):
            self.spawn(self._step_down())

    async def _step_down(self) -> None:
        async with self._thinking:
            if sentence := await self.mind.step_down():
                self.notices.append(sentence)
        if self._is_heard:
            self.tell_notices()

    def _hear(self, event: Event) -> None:
        if isinstance(event, ModeChanged):
            self._keep_mode(event.mode)
        elif isinstance(event, ModelChanged):
            self._see_to(event.status)
        elif isinstance(event, ReplyFinished) and self.memory.notice != self._told_of_memory:
            self._told_of_memory = self.memory.notice  # the database was found damaged while running
            self.bus.publish(NoticeRaised(self.memory.notice))
        elif isinstance(event, ScreenSeen) and not event.sensor and self.eyes.is_open:
            self.doorway.show(event.sight, with_text=self.settings.screen_text_to_overlays)

    def _keep_mode(self, mode: str) -> None:
        if mode != self.settings.mode:
            self.settings = self.settings.model_copy(update={"mode": mode})
            self._save()
            self.on_settings(self.settings)

    def _save(self) -> None:
        writing = self._writer.submit(self._file.save, self.settings)

        async def saved() -> None:
            await asyncio.shield(asyncio.wrap_future(writing))  # who quits meanwhile wants it saved all the same

        self.spawn(saved())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, AlisaError):
            self.bus.publish(NoticeRaised(error.sentence))
        elif error:  # a task is a boundary: the bug goes to the log, the app goes on
            log.error("a task of the engine failed", exc_info=error)


async def within(seconds: float, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close something that nobody needs to wait for longer than that (s)."""
    closing = asyncio.ensure_future(close())
    if await in_time(lambda: asyncio.wait([closing]), seconds):
        closing.result()
    else:
        closing.cancel()
        log.warning("%s took more than %s s and was given up", getattr(close, "__qualname__", close), seconds)


async def open_memory(paths: Paths) -> Store | Forgetful:
    """The memory of a profile, or one for this session where the database can't be used."""
    from alisa_desktop.memory.store import Store  # SQLAlchemy takes its time: not before the model loads

    try:
        return await Store.open(paths.database)
    except MemoryFailed as error:
        return Forgetful(error.sentence)


async def look_once(paths: Paths) -> tuple[Sight, str, int]:
    """Look now, whatever the settings say, because somebody asks for just that; what was seen, the note,
    and how many pictures of the screen were taken for it.

    A receipt is kept. Raises `SightFailed`.
    """
    settings = SettingsFile(paths.settings).load()
    eyes = Eyes(rules(paths, settings), command=child_command("--eyes"), cwd=paths.resources, adopt=kinship().adopt)
    memory = await open_memory(paths)
    try:
        await eyes.allow(Consent.ASK)
        sight = await Surroundings(eyes, memory).look(Depth.TEXT, lambda: datetime.now(UTC))
        return sight, screen_note(sight), eyes.counts["captures"]
    finally:
        await eyes.close()
        await memory.close()


def rules(paths: Paths, settings: Settings) -> Rules:
    """What the eyes go by."""
    lists = paths.resources / "vision"
    return Rules(lists / "apps.txt", lists / "blocked.txt", settings.never_look_at)


def _doorway_part(settings: Settings) -> tuple[object, ...]:
    return settings.endpoint_on, settings.endpoint_port, settings.endpoint_token, settings.endpoint_origins


def _eyes_part(settings: Settings) -> tuple[object, ...]:
    return settings.vision, settings.never_look_at, settings.vision_paused_until
