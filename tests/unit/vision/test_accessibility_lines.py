"""From what applications tell to lines of text, and that nothing they tell can do harm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.vision.accessibility_lines import (
    DEEPEST,
    LEAST_WORDS,
    LONGEST_LINE,
    MOST_CHARACTERS,
    PLACEHOLDER,
    Element,
    Kind,
    cleaned,
    fitting,
    lines_of,
    rows_in,
)
from alisa_desktop.vision.screen import Box, TextLine

WINDOW = Box(100, 50, 800, 600)
SENTENCE = "A sentence that is long enough to be useful."
SECRET = "hunter2"


def words(text: str, box: Box, kind: Kind = Kind.WORDS, *children: Element, focused: bool = False) -> Element:
    return Element(kind, box, rows_in(text, box), focused, children)


def window_of(*children: Element) -> Element:
    return Element(Kind.PLACE, WINDOW, children=children)


def texts(*children: Element) -> list[str] | None:
    lines = lines_of(window_of(*children), WINDOW)
    return None if lines is None else [line.text for line in lines]


def test_lines_are_read_from_top_to_bottom_and_from_left_to_right() -> None:
    below = words(SENTENCE, Box(120, 200, 300, 20))
    right, left = words("right", Box(400, 98, 80, 20)), words("left", Box(120, 102, 80, 20))
    assert texts(below, right, left) == ["left", "right", SENTENCE]


def test_what_stands_beside_a_long_text_does_not_tear_it_apart() -> None:
    editor = words("def f():\n    return 1\nprint(f())", Box(300, 100, 300, 60))
    first, second = words("shop.py", Box(120, 100, 100, 20)), words("pay.py", Box(120, 122, 100, 20))
    assert texts(first, second, editor) == ["shop.py", "def f():", "    return 1", "print(f())", "pay.py"]


def test_only_what_has_the_keyboard_is_focused() -> None:
    field = words("One line of it\nand another", Box(120, 100, 300, 40), focused=True)
    lines = lines_of(window_of(field, words(SENTENCE, Box(120, 200, 300, 20))), WINDOW)
    assert lines == (
        TextLine("One line of it", Box(120, 100, 300, 20), True),
        TextLine("and another", Box(120, 120, 300, 20), True),
        TextLine(SENTENCE, Box(120, 200, 300, 20), False),
    )


def test_a_password_is_left_out_with_all_that_is_in_it() -> None:
    inside = words(SECRET, Box(120, 300, 100, 20))
    password = words(SECRET, Box(120, 300, 100, 20), Kind.SECRET, inside)
    assert texts(password, words(SENTENCE, Box(120, 200, 300, 20))) == [SENTENCE]


@pytest.mark.parametrize("kind", [Kind.FRAME, Kind.CONTROL])
def test_menus_and_buttons_alone_are_no_text_worth_reading(kind: Kind) -> None:
    furniture = words("File Edit View History Bookmarks Help", Box(100, 50, 600, 20), kind)
    assert texts(furniture) is None
    assert texts(furniture, words(SENTENCE, Box(120, 200, 300, 20))) == [
        "File Edit View History Bookmarks Help",
        SENTENCE,
    ]


def test_too_few_words_are_left_to_the_picture() -> None:
    assert texts(words("x" * (LEAST_WORDS - 1), Box(120, 200, 300, 20))) is None
    assert texts(words("x" * LEAST_WORDS, Box(120, 200, 300, 20))) is not None


def test_a_window_full_of_something_that_says_nothing_is_left_to_the_picture() -> None:
    label = words(SENTENCE, Box(120, 60, 300, 20))
    canvas = Element(Kind.PLACE, Box(100, 100, 800, 550))
    assert texts(label, canvas) is None
    assert texts(label, Element(Kind.PLACE, WINDOW, children=(canvas,))) is None
    assert texts(label, replace(canvas, box=Box(100, 100, 400, 200))) == [SENTENCE]
    assert texts(label, words("", canvas.box)) == [SENTENCE]  # an empty document


def test_what_is_said_twice_is_read_once() -> None:
    link = words("the manual", Box(150, 100, 80, 20), Kind.WORDS, words("the manual", Box(150, 100, 80, 20)))
    assert texts(link, words(SENTENCE, Box(120, 200, 300, 20))) == ["the manual", SENTENCE]


def test_a_link_is_read_where_it_stands_in_its_sentence() -> None:
    link = words("the manual", Box(150, 100, 80, 20))
    text = f"See {PLACEHOLDER} for all the rest of it."
    assert texts(words(text, Box(120, 100, 400, 20), Kind.WORDS, link)) == ["See the manual for all the rest of it."]


def test_a_text_of_nothing_but_elements_has_their_lines() -> None:
    section = words(PLACEHOLDER * 2, Box(120, 100, 400, 200), Kind.WORDS,
                    words(SENTENCE, Box(120, 100, 400, 20)), words("The end.", Box(120, 140, 400, 20)))  # fmt: skip
    assert texts(section) == [SENTENCE, "The end."]


def test_a_password_in_a_sentence_is_a_gap() -> None:
    password = words(SECRET, Box(150, 100, 80, 20), Kind.SECRET)
    text = f"The password {PLACEHOLDER} opens everything."
    assert texts(words(text, Box(120, 100, 400, 20), Kind.WORDS, password)) == ["The password   opens everything."]


def test_lines_outside_the_window_are_left_out_and_others_cut() -> None:
    outside = words("somewhere else entirely", Box(2000, 100, 80, 20))
    lines = lines_of(window_of(outside, words(SENTENCE, Box(50, 100, 300, 20))), WINDOW)
    assert lines == (TextLine(SENTENCE, Box(100, 100, 250, 20)),)


def test_focused_lines_are_kept_when_there_are_too_many() -> None:
    field = words("typed here", Box(120, 600, 300, 20), focused=True)
    log = words("\n".join(f"{number:04}" + "x" * 96 for number in range(200)), Box(120, 60, 700, 500))
    lines = lines_of(window_of(log, field), WINDOW)
    assert lines is not None
    assert lines[-1].text == "typed here"
    assert lines[0].text.startswith("0000")
    assert sum(len(line.text) for line in lines) <= MOST_CHARACTERS


def test_coordinates_are_fitted_to_where_the_window_is() -> None:
    twice = fitting(Box(0, 0, 400, 300), WINDOW)
    assert twice(Box(10, 20, 100, 10)) == Box(120, 90, 200, 20)
    shifted = fitting(Box(0, 0, 800, 600), WINDOW)
    assert shifted(Box(10, 20, 100, 10)) == Box(110, 70, 100, 10)
    with_border = fitting(Box(99, 28, 802, 627), WINDOW)
    assert with_border(Box(110, 70, 100, 10)) == Box(110, 70, 100, 10)
    assert fitting(Box(0, 0, 0, 0), WINDOW)(Box(1, 2, 3, 4)) == Box(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("told", "clean"),
    [
        ("\tdeep\t ", "    deep"),
        ("a\x00b\x1b[31m\u202ec", "ab[31mc"),
        ("no\u00a0break", "no break"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
        ("\ud800x", "x"),
        ("x" * 5000, "x" * LONGEST_LINE),
    ],
)
def test_a_line_is_cleaned(told: str, clean: str) -> None:
    assert cleaned(told) == clean


def test_a_tree_without_end_has_one() -> None:
    element = words(SENTENCE, Box(120, 100, 300, 20))
    for _ in range(DEEPEST * 3):
        element = Element(Kind.PLACE, WINDOW, children=(element,))
    assert lines_of(element, WINDOW) is None


numbers = st.integers(-3000, 3000) | st.integers(-(1 << 31), 1 << 31)
boxes = st.builds(Box, numbers, numbers, st.integers(0, 5000), st.integers(0, 5000))
strange = st.text(alphabet=st.sampled_from("abc \n\t\u202e\u00a0\x07\ud800" + PLACEHOLDER), max_size=60)
rows = st.lists(st.tuples(strange, boxes), max_size=4).map(tuple)
secret = st.builds(
    Element, st.just(Kind.SECRET), boxes, st.just(((SECRET, WINDOW),)), st.booleans(),
    st.just((words(SECRET, WINDOW),)),
)  # fmt: skip
leaves = st.builds(Element, st.sampled_from(Kind), boxes, rows, st.booleans()) | secret
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        Element, st.sampled_from(Kind), boxes, rows, st.booleans(), st.lists(inner, max_size=5).map(tuple)
    ),
    max_leaves=30,
)


@given(tree=trees, window=boxes)
def test_whatever_is_told_lines_are_clean_visible_and_without_secrets(tree: Element, window: Box) -> None:
    everything = words(SENTENCE, tree.box, Kind.WORDS, tree)
    for root in (tree, everything):
        for line in lines_of(root, window) or ():
            assert line.box
            assert line.box.cut(window) == line.box
            assert line.text.strip()
            assert SECRET not in line.text
            assert line.text == cleaned(line.text)
