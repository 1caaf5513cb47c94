"""Sums found in everyday words and worked out exactly: text in, text out."""

from __future__ import annotations

import math
import operator
import re
from collections import deque
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

from alisa_desktop.conversation.numerals import NUMBER, in_digits
from alisa_desktop.conversation.vocabulary import words

_LONGEST = 60
"""Characters of a sum."""
_LARGEST = 10**40
_LARGEST_POWER = 1000
"""Bits of a power on the way to the result."""


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ValueError("a root")
    if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > _LARGEST_POWER:
        raise OverflowError
    return Fraction(base ** int(exponent))


_OPERATORS: dict[str, tuple[int, Callable[[Fraction, Fraction], Fraction]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "−": (1, operator.sub),
    "*": (2, operator.mul),
    "x": (2, operator.mul),
    "/": (2, operator.truediv),
    "÷": (2, operator.truediv),
    "mod": (2, operator.mod),
    "%of": (2, lambda percent, whole: whole * percent / 100),
    "%off": (2, lambda percent, whole: whole - whole * percent / 100),
    "^": (4, _power),
}
"""How tightly each operator binds, and what it does. The signs - / x are also written where no sum is meant (24/7);
− ÷ * stand for those that were said in words."""
_SIGN_BINDS = 3

_PERCENT = r"(?<=\d) ?(?:%|percent|per cent|pct)"
_NEXT = rf"(?={NUMBER}|\()"
_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[−–‒]", "-"),
        (r"[×✕⋅·]", " * "),
        (r"\*\*", "^"),
        (r"[$€£](?=[\d.])|(?<=\d)[$€£]", ""),
        (rf"{_PERCENT} (?:tip |tax )?(?:of|on) {_NEXT}", " %of "),
        (rf"{_PERCENT} (?:off|discount)(?: of| on)? {_NEXT}", " %off "),
        (r"(?<=\d)( ?)%\1(?=\d)|(?<=\d) mod(?:ulo)? (?=\d)", " mod "),
        (r"\b(?:the )?(?:square root|sqrt|(?<!cube )(?<!th )(?<!rd )root(?= of))(?: of)? ?(?=[\d.(])", "√"),
        (rf"\b(?:add|sum of) ({NUMBER}) (?:and|to|with) ({NUMBER})", r"\1 + \2"),
        (rf"\b(?:multiply|product of) ({NUMBER}) (?:and|by|with) ({NUMBER})", r"\1 * \2"),
        (rf"\bdivide ({NUMBER}) by ({NUMBER})", r"\1 ÷ \2"),
        (rf"\b(?:subtract|take) ({NUMBER}) from ({NUMBER})", r"\2 − \1"),
        (rf"\b(?:a )?half of ({NUMBER})", r"\1 / 2"),
        (rf"\b(?:double|twice) ({NUMBER})", r"2 x \1"),
        (r"\b(?:multipl(?:y|ied) (?:by|with)|times|mal)\b(?! \S+ \w+ ago)", " * "),
        (r"(?<=[\d)])(?: x ?|x )(?=[\d.(])", " * "),
        (r"(?<=\d)\((?=-?[\d.]+ ?[-+*/^])", " * ("),
        (r"\bdivided? by\b", " ÷ "),
        (r"\bover\b", " / "),
        (r"\bplus\b|\badded to\b|\band then add\b", " + "),
        (r"(?<!\d )(?<!\) )\bminus (?=\d)", "-"),
        (r"\bminus\b|\btake away\b", " − "),
        (r"\bless\b", " - "),
        (r"\b(?:raised )?to the power(?: of)?\b", "^"),
        (r"(?<=[\d)]) squared\b", " ^ 2"),
        (r"(?<=[\d)]) cubed\b", " ^ 3"),
        (r"\s+", " "),
    )
)
"""Words of arithmetic and the signs that stand for them, applied in this order."""

