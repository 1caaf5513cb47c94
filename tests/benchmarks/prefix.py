"""How much of the past is read again: tokens decoded before the first new word of each reply, counted by the runner.

`new` is what a prompt has more than the one before and its reply; a perfect cache decodes just that. Counts, no times.
"""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.messages import Emotion, Usage
from alisa_desktop.host.paths import resources

from .report import Row
from .talk import OTHER_MODE, answered, engine_for
from .tap import Tap

ALLOWED = 8
CONTEXT = 8192
REPLY = 16
TURNS = 30
QUICK_TURNS = 8
LINES = ("Hi, it is me.", "What do you think?", "Why?", "Tell me more.", "I see, go on.", "And then?", "That is fun.")
WORDS = (*(f"<emotion={one}>" for one in Emotion), *calendar.day_name, *calendar.month_name[1:], "assistant", "user")
"""Words of one token, so that thirty turns stay within the history a prompt may have."""


@dataclass(slots=True)
class Counted:
    """One talk: the usage of every turn, those where the mode had changed, and those that answered again."""

    usages: list[Usage] = field(default_factory=list)
    switched: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)

    def new(self, turn: int) -> int:
        """Tokens of this prompt that neither the one before nor its reply had."""
        before = self.usages[turn - 1]
        return self.usages[turn].prompt - (before.prompt + before.reply)

    @property
    def usual(self) -> list[int]:
        """The turns that only go on; the first one has nothing to build on."""
        return [turn for turn in range(1, len(self.usages)) if turn not in self.switched | self.again]


def measure(folder: Path, quick: bool) -> list[Row]:
    """Rows of counts: the plain talk, then one with a switch of the mode and a second try in the middle."""
    turns = QUICK_TURNS if quick else TURNS
    model = write_tiny_gguf(folder / "words.gguf", context=CONTEXT, user_defined=WORDS, never_ends=True)
    starter = resources() / "models" / "alisa-starter.gguf"
    plain = asyncio.run(_talk(folder / "plain", model, turns))
    varied = asyncio.run(_talk(folder / "varied", model, turns, switch_at=turns // 3, again_at=2 * turns // 3))
    small = asyncio.run(_talk(folder / "starter", starter, turns))
    _check_uncut(plain)
    return [
        _usual_row(f"prefix, {turns} turns", plain),
        _usual_row(f"prefix, {turns} turns with switch and regenerate", varied),
        _single_row("prefix, turn after a switch of the mode", varied, varied.switched),
        _single_row("prefix, regenerate", varied, varied.again, ALLOWED),
        _small_row(f"prefix, {turns} turns of the starter brain", small),
    ]


def _usual_row(what: str, talk: Counted) -> Row:
    decoded = sum(talk.usages[turn].decoded for turn in talk.usual)
    new = sum(talk.new(turn) for turn in talk.usual)
    worst = max(talk.usages[turn].decoded - talk.new(turn) for turn in talk.usual)
    whole = sum(talk.usages[turn].prompt for turn in talk.usual)
    note = f"baseline: new tokens; worst turn {worst:+d}; prompts had {whole} tokens in all"
    goal = f"each turn <= new + {ALLOWED}"
    return Row(what, decoded, "tokens", new, decoded / new, goal, worst <= ALLOWED, note)


def _single_row(what: str, talk: Counted, turns: set[int], most: int | None = None) -> Row:
    usage = talk.usages[min(turns)]
    note = "baseline: the whole prompt"
    goal, met = (f"<= {most}", usage.decoded <= most) if most is not None else ("", None)
    return Row(what, usage.decoded, "tokens", usage.prompt, usage.decoded / usage.prompt, goal, met, note)


def _small_row(what: str, talk: Counted) -> Row:
    decoded, whole = (sum(getattr(usage, kind) for usage in talk.usages[1:]) for kind in ("decoded", "prompt"))
    cuts = sum(talk.usages[turn].prompt < talk.usages[turn - 1].prompt for turn in talk.usual)
    note = f"baseline: whole prompts; the past was cut {cuts} times to fit 512 tokens"
    return Row(what, decoded, "tokens", whole, decoded / whole, note=note)


def _check_uncut(talk: Counted) -> None:
    prompts = [usage.prompt for usage in talk.usages]
    if prompts != sorted(prompts):
        raise RuntimeError("the past was cut within the talk, so these counts say nothing: make it shorter")


def _within_a_minute() -> Iterator[datetime]:
    """The prompt tells the time: a minute that ends before the second try would be new to it."""
    moment = datetime.now().astimezone().replace(second=0, microsecond=0)
    while True:
        yield moment
        moment += timedelta(milliseconds=1)


async def _talk(profile: Path, model: Path, turns: int, *, switch_at: int = -1, again_at: int = -1) -> Counted:
    talk = Counted()
    async with engine_for(profile, model, reply=REPLY, context=CONTEXT) as engine:
        tap = Tap.on(engine)
        engine.conversation._desk.now = partial(next, _within_a_minute())
        for turn in range(turns):
            if turn == switch_at:
                engine.conversation.set_mode(OTHER_MODE)
                talk.switched.add(len(tap.usages))
            await answered(engine, LINES[turn % len(LINES)])
            if turn == again_at:
                talk.again.add(len(tap.usages))
                await answered(engine, None)
        talk.usages = tap.usages
    return talk
