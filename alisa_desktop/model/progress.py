"""How a download does, told a few times a second: bytes, a smoothed rate, and the time that is left."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from alisa_desktop.core.brains import Fetch, FetchState

TELL_EVERY = 0.25
SMOOTHING = 4.0
SILENT_AFTER = 5.0
SILENT = "Nothing has come for some seconds. I wait a little longer, then I connect anew."


class Progress:
    """Tells `tell` about the download of `id`: every change of state at once, bytes at most four times a second.

    `clock` is in seconds and never goes back. The rate is smoothed over about four seconds, and counts only what
    comes while the download runs. On the loop's thread.
    """

    def __init__(self, model_id: str, title: str, tell: Callable[[Fetch], None], clock: Callable[[], float]) -> None:
        self.last = Fetch(model_id, title, FetchState.WAITING)
        self._tell = tell
        self._clock = clock
        self._told_at = -math.inf
        self._came_at = -math.inf
        self._done = self._total = 0
        self._rate = 0.0
        self._counted = (0.0, 0)

    def state(self, state: FetchState, sentence: str = "") -> Fetch:
        """Tell a change of state, at once, and return what was told; the same once more is not told again."""
        if (state, sentence) != (self.last.state, self.last.sentence) or self._told_at == -math.inf:
            self._rate = 0.0
            self._came_at = self._clock()
            self._counted = (self._came_at, self._done)
            self._say(state, sentence)
        return self.last

    def at(self, done: int, total: int) -> None:
        """Note how many bytes of how many are here."""
        if self.last.sentence == SILENT:
            self.state(FetchState.RUNNING)
        self._done, self._total, self._came_at = done, total, self._clock()
        if self._clock() - self._told_at >= TELL_EVERY:
            self._measure()
            self._say(self.last.state, self.last.sentence)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell that it runs, and as long as the block does, tell also what is between two calls of `at`."""
        self.state(FetchState.RUNNING)
        beats = asyncio.create_task(self._beat_on(), name="progress of a download")
        try:
            yield
        finally:
            beats.cancel()
            await asyncio.wait([beats])

    def beat(self) -> None:
        """Tell what has not been told yet, a rate that falls, and silence."""
        if self.last.state is not FetchState.RUNNING or self._clock() - self._told_at < TELL_EVERY:
            return
        if self._clock() - self._came_at >= SILENT_AFTER:
            self.state(FetchState.STALLED, SILENT)
        elif self._done != self.last.done or self._rate:
            self._measure()
            self._say(self.last.state, self.last.sentence)

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            self.beat()

    def _measure(self) -> None:
        now = self._clock()
        seconds, fresh = now - self._counted[0], self._done - self._counted[1]
        self._counted = (now, self._done)
        if self.last.state is not FetchState.RUNNING or seconds <= 0 or fresh < 0:
            return
        weight = 1 - math.exp(-seconds / SMOOTHING) if self._rate else 1.0
        self._rate += (fresh / seconds - self._rate) * weight

    def _say(self, state: FetchState, sentence: str) -> None:
        self._told_at = self._clock()
        rate = self._rate if state is FetchState.RUNNING else 0.0
        left = (self._total - self._done) / rate if rate >= 1 else None
        self.last = Fetch(self.last.id, self.last.title, state, self._done, self._total, rate, left, sentence)
        self._tell(self.last)