_ATOM = rf"(?:[(√] ?|-){{0,8}}{NUMBER}(?: ?\)){{0,8}}"
_OPERATOR = r" ?(?:[-+*/^÷−x]|mod|%off?) ?"
_BEGIN = r"(?<!\w)(?<!\d[.,:])(?<!\w-)(?<!\w\()"
_END = r"(?!\w|[.,:]\d| ?%)"
_SUM = re.compile(rf"{_BEGIN}{_ATOM}(?:{_OPERATOR}{_ATOM})+{_END}|√\(? ?{NUMBER} ?\)?{_END}")
_TOKEN = re.compile(rf"{NUMBER}|mod|%off?|\S")

_BEYOND = re.compile(
    r"\b(?:log|ln|sin|cos|tan|cube root|\d(?:th|rd) root|matri(?:x|ces)|binary|hex|derivative|integral|factorial)\b"
    r"|(?<![\w'])\d*[a-z](?:\^\d+)? ?[-+*/^=] ?[\d(]|[\d)] ?[+*/^] ?\d*[a-z](?![\w'])"  # 2x^2 - 8, 5 + y
)
"""Mathematics that is more than a sum."""
_NEVER = re.compile(
    r"\d{4}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?|\d\d?/\d\d?/\d{2,4}|0x\d+|(?=.*\d{4})\d+(?:-\d+){2,}",
)
"""Dates, hexadecimal numbers, and numbers of telephones, cards and books."""
_SAYING = re.compile(r"24/7|50/50|20/20|9/11|7/11|4/20|9-5|9-11|\d{3}-\d{4}")
_AMBIGUOUS = re.compile(rf"{NUMBER}(?: ?[-/x] ?{NUMBER})+|√.*")
_ASKED_BEFORE = re.compile(
    r"(?<![\w'])(?:(?:what|wat)(?:'?s)?|how much|calculate|compute|solve|evaluate|work out|figure out|split|equals?"
    r"|maths?(?: \w+)?|can (?:you|u) do|tell me|find|answer to|result of|value of)"
    r"(?: is| are| do| does| would)?(?: the)?[:,]? ?$"
)
_ASKED_AFTER = re.compile(r" ?(?:=|equals?\b|is (?:what|how much)\b|makes? (?:what|how much)\b)")
_ANNOUNCED = re.compile(r"(?<!score): $|\bhow (?:much|many)\b[^,]*, $")
_AROUND = 40
"""Characters around a sum that tell whether it is asked for."""
_FILLERS = frozenset(words("ok okay so and then now again hey hi alisa quick please pls plz lol hm hmm um uh thanks"))


_GOES_ON = re.compile(
    r"(?:(?:and|then|now|ok|okay|so|what about|how about|what's|whats|what is|that|it)[ ,]+)*"
    r"(?P<operator>plus|add|minus|subtract|take away|(?:multipl(?:y|ied)|times)(?: (?:that|it))?(?: by)?"
    r"|divided?(?: (?:that|it))?(?: by)?|over|[-+*x×/÷])\s*(?P<number>[\w.,-]+(?: [a-z]+){0,3}?)"
    r"(?: (?:to|from) (?:that|it))?[ ?!.=]*",
    re.IGNORECASE,
)
_SAID_AS = {"add": "plus", "subt": "minus", "take": "minus", "mult": "times", "time": "times", "divi": "divided by"}


def go_on(text: str, result: str) -> str:
    """The sum that `text` ("plus 10", "divide that by 2") makes of the last `result`; empty when it makes none."""
    match = _GOES_ON.fullmatch(text.strip().replace("’", "'"))
    if not match:
        return ""
    operator = match["operator"].lower()
    return f"{result} {_SAID_AS.get(operator[:4], operator)} {match['number']}"


