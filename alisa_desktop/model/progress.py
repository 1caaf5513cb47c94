"""How a download does, told a few times a second: bytes, a smoothed rate, and the time that is left."""

from __future__ import annotations

import math
from collections.abc import Callable

from alisa_desktop.core.brains import Fetch, FetchState

TELL_EVERY = 0.25
SMOOTHING = 4.0


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
        self._done = self._total = 0
        self._rate = 0.0
        self._counted = (0.0, 0)

    def state(self, state: FetchState, sentence: str = "") -> Fetch:
        """Tell a change of state, at once, and return what was told; the same once more is not told again."""
        if (state, sentence) != (self.last.state, self.last.sentence):
            self._rate = 0.0
            self._counted = (self._clock(), self._done)
            self._say(state, sentence)
        return self.last

    def at(self, done: int, total: int) -> None:
        """Note how many bytes of how many are here."""
        self._done, self._total = done, total
        if self._clock() - self._told_at >= TELL_EVERY:
            self._measure()
            self._say(self.last.state, self.last.sentence)

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
        left = (self._total - self._done) / rate if rate > 0 else None
        self.last = Fetch(self.last.id, self.last.title, state, self._done, self._total, rate, left, sentence)
        self._tell(self.last)
