"""Replies cut into prose and code, wherever the stream is at the moment."""

import re

from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.ui.markdown import Code, Prose, split

REPLY = "Hm.\n\n```python\nprint(1)\n```\n\nThat is all."


def test_prose_and_code_are_told_apart():
    assert split(REPLY) == [Prose("Hm."), Code("print(1)", "python"), Prose("That is all.")]


def test_open_fence_is_code_to_the_end():
    assert split("Look:\n```\na\n\nb") == [Prose("Look:"), Code("a\n\nb")]


def test_longer_fence_holds_a_shorter_one():
    assert split("````md\n```\nx\n```\n````") == [Code("```\nx\n```", "md")]


def test_tilde_fence_does_not_close_a_backtick_fence():
    assert split("```\n~~~\nx\n```") == [Code("~~~\nx")]


def test_fence_inside_a_list_loses_its_indentation():
    assert split("1. Do:\n   ```sh\n   ls\n     -l\n   ```\n2. Done") == [
        Prose("1. Do:"),
        Code("ls\n  -l", "sh"),
        Prose("2. Done"),
    ]


def test_inline_code_is_no_fence():
    assert split("```not``` a fence `x`") == [Prose("```not``` a fence `x`")]


def test_nothing_has_no_pieces():
    assert split("") == split("\n\n") == []


def test_long_prose_is_cut_only_where_meaning_stays():
    paragraph = "word " * 30
    listed = f"{paragraph}\n\n- one\n\n- two\n\n  more\n\n{paragraph}"
    first, second = split(listed, longest=100)
    assert "more" in first.text
    assert second == Prose(paragraph)


def test_without_a_limit_prose_stays_whole():
    assert len(split("a\n\nb\n\nc")) == 1


@given(st.text(alphabet="ab`~ \n-1.", max_size=200), st.sampled_from([None, 5, 40]))
def test_no_word_is_lost(text: str, longest: int | None):
    shown = "".join(piece.text for piece in split(text, longest))
    assert re.sub(r"[^ab]", "", shown).count("a") <= text.count("a")
    if "`" not in text and "~" not in text:
        assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", text)


@given(st.text(alphabet="ab` \n-", max_size=200), st.integers(0, 200))
def test_more_text_changes_only_the_last_pieces(text: str, cut: int):
    """What was complete stays, so that only the end is rendered again."""
    lines = text[:cut].rsplit("\n", 1)[0]
    before, after = split(lines), split(text)
    assert before[:-1] == after[: max(0, len(before) - 1)]
