"""The pipe as a child process holds it: frames on standard input and output, one request after the other."""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.frames import Frame, FrameDecoder, FrameError, encode
from alisa_desktop.core.log import start_logging
from alisa_desktop.core.log_lines import TaggedLines
from alisa_desktop.host.bugs import catch

READ_SIZE = 65_536
STANDARD_HANDLES = (0xFFFFFFF6, 0xFFFFFFF5)  # processenv.h, STD_INPUT_HANDLE and STD_OUTPUT_HANDLE


def connect() -> tuple[Inbox, Outbox]:
    """Take standard input and output over for frames; call it once, before anything is printed.

    Ctrl-C is for the parent, which ends the child by closing the pipe; stray prints go to standard error, and whoever
    else reads finds nothing.
    """
    outbox = Outbox(_take_over(1, 2))
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # a device, no path
        inbox = Inbox(_take_over(0, nothing.fileno()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _log_to_the_engine()
    threading.Thread(target=inbox.read_forever, name="pipe reader", daemon=True).start()
    return inbox, outbox


def _log_to_the_engine() -> None:
    """Write warnings, bugs and the stacks of a crash to standard error, which `ChildProcess` reads."""
    if sys.stderr is None:  # a windowed program on Windows: the pipe is there all the same
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)
    faulthandler.enable(2)
    start_logging(None)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(TaggedLines())
    catch()


def _take_over(stream: int, other: int) -> int:
    """Keep the pipe of a standard stream under a number of our own, and put another file in its place.

    On Windows, every C library that is loaded asks what its standard input is, and would wait until our read is over.
    """
    pipe = os.dup(stream)
    os.dup2(other, stream)
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        msvcrt.setmode(pipe, os.O_BINARY)
        set_handle = ctypes.WinDLL("kernel32").SetStdHandle
        set_handle.argtypes = [ctypes.c_uint32, ctypes.c_void_p]
        set_handle(STANDARD_HANDLES[stream], msvcrt.get_osfhandle(stream))
    return pipe


class Outbox:
    """Writes frames to the engine; main thread only."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "wb")

    def send(self, **frame: Any) -> None:
        """Write one frame at once; raises `BrokenPipeError` when nobody reads any more."""
        self._pipe.write(encode(frame))
        self._pipe.flush()

    def fail(self, request: int, error: AlisaError) -> None:
        """Report `error` for a request (0: for loading)."""
        self.send(type="error", id=request, kind=type(error).__name__, sentence=error.sentence)


class Inbox:
    """Reads frames from the engine in a thread of its own, so that a cancel is seen while the model works."""

    def __init__(self, descriptor: int) -> None:
        self.ended = False
        self._pipe = descriptor
        self._requests: queue.Queue[Frame | None] = queue.Queue()
        self._cancelled = (0, 0)

    def read_forever(self) -> None:
        """Take frames in until the pipe ends or breaks."""
        decoder = FrameDecoder()
        with suppress(OSError, FrameError):
            while data := os.read(self._pipe, READ_SIZE):
                for frame in decoder.feed(data):
                    self._sort(frame)
        self.ended = True
        self._requests.put(None)

    def _sort(self, frame: Frame) -> None:
        if frame.get("type") == "cancel":
            self._cancelled = (int(frame["id"]), int(frame["chunks"]))
        else:
            self._requests.put(frame)

    def heard(self, request: int) -> int | None:
        """Return how many chunks of `request` were heard before it was cancelled, None while it is wanted."""
        cancelled, chunks = self._cancelled
        return chunks if request and cancelled >= request else None

    @property
    def waits(self) -> bool:
        """Whether a request, or the end, waits to be taken."""
        return self.ended or not self._requests.empty()

    def next(self, seconds: float | None = None) -> Frame | None:
        """The next request; None when the pipe has ended, or `seconds` have passed without one."""
        with suppress(queue.Empty):
            frame = self._requests.get(timeout=seconds)
            return None if self.ended else frame
        return None

    def requests(self) -> Iterator[Frame]:
        """Give the requests in their order until the pipe ends."""
        while frame := self.next():
            yield frame
