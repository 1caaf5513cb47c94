"""A child process as the engine holds it: its pipes never block the loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from alisa_desktop.core.frames import Frame, FrameDecoder, FrameError, encode
from alisa_desktop.core.log_lines import TAG
from alisa_desktop.core.waiting import in_time

LAST_LINES = 50
EXIT_SECONDS = 2.0
KILLED_SECONDS = 1.0
"""How long the system may take to end a process that was killed; one that waits for a dead disk takes for ever."""
# stacks of faulthandler, our own log, and what llama.cpp says of itself; a debugger that it calls prints arguments, too
HARMLESS = re.compile(
    r"Fatal Python error: |Windows fatal exception: |(?:Current thread|Thread) 0x|  File \"|Extension modules: "
    rf"|{re.escape(TAG)}|(?:llama_cpp|no eyes|OCR): |(?:ggml|llama)_\w+: |[^ ]*:\d+: GGML_ASSERT\(|llama\S* returned "
)
"""Lines on standard error that go into the log after a crash. All others may hold what was said or seen."""

Process = subprocess.Popen[bytes]
log = logging.getLogger(__name__)


class ChildProcess:
    """One child from its start to its end, called `name` in the log. Use it on the loop's thread; frames arrive there.

    The process is started, read and waited for in a thread of its own (`adopt` and `first`, which makes the first
    frame, are called in it); two more threads write and listen to standard error. When `ended` is set, the process is
    gone with `exit_status` (None: it never started) and all three are done.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        *,
        first: Callable[[], Frame],
        on_frame: Callable[[Frame], None],
        adopt: Callable[[Process], None] | None = None,
        name: str = "runner",
    ) -> None:
        self.name = name
        self.ended = asyncio.Event()
        self.exit_status: int | None = None
        self._command = list(command)
        self._cwd = cwd
        self._first = first
        self._on_frame = on_frame
        self._adopt = adopt
        self._loop = asyncio.get_running_loop()
        self._outgoing: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process: Process | None = None
        self._killed = False
        self._thread = threading.Thread(target=self._live, name=f"{name} reader", daemon=True)
        self._thread.start()

    def send(self, frame: Frame) -> None:
        """Queue `frame` for the child; one that is gone never sees it."""
        self._outgoing.put(frame)

    def end(self) -> None:
        """Close the pipe, which orders the process to end; `ended` follows."""
        self._outgoing.put(None)

    def kill(self) -> None:
        """End the process at once; `ended` follows."""
        self._killed = True
        if self._process:
            self._process.kill()

    async def stop(self, grace: float) -> None:
        """Close the pipe, give the process `grace` seconds, then kill it; returns when it is gone.

        Where not even that ends it, it is left alone after `KILLED_SECONDS`. Who is cancelled kills it at once.
        """
        self.end()
        try:
            has_ended = await in_time(self.ended.wait, grace)
        except asyncio.CancelledError:
            self.kill()
            raise
        if not has_ended:
            self.kill()
            if not await in_time(self.ended.wait, KILLED_SECONDS):
                log.error("the %s was killed and is still there", self.name)
                return
        self._thread.join()

    # In the reader's thread

    def _live(self) -> None:
        try:
            first = self._first()
            with self._spawn() as process:
                self._talk(process, first)
        except OSError as error:
            log.error("the %s does not start: %s", self.name, error)
        finally:
            self._post(self.ended.set)

    def _spawn(self) -> Process:
        pipe = subprocess.PIPE
        self._process = process = subprocess.Popen(
            self._command, cwd=self._cwd, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=no_window()
        )
        return process

    def _talk(self, process: Process, first: Frame) -> None:
        if self._adopt:
            self._adopt(process)
        if self._killed:  # before there was anything to kill
            process.kill()
        helpers = [
            threading.Thread(target=self._write, args=(process, first), name=f"{self.name} writer", daemon=True),
            threading.Thread(target=self._listen, args=(process,), name=f"{self.name} errors", daemon=True),
        ]
        for helper in helpers:
            helper.start()
        self._read(process)
        self.end()
        self.exit_status = status = _end(process)
        for helper in helpers:
            helper.join()
        self._report(status)

    def _read(self, process: Process) -> None:
        assert process.stdout
        decoder = FrameDecoder()
        try:
            while data := process.stdout.read1(65_536):  # type: ignore[attr-defined]  # a BufferedReader
                for frame in decoder.feed(data):
                    self._post(lambda frame=frame: self._on_frame(frame))  # type: ignore[misc]
        except FrameError as error:
            log.error("the %s talks nonsense: %s", self.name, error)
            process.kill()

    def _write(self, process: Process, first: Frame) -> None:
        assert process.stdin
        frame: Frame | None = first  # before all that was sent meanwhile
        with contextlib.suppress(OSError), process.stdin:
            while frame is not None:
                process.stdin.write(encode(frame))
                process.stdin.flush()
                frame = self._outgoing.get()

    def _listen(self, process: Process) -> None:
        assert process.stderr
        for line in process.stderr:
            self._lines.append(line.decode("utf-8", "replace").rstrip())

    def _report(self, status: int) -> None:
        level = logging.WARNING if status and not self._killed else logging.DEBUG
        log.log(level, "the %s ended with status %s", self.name, status)
        for line in self._lines:
            log.log(level if HARMLESS.match(line) else logging.DEBUG, "%s: %s", self.name, line.removeprefix(TAG))

    def _post(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(call)


def no_window() -> int:
    """The flags that keep Windows from opening a console for a child."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0


def _end(process: Process) -> int:
    """Wait for a process whose output has ended; one that lingers is killed."""
    try:
        return process.wait(EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def child_command(part: str) -> list[str]:
    """The arguments that start this program as one of its hidden parts: `--runner` (the model) or `--eyes`."""
    if getattr(sys, "frozen", False):
        return [sys.executable, part]
    return [sys.executable, "-P", "-m", "alisa_desktop", part]
