"""Whoever speaks of ending it gets the kind answer, however it is written; nobody else does."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alisa_desktop.persona.crisis import CrisisRule, parse_crisis_rule


def _wordings(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


MUST_APPLY = _wordings("crisis_must_apply.txt")
HARMLESS = _wordings("crisis_harmless.txt")


def test_a_cry_for_help_is_heard(rule: CrisisRule) -> None:
    assert [text for text in MUST_APPLY if not rule.applies(text)] == []


def test_everyday_words_are_no_cry_for_help(rule: CrisisRule) -> None:
    assert [text for text in HARMLESS if rule.applies(text)] == []


def test_the_tables_are_long_enough() -> None:
    assert len(MUST_APPLY) >= 120
    assert len(HARMLESS) >= 80


AROUND = st.text(alphabet=st.characters(categories=["L", "N", "P", "Z"]), max_size=40)


@settings(max_examples=100)
@given(AROUND, st.sampled_from(["I want to kill myself", "suicide", "i dont want to live anymore"]), AROUND)
def test_what_stands_around_does_not_hide_it(rule: CrisisRule, before: str, cry: str, after: str) -> None:
    assert rule.applies(f"{before}. {cry}. {after}")


@settings(max_examples=200)
@given(st.text(max_size=200))
@example("\ud800 lone surrogate")
@example("")
def test_any_text_gets_an_answer(rule: CrisisRule, text: str) -> None:
    assert rule.applies(text) in (True, False)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "a", " ", "'", "x ", "a b ", "s u i c ", "i want to ", "i can't go on anymore ", "i want to i want to ",
        "kill ", "tired of ", "i took a lot of ", "my ", "write a letter ", "wish i ", "how many pills ", "1", "'a",
        "想", "死 ", "i don't want to be here ", "everyone would be ", "k", "\u200b", "é", "ﷺ", "e\u0301", "!", "k!",
    ],
)  # fmt: skip
def test_a_long_message_takes_no_long_time(rule: CrisisRule, piece: str) -> None:
    began = time.thread_time()
    rule.applies((piece * 100_000)[:100_000])
    assert time.thread_time() - began < 5


def test_the_answer_is_given_as_it_is_written_and_names_help(rule: CrisisRule) -> None:
    assert rule.answer == rule.answer.strip()
    for help_ in ("112", "911", "988", "116 123", "findahelpline.com"):
        assert help_ in rule.answer


def test_a_name_stands_for_its_pattern_and_an_everyday_wording_is_passed_over() -> None:
    rule = parse_crisis_rule("WHO = (?:i|we)\nBOTH = {WHO}(?: all)?\n! we go home\n{BOTH} go", "Stay.")
    assert rule.applies("We all go.")
    assert not rule.applies("We go home.")
    assert rule.applies("We go home, and then I go.")


def test_a_name_that_nobody_gave_is_refused() -> None:
    with pytest.raises(KeyError):
        parse_crisis_rule("{WHO} go", "answer")


def test_patterns_are_one_a_line_with_comments() -> None:
    rule = parse_crisis_rule("# a comment\n\n  gone\nnot here\r\n", " Stay. \n")
    assert rule.applies("Gone!")
    assert rule.applies("not... HERE")
    assert not rule.applies("foregone")
    assert not rule.applies("a comment")
    assert rule.answer == "Stay."


def test_a_line_that_is_no_pattern_is_refused() -> None:
    with pytest.raises(re.error):
        parse_crisis_rule("fine\n(broken", "answer")


def test_no_patterns_means_that_nothing_applies() -> None:
    assert not parse_crisis_rule("# nothing yet\n", "answer").applies("I want to die")


def test_a_megabyte_is_read_at_both_ends_only(rule: CrisisRule) -> None:
    filler = "the weather is fine " * 50_000
    assert rule.applies(f"{filler} i want to kill myself")
    assert rule.applies(f"i want to kill myself {filler}")
    assert not rule.applies(filler)