def find_sum(text: str) -> tuple[str, str] | None:
    """The sum asked for in `text` and its result ("19 + 12", "31"), or None when there is none.

    Exact up to six decimals, beyond that the result begins with "about". Things that only look like sums (24/7, 9-5,
    a score) are left alone unless asked for; dates and telephone numbers always.
    """
    plain = _rewritten(text)
    if _BEYOND.search(plain):
        return None
    meant = [match[0].strip() for match in _SUM.finditer(plain) if _is_meant(match)]
    if not meant:
        return None
    tokens = _TOKEN.findall(_balanced(max(meant, key=len)))
    result = _result(tokens)
    return (_shown(tokens), result) if result else None


def _rewritten(text: str) -> str:
    plain = in_digits(" ".join(text.replace("’", "'").split()))
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    return plain


def _is_meant(match: re.Match[str]) -> bool:
    """Whether this is a sum to work out, judged by the words around it where its signs leave that open."""
    found = match[0].strip()
    if len(found) > _LONGEST or _NEVER.fullmatch(found):
        return False
    if not _AMBIGUOUS.fullmatch(found):
        return True
    before = match.string[max(0, match.start() - _AROUND) : match.start()]
    after = match.string[match.end() : match.end() + _AROUND]
    if _ASKED_BEFORE.search(before) or _ASKED_AFTER.match(after):
        return True
    if _ANNOUNCED.search(before) and " " in found and not after.strip(" ?!."):
        return True
    return not _SAYING.fullmatch(found) and _is_alone(match)


def _is_alone(match: re.Match[str]) -> bool:
    if len(match.string) > len(match[0]) + _AROUND:
        return False
    rest = match.string[: match.start()] + " " + match.string[match.end() :]
    return _FILLERS.issuperset(re.findall(r"\w+", rest))


def _balanced(expression: str) -> str:
    """Without the brackets at its ends that belong to the sentence."""
    while expression.startswith("(") and expression.count("(") > expression.count(")"):
        expression = expression[1:].lstrip()
    while expression.endswith(")") and expression.count(")") > expression.count("("):
        expression = expression[:-1].rstrip()
    return expression


def _shown(tokens: list[str]) -> str:
    shown = re.sub(r"(?<![\d)] )- ", "-", " ".join(tokens))  # a sign, no difference
    for sign, told in (("√ ", "square root of "), (" %o", "% o"), ("( ", "("), (" )", ")")):
        shown = shown.replace(sign, told)
    return shown.translate({ord("*"): "x", ord("÷"): "/", ord("−"): "-"})


def _result(tokens: list[str]) -> str | None:
    left = deque(tokens)
    try:
        value = _value(left)
        return None if left else _written(value)
    except ZeroDivisionError:
        return "not defined"
    except OverflowError:
        return "too large"
    except (ValueError, IndexError):
        return None


def _value(tokens: deque[str], least: int = 0) -> Fraction:
    """Take a value off `tokens` with all operators that bind at least so tightly (precedence climbing)."""
    value = _operand(tokens)
    while tokens and tokens[0] in _OPERATORS and _OPERATORS[tokens[0]][0] >= least:
        sign = tokens.popleft()
        binds, apply = _OPERATORS[sign]
        value = apply(value, _value(tokens, binds if sign == "^" else binds + 1))
    return value


def _operand(tokens: deque[str]) -> Fraction:
    token = tokens.popleft()
    if token == "-":
        return -_value(tokens, _SIGN_BINDS)
    if token == "√":
        return _root(_operand(tokens))
    if token == "(":
        value = _value(tokens)
        if tokens.popleft() != ")":
            raise ValueError("brackets do not match")
        return value
    return Fraction(token.replace(",", ""))


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError("no real root")
    exact = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    return exact if exact**2 == value else Fraction(_decimal(value).sqrt())


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _written(value: Fraction) -> str:
    if abs(value) >= _LARGEST:
        raise OverflowError
    if value.denominator == 1:
        return str(value.numerator)
    with localcontext() as context:
        context.prec = 60
        rounded = _decimal(value).quantize(Decimal("0.000001")) + 0  # no negative zero
    shown = f"{rounded:f}".rstrip("0").rstrip(".")
    return shown if Fraction(rounded) == value else f"about {shown}"
