from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.messages import Turn
from alisa_desktop.memory.recall import answer, fold, local_day, per_day, says, storable

TOKYO = timezone(timedelta(hours=9))
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_storable_text_is_valid_utf8_and_stays_as_it_is(text: str) -> None:
    once = storable(text)
    once.encode("utf-8")
    assert storable(once) == once


@given(st.text())
def test_whole_characters_are_not_changed(text: str) -> None:
    assert storable(text) == text


def test_lone_surrogates_are_replaced_and_their_neighbours_kept() -> None:
    assert storable("a\ud800b\udc00") == "a\ufffdb\ufffd"
    assert storable("\ud83d\ude00") == "😀"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("É", "é"),
        ("e\u0301", "É"),
        ("STRASSE", "straße"),
        ("ＡＢＣ", "abc"),
        ("田", "田"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("\ud800", "\ufffd"),
    ],
)
def test_fold_makes_the_same_words_equal(typed: str, stored: str) -> None:
    assert fold(typed) == fold(stored)


def test_accents_and_characters_still_differ() -> None:
    assert fold("e") != fold("é")
    assert fold("田") != fold("由")


def test_both_sides_are_searched(turn: Callable[..., Turn]) -> None:
    told = turn(user_text="Über", reply="Éclair")
    assert says(told, fold("über"))
    assert says(told, fold("éCLAIR"))
    assert not says(told, fold("tart"))


def test_days_are_counted_on_the_wall_of_the_zone() -> None:
    late = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    assert local_day(late, UTC) == date(2026, 1, 1)
    assert local_day(late, TOKYO) == date(2026, 1, 2)
    times = [late, late + timedelta(hours=1), late + timedelta(hours=2)]
    assert per_day(times, UTC) == [(date(2026, 1, 2), 2), (date(2026, 1, 1), 1)]


def test_an_unwritten_turn_takes_the_place_of_the_stored_one(turn: Callable[..., Turn]) -> None:
    stored = [turn(0), turn(1), turn(2)]
    again = turn(1, reply="again")
    assert answer(stored, [again]) == [turn(0), again, turn(2)]
    assert answer(stored, [again], lambda found: found.reply != "again") == [turn(0), turn(2)]


@pytest.mark.parametrize(("limit", "length"), [(None, 4), (9, 4), (2, 2), (0, 0), (-1, 0)])
def test_the_limit_keeps_the_latest(turn: Callable[..., Turn], limit: int | None, length: int) -> None:
    turns = [turn(number) for number in range(4)]
    assert answer(turns[:2], turns[2:], limit=limit) == turns[4 - length :]
