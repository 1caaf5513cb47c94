"""Keeps a runner with one model file alive: starts it, starts it again, lets it rest, and gives up in the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from alisa_desktop.core.errors import AlisaError, ModelCrashed, ModelMissing, ModelTooBig, ProcessorUnfit
from alisa_desktop.core.frames import PROTOCOL, Frame
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.host.child import ChildProcess, Process
from alisa_desktop.model.gpu import Graphics
from alisa_desktop.model.load_plan import LoadPlan
from alisa_desktop.model.requests import LOST, Frames, Requests, error_in
from alisa_desktop.model.variants import ILLEGAL, KILLED, UNFIT, Choice, Variants

CRASH_LIMIT = 3
BLIND_AFTER = 2
"""After so many crashes in a row, a model is given no vision projector: it may be what they come from."""
BACK_OFF = (0.5, 1.0, 2.0)
GRACE_SECONDS = 1.0
"""For a runner to end by itself; then it is killed, which harms nothing."""

RESTARTING = "My model stopped unexpectedly. I'm starting it again."
GIVEN_UP = (
    "My model stopped unexpectedly three times in a row, so I've given up on it. "
    "Choose another model or a smaller context in Settings, or restart me to try it again."
)
DOES_NOT_START = (
    "My model doesn't start on this machine, not even with less context, so I've given up on it. "
    "Choose a smaller one in Settings, or restart me to try it again."
)
SWITCHED_OFF = "My model is switched off."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Program:
    """How runners are started: the `command`, in the folder `cwd`; `adopt` ties the process to ours.

    `back_off` is how long to wait (s) after a crash before the next one, a number for each crash in a row.
    """

    command: Sequence[str]
    cwd: Path
    adopt: Callable[[Process], None] | None = None
    back_off: Sequence[float] = BACK_OFF


class Supervisor:
    """The runner of the file of `plan`; use it on the loop's thread.

    `on_status` hears every change, `on_start` is called in another thread whenever a process begins, and `on_ready`
    with how many labels its classifier has. See `LlamaModel` for what happens when it crashes.
    """

    def __init__(
        self,
        plan: LoadPlan,
        program: Program,
        *,
        variants: Variants,
        graphics: Graphics | None,
        on_status: Callable[[ModelStatus], None],
        on_start: Callable[[], None],
        on_ready: Callable[[int], None],
    ) -> None:
        self.plan = plan
        self.status = ModelStatus(ModelState.LOADING, plan.path.stem)
        self.context_tokens = 0
        self._program = program
        self._choice = Choice(variants)
        self._graphics = graphics
        self._on_status = on_status
        self._on_start = on_start
        self._on_ready = on_ready
        self._sees = False
        self._error: AlisaError | None = None
        self._settled = asyncio.Event()
        self._requests = Requests()
        self._runner: ChildProcess | None = None
        self._pid = 0
        self._device = ""
        self._unprobed = False
        self._rested: ChildProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._crashes = 0

    @property
    def gave_up(self) -> bool:
        """Whether the file can't be used, or crashed too often; `start` tries again."""
        return self.status.state in (ModelState.FAILED, ModelState.MISSING)

    @property
    def memory_bytes(self) -> int:
        """What the runner's process takes of the machine's memory (RSS); 0 without one."""
        if self.status.state is not ModelState.READY:
            return 0
        with suppress(psutil.Error):
            return int(psutil.Process(self._pid).memory_info().rss)
        return 0

    def start(self) -> None:
        """Begin to load, or wake up; does nothing while it runs."""
        running = self._task is not None and not self._task.done()
        if running and self.status.state is not ModelState.RESTING:
            return
        self._crashes = 0
        self._error = None
        self._tell(ModelState.LOADING)
        if not running:  # else it is still going to rest, and begins again when the process is gone
            self._task = asyncio.create_task(self._supervise(), name="model supervisor")

    def begin_resting(self) -> None:
        """Begin at rest, instead of `start`."""
        self._tell(ModelState.RESTING)

    def wake(self) -> None:
        """Begin to load again, if it rests."""
        if self._error is None and self.status.state is ModelState.RESTING:
            self.start()

    async def close(self) -> None:
        """End the runner and everything that belongs to it; `start` may follow."""
        self._error = ModelCrashed(SWITCHED_OFF)
        self._settled.set()
        self._requests.fail(ModelCrashed(SWITCHED_OFF))  # nobody needs to wait for a runner that may hang
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._runner:
            await self._runner.stop(GRACE_SECONDS)
        self._runner = self._task = None

    async def rest(self) -> bool:
        """End the runner until it is needed; False, and nothing happens, while it works, loads or is not there."""
        if self._error or self.status.state is not ModelState.READY or self._requests or self._runner is None:
            return False
        self._rested = self._runner
        self._tell(ModelState.RESTING)
        await self._rested.stop(GRACE_SECONDS)
        return True

    async def ready(self) -> None:
        """Wait until the runner can answer, waking it if it rests; raises `ModelError` when it can't."""
        while self._error is None and self.status.state is not ModelState.READY:
            self.wake()
            await self._settled.wait()
        if self._error:
            raise type(self._error)(self._error.sentence)

    def request(self, kind: str, **said: object) -> AbstractContextManager[tuple[int, Frames]]:
        """Send a request and give its number and where its answers arrive; nothing may come between it and `ready`."""
        if self._runner is None:
            raise ModelCrashed(SWITCHED_OFF)
        return self._requests.begin(self._runner.send, {"type": kind, **said})

    def send(self, frame: Frame) -> None:
        """Tell the runner something that has no answer of its own."""
        if self._runner:
            self._runner.send(frame)

    def kill(self) -> None:
        """End a runner that does not listen; another one follows."""
        if self._runner:
            self._runner.kill()

    def end(self) -> None:
        """Let the runner end by itself."""
        if self._runner:
            self._runner.end()

    def forgive(self) -> None:
        """It did its work: the next crash is the first one again."""
        self._crashes = 0

    # One runner after the other

    async def _supervise(self) -> None:
        while True:
            program = self._program
            self._pid = 0
            self._runner = runner = ChildProcess(
                program.command, program.cwd, first=self._first, on_frame=self._take, adopt=self._adopt
            )
            await runner.ended.wait()
            if self._error or (runner is self._rested and self.status.state is ModelState.RESTING):
                return
            if self._unprobed and self._graphics:
                self._unprobed = False
                await self._graphics.probe(self._device, self.plan.path, self.plan.context, self._choice.variant)
            elif self._choice.was_wrong(runner.exit_status):
                self._lose()
            elif runner is not self._rested and not await self._recover(runner.exit_status):
                return

    def _first(self) -> Frame:
        """Look up what belongs to the model while the process starts; in the reader's thread."""
        self.plan.prepare(blind=self._crashes >= BLIND_AFTER)
        return {"type": "greet"}

    def _adopt(self, process: Process) -> None:
        if self._program.adopt:
            self._program.adopt(process)
        self._on_start()

    def _lose(self) -> None:
        """Start again at once: the processor gets another variant."""
        self._requests.fail(ModelCrashed(LOST))
        self._tell(ModelState.LOADING, "" if self.status.state is ModelState.LOADING else RESTARTING)

    async def _recover(self, exit_status: int | None) -> bool:
        """Get over a crash; False when it was one too many."""
        self._crashes += 1
        self._requests.fail(ModelCrashed(LOST))
        less = self._less(exit_status) if self.status.state is ModelState.LOADING else ""
        if not less and self._crashes >= CRASH_LIMIT:
            sentence = GIVEN_UP if self._crashes == CRASH_LIMIT else DOES_NOT_START
            self._give_up(ProcessorUnfit(UNFIT) if exit_status == ILLEGAL else ModelCrashed(sentence))
            return False
        self._tell(ModelState.LOADING, less or RESTARTING)
        waits = self._program.back_off
        await asyncio.sleep(waits[min(self._crashes, len(waits)) - 1])
        return True

    def _less(self, exit_status: int | None) -> str:
        """What to do without after a crash on loading: speed, eyes, then context and graphics card, with a sentence."""
        if exit_status != KILLED and not self.plan.safe:
            self.plan.safe = True
            return ""
        if not self._pid or (exit_status != KILLED and self.plan.projector):
            return ""
        return self._step_down()

    def _step_down(self) -> str:
        on_card = self.plan.gpu_layers
        said = self.plan.step_down()
        if on_card and not self.plan.gpu_layers and self._graphics:
            self._graphics.blame(self._device, self.plan.path, self.plan.wanted)
        return said

    # What it says

    def _take(self, frame: Frame) -> None:
        if self._error:
            return  # given up, and it has not noticed yet
        match frame["type"]:
            case "hello" if frame["protocol"] != PROTOCOL:
                self._give_up(ModelCrashed("My parts don't fit together. Please install me again."))
            case "hello":
                self._pid, self._device = int(frame["pid"]), str(frame.get("gpu", ""))
                self._begin(frame)
            case "tried":
                self._choice.confirm(frame)
                self._load()
            case "opened":
                self.plan.context = int(frame["context"])
                self._tell(ModelState.LOADING, self.status.detail, name=str(frame["name"]), progress=0.0)
            case "progress":
                self._tell(ModelState.LOADING, self.status.detail, progress=float(frame["value"]))
            case "ready":
                self._finish_loading(int(frame["context"]), int(frame["labels"]), bool(frame["sees"]))
            case "error" if not frame["id"]:
                self._refuse(frame)
            case _:
                self._requests.hand_over(frame)

    def _begin(self, hello: Frame) -> None:
        """Have the runner try what nobody knows to work here, else load."""
        try:
            order = self._choice.make(hello)
        except ProcessorUnfit as error:
            self._give_up(error)
            return
        if order:
            self.send(order)
        else:
            self._load()

    def _load(self) -> None:
        request = self.plan.request()
        if self._graphics and self._device and not self.plan.less.processor_only:
            layers = self._graphics.layers(self._device, self.plan.path, self.plan.context)
            if layers is None:
                self._unprobed = True
                self.end()
                return
            request = self.plan.request(layers)
        self.send({**request, "variant": self._choice.variant})

    def _refuse(self, frame: Frame) -> None:
        """Hear that the file can't be loaded; what is too big is tried with less, by the same runner."""
        error = error_in(frame)
        if isinstance(error, ModelTooBig):
            self.plan.context = int(frame.get("context", self.plan.context))
            if less := self._step_down():
                self._tell(ModelState.LOADING, less)
                self._load()
                return
        self._give_up(error)

    def _finish_loading(self, context: int, labels: int, sees: bool) -> None:
        if self.plan.projector and not sees:
            log.warning(
                "%s can't be used by %s, which goes without eyes", self.plan.projector.name, self.plan.path.name
            )
        self._on_ready(labels)
        self.context_tokens, self._sees = context, sees
        self.plan.loaded()
        self._tell(ModelState.READY, self.plan.less.sentence)

    def _give_up(self, error: AlisaError) -> None:
        self._error = error
        if self.status.state is ModelState.LOADING:
            self.plan.forget()
        self.end()
        missing = isinstance(error, ModelMissing)
        self._tell(ModelState.MISSING if missing else ModelState.FAILED, error.sentence)

    def _tell(self, state: ModelState, detail: str = "", name: str = "", progress: float | None = None) -> None:
        sees = self._sees and state is ModelState.READY
        self.status = ModelStatus(state, name or self.status.name, detail, progress, sees)
        if state is ModelState.LOADING:
            self._settled.clear()
        else:
            self._settled.set()
        self._on_status(self.status)
