"""Facts are computed, not remembered: what a message asks for that code knows better than any model.

Pure: words, clock and chance in, facts out. Every fact becomes a note in front of the user's message.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, datetime

from alisa_desktop.conversation.arithmetic import find_sum
from alisa_desktop.conversation.chance import find_coin, find_dice, find_number
from alisa_desktop.conversation.choices import find_options
from alisa_desktop.conversation.countdown import find_day
from alisa_desktop.conversation.numerals import in_digits
from alisa_desktop.conversation.units import find_conversion
from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.persona.prompt import time_note

_MODE = re.compile(r"\bmode\b", re.IGNORECASE)


def find_facts(text: str, now: datetime, mode: str, chance: random.Random) -> list[Fact]:
    """Every fact that code can give for `text`; `now` is the user's local time (aware), `mode` the name of hers."""
    return [
        Fact(FactKind.TIME, time_note(now), found=False),
        Fact(FactKind.MODE, f"mode: {mode}", asked=bool(_MODE.search(text)), found=False),
        *_computed(text),
        *_of_chance(text, chance),
        *_counted_down(text, now.date()),
    ]


def _computed(text: str) -> Iterator[Fact]:
    if problem := find_sum(text):
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
