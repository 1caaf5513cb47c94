"""Numbers as people write them, in digits or in words: text in, text out."""

from __future__ import annotations

import re
from decimal import Decimal

from alisa_desktop.conversation.vocabulary import words

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\.)\.\d+)"
"""A pattern for a number in digits: 7, 3.5, .5 or 1,000."""

_ONES = words("one two three four five six seven eight nine")
_TEENS = words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
_MULTIPLES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_VALUES = {
    "zero": 0,
    **{word: value for value, word in enumerate([*_ONES, *_TEENS], 1)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
    **_MULTIPLES,
}

_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join([*_TEENS, *_ONES])}|zero)"
_BELOW_1000 = rf"(?:(?:(?:{_BELOW_100}|a) )?hundred(?: (?:and )?{_BELOW_100}\b)?|{_BELOW_100})"
_AND_MORE = rf"(?: (?:and )?{_BELOW_1000}\b)?"
_LARGE = r"(?:thousand|million)\b"
_SPELT = re.compile(rf"\b(?:{_BELOW_1000}\b|(?:a )?{_LARGE}{_AND_MORE})(?: {_LARGE}{_AND_MORE})*")
_MANY = re.compile(rf"(?<![\w.,])(\d{{1,12}}(?:\.\d{{1,6}})?) ({'|'.join(_MULTIPLES)})\b")


def in_digits(text: str) -> str:
    """`text` in lower case, with numbers in digits that were spelt out ("twenty-five", "two hundred and one")."""
    return _SPELT.sub(lambda match: str(_value(match[0])), _MANY.sub(_multiplied, text.lower()))


def _multiplied(match: re.Match[str]) -> str:
    whole = Decimal(match[1]) * _MULTIPLES[match[2]]
    return f"{whole.normalize():f}"


def _value(spelt: str) -> int:
    total = group = 0
    for word in re.findall(r"[a-z]+", spelt):
        value = _VALUES.get(word, 0)  # "a" and "and" say nothing
        if value >= 1000:
            total, group = total + max(group, 1) * value, 0
        elif value == 100:
            group = max(group, 1) * 100
        else:
            group += value
    return total + group
