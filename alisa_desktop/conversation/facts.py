"""Facts are computed, not remembered: what a message asks for that code knows better than any model.

Pure: words, clock and chance in, facts out. Every fact becomes a note in front of the user's message.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from alisa_desktop.conversation.arithmetic import find_sum
from alisa_desktop.conversation.units import find_conversion
from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.persona.prompt import time_note

_COIN = re.compile(
    r"\b(?:flip|toss|throw|spin)\b.{0,20}\bcoin\b|\bcoin (?:flip|toss)\b|\bheads or tails\b|\bcoinflip\b", re.IGNORECASE
)
_DICE = re.compile(
    r"\b(?:roll|throw|toss|cast|shake)\b(?:(?! coin).){0,24}?\b(?:(?P<count>\d{1,2}|a couple of|a pair of|two|three|four|five|six) ?)?"
    r"(?:(?:die|dice|dices)\b(?: with (?P<faces>\d{1,4}) (?:sides|faces))?|d(?P<sides>\d{1,4})\b)"
    r"|\b(?P<tally>\d{1,2})?d(?P<kind>4|6|8|10|12|20|100)\b|\bdice roll\b",
    re.IGNORECASE,
)
_COUNTS = {"a couple of": 2, "a pair of": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_MOST_DICE = 10
_RANDOM_NUMBER = re.compile(
    r"\b(?:pick|choose|give me|gimme|think of|say|tell me|generate|name|random)\b.{0,24}\bnumber\b|\brandom number\b|\brandom\.?int\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d{1,9})\s*(?:-|to|and|through|\.\.)\s*(\d{1,9})", re.IGNORECASE)
_LIMIT = re.compile(r"(?:up to|below|under|max) (\d{1,9})", re.IGNORECASE)

_MODE = re.compile(r"\bmode\b", re.IGNORECASE)


def find_facts(text: str, now: datetime, mode: str, chance: random.Random) -> list[Fact]:
    """Every fact that code can give for `text`; `now` is the user's local time (aware), `mode` the name of hers."""
    facts = [
        Fact(FactKind.TIME, time_note(now), found=False),
        Fact(FactKind.MODE, f"mode: {mode}", asked=bool(_MODE.search(text)), found=False),
    ]
    facts += filter(None, (find(text, chance) for find in (_sum, _conversion, _coin, _dice, _number, _choice)))
    if (days := _days_until(text, now.date())) is not None:
        facts.append(days)
    return facts


def _sum(text: str, _: random.Random) -> Fact | None:
    found = find_sum(text)
    return Fact(FactKind.SUM, f"sum: {found[0]} = {found[1]}") if found else None


def _conversion(text: str, _: random.Random) -> Fact | None:
    found = find_conversion(text)
    return Fact(FactKind.CONVERSION, f"conversion: {found[0]} = {found[1]}") if found else None


def _coin(text: str, chance: random.Random) -> Fact | None:
    return Fact(FactKind.COIN, f"coin: {chance.choice(('heads', 'tails'))}") if _COIN.search(text) else None


def _dice(text: str, chance: random.Random) -> Fact | None:
    match = _DICE.search(text)
    if not match:
        return None
    spelt = (match["count"] or match["tally"] or "1").lower()
    count = min(max(_COUNTS.get(spelt) or int(spelt), 1), _MOST_DICE)
    if count == 1 and re.search(r"\bdices?\b", match[0], re.IGNORECASE) and re.search(r"\bsome\b", match[0]):
        count = 2
    sides = max(int(match["faces"] or match["sides"] or match["kind"] or 6), 2)
    rolled = [chance.randint(1, sides) for _ in range(count)]
    listed = " and ".join(filter(None, (", ".join(map(str, rolled[:-1])), str(rolled[-1]))))
    return Fact(FactKind.DICE, f"dice: {listed}" + (f", together {sum(rolled)}" if count > 1 else ""))


def _number(text: str, chance: random.Random) -> Fact | None:
    if not _RANDOM_NUMBER.search(text):
        return None
    low, high = 1, 100
    if match := _RANGE.search(text):
        low, high = sorted((int(match[1]), int(match[2])))
    elif match := _LIMIT.search(text):
        high = max(int(match[1]), 1)
    return Fact(FactKind.NUMBER, f"number: {chance.randint(low, high)}")


# this or that

_DECIDING = re.compile(
    r"^(?:(?:hey|hi|ok|so|alisa|quick(?: question)?|please|pls|hm+|um+)\b[ ,:]*)*"
    r"(?P<ask>(?:should|shall|do|can) (?:i|we) (?:get|have|eat|drink|go for|go with|pick|choose|take|order|buy|watch|play|wear)?"
    r"|(?:help me )?(?:choose|pick|decide|select)(?: for me)?(?: (?:one|between))?:?|which(?: one)?(?: is better| should i (?:pick|take|choose|get))?[,:]?"
    r"|what(?: should i (?:have|eat|pick|choose|do|take))?[,:]|(?:choose|pick|decide) (?:for me|between)[,:]?)?\s*"
    r"(?P<options>[^.?!]{2,120}?)(?:,? (?:for (?:dinner|lunch|breakfast)|tonight|today|now|rn))?[?!. ]*$",
    re.IGNORECASE,
)
_NO_CHOICE = re.compile(
    r"\b(?:you|your|u|ur|heads|or not|or no|or what|or something|or so|or else|or whatever|more or less|or smth|or nah|yes or|dead or)\b"
    r"|^(?:is|are|was|did|does|it|i'?m|im|i am|i|he|she|they|we|this|that|there|my|am|why|how|who|when|where)\b",
    re.IGNORECASE,
)
_SHORT_CHOICE = 8
"""Words: a bare "tea or coffee" without a verb that asks is only taken for a choice up to this length."""


