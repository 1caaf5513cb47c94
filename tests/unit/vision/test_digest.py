"""What of a screen's text is told: within its room, the telling parts first, in reading order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.vision.digest import LONGEST, digest
from alisa_desktop.vision.screen import Box, TextLine


def page(*texts: str, height: int = 16) -> list[TextLine]:
    return [TextLine(text, Box(10, 10 + 20 * at, 8 * len(text), height)) for at, text in enumerate(texts)]


FILLER = [f"nothing of note stands in line number {number} of this page, really" for number in range(100)]


def test_a_short_page_is_told_whole_and_in_order() -> None:
    assert digest(page("Open", "a file", "to begin")) == "Open | a file | to begin"


def test_an_error_is_kept_with_what_stands_around_it() -> None:
    texts = [*FILLER[:60], "Traceback (most recent call last):", '  File "main.py", line 3', *FILLER[60:62]]
    texts += ["NameError: name 'foo' is not defined", *FILLER[62:]]
    told = digest(page(*texts))
    assert "NameError: name 'foo' is not defined" in told
    assert 'File "main.py", line 3' in told
    assert told.index("Traceback") < told.index("NameError")
    assert " … " in told
    assert len(told) <= LONGEST


def test_what_has_the_keyboard_comes_first() -> None:
    lines = page(*FILLER)
    lines[90] = TextLine("def the_line_being_written():", lines[90].box, focused=True)
    assert "def the_line_being_written():" in digest(lines, longest=200)


def test_headings_and_what_has_just_changed_are_kept() -> None:
    lines = page(*FILLER)
    lines[50] = TextLine("A Large Heading", Box(10, lines[50].box.top - 4, 300, 30))
    told = digest(lines, fresh=[lines[80]])
    assert "A Large Heading" in told
    assert lines[80].text in told


def test_terminals_are_told_from_their_end() -> None:
    told = digest(page(*FILLER), from_end=True)
    assert FILLER[-1] in told
    assert FILLER[0] not in told
    assert FILLER[0] in digest(page(*FILLER))


def test_what_stands_side_by_side_is_one_line() -> None:
    lines = [TextLine("right", Box(300, 11, 50, 16)), TextLine("left", Box(10, 10, 50, 16))]
    assert digest(lines) == "left  right"


def test_specks_are_nothing() -> None:
    assert digest(page("x", "|", "•", "~")) == ""
    assert digest([]) == ""


LINES = st.builds(
    TextLine,
    st.text(max_size=400),
    st.builds(Box, st.integers(0, 3000), st.integers(0, 2000), st.integers(1, 900), st.integers(1, 60)),
    st.booleans(),
)


@settings(max_examples=150)
@given(st.lists(LINES, max_size=60), st.booleans())
def test_it_never_takes_more_room_than_it_has(lines: list[TextLine], from_end: bool) -> None:
    assert len(digest(lines, lines[::3], from_end=from_end)) <= LONGEST
