"""What Windows applications tell, as stand-ins with the names of UI Automation tell it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from alisa_desktop.vision import accessibility_uia
from alisa_desktop.vision.accessibility_lines import lines_of
from alisa_desktop.vision.accessibility_uia import (
    DEEPEST,
    DOCUMENT,
    EDIT,
    MOST_ELEMENTS,
    TEXT,
    Conversion,
    OutOfTime,
    boxes_of,
    lines_of_text,
)
from alisa_desktop.vision.screen import Box, TextLine

BUTTON, LIST_ITEM, WINDOW, PANE = 50000, 50007, 50032, 50033
PLACE = Box(0, 0, 400, 300)
SENTENCE = "A sentence that is long enough to be useful."
SECRET = "hunter2"


@dataclass
class Rectangle:
    left: int
    top: int
    right: int
    bottom: int


class Several:
    """An array of the system's; without anything it is a pointer to nothing."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items
        self.Length = len(items)

    def __bool__(self) -> bool:
        return bool(self._items)

    def GetElement(self, number: int) -> Any:
        return self._items[number]


@dataclass
class Range:
    """A visible part of a text, and where each of its lines is."""

    text: str
    rectangles: tuple[float, ...] = ()

    def GetText(self, most: int) -> str:
        return self.text[:most]

    def GetBoundingRectangles(self) -> tuple[float, ...]:
        return self.rectangles


@dataclass
class Told:
    """An element with what is cached of it."""

    CachedControlType: int
    place: Box
    CachedName: str = ""
    value: str | None = None
    visible: tuple[Range, ...] = ()
    children: tuple[Told, ...] = ()
    CachedIsPassword: bool = False
    CachedHasKeyboardFocus: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def CachedBoundingRectangle(self) -> Rectangle:
        return Rectangle(self.place.left, self.place.top, self.place.right, self.place.bottom)

    def GetCachedChildren(self) -> Several:
        self.asked.append("children")
        return Several(self.children)

    def GetCachedPattern(self, number: int) -> Told | None:
        self.asked.append("pattern")
        return self if self.visible else None

    def GetCachedPropertyValue(self, number: int) -> str | None:
        self.asked.append("value")
        return self.value

    def GetVisibleRanges(self) -> Several:
        return Several(self.visible)


@pytest.fixture(autouse=True)
def _patterns_without_com(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accessibility_uia, "text_pattern", lambda pattern: pattern)


def read(*children: Told) -> tuple[TextLine, ...] | None:
    root = Told(WINDOW, PLACE, "The title", children=children)
    return lines_of(Conversion(time.monotonic() + 5).element(root), PLACE)


LABEL = Told(TEXT, Box(10, 10, 300, 20), SENTENCE)


def test_labels_fields_and_buttons_are_read() -> None:
    field = Told(EDIT, Box(10, 40, 300, 20), "Name:", "Ada", CachedHasKeyboardFocus=True)
    assert read(LABEL, field, Told(BUTTON, Box(10, 70, 80, 20), "Save")) == (
        TextLine(SENTENCE, Box(10, 10, 300, 20)),
        TextLine("Ada", Box(10, 40, 300, 20), True),
        TextLine("Save", Box(10, 70, 80, 20)),
    )


def test_a_password_is_never_asked_for() -> None:
    password = Told(
        EDIT, Box(10, 40, 300, 20), SECRET, SECRET, (Range(SECRET),), (Told(TEXT, Box(10, 40, 9, 9), SECRET),), True
    )
    lines = read(LABEL, password)
    assert lines == (TextLine(SENTENCE, Box(10, 10, 300, 20)),)
    assert not password.asked


def test_of_a_text_the_visible_part_is_read_where_it_is() -> None:
    visible = Range("second\r\n  third", (10.0, 40.0, 60.0, 20.0, 10.4, 60.0, 70.0, 20.0))
    assert read(LABEL, Told(EDIT, Box(10, 40, 300, 60), value="first\r\nsecond\r\n  third", visible=(visible,))) == (
        TextLine(SENTENCE, Box(10, 10, 300, 20)),
        TextLine("second", Box(10, 40, 60, 20)),
        TextLine("  third", Box(10, 60, 70, 20)),
    )


def test_a_tall_text_is_a_terminal() -> None:
    terminal = Told(TEXT, Box(0, 0, 400, 200), "Terminal", visible=(Range("$ make\nmake: *** No targets.  Stop.\n"),))
    lines = read(terminal)
    assert lines is not None
    assert [line.text for line in lines] == ["$ make", "make: *** No targets.  Stop."]


def test_a_web_page_is_read_from_its_elements_and_another_document_from_its_text() -> None:
    page = Told(DOCUMENT, Box(0, 0, 400, 200), visible=(Range("all of it"),), children=(LABEL,))
    assert [line.text for line in read(page) or ()] == [SENTENCE]
    letter = Told(DOCUMENT, Box(0, 0, 400, 200), visible=(Range(SENTENCE),), CachedHasKeyboardFocus=True)
    assert read(letter) == (TextLine(SENTENCE, Box(0, 0, 400, 200), True),)


def test_an_item_and_its_text_are_read_once() -> None:
    item = Told(LIST_ITEM, Box(10, 40, 300, 20), "apples", children=(Told(TEXT, Box(10, 40, 80, 20), "apples"),))
    assert [line.text for line in read(LABEL, item) or ()] == [SENTENCE, "apples"]


def test_a_tree_is_neither_too_deep_nor_too_wide() -> None:
    told = LABEL
    for _ in range(DEEPEST * 2):
        told = Told(PANE, PLACE, children=(told,))
    assert read(told) is None
    wide = Conversion(time.monotonic() + 5).element(Told(PANE, PLACE, children=(LABEL,) * (MOST_ELEMENTS * 2)))
    assert len(wide.children) < MOST_ELEMENTS


def test_texts_are_no_longer_asked_for_when_time_is_up() -> None:
    told = Told(EDIT, Box(10, 40, 300, 20), visible=(Range("late"),))
    with pytest.raises(OutOfTime):
        Conversion(time.monotonic() - 1).element(told)


@pytest.mark.parametrize("told", [None, (), (1.0, 2.0, 3.0)])
def test_rectangles_that_are_none(told: tuple[float, ...] | None) -> None:
    assert boxes_of(told) == []


@pytest.mark.parametrize(("told", "text"), [(None, ""), (7, ""), ("a\r\nb\rc", "a\nb\nc")])
def test_texts_have_our_ends_of_lines(told: object, text: str) -> None:
    assert lines_of_text(told) == text
