from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.model.decoding import (
    LOOP_LENGTH,
    OptionPath,
    ReplyMemory,
    Written,
    common_length,
    runs_in_circles,
)


def walk(options: dict[str, list[int]], liked: list[int], vocabulary: int = 100) -> tuple[str | None, list[int], int]:
    path = OptionPath(options)
    logits = [0.0] * vocabulary
    for rank, token in enumerate(liked):
        logits[token] = 100.0 - rank
    tokens, asked = path.shared(), 0
    while path.chosen is None:
        path.pick(logits)
        asked += 1
        tokens += path.shared()
    return path.chosen, tokens, asked


def test_single_tokens_take_one_question() -> None:
    assert walk({"happy": [7], "sad": [8], "calm": [9]}, liked=[50, 8, 9]) == ("sad", [8], 1)


def test_shared_tokens_are_not_asked_for() -> None:
    options = {"shy": [1, 2, 3, 9], "sad": [1, 2, 4, 9], "surprised": [1, 2, 4, 5, 9]}
    assert walk(options, liked=[4, 5]) == ("surprised", [1, 2, 4, 5, 9], 2)


def test_an_option_that_goes_on_in_another_wins_when_the_model_wants_neither() -> None:
    options = {"calm": [1], "calmer": [1, 2]}
    assert walk(options, liked=[60]) == ("calm", [1], 1)
    assert walk(options, liked=[2]) == ("calmer", [1, 2], 1)


def test_one_option_needs_no_question() -> None:
    assert walk({"only": [1, 2]}, liked=[]) == ("only", [1, 2], 0)


@settings(max_examples=60)
@given(
    st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1).filter(
        lambda options: len({tuple(tokens) for tokens in options.values()}) == len(options)
    ),
    st.lists(st.integers(0, 9), unique=True),
)
def test_the_way_ends_at_an_option_with_its_tokens(options: dict[str, list[int]], liked: list[int]) -> None:
    chosen, tokens, _ = walk(options, liked)
    assert chosen is not None
    assert options[chosen] == tokens


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_common_length(one: list[int], other: list[int]) -> None:
    length = common_length(one, other)
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


def test_replies_are_known_whatever_their_white_space() -> None:
    memory = ReplyMemory()
    memory.remember("<emotion=happy>  Hi there.\n", [1, 2, 3])
    assert memory.tokens("<emotion=happy> Hi there.") == [1, 2, 3]
    assert memory.tokens("Hi there.") is None


def test_the_oldest_reply_makes_room() -> None:
    memory = ReplyMemory(limit=2)
    for number, text in enumerate("abc"):
        memory.remember(text, [number])
        memory.tokens("a")
    assert [memory.tokens(text) for text in "abc"] == [[0], None, [2]]


def test_circles() -> None:
    assert runs_in_circles([1, *[5] * LOOP_LENGTH])
    assert not runs_in_circles([5] * (LOOP_LENGTH - 1))
    assert not runs_in_circles([*[5] * LOOP_LENGTH, 6])


def test_a_written_line_is_a_grammar() -> None:
    written = Written([7, 8, 7, 9])
    assert written.after([]) == {7}
    assert written.after([7]) == {8, 9}, "only here the model chooses"
    assert written.after([7, 8]) == {7}
    assert written.after([7, 8, 7, 9]) == {None}
    assert written.after([1]) == {None}, "a token that is not in the line"
    assert Written([]).after([]) == {None}
