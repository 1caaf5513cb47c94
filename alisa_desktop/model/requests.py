"""What the engine asks a runner for, each under a number, and the answers as they come in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alisa_desktop.core import errors
from alisa_desktop.core.errors import AlisaError, MessageTooLong, ModelCrashed, ModelError, SightFailed
from alisa_desktop.core.frames import Frame

LOST = "My model stopped in the middle of that. I'm starting it again; please say it once more."

Frames = asyncio.Queue[Frame | AlisaError]
"""What comes back for one request."""


class Requests:
    """The requests that are not answered yet; on the loop's thread."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._open: dict[int, Frames] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def begin(self, send: Callable[[Frame], None], frame: Frame) -> Iterator[tuple[int, Frames]]:
        """Send `frame` under a number of its own and give the number and where its answers arrive."""
        number = next(self._ids)
        frames = self._open[number] = Frames()
        send({**frame, "id": number})
        try:
            yield number, frames
        finally:
            self._open.pop(number, None)

    def hand_over(self, frame: Frame) -> None:
        """Give an answer to whoever asked; one that nobody waits for any more is dropped."""
        if frames := self._open.get(int(frame.get("id", 0))):
            frames.put_nowait(error_in(frame) if frame["type"] == "error" else frame)

    def fail(self, error: AlisaError) -> None:
        """Answer all of them with an error."""
        for frames in self._open.values():
            frames.put_nowait(error)


async def next_frame(frames: Frames) -> Frame:
    """Wait for the next answer to a request; raises the error that came instead."""
    frame = await frames.get()
    if isinstance(frame, AlisaError):
        raise frame
    return frame


def error_in(frame: Frame) -> AlisaError:
    """Return the error the runner named; it may only name those that blame the model, its eyes or the message."""
    kind = getattr(errors, str(frame["kind"]), None)
    if isinstance(kind, type) and issubclass(kind, ModelError | MessageTooLong | SightFailed):
        return kind(str(frame["sentence"]))
    return ModelCrashed(LOST)
