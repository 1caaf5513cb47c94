"""A model file of the user's, spoken to through a supervised child process that may crash without taking us along."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from alisa_desktop.core import errors
from alisa_desktop.core.errors import (
    AlisaError,
    MessageTooLong,
    ModelCrashed,
    ModelError,
    ModelMissing,
    SightFailed,
)
from alisa_desktop.core.frames import PROTOCOL, Frame
from alisa_desktop.core.messages import (
    Chosen,
    Chunk,
    Message,
    ModelState,
    ModelStatus,
    Occasion,
    Prompt,
    Role,
    StreamPart,
    Usage,
    notes_for_any_model,
)
from alisa_desktop.host.child import ChildProcess, Process
from alisa_desktop.model.beside import projector_beside
from alisa_desktop.model.repertoire import Repertoire, line_of
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.topics import plain

CRASH_LIMIT = 3
BLIND_AFTER = 2
"""After so many crashes in a row, a model is given no vision projector: it may be what they come from."""
BACK_OFF = (0.5, 1.0, 2.0)
GRACE_SECONDS = 2.0
CANCEL_SECONDS = 2.0
KILLED = -9  # by hand or for lack of memory: says nothing about the processor

RESTARTING = "My model stopped unexpectedly. I'm starting it again."
LOST = "My model stopped in the middle of that. I'm starting it again; please say it once more."
GIVEN_UP = (
    "My model stopped unexpectedly three times in a row, so I've given up on it. "
    "Choose another model or a smaller context in Settings, or restart me to try it again."
)
SWITCHED_OFF = "My model is switched off."

log = logging.getLogger(__name__)


class LlamaModel:
    """A `ChatModel` that runs a GGUF file in a runner process; use it on the loop's thread.

    `command` starts the runner, in the folder `cwd`; `adopt` ties the process to ours (called in the thread that
    starts it). `on_status` hears every change. A runner that crashes is started again after `back_off` seconds (one
    number for each crash in a row); after three crashes in a row it stays down. One that crashes while loading is
    started the safe way, and `safe_models` remembers that; after two crashes in a row it goes without its eyes.
    """

    def __init__(
        self,
        path: Path,
        *,
        command: Sequence[str],
        context_tokens: int,
        safe_models: SafeList,
        cwd: Path,
        on_status: Callable[[ModelStatus], None] = lambda _: None,
        adopt: Callable[[Process], None] | None = None,
        back_off: Sequence[float] = BACK_OFF,
        threads: int | None = None,
    ) -> None:
        self._path = _at_home(path).absolute()
        self._command = command
        self._wanted_context = context_tokens
        self._threads = threads
        self._safe_models = safe_models
        self._cwd = cwd
        self._on_status = on_status
        self._adopt = adopt
        self._back_off = back_off
        self._status = ModelStatus(ModelState.LOADING, self._path.stem)
        self._context = 0
        self._sees = False
        self._projector: Path | None = None
        self._error: AlisaError | None = None
        self._settled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._ids = itertools.count(1)
        self._requests: dict[int, asyncio.Queue[Frame | AlisaError]] = {}
        self._repertoire: Repertoire | None = None
        self._runner: ChildProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._crashes = 0
        self._go_safe = False

    @property
    def status(self) -> ModelStatus:
        """Where the model stands now."""
        return self._status

    @property
    def context_tokens(self) -> int:
        """The room for prompt and reply together, in tokens; 0 until the model is ready for the first time."""
        return self._context

    async def start(self) -> None:
        """Begin to load in the background and return at once; does nothing while it runs."""
        if self._supervisor is None or self._supervisor.done():
            self._crashes = 0
            self._error = None
            self._tell(ModelState.LOADING)
            self._supervisor = asyncio.create_task(self._supervise(), name="model supervisor")

    async def close(self) -> None:
        """End the runner and everything that belongs to it; `start` may follow."""
        self._error = ModelCrashed(SWITCHED_OFF)
        self._settled.set()
        if self._supervisor:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        if self._runner:
            await self._runner.stop(GRACE_SECONDS)
        self._runner = self._supervisor = None
        self._fail_requests(ModelCrashed(SWITCHED_OFF))

    async def ready(self) -> None:
        """Wait until the model can answer; raises `ModelError` when it can't."""
        while self._error is None and self._status.state is not ModelState.READY:
            await self._settled.wait()
        if self._error:
            raise type(self._error)(self._error.sentence)

    async def notes(self, occasion: Occasion) -> list[str]:
        """Return the notes for a message: a line for a model that has a repertoire, else all facts that it asks for.

        Raises `ModelError`.
        """
        await self.ready()
        if self._repertoire is None:
            return notes_for_any_model(occasion)
        with self._request("classify", text=plain(occasion.text)) as (_, frames):
            scores = (await _next(frames))["scores"]
        return self._repertoire.notes(occasion, scores)

    @property
    def _classifier_path(self) -> Path:
        return self._path.with_suffix(".topics.gguf")

    def _load_repertoire(self) -> Repertoire | None:
        path = self._path.with_suffix(".repertoire")
        if not (path.exists() and self._classifier_path.exists()):
            return None
        try:
            return Repertoire.load(path)
        except (OSError, ValueError) as error:
            log.warning("%s can't be read, so the model goes without: %s", path.name, error)
            return None

    def _read(self, messages: Sequence[Message]) -> Sequence[Message]:
        """What the model is given of a prompt: one with a repertoire speaks the line of the last message, so it reads
        nothing of the past and is as quick after a hundred turns as after one."""
        if self._repertoire is None:
            return messages
        return [message for message in messages[:-1] if message.role is Role.SYSTEM] + [messages[-1]]

    async def count(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the prompt of `messages` takes; raises `ModelError`."""
        await self.ready()
        with self._request("count", messages=_plain(self._read(messages))) as (_, frames):
            return int((await _next(frames))["tokens"])

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
            with self._request("generate", **said) as (request, frames):
                heard = 0
                running = True
                try:
                    while running:
                        part = _part(await _next(frames))
                        heard += isinstance(part, Chunk)
                        if isinstance(part, Usage):
                            running = False
                            self._crashes = 0
                        yield part
                except AlisaError:
                    running = False
                    raise
                finally:
                    if running:
                        await self._cancel(request, heard, frames)

    async def _cancel(self, request: int, heard: int, frames: asyncio.Queue[Frame | AlisaError]) -> None:
        """Stop the reply and wait for the runner to say so; one that doesn't is killed and started again."""
        if self._runner is None:
            return
        self._runner.send({"type": "cancel", "id": request, "chunks": heard})
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                while (await _next(frames))["type"] != "done":
                    pass
        except TimeoutError:
            log.warning("the runner did not stop its reply; killing it")
            self._runner.kill()
        except AlisaError:  # it crashed or failed meanwhile: stopped all the same
            pass

    @contextmanager
    def _request(self, kind: str, **said: object) -> Iterator[tuple[int, asyncio.Queue[Frame | AlisaError]]]:
        if self._runner is None:
            raise ModelCrashed(SWITCHED_OFF)
        request = next(self._ids)
        frames: asyncio.Queue[Frame | AlisaError] = asyncio.Queue()
        self._requests[request] = frames
        self._runner.send({"type": kind, "id": request, **said})
        try:
            yield request, frames
        finally:
            self._requests.pop(request, None)

    def _fail_requests(self, error: AlisaError) -> None:
        for frames in self._requests.values():
            frames.put_nowait(error)

    # Supervision

    async def _supervise(self) -> None:
        while not await self._run_once():
            self._crashes += 1
            self._fail_requests(ModelCrashed(LOST))
            if self._crashes >= CRASH_LIMIT:
                self._give_up(ModelCrashed(GIVEN_UP))
                return
            self._tell(ModelState.LOADING, RESTARTING)
            await asyncio.sleep(self._back_off[min(self._crashes, len(self._back_off)) - 1])

    async def _run_once(self) -> bool:
        """Run one runner to its end; True when it refused the file, which no restart changes."""
        self._runner = ChildProcess(
            self._command, self._cwd, first=self._load_request, on_frame=self._take, adopt=self._settle_in
        )
        await self._runner.ended.wait()
        if self._status.state is ModelState.LOADING and self._runner.exit_status != KILLED:
            self._go_safe = True
        return self._error is not None

    def _settle_in(self, process: Process) -> None:
        """Tie the process to ours, and read what belongs to the model while it starts; in the reader's thread."""
        if self._adopt:
            self._adopt(process)
        if self._repertoire is None:
            self._repertoire = self._load_repertoire()

    def _load_request(self) -> Frame:
        safe = self._go_safe or self._path in self._safe_models
        classifier = str(self._classifier_path) if self._classifier_path.exists() else ""
        self._projector = projector_beside(self._path) if self._crashes < BLIND_AFTER else None
        return {
            "type": "load", "path": str(self._path), "context": self._wanted_context, "threads": self._threads,
            "safe": safe, "classifier": classifier, "mmproj": str(self._projector or ""),
        }  # fmt: skip

    def _take(self, frame: Frame) -> None:
        if self._error:
            return  # given up, and it has not noticed yet
        match frame["type"]:
            case "hello" if frame["protocol"] != PROTOCOL:
                self._give_up(ModelCrashed("My parts don't fit together. Please install me again."))
            case "opened":
                self._tell(ModelState.LOADING, name=str(frame["name"]), progress=0.0)
            case "progress":
                self._tell(ModelState.LOADING, self._status.detail, progress=float(frame["value"]))
            case "ready":
                self._finish_loading(int(frame["context"]), int(frame["labels"]), bool(frame["sees"]))
            case "error" if not frame["id"]:
                self._give_up(_error(frame))
            case _:
                self._hand_over(frame)

    def _hand_over(self, frame: Frame) -> None:
        if frames := self._requests.get(int(frame.get("id", 0))):
            frames.put_nowait(_error(frame) if frame["type"] == "error" else frame)

    def _finish_loading(self, context: int, labels: int, sees: bool) -> None:
        if self._repertoire and len(self._repertoire.topics) != labels:
            log.warning("%s belongs to another repertoire, so the model goes without", self._classifier_path.name)
            self._repertoire = None
        if self._projector and not sees:
            log.warning("%s can't be used by %s, which goes without eyes", self._projector.name, self._path.name)
        self._context, self._sees = context, sees
        if self._go_safe and self._path not in self._safe_models:
            self._safe_models.add(self._path)
        self._tell(ModelState.READY)

    def _give_up(self, error: AlisaError) -> None:
        self._error = error
        if self._runner:
            self._runner.end()
        missing = isinstance(error, ModelMissing)
        self._tell(ModelState.MISSING if missing else ModelState.FAILED, error.sentence)

    def _tell(self, state: ModelState, detail: str = "", name: str = "", progress: float | None = None) -> None:
        sees = self._sees and state is ModelState.READY
        self._status = ModelStatus(state, name or self._status.name, detail, progress, sees)
        if state is ModelState.LOADING:
            self._settled.clear()
        else:
            self._settled.set()
        self._on_status(self._status)


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # ~somebody who has no home: will be called missing
        return path


def _plain(messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in messages]


async def _next(frames: asyncio.Queue[Frame | AlisaError]) -> Frame:
    frame = await frames.get()
    if isinstance(frame, AlisaError):
        raise frame
    return frame


def _part(frame: Frame) -> StreamPart:
    match frame["type"]:
        case "chosen":
            return Chosen(str(frame["option"]))
        case "chunk":
            return Chunk(str(frame["text"]))
        case _:
            return Usage(int(frame["prompt"]), int(frame["decoded"]), int(frame["reply"]))


def _error(frame: Frame) -> AlisaError:
    """Return the error the runner named; it may only name those that blame the model, its eyes or the message."""
    kind = getattr(errors, str(frame["kind"]), None)
    if isinstance(kind, type) and issubclass(kind, ModelError | MessageTooLong | SightFailed):
        return kind(str(frame["sentence"]))
    return ModelCrashed(LOST)
