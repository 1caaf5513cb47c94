"""Facts are computed, not remembered: what a message asks for that code knows better than any model.

Pure: words, clock and chance in, facts out. Every fact becomes a note in front of the user's message.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from alisa_desktop.conversation.arithmetic import find_sum, go_on
from alisa_desktop.conversation.chance import find_coin, find_dice, find_number, is_again
from alisa_desktop.conversation.choices import find_options
from alisa_desktop.conversation.countdown import find_day
from alisa_desktop.conversation.numerals import in_digits
from alisa_desktop.conversation.units import find_conversion
from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.persona.prompt import time_note

GOES_BACK = 20
"""Messages of the user's that "again" and "plus 10" can go back to."""
LONGEST_REQUEST = 100
"""Characters of such a message."""

_MODE = re.compile(r"\bmode\b", re.IGNORECASE)


def find_facts(text: str, now: datetime, mode: str, chance: random.Random, before: Sequence[str] = ()) -> list[Fact]:
    """Every fact that code can give for `text`; `now` is the user's local time (aware), `mode` the name of hers.

    `before` is what the user said before, oldest first: "again" throws the coin again, "plus 10" goes on with a sum.
    """
    before = before[-GOES_BACK:] if len(text) <= LONGEST_REQUEST else ()
    return [
        Fact(FactKind.TIME, time_note(now), found=False),
        Fact(FactKind.MODE, f"mode: {mode}", asked=bool(_MODE.search(text)), found=False),
        *_computed(text, before),
        *_of_chance(_meant(text, before), chance),
        *_counted_down(text, now.date()),
    ]


def _meant(text: str, before: Sequence[str]) -> str:
    """The message that `text` asks for again, or `text` itself."""
    if not before or not is_again(text):
        return text
    return next((said for said in reversed(before) if not is_again(said)), text)


def _sum(text: str, before: Sequence[str]) -> tuple[str, str] | None:
    if problem := find_sum(text):
        return problem
    if before and go_on(text, "0") and (last := _sum(before[-1], before[:-1])):
        return find_sum(go_on(text, last[1]))
    return None


def _computed(text: str, before: Sequence[str]) -> Iterator[Fact]:
    if problem := _sum(text, before):
        yield Fact(FactKind.SUM, f"sum: {problem[0]} = {problem[1]}")
    if conversion := find_conversion(text):
        yield Fact(FactKind.CONVERSION, f"conversion: {conversion[0]} = {conversion[1]}")


def _of_chance(text: str, chance: random.Random) -> Iterator[Fact]:
    plain = in_digits(" ".join(text.replace("’", "'").split()))
    yield from filter(None, (find(plain, chance) for find in (find_coin, find_dice, find_number)))
    if options := find_options(text):
        yield Fact(FactKind.CHOICE, f"choice: {chance.choice(options)}")


def _counted_down(text: str, today: date) -> Iterator[Fact]:
    if found := find_day(text, today):
        name, day = found
        yield Fact(FactKind.DAYS, f"days until {name}: {(day - today).days}")
