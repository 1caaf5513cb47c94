"""When she breathes, blinks and opens her mouth: pure timing on a clock of seconds, without Qt, timers or pictures."""

from __future__ import annotations

import math
import unicodedata
from collections import deque
from collections.abc import Iterator
from itertools import islice
from random import Random

BREATH_SECONDS = 4.0
BLINK_WAIT = (2.0, 6.0)
BLINK_CLOSED = 0.12
BLINK_HALF = 0.04
BLINK_TWICE = 0.15
MOUTH_SECONDS = 0.11
MOUTH_AHEAD = 12
"""How many openings of the mouth may wait (about 1.3 s); a faster stream drops the oldest."""
LONGEST_SAYING = 120
"""How many openings of words that are there all at once are shown (about 13 s)."""
FADE_SECONDS = 0.12
FADE_FRAME = 0.024
PULSE_SECONDS = 0.6
ROUNDING = 1e-6
"""Moments nearer than this (s) are the same one."""

SHAPES = {"a": "wide", "e": "small", "i": "small", "o": "open", "u": "open", "y": "small"}
NEIGHBOUR = {"wide": "open", "open": "small", "small": "open"}
PAUSES = frozenset(".,;:!?…\n。、！？")


class Breath:
    """A slow sine in whole steps, so that nothing has to happen between two of them."""

    def __init__(self, steps: int) -> None:
        rising = [math.acos(1 - (2 * step + 1) / steps) / math.tau * BREATH_SECONDS for step in range(steps)]
        falling = [BREATH_SECONDS - at for at in reversed(rising)]
        self._changes = [*rising, *falling]
        self._levels: list[int] = [*range(steps + 1), *range(steps - 1, -1, -1)]

    def step(self, now: float) -> int:
        """How high she is lifted at `now` (s), from 0 to the number of steps."""
        at = now % BREATH_SECONDS
        return self._levels[sum(change <= at + ROUNDING for change in self._changes)]

    def next_change(self, now: float) -> float:
        """When the step changes next (s)."""
        at = now % BREATH_SECONDS
        ahead = (change for change in self._changes if change > at + ROUNDING)
        later = next(ahead, self._changes[0] + BREATH_SECONDS)
        return now - at + later


class Blink:
    """Lids that close every few seconds at random, now and then twice; `lids` is empty, `half` or `closed`."""

    def __init__(self, random: Random) -> None:
        self.lids = ""
        self._random = random
        self._plan: deque[tuple[float, str]] = deque()

    def restart(self, now: float) -> None:
        """Open the eyes and wait for a new blink."""
        self.lids = ""
        at = now + self._random.uniform(*BLINK_WAIT)
        self._plan = deque(_blink(at))
        if self._random.random() < BLINK_TWICE:
            self._plan.extend(_blink(self._plan[-1][0] + BLINK_CLOSED))

    def advance(self, now: float) -> None:
        """Bring `lids` up to `now` (s)."""
        while self._plan and self._plan[0][0] <= now:
            self.lids = self._plan.popleft()[1]
        if not self._plan:
            self.restart(now)

    def next_change(self) -> float | None:
        """When the lids move next (s); nothing before the first `restart`."""
        return self._plan[0][0] if self._plan else None


def _blink(at: float) -> list[tuple[float, str]]:
    shut, opening = at + BLINK_HALF, at + BLINK_HALF + BLINK_CLOSED
    return [(at, "half"), (shut, "closed"), (opening, "half"), (opening + BLINK_HALF, "")]


class Mouth:
    """Openings that follow the words as they arrive, or, without words, somebody's speech; empty `shape` is closed."""

    def __init__(self, random: Random) -> None:
        self.shape = ""
        self.speaking = False
        """True while speech is heard of which we don't know the words."""
        self._random = random
        self._waiting: deque[str] = deque()
        self._next: float | None = None

    def feed(self, text: str, now: float) -> None:
        """Words arrived."""
        self._waiting.extend(openings(text))
        while len(self._waiting) > MOUTH_AHEAD:
            self._waiting.popleft()
        self._start(now)

    def say(self, text: str, now: float) -> None:
        """Words are there all at once, to be said one after another."""
        self._waiting = deque(islice(openings(text), LONGEST_SAYING))
        self._start(now)

    def speak(self, on: bool, now: float) -> None:
        """Speech began or ended."""
        self.close()
        self.speaking = on
        self._start(now)

    def _start(self, now: float) -> None:
        if self._next is None and (self._waiting or self.speaking):
            self._next = now

    def close(self) -> None:
        """Shut it now, whatever is waiting."""
        self.shape, self._next, self.speaking = "", None, False
        self._waiting.clear()

    def advance(self, now: float) -> None:
        """Bring `shape` up to `now` (s)."""
        if self._next is None or now < self._next:
            return
        self.shape = self._following()
        going = bool(self.shape or self._waiting or self.speaking)
        self._next = now + MOUTH_SECONDS if going else None

    def _following(self) -> str:
        if self._waiting:
            wish = self._waiting.popleft()
            return NEIGHBOUR[wish] if wish and wish == self.shape else wish
        return self._random.choice(("", "small", "open", "wide")) if self.speaking else ""

    def next_change(self) -> float | None:
        """When the mouth moves next (s); nothing while she is silent."""
        return self._next


def openings(text: str) -> Iterator[str]:
    """The shapes of the mouth for `text`: one for each run of vowels, a closed one for punctuation."""
    previous = ""
    for character in unicodedata.normalize("NFD", text.lower()):
        if character in SHAPES and previous not in SHAPES:
            yield SHAPES[character]
        elif character in PAUSES:
            yield ""
        elif character.isalpha() and not character.isascii():
            yield ("small", "open", "wide")[ord(character) % 3]
        previous = character


class Fade:
    """One face gives way to the next; `progress` runs from 0 to 1."""

    def __init__(self) -> None:
        self._since: float | None = None

    def start(self, now: float) -> None:
        """Begin at `now` (s)."""
        self._since = now

    def stop(self) -> None:
        """Be done at once."""
        self._since = None

    @property
    def running(self) -> bool:
        """True until `advance` sees the end."""
        return self._since is not None

    def progress(self, now: float) -> float:
        """How much of the new face shows at `now` (s)."""
        return 1.0 if self._since is None else min(1.0, max(0.0, (now - self._since) / FADE_SECONDS))

    def advance(self, now: float) -> None:
        """Notice the end."""
        if self.progress(now) >= 1.0:
            self._since = None

    def next_change(self, now: float) -> float | None:
        """When the next frame is due (s); nothing when no fade runs."""
        return None if self._since is None else now + FADE_FRAME
