"""A model file of the user's, spoken to through a supervised child process that may crash without taking us along."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from alisa_desktop.core.brains import BrainUse
from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.frames import Frame
from alisa_desktop.core.messages import (
    Chosen,
    Chunk,
    Message,
    ModelStatus,
    Occasion,
    Prompt,
    Role,
    StreamPart,
    Usage,
    notes_for_any_model,
)
from alisa_desktop.host.child import Process
from alisa_desktop.model.gpu import Graphics
from alisa_desktop.model.load_plan import Limits, LoadPlan
from alisa_desktop.model.repertoire import Repertoire, line_of
from alisa_desktop.model.requests import Frames, next_frame
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.supervisor import BACK_OFF, Program, Supervisor
from alisa_desktop.model.topics import plain
from alisa_desktop.model.variants import Variants

CANCEL_SECONDS = 2.0

log = logging.getLogger(__name__)


class LlamaModel:
    """A `ChatModel` that runs a GGUF file in a runner process; use it on the loop's thread.

    `command` starts the runner, in the folder `cwd`; `adopt` ties the process to ours (called in the thread that
    starts it). `on_status` hears every change. A runner that crashes is started again after `back_off` seconds (one
    number for each crash in a row); after three crashes in a row it stays down. One that crashes while loading is
    started the safe way, and `safe_models` remembers that; after two crashes in a row it goes without its eyes. If
    that is not it, or memory is short, it goes with less and less context, then without the graphics card; `limits`
    remembers that for as long as the caller keeps it. `variants` knows what the processor can do.

    `threads` is asked at each start, off the loop, for how many to think with (None: the runner decides). What was read
    of the persona is kept in `state_folder` for the next start. `gpu_file` keeps which models the graphics card takes;
    without it, it is left alone.
    """

    def __init__(
        self,
        path: Path,
        *,
        command: Sequence[str],
        context_tokens: int,
        safe_models: SafeList,
        variants: Variants,
        cwd: Path,
        on_status: Callable[[ModelStatus], None] = lambda _: None,
        adopt: Callable[[Process], None] | None = None,
        back_off: Sequence[float] = BACK_OFF,
        threads: Callable[[], int] | None = None,
        state_folder: Path | None = None,
        gpu_file: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        plan = LoadPlan(
            _at_home(path).absolute(),
            context_tokens=context_tokens,
            safe_models=safe_models,
            threads=threads,
            state_folder=state_folder,
            limits={} if limits is None else limits,
        )
        self._plan = plan
        self._supervisor = Supervisor(
            plan,
            Program(command, cwd, adopt, back_off),
            variants=variants,
            graphics=Graphics(gpu_file, command=command, cwd=cwd, adopt=adopt) if gpu_file else None,
            on_status=on_status,
            on_start=self._open_repertoire,
            on_ready=self._check_repertoire,
        )
        self._turn = asyncio.Lock()
        self._repertoire: Repertoire | None = None
        self._last = Usage(0, 0, 0)
        self._rate = 0.0

    @property
    def status(self) -> ModelStatus:
        """Where the model stands now."""
        return self._supervisor.status

    @property
    def context_tokens(self) -> int:
        """The room for prompt and reply together, in tokens; 0 until the model is ready for the first time."""
        return self._supervisor.context_tokens

    @property
    def gave_up(self) -> bool:
        """Whether the file can't be used on this machine, or crashed too often; `start` tries again."""
        return self._supervisor.gave_up

    @property
    def makes_do(self) -> bool:
        """Whether it goes with less in this session than it was made for, as its status says in words."""
        return bool(self._plan.less.sentence)

    def want_all(self) -> None:
        """Begin the next start with all the context again: there is more room now."""
        self._plan.forget()

    @property
    def use(self) -> BrainUse:
        """How it does: context after the last prompt and its reply, their speed, and memory asked for just now."""
        last = self._last
        reused = (last.prompt - last.decoded) / last.prompt if last.prompt else 0.0
        return BrainUse(
            last.prompt + last.reply, self.context_tokens, self._rate, reused, self._supervisor.memory_bytes
        )

    async def start(self) -> None:
        """Begin to load in the background and return at once; does nothing while it runs."""
        self._supervisor.start()

    def begin_resting(self) -> None:
        """Begin at rest, instead of `start`: whatever needs the model wakes it."""
        self._supervisor.begin_resting()

    async def close(self) -> None:
        """End the runner and everything that belongs to it; `start` may follow."""
        await self._supervisor.close()

    async def rest(self) -> bool:
        """Give the model's memory back until it is needed again, and return when that is done.

        False, and nothing happens, while it loads, has something to do, or is not there.
        """
        return not self._turn.locked() and await self._supervisor.rest()

    async def wake(self) -> None:
        """Begin to load again, if it rests, and return at once; whatever needs the model does that, too."""
        self._supervisor.wake()

    async def ready(self) -> None:
        """Wait until the model can answer, and wake it if it rests; raises `ModelError` when it can't."""
        await self._supervisor.ready()

    async def notes(self, occasion: Occasion) -> list[str]:
        """Return the notes for a message: a line for a model that has a repertoire, else all facts that it asks for.

        Raises `ModelError`.
        """
        await self.ready()
        if self._repertoire is None:
            return notes_for_any_model(occasion)
        with self._supervisor.request("classify", text=plain(occasion.text)) as (_, frames):
            scores = (await next_frame(frames))["scores"]
        return self._repertoire.notes(occasion, scores)

    def _open_repertoire(self) -> None:
        """Read the repertoire, once; in the thread that starts the runner."""
        if self._repertoire is None:
            self._repertoire = self._load_repertoire()

    def _load_repertoire(self) -> Repertoire | None:
        path = self._plan.path.with_suffix(".repertoire")
        if not (path.exists() and self._plan.classifier_path.exists()):
            return None
        try:
            return Repertoire.load(path)
        except (OSError, ValueError) as error:
            log.warning("%s can't be read, so the model goes without: %s", path.name, error)
            return None

    def _check_repertoire(self, labels: int) -> None:
        if self._repertoire and len(self._repertoire.topics) != labels:
            name = self._plan.classifier_path.name
            log.warning("%s belongs to another repertoire, so the model goes without", name)
            self._repertoire = None

    def _read(self, messages: Sequence[Message]) -> Sequence[Message]:
        """What the model is given of a prompt: one with a repertoire speaks the line of the last message, so it reads
        nothing of the past and is as quick after a hundred turns as after one."""
        if self._repertoire is None:
            return messages
        return [message for message in messages[:-1] if message.role is Role.SYSTEM] + [messages[-1]]

    async def count(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the prompt of `messages` takes; raises `ModelError`."""
        await self.ready()
        with self._supervisor.request("count", messages=_plain(self._read(messages))) as (_, frames):
            return int((await next_frame(frames))["tokens"])

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Generate one reply, after the ones asked for before; see `ChatModel.stream`.

        A model with a repertoire speaks what is written, and leaves nothing to chance.
        """
        async with self._turn:
            await self.ready()
            choice = asdict(prompt.choice) if prompt.choice else None
            sampling, line = prompt.sampling, prompt.line
            if self._repertoire:
                sampling, line = replace(sampling, temperature=0.0), line_of(prompt.messages[-1].content)
            messages = _plain(self._read(prompt.messages))
            said = {"messages": messages, "sampling": asdict(sampling), "choice": choice, "line": line}
            said["picture"] = prompt.picture
            with self._supervisor.request("generate", **said) as (request, frames):
                heard = 0
                running = True
                try:
                    while running:
                        frame = await next_frame(frames)
                        part = _part(frame)
                        heard += isinstance(part, Chunk)
                        if isinstance(part, Usage):
                            running = False
                            self._note(part, float(frame.get("seconds", 0.0)))
                        yield part
                except AlisaError:
                    running = False
                    raise
                finally:
                    if running:
                        await self._cancel(request, heard, frames)

    def _note(self, usage: Usage, seconds: float) -> None:
        """Keep what a finished reply took; `seconds` passed between its first and its last token."""
        self._supervisor.forgive()
        self._last = usage
        self._rate = (usage.reply - 1) / seconds if seconds and usage.reply > 1 else 0.0

    async def _cancel(self, request: int, heard: int, frames: Frames) -> None:
        """Stop the reply and wait for the runner to say so; one that doesn't is killed and started again."""
        self._supervisor.send({"type": "cancel", "id": request, "chunks": heard})
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                while (await next_frame(frames))["type"] != "done":
                    pass
        except TimeoutError:
            log.warning("the runner did not stop its reply; killing it")
            self._supervisor.kill()
        except AlisaError:  # it crashed or failed meanwhile: stopped all the same
            pass


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # ~somebody who has no home: will be called missing
        return path


def _plain(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in messages]


def _part(frame: Frame) -> StreamPart:
    match frame["type"]:
        case "chosen":
            return Chosen(str(frame["option"]))
        case "chunk":
            return Chunk(str(frame["text"]))
        case _:
            return Usage(int(frame["prompt"]), int(frame["decoded"]), int(frame["reply"]))
