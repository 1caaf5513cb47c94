"""Sums found in everyday words and worked out exactly: text in, text out."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * tens
    for tens, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_WORDS |= {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_SPELT = "|".join(_WORDS)
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_TENS_AND_ONES = re.compile(rf"\b({_TENS})[ -](one|two|three|four|five|six|seven|eight|nine)\b")
_SPELT_NUMBER = re.compile(rf"\b({_SPELT})\b")
_MANY = re.compile(r"\b(\d+) (100|1000|1000000)\b")

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (rf"(?:the )?(?:square root|sqrt|root) ?(?:of )?\(? ?({_NUMBER}) ?\)?", r"√\1"),
        (r"[×✕⋅·]", " * "),
        (r"÷", " / "),
        (r"[−–]", "-"),
        (rf"(?<=\d) ?(?:percent|per cent|%) (?:of|off) (?={_NUMBER})", " % "),
        (r"\b(?:multiplied by|times|mal)\b", " * "),
        (r"(?<=\d) ?[xX] ?(?=[\d.])", " * "),
        (r"\b(?:divided by|over)\b", " / "),
        (r"\bplus\b|\band then add\b", " + "),
        (r"\bminus\b|\btake away\b|\bless\b", " - "),
        (r"\bto the power of\b|\*\*", " ^ "),
        (r"(?<=\d) squared\b", " ^ 2"),
        (r"(?<=\d) cubed\b", " ^ 3"),
    )
)
_ATOM = rf"\(*\s*-?√?(?:{_NUMBER})\s*\)*"
_SUM = re.compile(rf"(?<![\w.,]){_ATOM}(?:\s*[-+*/^%]\s*{_ATOM})+(?![\w])|√(?:{_NUMBER})")
_AMBIGUOUS = re.compile(r"\d+(?:[-/]\d+)+")  # 24/7, 9-5
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?/\d\d?/\d{2,4}")
_ASKED = re.compile(
    r"\b(?:what(?:'?s| is| are| does)?|wats|calculate|compute|how much|solve|equals?|sum|result|work out|maths?|add)\b|=",
    re.IGNORECASE,
)
_LONGEST = 60
_LARGEST_POWER = 64

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: lambda percent, whole: percent * whole / 100,
}


def find_sum(text: str) -> tuple[str, str] | None:
    """The sum asked for in `text` and its result ("19 + 12", "31"), or None when there is none.

    Exact up to six decimals. Things that only look like sums (24/7, 9-5, dates) are left alone unless asked for.
    """
    plain = _rewritten(text)
    longest = max((match[0].strip() for match in _SUM.finditer(plain)), key=len, default="")
    if not longest or len(longest) > _LONGEST or _DATE.fullmatch(longest):
        return None
    alone = not re.search(r"\w", plain.replace(longest, ""))
    if not (alone or _ASKED.search(text)) and _AMBIGUOUS.fullmatch(longest.replace(" ", "")):
        return None
    if _AMBIGUOUS.fullmatch(longest) and longest.count("-") + longest.count("/") > 1 and not alone:
        return None
    return _shown(longest), _result(longest)


def _rewritten(text: str) -> str:
    plain = _TENS_AND_ONES.sub(lambda match: str(_WORDS[match[1]] + _WORDS[match[2]]), text.lower())
    plain = _SPELT_NUMBER.sub(lambda match: str(_WORDS[match[1]]), plain)
    plain = _MANY.sub(lambda match: str(int(match[1]) * int(match[2])), plain)
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    return plain


def _shown(expression: str) -> str:
    spaced = re.sub(r"\s*([-+*/^])\s*", r" \1 ", expression)
    spaced = re.sub(r"(^|[-+*/^(] ) - ", r"\1-", spaced)
    spaced = re.sub(r"\s*%\s*", "% of ", spaced)
    return " ".join(spaced.split()).replace("*", "x").replace("√", "square root of ")


def _result(expression: str) -> str:
    source = re.sub(r"√([\d.,]+)", r"root(\1)", expression).replace(",", "").replace("^", "**")
    source = re.sub(r"\b0+(?=\d)", "", source)
    try:
        return _written(_value(ast.parse(source.strip(), mode="eval").body))
    except ZeroDivisionError:
        return "not defined"
    except (SyntaxError, ValueError, ArithmeticError):
        return "not clear"


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Fraction(str(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            exponent = _value(right)
            if exponent.denominator != 1 or abs(exponent) > _LARGEST_POWER:
                raise ValueError("too large")
            return Fraction(_value(left) ** int(exponent))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id="root"), args=[ast.Constant(value=int() | float() as value)]):
            return Fraction(Decimal(str(value)).sqrt())
    raise ValueError("not a sum")


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    with localcontext() as context:
        context.prec = 40
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001"))
    exact = Fraction(rounded) == value
    return ("" if exact else "about ") + f"{rounded:f}".rstrip("0").rstrip(".")