def _choice(text: str, chance: random.Random) -> Fact | None:
    match = _DECIDING.match(text.strip())
    if not match or not re.search(r"\bor\b|\bvs\.?\b|\band\b", match["options"], re.IGNORECASE):
        return None
    asks = match["ask"]
    between = bool(asks) and "between" in asks.lower()
    separator = r",?\s*\b(?:or|vs\.?)\b\s*|,\s*" if not between else r",?\s*\b(?:or|and|vs\.?)\b\s*|,\s*"
    options = [option.strip(" ,:\"'") for option in re.split(separator, match["options"], flags=re.IGNORECASE)]
    options = [option for option in options if option]
    if len(options) < 2 or any(len(option.split()) > 6 for option in options):
        return None
    if not asks and (_NO_CHOICE.search(match["options"]) or len(text.split()) > _SHORT_CHOICE):
        return None
    if re.search(r"\bor (?:not|no|nah|what|something|whatever|so)\b", match["options"], re.IGNORECASE):
        return None
    return Fact(FactKind.CHOICE, f"choice: {chance.choice(options)}")


# days until

_UNTIL = re.compile(
    r"\b(?:how (?:many|much|long)|days|weeks|countdown|when)\b.{0,30}?\b(?:until|till?|'til|to|before|is it)\b\s+(?P<what>[^?!.]+)",
    re.IGNORECASE,
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_FEASTS: tuple[tuple[str, str, int, int], ...] = (
    (r"christmas eve|xmas eve", "Christmas Eve", 12, 24),
    (r"christmas|xmas|x-mas", "Christmas", 12, 25),
    (r"new year'?s? eve|nye|silvester", "New Year's Eve", 12, 31),
    (r"new year'?s?(?: day)?|the new year", "New Year", 1, 1),
    (r"hallowe'?en|spooky day", "Halloween", 10, 31),
    (r"valentine'?s?(?: day)?", "Valentine's Day", 2, 14),
    (r"st\.? patrick'?s?(?: day)?", "St. Patrick's Day", 3, 17),
    (r"april fools?'?(?: day)?", "April Fools' Day", 4, 1),
)
_DAY_FIRST = re.compile(rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({'|'.join(m[:3] for m in _MONTHS)})[a-z]*\.?")
_MONTH_FIRST = re.compile(rf"({'|'.join(m[:3] for m in _MONTHS)})[a-z]*\.? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b")
_MONTH_ALONE = re.compile(rf"(?:the )?({'|'.join(_MONTHS)})")
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")


def _days_until(text: str, today: date) -> Fact | None:
    match = _UNTIL.search(text)
    if not match:
        return None
    for named, day in _named_days(match["what"].strip().lower(), today):
        return Fact(FactKind.DAYS, f"days until {named}: {(day - today).days}")
    return None


def _named_days(what: str, today: date) -> Iterator[tuple[str, date]]:
    if "birthday" in what:
        return
    for pattern, name, month, day in _FEASTS:
        if re.match(rf"(?:the )?(?:{pattern})\b", what):
            yield name, _next(month, day, today)
    if match := _ISO.match(what):
        yield from _dated(int(match[1]), int(match[2]), int(match[3]))
    for dated, first in ((_DAY_FIRST, True), (_MONTH_FIRST, False)):
        if match := dated.match(what):
            day, month = (match[1], match[2]) if first else (match[2], match[1])
            number = next(index for index, name in enumerate(_MONTHS, 1) if name.startswith(month))
            for year in (today.year, today.year + 1):
                for named, found in _dated(year, number, int(day)):
                    if found >= today:
                        yield f"{found.day} {found:%B}" if year == today.year else named, found
                        return
    if match := _MONTH_ALONE.match(what):
        yield match[1].capitalize(), _next(_MONTHS.index(match[1]) + 1, 1, today)
    for index, name in enumerate(_WEEKDAYS):
        if re.match(rf"(?:next |this )?{name}\b", what):
            yield name.capitalize(), today + timedelta((index - today.weekday() - 1) % 7 + 1)
    if re.match(r"(?:the )?(?:next )?weekend\b", what):
        yield "the weekend", today + timedelta((5 - today.weekday()) % 7)


def _dated(year: int, month: int, day: int) -> Iterator[tuple[str, date]]:
    try:
        found = date(year, month, day)
    except ValueError:
        return
    yield f"{found.day} {found:%B %Y}", found


def _next(month: int, day: int, today: date) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)
