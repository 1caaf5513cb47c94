"""Units of everyday life, converted: text in, text out. Factors are exact by definition (SI Brochure, NIST SP 811)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from alisa_desktop.conversation.numerals import in_digits
from alisa_desktop.conversation.vocabulary import words


@dataclass(frozen=True, slots=True)
class _Unit:
    """`size` is in the base unit of its `measure`; `zero` is where its scale begins there (temperatures)."""

    measure: str
    one: str
    many: str
    size: Fraction
    zero: Fraction = Fraction(0)


def _unit(measure: str, one: str, many: str, size: str, zero: str = "0") -> _Unit:
    return _Unit(measure, one, many, Fraction(size), Fraction(zero))


_TABLE: tuple[tuple[str, _Unit], ...] = (
    ("mm millimeter millimetre", _unit("length", "millimetre", "millimetres", "0.001")),
    ("cm centimeter centimetre", _unit("length", "centimetre", "centimetres", "0.01")),
    ("m meter metre", _unit("length", "metre", "metres", "1")),
    ("km kilometer kilometre k", _unit("length", "kilometre", "kilometres", "1000")),
    ("in inch \" ''", _unit("length", "inch", "inches", "0.0254")),
    ("ft foot feet", _unit("length", "foot", "feet", "0.3048")),
    ("yd yard", _unit("length", "yard", "yards", "0.9144")),
    ("mi mile", _unit("length", "mile", "miles", "1609.344")),
    ("mg milligram", _unit("mass", "milligram", "milligrams", "0.000001")),
    ("g gram gr gramme", _unit("mass", "gram", "grams", "0.001")),
    ("kg kilo kilogram", _unit("mass", "kilogram", "kilograms", "1")),
    ("t ton tonne", _unit("mass", "tonne", "tonnes", "1000")),
    ("oz ounce", _unit("mass", "ounce", "ounces", "0.028349523125")),
    ("lb pound", _unit("mass", "pound", "pounds", "0.45359237")),
    ("st stone", _unit("mass", "stone", "stone", "6.35029318")),
    ("ml milliliter millilitre", _unit("volume", "millilitre", "millilitres", "0.001")),
    ("cl centiliter centilitre", _unit("volume", "centilitre", "centilitres", "0.01")),
    ("l liter litre ltr", _unit("volume", "litre", "litres", "1")),
    ("gal gallon", _unit("volume", "US gallon", "US gallons", "3.785411784")),
    ("qt quart", _unit("volume", "US quart", "US quarts", "0.946352946")),
    ("pt pint", _unit("volume", "US pint", "US pints", "0.473176473")),
    ("cup", _unit("volume", "US cup", "US cups", "0.2365882365")),
    ("floz oz ounce", _unit("volume", "US fluid ounce", "US fluid ounces", "0.0295735295625")),
    ("tbsp tablespoon", _unit("volume", "US tablespoon", "US tablespoons", "0.01478676478125")),
    ("tsp teaspoon", _unit("volume", "US teaspoon", "US teaspoons", "0.00492892159375")),
    ("c celsius celcius centigrade degree", _unit("temperature", "degree Celsius", "degrees Celsius", "1", "273.15")),
    (
        "f fahrenheit farenheit fahrenheight farenheight degree",
        _unit("temperature", "degree Fahrenheit", "degrees Fahrenheit", "5/9", "229835/900"),
    ),
    ("k kelvin", _unit("temperature", "kelvin", "kelvin", "1")),
    ("s sec second", _unit("time", "second", "seconds", "1")),
    ("min minute m", _unit("time", "minute", "minutes", "60")),
    ("h hr hour", _unit("time", "hour", "hours", "3600")),
    ("day", _unit("time", "day", "days", "86400")),
    ("week wk", _unit("time", "week", "weeks", "604800")),
    ("fortnight", _unit("time", "fortnight", "fortnights", "1209600")),
    ("kmh kph km/h", _unit("speed", "kilometre per hour", "kilometres per hour", "5/18")),
    ("mph mi/h", _unit("speed", "mile per hour", "miles per hour", "0.44704")),
    ("m/s mps", _unit("speed", "metre per second", "metres per second", "1")),
    ("knot kn kt", _unit("speed", "knot", "knots", "1852/3600")),
    ("byte", _unit("data", "byte", "bytes", "1")),
    ("kb kilobyte", _unit("data", "kilobyte", "kilobytes", "1000")),
    ("mb megabyte", _unit("data", "megabyte", "megabytes", "1000000")),
    ("gb gigabyte gig", _unit("data", "gigabyte", "gigabytes", "1000000000")),
    ("tb terabyte", _unit("data", "terabyte", "terabytes", "1000000000000")),
    ("acre", _unit("area", "acre", "acres", "4046.8564224")),
    ("hectare ha", _unit("area", "hectare", "hectares", "10000")),
    ("sqft ft2 ft²", _unit("area", "square foot", "square feet", "0.09290304")),
    ("sqm m2 m²", _unit("area", "square metre", "square metres", "1")),
    ("sqkm km2 km²", _unit("area", "square kilometre", "square kilometres", "1000000")),
    ("sqmi", _unit("area", "square mile", "square miles", "2589988.110336")),
)


def _by_name() -> dict[str, list[_Unit]]:
    """Every name with what it may mean: an ounce is a mass or a volume, a degree Celsius or Fahrenheit."""
    named = defaultdict(list)
    for names, unit in _TABLE:
        for name in words(names):
            named[name].append(unit)
    return dict(named)


_UNITS = _by_name()
_FOOT, _INCH = _UNITS["ft"][0], _UNITS["in"][0]

_PHRASES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[°º˚]", " degrees "),
        (r"\bdeg\b\.?", "degrees"),
        (r"\bdegrees? +(?=[cfk]\b|celsius|celcius|centigrade|fahr|faren|kelvin)", ""),
        (r"½", " 1/2"),
        (r"¼", " 1/4"),
        (r"¾", " 3/4"),
        (r"\b(?:u\.?s\.?|american) (?=cup|gal|pint|quart|fl|tbsp|tablespoon|tsp|teaspoon)", ""),
        (r"\b(?:sq\.?|square) ?(?:m|met(?:er|re)s?)\b", "sqm"),
        (r"\b(?:sq\.?|square) ?(?:ft|feet|foot)\b", "sqft"),
        (r"\b(?:sq\.?|square) ?(?:km|kilomet(?:er|re)s?)\b", "sqkm"),
        (r"\b(?:sq\.?|square) ?(?:mi|miles?)\b", "sqmi"),
        (r"\b(?:fl\.? ?oz|fluid ounces?)\b", "floz"),
        (r"\b(?:kilomet(?:er|re)s?|kms?|k) (?:per|an|a) (?:hour|h)\b", "kmh"),
        (r"\bmiles? (?:per|an|a) hour\b", "mph"),
        (r"\b(?:met(?:er|re)s?|m) (?:per|a) second\b", "m/s"),
        (r"\s+", " "),
    )
)

_ALONE = r"(?<![\w.,/-])(?<!\d )"
_DIGITS = r"\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,9})?|\d{1,12}(?:[.,]\d{1,9})?|\.\d{1,9}"
_BROKEN = r"(?:\d{1,3} )?\d{1,3}/[1-9]\d{0,2}"
_VALUE = rf"{_ALONE}(?:{_BROKEN}|-?(?:{_DIGITS})|(?:half|quarter)(?: of)?(?: an?)?|an?)(?![\d,/])"
_UNIT = r"[a-z\"'²/]{1,15}2?"
_FROM = rf"(?P<value>{_VALUE}) ?(?P<unit>{_UNIT})"
_TO = rf"(?P<target>{_UNIT})"
_LINK = r"(?:is|are|do|does|make|makes|equal|equals|there|in|go|into|fit)"
_WAYS = (
    re.compile(rf"\bhow (?:many|much) {_TO} (?:{_LINK} ){{1,3}}{_FROM}(?![\w'])"),
    re.compile(rf"{_FROM} (?:is|are|equals?|makes?|=) (?:how many|\?) ?{_TO}"),
    re.compile(rf"{_FROM} (?:is (?:that )?)?(?:in|to|into|as) {_TO}"),
    re.compile(rf"{_FROM} ?(?:=|->|→|>) ?\??{_TO}"),
)
_FEET_AND_INCHES = re.compile(
    rf"{_ALONE}(?P<feet>\d{{1,2}}) ?(?:'|ft|feet|foot)\.? ?(?:and )?(?P<inches>\d{{1,2}}(?:\.\d{{1,2}})?)"
    rf" ?(?:\"|''|in|inch|inches)? (?:is |tall )?(?:in|to|into|as) {_TO}"
)


def find_conversion(text: str) -> tuple[str, str] | None:
    """The conversion asked for in `text` ("5 miles", "8.047 kilometres"), to four significant figures; else None."""
    plain = in_digits(text.replace("’", "'").replace("′", "'").replace("″", '"').replace("”", '"'))
    for pattern, replacement in _PHRASES:
        plain = pattern.sub(replacement, plain)
    return _of_height(plain) or _of_one_unit(plain)


def _of_height(plain: str) -> tuple[str, str] | None:
    for match in _FEET_AND_INCHES.finditer(plain):
        inches = Fraction(match["inches"])
        lengths = [unit for unit in _named(match["target"]) if unit.measure == _FOOT.measure]
        if lengths and inches < 12:
            feet = Fraction(match["feet"])
            told = f"{_said(feet, _FOOT)} {_said(inches, _INCH)}"
            return told, _converted(12 * feet + inches, _INCH, lengths[0])
    return None


def _of_one_unit(plain: str) -> tuple[str, str] | None:
    for way in _WAYS:
        for match in way.finditer(plain):
            if pair := _same_measure(match["unit"], match["target"]):
                source, target = pair
                value = _number(match["value"])
                return _said(value, source), _converted(value, source, target)
    return None


def _same_measure(source: str, target: str) -> tuple[_Unit, _Unit] | None:
    pairs = ((one, other) for one in _named(source) for other in _named(target))
    return next((pair for pair in pairs if pair[0].measure == pair[1].measure and pair[0] is not pair[1]), None)


def _named(word: str) -> list[_Unit]:
    singular = (word, word.removesuffix("s"), word.removesuffix("'s"), word.removesuffix("es"))
    return next((_UNITS[name] for name in singular if name in _UNITS), [])


def _number(written: str) -> Fraction:
    if written.startswith(("half", "quarter")):
        return Fraction(1, 2) if written.startswith("half") else Fraction(1, 4)
    if written.startswith("a"):
        return Fraction(1)
    if re.fullmatch(r"-?\d+,\d{1,2}", written):  # a decimal comma
        written = written.replace(",", ".")
    return sum((Fraction(part) for part in written.replace(",", "").split()), Fraction())


def _converted(value: Fraction, source: _Unit, target: _Unit) -> str:
    return _counted((value * source.size + source.zero - target.zero) / target.size, target, _rounded)


def _said(value: Fraction, unit: _Unit) -> str:
    return _counted(value, unit, _exact)


def _counted(value: Fraction, unit: _Unit, written: Callable[[Fraction], str]) -> str:
    number = written(value)
    return f"{number} {unit.one if number == '1' else unit.many}"


def _exact(value: Fraction) -> str:
    """The number as it was told."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.9f}".rstrip("0").rstrip(".")


def _rounded(value: Fraction) -> str:
    """Four significant figures; whole numbers and all digits before the point are kept up to a trillion."""
    if abs(value) >= 10**12:
        return f"{float(value):.4g}"
    if value.denominator == 1 or abs(value) >= 10_000:
        return str(round(value))
    return f"{Decimal(f'{float(value):.4g}'):f}"
