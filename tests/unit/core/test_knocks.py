"""The words at her door."""

from __future__ import annotations

from contextlib import suppress
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.core.knocks import (
    ANSWERS,
    WISHES,
    Answer,
    Done,
    Lines,
    NoSuchWords,
    Say,
    Show,
    Wish,
    read_answer,
    read_wish,
    write_answer,
    write_wish,
)

any_text = st.text(st.characters())  # lone surrogates included, and ends of lines
wishes = st.one_of(
    [st.builds(kind, **dict.fromkeys(getattr(kind, "__slots__", ()), any_text)) for kind in WISHES.values()]
)
answers: st.SearchStrategy[Answer] = st.one_of([st.from_type(kind) for kind in ANSWERS.values()])


@settings(max_examples=60)
@given(st.lists(wishes, max_size=4), st.lists(st.integers(1, 50)))
def test_wishes_survive_any_cutting(sent: list[Wish], cuts: list[int]) -> None:
    data = b"".join(map(write_wish, sent))
    lines, received = Lines(10_000), []
    for cut in [*cuts, len(data)]:
        received += lines.feed(data[:cut])
        data = data[cut:]
    assert [read_wish(line) for line in received] == sent


@settings(max_examples=60)
@given(answers.filter(lambda answer: not isnan(getattr(answer, "seconds", 0.0))))
def test_answers_come_back_as_they_were(answer: Answer) -> None:
    (line,) = Lines(1_000_000).feed(write_answer(answer))
    assert read_answer(line) == answer


@settings(max_examples=200)
@given(st.binary() | st.text().map(str.encode))
def test_nonsense_is_a_named_error(data: bytes) -> None:
    for read in (read_wish, read_answer):
        with suppress(NoSuchWords):
            read(data)


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"{}", b'{"do": 1}', b'{"do": ["say"]}', b'{"do": "say"}', b'{"do": "say", "text": 1}', b"\xff",
     b'{"do": "say", "text": null}', b'{"do": "dance"}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_wish_is_refused(line: bytes) -> None:
    with pytest.raises(NoSuchWords):
        read_wish(line)


def test_no_number_is_a_bool() -> None:
    with pytest.raises(NoSuchWords):
        read_answer(b'{"is": "done", "pid": true}')


def test_what_a_newer_one_says_more_is_passed_over() -> None:
    assert read_wish(b'{"do": "show", "where": "left"}') == Show()
    assert read_wish(b'{"do": "say", "text": "hi", "loud": true}') == Say("hi")
    assert read_answer(b'{"is": "done", "pid": 5, "more": 1}') == Done(5)


def test_a_line_without_an_end_is_refused_before_it_is_kept() -> None:
    lines = Lines(100)
    assert lines.feed(b"x" * 100) == []
    with pytest.raises(NoSuchWords):
        lines.feed(b"x")
