"""The model she thinks with now: made as the settings say, changed between two replies, and at rest while nobody talks.

A model that can't be used never takes the place of one that can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from alisa_desktop.conversation.ports import ChatModel
from alisa_desktop.conversation.session import Conversation
from alisa_desktop.core.brains import BrainUse
from alisa_desktop.core.errors import ModelError, ModelTooBig
from alisa_desktop.core.events import Event, ModelChanged, NoticeRaised, ReplyFinished, UserSpoke
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.host.child import Process, child_command
from alisa_desktop.host.hardware import look, threads_for
from alisa_desktop.host.pressure import memory_is_low
from alisa_desktop.host.secrets import read_key
from alisa_desktop.model.llama import LlamaModel
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.variants import Variants
from alisa_desktop.options import Options
from alisa_desktop.settings.schema import ModelSource, Settings

TEND_SECONDS = 30.0
QUIET_SECONDS = 60.0
"""Without a word for that long, her memory may be given back where other programs need it."""
STAYS = "{sentence} Until then I go on with {name}."
log = logging.getLogger(__name__)


class RunningModel(ChatModel, Protocol):
    """A model that can be started and closed."""

    async def start(self) -> None:
        """Begin to load in the background and return at once."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


class Mind:
    """Holds the model of the moment. One loop's thread; `adopt` ties processes to ours, `publish` tells everybody."""

    def __init__(
        self, options: Options, adopt: Callable[[Process], None] | None, publish: Callable[[Event], None]
    ) -> None:
        self._options = options
        self._paths = options.paths
        self._adopt = adopt
        self._publish = publish
        self._talk: Conversation | None = None
        self._file: Path | None = None
        self._part: tuple[object, ...] = ()
        self._chosen = True  # whether the model is the one of the settings, and no stand-in
        self._idle_seconds = 0.0
        self._touched = 0.0
        self._limits: dict[Any, Any] = {}
        self._variants = Variants(self._paths.processors, self._paths.starter_model)
        self._leaving: list[RunningModel] = []

    async def open(self, settings: Settings) -> None:
        """Make the model of the settings and begin to load it."""
        self._part = model_part(settings)
        self._idle_seconds = settings.idle_minutes * 60
        self.touch()
        self.model = await self._make(settings)
        if self._options.hidden and self._idle_seconds and isinstance(self.model, LlamaModel):
            self.model.begin_resting()  # the log-in is busy enough, and nobody talks yet
        else:
            await self.model.start()

    async def close(self) -> None:
        """Give the model back, and those that were on their way out."""
        models = [*self._leaving, *([self.model] if hasattr(self, "model") else [])]  # none where opening failed
        await asyncio.gather(*(model.close() for model in models))

    @property
    def status(self) -> ModelStatus:
        """Where the model stands now."""
        return self.model.status

    @property
    def use(self) -> BrainUse:
        """How the model does; nothing is known of one that runs elsewhere."""
        return self.model.use if isinstance(self.model, LlamaModel) else BrainUse()

    @property
    def file(self) -> Path | None:
        """The file of the model, if it is one of ours."""
        return self._file

    @property
    def is_starter(self) -> bool:
        """Whether she thinks with her starter brain."""
        return self._file == self._paths.starter_model

    def serve(self, talk: Conversation) -> None:
        """Think for this conversation from now on."""
        self._talk = talk

    # changing

    async def follow(self, settings: Settings, *, again: bool = False) -> bool:
        """Think with the model of the settings from the next reply on that begins when it is ready.

        False when it can't be used: the reason is told and the present one stays. With `again`, one that has a
        stand-in is tried once more.
        """
        self._idle_seconds = settings.idle_minutes * 60
        if model_part(settings) == self._part and (self._chosen or not again):
            return True
        old, old_file = self.model, self._file
        fresh = await self._make(settings)
        try:
            trouble = await self._try(fresh)
        except BaseException:  # she quits meanwhile: nobody else knows of it
            await self._dismiss(fresh)
            raise
        if trouble and not self._has_failed(old):
            await self._dismiss(fresh)
            self._file = old_file
            self._tell_status(old.status)
            self._publish(NoticeRaised(STAYS.format(sentence=trouble, name=old.status.name)))
            return False
        await self._take_over(old, fresh, settings)
        return True

    async def _try(self, fresh: RunningModel) -> str:
        """Load it beside the present one, which makes room where both are too much; a sentence where it won't load."""
        await fresh.start()
        if not isinstance(fresh, LlamaModel):
            return ""
        trouble = await _trouble(fresh)
        if (fresh.makes_do or trouble.too_big) and await self.rest():
            await fresh.close()
            fresh.want_all()
            await fresh.start()
            trouble = await _trouble(fresh)
        return trouble.sentence

    async def _take_over(self, old: RunningModel, fresh: RunningModel, settings: Settings) -> None:
        try:
            if self._talk:
                await self._talk.between_turns()
                self._talk.use(fresh)
            self.model, self._part, self._chosen = fresh, model_part(settings), True
            self.touch()
            self._tell_status(fresh.status)
        finally:  # also when she quits meanwhile
            await self._dismiss(old if self.model is fresh else fresh)

    async def _dismiss(self, model: RunningModel) -> None:
        """Close it; where she quits in the middle of that, `close` ends what was begun."""
        self._leaving.append(model)
        await model.close()
        self._leaving.remove(model)

    @staticmethod
    def _has_failed(model: RunningModel) -> bool:
        return model.status.state in (ModelState.FAILED, ModelState.MISSING)

    async def step_down(self) -> str:
        """Go on with the starter brain when the present model can't be used; the sentence about it, or nothing."""
        chosen = self._options.model or self._options.scripted
        if chosen or self.is_starter or not self._file or not self._has_failed(self.model):
            return ""
        sentence, old = self.model.status.detail, self.model
        starter = Settings()
        fresh = await self._make(starter)
        await fresh.start()
        part = self._part  # that of the settings still: they are tried again at the next start
        await self._take_over(old, fresh, starter)
        self._part, self._chosen = part, False
        return STAYS.format(sentence=sentence, name="my starter brain")

    # resting

    def touch(self) -> None:
        """Somebody talks or is about to."""
        self._touched = asyncio.get_running_loop().time()

    async def wake(self) -> None:
        """Be ready when the first word comes."""
        self.touch()
        if isinstance(self.model, LlamaModel):
            await self.model.wake()

    async def rest(self) -> bool:
        """Give the memory of the model back until it is needed; False while it has something to do."""
        return isinstance(self.model, LlamaModel) and await self.model.rest()

    def hear(self, event: Event) -> None:
        """Words keep her awake."""
        if isinstance(event, UserSpoke | ReplyFinished):
            self.touch()

    async def tend(self) -> None:
        """Rest when nobody has talked for as long as the settings say, or when other programs need the memory."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            quiet = asyncio.get_running_loop().time() - self._touched
            if self.status.state is ModelState.READY and self._may_rest(quiet):
                await self.rest()

    def _may_rest(self, quiet: float) -> bool:
        if self._idle_seconds and quiet >= self._idle_seconds:
            return True
        return quiet >= QUIET_SECONDS and memory_is_low()

    # making

    async def _make(self, settings: Settings) -> RunningModel:
        self._file = None
        if self._options.scripted:
            from alisa_desktop.model.scripted import ScriptedModel

            return ScriptedModel(self._options.scripted, on_status=self._tell_status)
        if not self._options.model and settings.model_source is ModelSource.SERVER:
            from alisa_desktop.model.remote import RemoteModel  # httpx: only for those who have a server

            key = settings.server_key.get_secret_value() or await asyncio.to_thread(read_key, settings.server_url)
            return RemoteModel(
                settings.server_url, settings.server_model, key, on_status=self._tell_status, sees=settings.server_sees
            )
        self._file = self._model_file(settings)
        return LlamaModel(
            self._file,
            command=child_command("--runner"),
            context_tokens=settings.context_tokens,
            safe_models=SafeList(self._paths.safe_models),
            variants=self._variants,
            cwd=self._paths.resources,
            on_status=self._tell_status,
            adopt=self._adopt,
            threads=None if self.is_starter else lambda: threads_for(look(self._paths.profile)),
            state_folder=self._paths.states,
            gpu_file=self._paths.graphics,
            limits=self._limits,
        )

    def _model_file(self, settings: Settings) -> Path:
        if self._options.model:
            return self._options.model
        chosen = settings.model_source is ModelSource.FILE
        return Path(settings.model_file) if chosen else self._paths.starter_model

    def _tell_status(self, status: ModelStatus) -> None:
        self._publish(ModelChanged(status))


class _Trouble(NamedTuple):
    sentence: str = ""
    too_big: bool = False


async def _trouble(model: LlamaModel) -> _Trouble:
    """What keeps it from being ready, once that is known."""
    try:
        await model.ready()
    except ModelError as error:
        return _Trouble(error.sentence, isinstance(error, ModelTooBig))
    return _Trouble()


def model_part(settings: Settings) -> tuple[object, ...]:
    """What of the settings decides which model it is."""
    source = settings.model_source
    if source is ModelSource.SERVER:
        return source, settings.server_url, settings.server_model, settings.server_key, settings.server_sees
    return (source, settings.model_file, settings.context_tokens) if source is ModelSource.FILE else (source,)
