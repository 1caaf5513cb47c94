"""A coin, dice or a number at random, when a message asks for one: words and chance in, facts out."""

from __future__ import annotations

import random
import re

from alisa_desktop.conversation.vocabulary import any_of
from alisa_desktop.core.messages import Fact, FactKind

_NOT_NOW = re.compile(  # not wanted, or told of the past
    r"\b(?:don'?t|never) (?:\w+ )?(?:flip|toss|throw|roll)\b|\b(?:lost|won) (?:\w+ ){0,2}(?:flip|toss|roll)\b"
    r"|\b(?:flip|toss|roll) was\b"
)

_ASKED_BEFORE = any_of("ok okay and now lets let's please pls hey no one just yes yeah lol haha hmm alisa")
_ASKED_AFTER = any_of("please pls plz alisa again then now ok lol haha")
_VERB = any_of("flip toss throw roll pick try go do once choose spin")
_OBJECT = r"(?:it|that|one|them|the (?:coin|die|dice)|a coin)"
_AGAIN = re.compile(
    rf"(?:{_ASKED_BEFORE}[ ,.!]+)*"
    rf"(?:{_VERB}(?: {_OBJECT})? (?:again|more|another)|(?:and |same )?again|once more|next(?: one)?"
    r"|(?:one|1) more(?: time| flip| toss| roll)?|another(?: one| go| flip| toss| roll| number)?"
    r"|(?:a )?(?:different|new) (?:one|number)|re-?(?:roll|flip)(?: it| that)?"
    r"|(?:best|two|2) (?:of|out of) (?:three|3|five|5))"
    rf"(?:[ ,.!?]+{_ASKED_AFTER})*[ .!?]*",
    re.IGNORECASE,
)


def is_again(text: str) -> bool:
    """Whether `text` asks for nothing but the same thing once more."""
    return _AGAIN.fullmatch(text.strip().replace("’", "'")) is not None


_COIN = re.compile(
    r"\b(?:flip|flipping|toss|throw|spin)\b.{0,20}\bcoin\b|\bcoin ?(?:flip|toss)\b"
    r"|\bheads or tails\b|\btails or heads\b"
)


def find_coin(text: str, chance: random.Random) -> Fact | None:
    """Heads or tails; `text` in lower case with numbers in digits."""
    if not _COIN.search(text) or _NOT_NOW.search(text):
        return None
    return Fact(FactKind.COIN, f"coin: {chance.choice(('heads', 'tails'))}")


_MOST_DICE = 10
_BEFORE_DICE = any_of("me us for again please just a an the another my your our this that these all some fair")
_COUNT = r"(?P<count>\d{1,4}(?!\d)|(?:couple|pair)(?: of)?)"
_ROLL = re.compile(
    rf"\b(?:roll|rolling|throw|toss|cast|shake) (?:{_BEFORE_DICE} ){{0,3}}(?:{_COUNT} ?)?"
    r"(?:(?P<sided>\d{1,4})[ -]?sided )?(?:dices?\b|die\b|d(?P<sides>\d{1,4})\b)"
    r"(?: with (?P<faces>\d{1,4}) (?:sides|faces))?(?: (?P<times>\d{1,2}) times)?"
)
_NOTATION = re.compile(
    r"(?<![\w-])(?<!vitamin )(?P<count>\d{1,2})?d(?P<sides>4|6|8|10|12|20|100)\b|\bdice roll\b"  # 2d6
)


def find_dice(text: str, chance: random.Random) -> Fact | None:
    """What the dice show, at most ten of them; `text` in lower case with numbers in digits."""
    match = _ROLL.search(text) or _NOTATION.search(text)
    if not match or _NOT_NOW.search(text):
        return None
    sides, count = _dice(match)
    rolled = [chance.randint(1, sides) for _ in range(count)]
    listed = " and ".join(filter(None, (", ".join(map(str, rolled[:-1])), str(rolled[-1]))))
    return Fact(FactKind.DICE, f"dice: {listed}" + (f", together {sum(rolled)}" if count > 1 else ""))


def _dice(match: re.Match[str]) -> tuple[int, int]:
    """How many sides, and how many dice."""
    told = match.groupdict()
    sides = told.get("sides") or told.get("sided") or told.get("faces") or "6"
    count = told.get("count") or told.get("times") or ("2" if " some dice" in match[0] else "1")
    number = int(count) if count.isdecimal() else 2  # a couple, a pair
    return max(int(sides), 2), min(max(number, 1), _MOST_DICE)


_BEFORE_NUMBER = any_of("me us of up a an any another one some random lucky whole nice good new the next is 1")
_DIGITS = r"(?P<digits>[1-9]|1[0-2]|single)[ -]digit"
_AHEAD = r"(?=-?\d[\d,]* ?(?:-|to|and) ?-?\d)"
_WISH = re.compile(
    rf"\b(?:pick|choose|give|gimme|think|say|tell|generate|name|draw|random) (?:{_BEFORE_NUMBER} ){{0,5}}?"
    rf"(?:(?:{_DIGITS} )?(?:random )?number(?! (?:of|one|1)\b)|(?:something )?(?:between|from) {_AHEAD})"
    r"|\brandom (?:number|int\b)|\brandom\.?int\b"
)
_CALLER = re.compile(r"\b(?:call|text|ring|phon|messag)(?:s|ed|ing|e|es)?\b|\bfrom (?:a|some|this) random\b")
_WHOLE = r"(-?\d{1,3}(?:,\d{3}){1,4}|-?\d{1,15})(?!\d)"
_RANGE = re.compile(rf"(?<![\d.]){_WHOLE} ?(?:-|to|and|through|\.\.|until|till| ) ?{_WHOLE}")
_BELOW = re.compile(rf"\b(?:below|under|less than|smaller than) {_WHOLE}")
_UP_TO = re.compile(rf"\b(?:up to|max(?:imum)?) {_WHOLE}")
_ABOVE = re.compile(rf"\b(?:above|over|more than|greater than|bigger than) {_WHOLE}")


def find_number(text: str, chance: random.Random) -> Fact | None:
    """A number of the range that was named, else from 1 to 100; `text` in lower case with numbers in digits."""
    match = _WISH.search(text)
    if not match or _CALLER.search(text):
        return None
    low, high = _range(text, match["digits"])
    return Fact(FactKind.NUMBER, f"number: {chance.randint(low, high)}")


def _range(text: str, digits: str | None) -> tuple[int, int]:
    if found := _RANGE.search(text):
        low, high = sorted(map(_whole, found.groups()))
        return low, high
    if digits:
        length = 1 if digits == "single" else int(digits)
        return 10 ** (length - 1), 10**length - 1
    if found := _BELOW.search(text):
        return _up_to(_whole(found[1]) - 1)
    if found := _UP_TO.search(text):
        return _up_to(_whole(found[1]))
    if found := _ABOVE.search(text):
        low = _whole(found[1]) + 1
        return low, max(100, 2 * abs(low))
    return 1, 100


def _up_to(high: int) -> tuple[int, int]:
    return (1, high) if high >= 1 else (high - 99, high)


def _whole(written: str) -> int:
    return int(written.replace(",", ""))
