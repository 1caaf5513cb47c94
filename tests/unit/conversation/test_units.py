from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.units import find_conversion

CONVERSIONS = [
    ("5 miles in km", "5 miles", "8.047 kilometres"),
    ("convert 12 miles to km", "12 miles", "19.31 kilometres"),
    ("can you convert 40 miles into km for me", "40 miles", "64.37 kilometres"),
    ("5 miles = ? km", "5 miles", "8.047 kilometres"),
    ("5km->miles", "5 kilometres", "3.107 miles"),
    ("10k in miles", "10 kilometres", "6.214 miles"),
    ("a mile in km", "1 mile", "1.609 kilometres"),
    ("two miles in km", "2 miles", "3.219 kilometres"),
    ("half a mile in meters", "0.5 miles", "804.7 metres"),
    ("quarter of a mile in m", "0.25 miles", "402.3 metres"),
    ("3,5 km in miles", "3.5 kilometres", "2.175 miles"),
    ("1,500 m in km", "1500 metres", "1.5 kilometres"),
    ("12345.678 m in km", "12345.678 metres", "12.35 kilometres"),
    ("1 mm in miles", "1 millimetre", "0.0000006214 miles"),
    ("how many miles is 5 km", "5 kilometres", "3.107 miles"),
    ("how many km are there in a mile", "1 mile", "1.609 kilometres"),
    ("how many kilometres do 5 miles make", "5 miles", "8.047 kilometres"),
    ("5 miles is how many km", "5 miles", "8.047 kilometres"),
    ("how many cm in an inch", "1 inch", "2.54 centimetres"),
    ('5" in cm', "5 inches", "12.7 centimetres"),
    ("5 in in cm", "5 inches", "12.7 centimetres"),
    ("how many feet is 180 cm", "180 centimetres", "5.906 feet"),
    ("180cm in feet", "180 centimetres", "5.906 feet"),
    ("6 foot to cm", "6 feet", "182.9 centimetres"),
    ("5'11 in cm", "5 feet 11 inches", "180.3 centimetres"),
    ("5’11” to cm", "5 feet 11 inches", "180.3 centimetres"),
    ("6 ft 2 in in m", "6 feet 2 inches", "1.88 metres"),
    ("five foot eleven in cm", "5 feet 11 inches", "180.3 centimetres"),
    ("what's 70kg in lbs?", "70 kilograms", "154.3 pounds"),
    ("150 pounds in kg", "150 pounds", "68.04 kilograms"),
    ("11 stone in kg", "11 stone", "69.85 kilograms"),
    ("8 oz in grams", "8 ounces", "226.8 grams"),
    ("8 oz in ml", "8 US fluid ounces", "236.6 millilitres"),
    ("12 fl oz in ml", "12 US fluid ounces", "354.9 millilitres"),
    ("1/2 cup in ml", "0.5 US cups", "118.3 millilitres"),
    ("½ cup in ml", "0.5 US cups", "118.3 millilitres"),
    ("2 1/2 cups to ml", "2.5 US cups", "591.5 millilitres"),
    ("how many cups is 500ml", "500 millilitres", "2.113 US cups"),
    ("2 us gallons in liters", "2 US gallons", "7.571 litres"),
    ("how many ml is 3 tablespoons", "3 US tablespoons", "44.36 millilitres"),
    ("72f in c", "72 degrees Fahrenheit", "22.22 degrees Celsius"),
    ("32°F to °C", "32 degrees Fahrenheit", "0 degrees Celsius"),
    ("-40 f in c", "-40 degrees Fahrenheit", "-40 degrees Celsius"),
    ("1 c in f", "1 degree Celsius", "33.8 degrees Fahrenheit"),
    ("what is 100 degrees fahrenheit in celsius", "100 degrees Fahrenheit", "37.78 degrees Celsius"),
    ("20 degrees in fahrenheit", "20 degrees Celsius", "68 degrees Fahrenheit"),
    ("86° in celsius", "86 degrees Fahrenheit", "30 degrees Celsius"),
    ("300 K in c", "300 kelvin", "26.85 degrees Celsius"),
    ("how many minutes in 3 hours", "3 hours", "180 minutes"),
    ("how many seconds in a day", "1 day", "86400 seconds"),
    ("90 mins in hrs", "90 minutes", "1.5 hours"),
    ("5 m in seconds", "5 minutes", "300 seconds"),
    ("how much is 60 mph in km/h", "60 miles per hour", "96.56 kilometres per hour"),
    ("100 km per hour in mph", "100 kilometres per hour", "62.14 miles per hour"),
    ("10 knots in m/s", "10 knots", "5.144 metres per second"),
    ("2 gb in mb", "2 gigabytes", "2000 megabytes"),
    ("1 tb to bytes", "1 terabyte", "1e+12 bytes"),
    ("50 sqm in sqft", "50 square metres", "538.2 square feet"),
    ("3 square feet in m²", "3 square feet", "0.2787 square metres"),
    ("2 acres in hectares", "2 acres", "0.8094 hectares"),
]

NO_CONVERSIONS = [
    "i ran 5k in 30 min",
    "i work 5 days in a week",
    "put 3 cups in a bowl",
    "5 pounds in dollars",
    "how many grams in a cup",
    "give me a second to c",
    "10-40 f in c",
    "5 miles in miles",
    "5 imperial gallons in l",
    "1/0 cup in ml",
    "1 000 m in km",
    "miles to km",
    "9" * 400 + " miles in km",
    "see you in 5 minutes",
    "",
]


@pytest.mark.parametrize(("text", "source", "target"), CONVERSIONS)
def test_a_measure_is_converted(text: str, source: str, target: str) -> None:
    assert find_conversion(text) == (source, target)


@pytest.mark.parametrize("text", NO_CONVERSIONS)
def test_what_is_no_measure_is_left_alone(text: str) -> None:
    assert find_conversion(text) is None


PAIRS = [
    ("miles", "km"),
    ("feet", "cm"),
    ("inches", "mm"),
    ("kg", "lbs"),
    ("ounces", "grams"),
    ("gallons", "litres"),
    ("fl oz", "ml"),
    ("cups", "tablespoons"),
    ("celsius", "fahrenheit"),
    ("kelvin", "celsius"),
    ("km per hour", "mph"),
    ("knots", "metres per second"),
    ("acres", "square metres"),
    ("square miles", "square kilometres"),
    ("weeks", "hours"),
]


@given(st.sampled_from(PAIRS), st.decimals(1, 100_000, places=2))
def test_there_and_back_is_close(pair: tuple[str, str], value: object) -> None:
    there = find_conversion(f"{value} {pair[0]} in {pair[1]}")
    assert there is not None
    back = find_conversion(f"{there[1]} in {pair[0]}")
    assert back is not None
    number = float(re.match(r"-?[\d.]+", back[1])[0])  # type: ignore[index]  # there is always a number
    assert number == pytest.approx(float(str(value)), rel=2e-3, abs=0.3 if "celsius" in pair else 1e-3)


@given(st.text() | st.text("0123456789./,'\"°½ acfkgmlinotsbh=?-", max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    found = find_conversion(text)
    assert found is None or all(found)


@pytest.mark.parametrize("part", ["a/", "5 ft ", "1 in ", "how many ", "½", "9", "1,", "5'", "-", "°", " "])
def test_a_long_message_is_read_quickly(part: str) -> None:
    text = part * (10_000 // len(part))
    began = time.thread_time()
    find_conversion(text)
    assert time.thread_time() - began < 0.5
