from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.arithmetic import find_sum
from alisa_desktop.conversation.numerals import in_digits

SUMS = [
    ("what's 19+12", "19 + 12", "31"),
    ("19 + 12", "19 + 12", "31"),
    ("whats 5x6", "5 x 6", "30"),
    ("5x6", "5 x 6", "30"),
    ("5 x6 pls", "5 x 6", "30"),
    ("8 × 7", "8 x 7", "56"),
    ("12 times nine?", "12 x 9", "108"),
    ("six times seven", "6 x 7", "42"),
    ("multiply 12 by 8", "12 x 8", "96"),
    ("product of 4 and 5", "4 x 5", "20"),
    ("what is 20% of 50", "20% of 50", "10"),
    ("how much is 15% of 80", "15% of 80", "12"),
    ("15 percent of $80", "15% of 80", "12"),
    ("15% of 15% of 240", "15% of 15% of 240", "5.4"),
    ("18% tip on 42", "18% of 42", "7.56"),
    ("30% off 120", "30% off 120", "84"),
    ("20 percent off of 50", "20% off 50", "40"),
    ("square root of 144", "square root of 144", "12"),
    ("whats the square root of 2", "square root of 2", "about 1.414214"),
    ("sqrt(16 + 9) + 1", "square root of (16 + 9) + 1", "6"),
    ("√81", "square root of 81", "9"),
    ("10/3", "10 / 3", "about 3.333333"),
    ("ok and 144/12", "144 / 12", "12"),
    ("25/5?", "25 / 5", "5"),
    ("could you tell me what 960 / 24 is", "960 / 24", "40"),
    ("bill is 73.20, whats 73.20 / 3", "73.20 / 3", "24.4"),
    ("too lazy to think: 72 / 8", "72 / 8", "9"),
    ("how much is left, 40 - 27", "40 - 27", "13"),
    ("split 86/4", "86 / 4", "21.5"),
    ("34 - 19 is what", "34 - 19", "15"),
    ("34 minus 19 please", "34 - 19", "15"),
    ("i need to know 120 minus 45 today", "120 - 45", "75"),
    ("divide 100 by 4", "100 / 4", "25"),
    ("8 divided by 3", "8 / 3", "about 2.666667"),
    ("5/0", "5 / 0", "not defined"),
    ("what is 10 / 0", "10 / 0", "not defined"),
    ("0^-1", "0 ^ -1", "not defined"),
    ("what's 1,000 * 3", "1,000 x 3", "3000"),
    ("twenty-five minus 7", "25 - 7", "18"),
    ("two hundred plus five", "200 + 5", "205"),
    ("two hundred and five plus three", "205 + 3", "208"),
    ("a thousand five hundred plus one", "1500 + 1", "1501"),
    ("how much is 1.5 million divided by 8", "1500000 / 8", "187500"),
    ("2^10", "2 ^ 10", "1024"),
    ("2**10", "2 ^ 10", "1024"),
    ("2 to the power of 100", "2 ^ 100", "1267650600228229401496703205376"),
    ("2^3^2", "2 ^ 3 ^ 2", "512"),
    ("2^-2", "2 ^ -2", "0.25"),
    ("9**9**9", "9 ^ 9 ^ 9", "too large"),
    ("((((((9^64)^64)^64)^64)^64)^64)", "((((((9 ^ 64) ^ 64) ^ 64) ^ 64) ^ 64) ^ 64)", "too large"),
    ("7^100 mod 13", "7 ^ 100 mod 13", "9"),
    ("17 % 5", "17 mod 5", "2"),
    ("what is 7 squared", "7 ^ 2", "49"),
    ("5 cubed", "5 ^ 3", "125"),
    ("whats -5 + 3", "-5 + 3", "-2"),
    ("minus 5 plus 12", "-5 + 12", "7"),
    ("5 - -3", "5 - -3", "8"),
    ("-2^2 + 1", "-2 ^ 2 + 1", "-3"),
    ("what's 10 - 4 - 3", "10 - 4 - 3", "3"),
    ("what is 24 / 4 / 2", "24 / 4 / 2", "3"),
    ("2+3*4", "2 + 3 x 4", "14"),
    ("(2+3)*4", "(2 + 3) x 4", "20"),
    ("2(3+4)", "2 x (3 + 4)", "14"),
    ("i think it's four (since 2+2)", "2 + 2", "4"),
    ("(what is 5-3)", "5 - 3", "2"),
    ("3.5*2", "3.5 x 2", "7"),
    (".5 + .25", ".5 + .25", "0.75"),
    ("1.05 + 1", "1.05 + 1", "2.05"),
    ("how much is 0.1 + 0.2", "0.1 + 0.2", "0.3"),
    ("$5 + $3.50", "5 + 3.50", "8.5"),
    ("007 + 1", "007 + 1", "8"),
    ("1+1=?", "1 + 1", "2"),
    ("2+2 is 5", "2 + 2", "4"),
    ("10 – 4", "10 - 4", "6"),
    ("10-4", "10 - 4", "6"),
    ("so...2+2", "2 + 2", "4"),
    ("add 5 and 7", "5 + 7", "12"),
    ("subtract 5 from 20", "20 - 5", "15"),
    ("what's half of 90", "90 / 2", "45"),
    ("whats double 47", "2 x 47", "94"),
    ("what is 24/7", "24 / 7", "about 3.428571"),
    ("12345678901234567.25 + 1", "12345678901234567.25 + 1", "12345678901234568.25"),
    ("what is -1/10000000", "-1 / 10000000", "about 0"),
]

