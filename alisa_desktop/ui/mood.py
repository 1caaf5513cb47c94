"""What she feels and does: the talk turned into a lasting emotion, a state and the pendant. Without Qt."""

from __future__ import annotations

from alisa_desktop.core.messages import Emotion, ModelState
from alisa_desktop.ui.motion import PULSE_SECONDS, ROUNDING

HOLD_SECONDS = 20.0
"""How long a feeling stays after the reply that brought it."""


class Mood:
    """The lasting part of a pose; times are seconds on the caller's clock."""

    def __init__(self, resting: Emotion = Emotion.NEUTRAL) -> None:
        self.emotion = resting
        self._resting = resting
        self._model = ModelState.READY
        self._listening = False
        self._thinking_since: float | None = None
        self._in_turn = False
        self._until: float | None = None

    @property
    def resting(self) -> Emotion:
        """The face to which she returns."""
        return self._resting

    def spoke(self, now: float) -> None:
        """The user said something: she thinks."""
        self._in_turn = True
        self._until = None
        self._thinking_since = now

    def feel(self, emotion: Emotion) -> None:
        """The face of the running reply is known."""
        self.emotion = emotion
        self._thinking_since = None

    def answered(self) -> None:
        """The first words are there."""
        self._thinking_since = None

    def finished(self, emotion: Emotion, now: float) -> None:
        """The reply is over; the feeling stays for a while."""
        self.feel(emotion)
        self._in_turn = False
        self._until = now + HOLD_SECONDS

    def remarked(self, emotion: Emotion, now: float) -> None:
        """She said something unasked, which no reply under way lets through to her face."""
        if not self._in_turn:
            self.finished(emotion, now)

    def rest_at(self, resting: Emotion) -> None:
        """The feeling of the mode, to which she returns."""
        self._resting = resting
        if self._is_idle:
            self.emotion = self._home

    def model_is(self, state: ModelState) -> None:
        """The model's state changed. While it rests, she does, too."""
        self._model = state
        if self._is_idle:
            self.emotion = self._home

    @property
    def _home(self) -> Emotion:
        return Emotion.CALM if self._model is ModelState.RESTING else self._resting

    def listen(self, on: bool) -> None:
        """The user is writing to her, or stopped."""
        self._listening = on

    @property
    def _is_idle(self) -> bool:
        return not self._in_turn and self._until is None

    @property
    def state(self) -> str:
        """`thinking`, `missing`, `listening` or empty; a reply's own face goes before the last two."""
        if self._thinking_since is not None:
            return "thinking"
        if not self._is_idle:
            return ""
        if self._model in (ModelState.MISSING, ModelState.FAILED):
            return "missing"
        return "listening" if self._listening else ""

    def pendant(self, now: float, *, still: bool = False) -> str:
        """What the pendant shows: grey without a model, a pulse while she thinks (steady when `still`), else calm."""
        if self._model not in (ModelState.READY, ModelState.RESTING):
            return "missing"
        if self._thinking_since is None:
            return "idle"
        return "idle" if not still and self._pulse(now) % 2 else "thinking"

    def _pulse(self, now: float) -> int:
        since = now if self._thinking_since is None else self._thinking_since
        return int((now - since) / PULSE_SECONDS + ROUNDING)

    def advance(self, now: float) -> None:
        """Let the feeling go when its time is over."""
        if self._until is not None and now >= self._until:
            self._until = None
            self.emotion = self._home

    def next_change(self, now: float, *, still: bool = False) -> float | None:
        """When something here changes by itself next (s)."""
        if self._thinking_since is not None:
            return None if still else self._thinking_since + (self._pulse(now) + 1) * PULSE_SECONDS
        return self._until
