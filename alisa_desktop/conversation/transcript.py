"""Short-term memory: the talk as the model saw it, cut in blocks and whole turns when it outgrows its room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from alisa_desktop.core.errors import MessageTooLong
from alisa_desktop.core.messages import Outcome, Turn
from alisa_desktop.persona.prompt import Exchange, answered, words

HISTORY_TOKENS = 3000
"""The most of the past that goes into a prompt, in tokens (the seed's figure)."""
KEPT_TURNS = 5
"""The last ten messages stay in the prompt as long as the context holds them (the seed's figure)."""
BLOCK = 0.6
"""A cut goes down to this share of the room: every cut makes the model read it all again, so it must be rare."""

Measure = Callable[[Sequence[Exchange]], Awaitable[int]]
"""How many tokens the prompt takes with these turns as its past."""


class Transcript:
    """The turns of the prompt, oldest first."""

    def __init__(self) -> None:
        self._past: list[Exchange] = []
        self._just_loaded = False

    def __len__(self) -> int:
        return len(self._past)

    def load(self, turns: Sequence[Turn]) -> None:
        """Begin with stored turns, oldest first; the first prompt takes as many of the latest as have room.

        Turns that failed before the first word are left out: one of them may be longer than any prompt.
        """
        told = [turn for turn in turns if turn.reply or turn.outcome is not Outcome.FAILED]
        self._past = [Exchange(turn.id, turn.user_text, answered(turn.reply, turn.emotion)) for turn in told]
        self._just_loaded = True

    def add(self, exchange: Exchange) -> None:
        """Append a turn, or put it in the place of the one with the same id."""
        self.forget(exchange.turn)
        self._past.append(exchange)

    def before(self, turn: str) -> list[Exchange]:
        """The talk without the turn of this id, which is being answered (again)."""
        return [exchange for exchange in self._past if exchange.turn != turn]

    def replies(self, turn: str) -> tuple[str, ...]:
        """Her words so far without those of the turn of this id, without their tags, oldest first."""
        return tuple(words(exchange.answered) for exchange in self.before(turn))

    def forget(self, turn: str | None = None) -> None:
        """Take one turn out, or all of them."""
        self._past = [] if turn is None else self.before(turn)

    def forget_notes(self) -> None:
        """Keep of every message only what the user said."""
        self._past = [replace(exchange, sent=exchange.said or exchange.sent) for exchange in self._past]

    async def fit(self, turn: str, measure: Measure, room: int) -> list[Exchange]:
        """The past for the prompt of `turn`, cut so that the prompt takes at most `room` tokens.

        Raises `MessageTooLong` when the message alone takes more.
        """
        past = self.before(turn)
        if past and await measure(past) <= min(room, HISTORY_TOKENS):
            self._just_loaded = False
            return past
        alone = await measure([])
        if alone > room:
            raise MessageTooLong(
                f"That is too much for me to read at once: {alone} tokens, and I have room for {room}. "
                "Please send it in smaller pieces, or give me a model with a larger context."
            )
        limit = min(room, alone + HISTORY_TOKENS)
        if past and await measure(past) > limit:
            past = await self._cut(past, measure, alone, limit, room)
            self._past = past + [exchange for exchange in self._past if exchange.turn == turn]
        self._just_loaded = False
        return past

    async def _cut(self, past: list[Exchange], measure: Measure, alone: int, limit: int, room: int) -> list[Exchange]:
        share = 1.0 if self._just_loaded else BLOCK  # what was just loaded is read for the first time anyway
        kept = await _latest(past, measure, alone + int((limit - alone) * share))
        if len(kept) >= KEPT_TURNS:
            return kept
        return await _latest(past[-KEPT_TURNS:], measure, room)


async def _latest(past: list[Exchange], measure: Measure, limit: int) -> list[Exchange]:
    """The most of the latest turns that keep the prompt within `limit` tokens."""
    low, high = 0, len(past)  # turns to keep: `low` fit for sure
    while low < high:
        middle = (low + high + 1) // 2
        if await measure(past[-middle:]) <= limit:
            low = middle
        else:
            high = middle - 1
    return past[-low:] if low else []