NO_SUMS = [
    "i work 24/7",
    "24/7",
    "24/7, what should i do",
    "its 50/50",
    "50/50",
    "9-5 job sucks",
    "i have 2 dogs and 3 cats",
    "2026-11-23",
    "what is 10/12/2024",
    "12/25/24",
    "my number is 555-1234",
    "my number is 555-1234, what's yours",
    "555-123-4567",
    "+1 (555) 123-4567",
    "call +49 170 1234567",
    "1234-5678-9012-3456",
    "978-3-16-148410-0",
    "i got 7/10 on my exam",
    "rated 7.5/10",
    "1-2-3 go",
    "what a comeback, we were 0-2 down",
    "we won 3-2",
    "i drive a 4x4",
    "inverse of a 3x3 matrix",
    "my wallpaper is 1920x1080",
    "error 0x80070005",
    "binary addition 1011 + 110",
    "solve 2x^2 - 8 = 0 pls",
    "x + 3 - 2 = 5",
    "solve 5 + y",
    "log 10 + 2",
    "cube root of 27",
    "prove that sqrt 2 is irrational",
    "9:30 - 10:15",
    "roll 2d6 + 3",
    "covid-19 + 2",
    "version 1.2.3-4",
    "i called 5 times 2 days ago",
    "200 + 10%",
    "i'm 100% 2 tired",
    "1/2c of milk",
    "18+ only",
    "see pages 5-10",
    "9^0.5",
    "2 + ",
    "1+" * 40 + "1",
    "hello",
    "",
]


@pytest.mark.parametrize(("text", "shown", "result"), SUMS)
def test_a_sum_is_worked_out(text: str, shown: str, result: str) -> None:
    assert find_sum(text) == (shown, result)


@pytest.mark.parametrize("text", NO_SUMS)
def test_what_only_looks_like_a_sum_is_left_alone(text: str) -> None:
    assert find_sum(text) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("Twenty-five", "25"),
        ("two hundred and one", "201"),
        ("a hundred", "100"),
        ("three thousand two hundred and ten", "3210"),
        ("two hundred thousand", "200000"),
        ("one million two hundred thousand", "1200000"),
        ("3 million", "3000000"),
        ("1.5 thousand", "1500"),
        ("nineteen zero", "19 0"),
        ("someone stone often", "someone stone often"),
    ],
)
def test_spelt_numbers_become_digits(text: str, digits: str) -> None:
    assert in_digits(text) == digits


@given(st.integers(-(10**12), 10**12), st.sampled_from("+-*"), st.integers(-(10**12), 10**12))
def test_sums_of_integers_are_exact(left: int, sign: str, right: int) -> None:
    exact = {"+": left + right, "-": left - right, "*": left * right}[sign]
    found = find_sum(f"what is {left} {sign} {right}")
    assert found is not None
    assert found[1] == str(exact)


@given(st.decimals(0, 10**6, places=3), st.decimals(0, 10**6, places=3))
def test_sums_of_decimals_are_exact(left: object, right: object) -> None:
    found = find_sum(f"{left} + {right}")
    assert found is not None
    assert float(found[1]) == pytest.approx(float(str(left)) + float(str(right)), abs=1e-9)
    assert not found[1].startswith("about")


@given(st.text() | st.text("0123456789+-*/^%().,x √=what\n ", max_size=80))
def test_no_text_is_too_strange(text: str) -> None:
    found = find_sum(text)
    assert found is None or all(found)


@pytest.mark.parametrize(
    "part", ["1+", "(", "√(", "9", "1 + 1 a ", "twenty ", "one hundred ", "- ", "3%", "1,", "2 ", " "]
)
def test_a_long_message_is_read_quickly(part: str) -> None:
    text = part * (10_000 // len(part))
    began = time.thread_time()
    find_sum(text)
    assert time.thread_time() - began < 0.5
