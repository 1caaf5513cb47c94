"""Units of everyday life, converted: text in, text out. The factors are exact by definition (SI Brochure, NIST SP 811)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


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
    ("km kilometer kilometre k kms", _unit("length", "kilometre", "kilometres", "1000")),
    ("in inch inches \" ''", _unit("length", "inch", "inches", "0.0254")),
    ("ft foot feet", _unit("length", "foot", "feet", "0.3048")),
    ("yd yard", _unit("length", "yard", "yards", "0.9144")),
    ("mi mile", _unit("length", "mile", "miles", "1609.344")),
    ("mg milligram", _unit("mass", "milligram", "milligrams", "0.000001")),
    ("g gram gr gramme", _unit("mass", "gram", "grams", "0.001")),
    ("kg kilo kilogram kgs", _unit("mass", "kilogram", "kilograms", "1")),
    ("t ton tonne", _unit("mass", "tonne", "tonnes", "1000")),
    ("oz ounce", _unit("mass", "ounce", "ounces", "0.028349523125")),
    ("lb lbs pound", _unit("mass", "pound", "pounds", "0.45359237")),
    ("st stone", _unit("mass", "stone", "stone", "6.35029318")),
    ("ml milliliter millilitre", _unit("volume", "millilitre", "millilitres", "0.001")),
    ("cl centiliter centilitre", _unit("volume", "centilitre", "centilitres", "0.01")),
    ("l liter litre ltr", _unit("volume", "litre", "litres", "1")),
    ("gal gallon", _unit("volume", "US gallon", "US gallons", "3.785411784")),
    ("qt quart", _unit("volume", "US quart", "US quarts", "0.946352946")),
    ("pt pint", _unit("volume", "US pint", "US pints", "0.473176473")),
    ("cup", _unit("volume", "US cup", "US cups", "0.2365882365")),
    ("floz", _unit("volume", "US fluid ounce", "US fluid ounces", "0.0295735295625")),
    ("tbsp tablespoon", _unit("volume", "US tablespoon", "US tablespoons", "0.01478676478125")),
    ("tsp teaspoon", _unit("volume", "US teaspoon", "US teaspoons", "0.00492892159375")),
    ("c celsius celcius °c degc centigrade", _unit("temperature", "degree Celsius", "degrees Celsius", "1", "273.15")),
    (
        "f fahrenheit farenheit fahrenheight °f degf",
        _unit("temperature", "degree Fahrenheit", "degrees Fahrenheit", "5/9", "229835/900"),
    ),
    ("kelvin", _unit("temperature", "kelvin", "kelvin", "1")),
    ("s sec second", _unit("time", "second", "seconds", "1")),
    ("min minute", _unit("time", "minute", "minutes", "60")),
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
    ("sqft", _unit("area", "square foot", "square feet", "0.09290304")),
    ("sqm m2 m²", _unit("area", "square metre", "square metres", "1")),
)
_UNITS = {name: unit for names, unit in _TABLE for name in names.split()}
_PHRASES = (
    (r"\bsquare (?:meters?|metres?)\b", "sqm"),
    (r"\bsquare (?:feet|foot)\b", "sqft"),
    (r"\b(?:fl\.? ?oz|fluid ounces?)\b", "floz"),
    (r"\b(?:kilomet(?:er|re)s?|km|kms) (?:per|an|a) hour\b", "kmh"),
    (r"\bmiles? (?:per|an|a) hour\b", "mph"),
    (r"\b(?:meters?|metres?) (?:per|a) second\b", "m/s"),
    (r"\bdegrees? |° ?", ""),
)
_WORD = r"[a-z°\"'²/]+2?"
_VALUE = r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+|\ban?\b|\bone\b|\bhalf an?\b"
_ONE_WAY = re.compile(
    rf"(?P<value>{_VALUE})\s*(?P<unit>{_WORD})\s+(?:is\s+(?:that\s+)?)?(?:in|to|into|as|=)\s+(?P<target>{_WORD})"
)
_OTHER_WAY = re.compile(
    rf"how (?:many|much) (?P<target>{_WORD})\s+(?:is|are|in|does|make|equals?|there are in|are there in|go into|is in|are in)"
    rf"\s+(?:there in\s+)?(?P<value>{_VALUE})\s*(?P<unit>{_WORD})"
)
_THIRD_WAY = re.compile(
    rf"(?P<value>{_VALUE})\s*(?P<unit>{_WORD})\s+(?:is|are|equals?|makes?)\s+how many\s+(?P<target>{_WORD})"
)


def find_conversion(text: str) -> tuple[str, str] | None:
    """The conversion asked for in `text` ("5 miles", "8.047 kilometres"), to four significant figures; else None."""
    plain = text.lower()
    for pattern, word in _PHRASES:
        plain = re.sub(pattern, word, plain)
    for way in (_OTHER_WAY, _THIRD_WAY, _ONE_WAY):
        for match in way.finditer(plain):
            source, target = _named(match["unit"]), _named(match["target"])
            if source and target and source is not target and source.measure == target.measure:
                value = _number(match["value"])
                result = (value * source.size + source.zero - target.zero) / target.size
                return _said(value, source), _said(result, target)
    return None


def _named(word: str) -> _Unit | None:
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s")) or _UNITS.get(word.removesuffix("es"))


def _number(written: str) -> Fraction:
    if written.startswith("half"):
        return Fraction(1, 2)
    return Fraction(1) if written in ("a", "an", "one") else Fraction(written.replace(",", ""))


def _said(value: Fraction, unit: _Unit) -> str:
    return f"{_rounded(value)} {unit.one if value == 1 else unit.many}"


def _rounded(value: Fraction) -> str:
    if value.denominator == 1 and abs(value) < 10**12:
        return str(value.numerator)
    if abs(value) >= 10_000:
        return str(round(value)) if abs(value) < 10**12 else f"{float(value):.3e}"
    return f"{float(f'{float(value):.4g}'):f}".rstrip("0").rstrip(".")
