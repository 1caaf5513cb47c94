"""The tree that an application tells over AT-SPI, told here by a script; and by somebody who means harm."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alisa_desktop.vision.accessibility_atspi import Frame, bus_address, chosen, find, is_on
from alisa_desktop.vision.accessibility_dbus import Call, Reply
from alisa_desktop.vision.accessibility_lines import PLACEHOLDER, Element, lines_of
from alisa_desktop.vision.accessibility_tree import (
    ACTIVE,
    COMPONENT,
    FOCUSED,
    MOST_CHILDREN,
    MOST_ELEMENTS,
    PASSWORD,
    SHOWING,
    TEXT,
    NotTold,
    Reading,
    Reference,
    around,
    box_of,
    lines_in,
)
from alisa_desktop.vision.screen import Box, Window

APP, OTHER = ":1.7", ":1.9"
WINDOW = Box(0, 0, 400, 300)
FRAME, PANEL, LABEL, EDIT, PARAGRAPH, LINK = 23, 39, 29, 61, 73, 88
LINE = 20
"""Px of a line in this application."""
SENTENCE = "A sentence that is long enough to be useful."


@dataclass
class Thing:
    """What the script tells of an element. `scrolled` are the lines above the first visible one."""

    role: int
    box: Box
    name: str = ""
    text: str | None = None
    children: tuple[str, ...] = ()
    states: int = SHOWING
    scrolled: int = 0
    caret: int = 0
    knows_places: bool = True
    owner: str = APP


@dataclass
class Application:
    """A bus with one application that tells what its script says; `asked` is what it was asked."""

    things: dict[str, Thing]
    asked: list[Call] = field(default_factory=list)

    def ask(self, calls: Sequence[Call], end: float) -> list[Reply]:
        self.asked += calls
        return [self._reply(call, self.things[call.path]) for call in calls]

    def close(self) -> None:
        pass

    def _reply(self, call: Call, thing: Thing) -> Reply:
        box = thing.box
        values: dict[str, Any] = {
            "GetRole": thing.role,
            "GetState": [thing.states, 0],
            "GetInterfaces": [COMPONENT, *([TEXT] if thing.text is not None else [])],
            "GetExtents": (box.left, box.top, box.width, box.height),
            "GetChildren": [(self.things[path].owner, path) for path in thing.children],
        }
        if call.member == "Get":
            text = thing.text or ""
            properties = {"Name": thing.name, "ChildCount": len(thing.children), "CharacterCount": len(text)}
            return (("v", (properties | {"CaretOffset": thing.caret})[call.body[1]]),)
        if call.interface == TEXT:
            return self._text_reply(call, thing, thing.text or "")
        return (values[call.member],)

    def _text_reply(self, call: Call, thing: Thing, text: str) -> Reply:
        box = thing.box
        if call.member == "GetText":
            return (text[call.body[0] : call.body[1]],)
        if call.member == "GetRangeExtents":
            row = text.count("\n", 0, call.body[0]) - (thing.scrolled if thing.knows_places else 0)
            return (box.left, box.top + row * LINE, 8 * (call.body[1] - call.body[0]), LINE)
        if not thing.knows_places:
            return (-1,)
        lines = text.split("\n")
        row = min(len(lines) - 1, (call.body[1] - box.top) // LINE + thing.scrolled)
        start = sum(len(line) + 1 for line in lines[:row])
        return (start + min(len(lines[row]), (call.body[0] - box.left) // 8),)


def element_of(**things: Thing) -> tuple[Element, Application]:
    inner = tuple(things)
    children = {path for thing in things.values() for path in thing.children}
    top = tuple(path for path in inner if path not in children)
    application = Application({"/": Thing(FRAME, WINDOW, "Window", children=top), **things})
    return Reading(application, APP, time.monotonic() + 5).element("/"), application


def read(**things: Thing) -> list[str] | None:
    lines = lines_of(element_of(**things)[0], WINDOW)
    return None if lines is None else [line.text for line in lines]


def test_labels_and_texts_are_read_with_their_places() -> None:
    element, _ = element_of(
        label=Thing(LABEL, Box(10, 10, 300, 20), SENTENCE),
        edit=Thing(EDIT, Box(10, 40, 300, 100), "not to be seen", "first\n\n  second", states=SHOWING | FOCUSED),
    )
    lines = lines_of(element, WINDOW)
    assert lines is not None
    assert [(line.text, line.box.top, line.focused) for line in lines] == [
        (SENTENCE, 10, False), ("first", 40, True), ("  second", 80, True),
    ]  # fmt: skip


def test_of_a_password_only_role_state_and_interfaces_are_asked() -> None:
    label, password = (
        Thing(LABEL, Box(10, 10, 300, 20), SENTENCE),
        Thing(PASSWORD, Box(10, 40, 300, 20), "x", "hunter2"),
    )
    element, application = element_of(label=label, secret=password)
    assert "hunter2" not in repr(element)
    asked = {call.member for call in application.asked if call.path == "secret"}
    assert asked == {"GetRole", "GetState", "GetInterfaces"}


def test_of_what_is_outside_the_window_nothing_is_asked() -> None:
    far = Thing(PANEL, Box(0, 900, 400, 300), children=("inside",))
    inside, label = Thing(LABEL, Box(10, 910, 300, 20), "inside"), Thing(LABEL, Box(10, 10, 300, 20), SENTENCE)
    _, application = element_of(label=label, far=far, inside=inside)
    assert not [call for call in application.asked if call.path == "inside"]


def test_what_is_hidden_is_not_read_nor_is_what_is_in_it() -> None:
    tab = Thing(PANEL, WINDOW, states=0, children=("inside",))
    inside, label = Thing(LABEL, Box(10, 40, 300, 20), "inside"), Thing(LABEL, Box(10, 10, 300, 20), SENTENCE)
    _, application = element_of(label=label, tab=tab, inside=inside)
    assert not [call for call in application.asked if call.path == "inside"]


def test_of_a_long_text_only_the_visible_lines_are_read() -> None:
    text = "\n".join(f"line {number} of the output" for number in range(1000))
    assert read(log=Thing(EDIT, Box(0, 0, 400, 100), text=text, scrolled=700)) == [
        f"line {number} of the output" for number in range(700, 705)
    ]


def test_of_a_text_that_hides_its_places_the_lines_around_the_caret_are_read() -> None:
    text = "\n".join(f"line {number} of the output" for number in range(1000))
    editor = Thing(EDIT, Box(0, 0, 400, 100), text=text, scrolled=995, knows_places=False, caret=len(text))
    with pytest.raises(NotTold):
        element_of(log=editor)
    editor.states |= FOCUSED
    assert read(log=editor) == [f"line {number} of the output" for number in range(995, 1000)]
    editor.caret = text.index("line 500 ")
    assert read(log=editor) == [f"line {number} of the output" for number in range(498, 503)]


def test_a_text_that_hides_its_places_is_read_whole_where_it_has_room() -> None:
    text = "Traceback (most recent call last):\n  File shop.py\nZeroDivisionError"
    assert read(log=Thing(EDIT, Box(0, 0, 400, 100), text=text, knows_places=False)) == text.split("\n")


def test_links_are_read_in_their_sentences_and_hidden_ones_are_gaps() -> None:
    text = f"See {PLACEHOLDER}{PLACEHOLDER} for all the rest."
    hidden, link = Thing(LINK, Box(9, 10, 9, 20), "hidden", states=0), Thing(LINK, Box(30, 10, 80, 20), "the manual")
    page = Thing(PARAGRAPH, Box(0, 10, 400, 20), text=text, children=("hidden", "link"))
    assert read(page=page, hidden=hidden, link=link) == ["See  the manual for all the rest."]


def test_a_list_of_very_many_is_left_to_the_picture() -> None:
    many = tuple("label" for _ in range(MOST_CHILDREN + 1))
    with pytest.raises(NotTold, match="many"):
        element_of(table=Thing(55, WINDOW, children=many), label=Thing(LABEL, WINDOW, SENTENCE))


def test_what_another_application_shows_in_the_window_is_left_to_the_picture() -> None:
    with pytest.raises(NotTold, match="another application"):
        element_of(plug=Thing(PANEL, WINDOW, owner=OTHER))


def test_circles_are_walked_once() -> None:
    element, application = element_of(
        one=Thing(PANEL, WINDOW, children=("two", "one", "/")), two=Thing(PANEL, WINDOW, children=("one", "label")),
        label=Thing(LABEL, Box(10, 10, 300, 20), SENTENCE), top=Thing(PANEL, Box(0, 0, 9, 9), children=("one",)),
    )  # fmt: skip
    assert sum(call.member == "GetRole" for call in application.asked) == 5
    assert lines_of(element, WINDOW) is not None


def test_no_more_elements_are_asked_than_are_taken_in() -> None:
    panels = {
        f"p{number}": Thing(PANEL, WINDOW, children=tuple(f"l{number}_{inner}" for inner in range(400)))
        for number in range(10)
    }
    labels = {path: Thing(LABEL, Box(0, 0, 9, 9), path) for panel in panels.values() for path in panel.children}
    _, application = element_of(**panels, **labels)
    assert sum(call.member == "GetRole" for call in application.asked) <= MOST_ELEMENTS + 100


@pytest.mark.parametrize(
    ("told", "box"),
    [
        ((1, 2, 3, 4), Box(1, 2, 3, 4)),
        ((1, 2, -3, 4), Box(1, 2, 0, 4)),
        ((-(1 << 31), 2, 1, 1), Box(0, 0, 0, 0)),
        ((1, 2, 3), Box(0, 0, 0, 0)),
        ((1, 2, 3, "4"), Box(0, 0, 0, 0)),
        (None, Box(0, 0, 0, 0)),
    ],
)
def test_a_rectangle_is_one_or_empty(told: object, box: Box) -> None:
    assert box_of(told) == box


@given(caret=st.integers(-10, 500), room=st.integers(0, 50), lines=st.integers(1, 60))
def test_the_caret_is_among_the_lines_around_it(caret: int, room: int, lines: int) -> None:
    text = "\n".join("word" for _ in range(lines))
    spans = lines_in(text, 0)
    near = around(spans, caret, room)
    assert len(near) == min(lines, max(1, room))
    if 0 <= caret <= len(text):
        assert near[0].start <= caret
        assert caret <= near[-1].end


def window(title: str, *, pid: int = 5, active: bool = False) -> Window:
    return Window(1, pid, "app", title, WINDOW, active)


def frame(title: str, path: str, states: int = SHOWING) -> Frame:
    return Frame(Reference(APP, path), title, states)


def test_a_window_is_found_by_its_title() -> None:
    frames = [frame("One", "1"), frame("Two", "2")]
    assert chosen(frames, window("Two"), sure=False).path == "2"
    assert chosen(frames, window("Two — Editor"), sure=True).path == "2"
    assert chosen(frames[:1], window("Anything"), sure=True).path == "1"
    for uncertain in (window("Three"), window("")):
        with pytest.raises(NotTold):
            chosen(frames, uncertain, sure=True)
    with pytest.raises(NotTold):
        chosen(frames[:1], window("Anything"), sure=False)


def test_of_two_windows_of_one_title_the_active_one_is_known() -> None:
    frames = [frame("shell", "1"), frame("shell", "2", SHOWING | ACTIVE)]
    assert chosen(frames, window("shell", active=True), sure=True).path == "2"
    assert chosen(frames, window("shell"), sure=True).path == "1"
    with pytest.raises(NotTold):
        chosen([*frames, frame("shell", "3")], window("shell"), sure=True)


names = st.sampled_from([APP, OTHER, "org.freedesktop.DBus", ""])
paths = st.sampled_from(["/", "/a", "/b", "/c", ""])
odd = st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.text(max_size=20) | st.floats()
useful = (
    st.lists(st.tuples(st.just(APP), paths), max_size=6)
    | st.lists(st.tuples(names, paths), max_size=6)
    | st.tuples(*[st.integers(-500, 500)] * 4)
    | st.tuples(st.just("v"), odd)
    | st.sampled_from([[COMPONENT, TEXT], [SHOWING, 0], [-1], [], "a\nb\nc\n" * 50, PASSWORD, EDIT, LABEL, 1 << 40])
)
hostile = st.none() | st.lists(st.recursive(odd | useful, st.lists, max_leaves=5), max_size=4).map(tuple)


@dataclass
class Enemy:
    """Answers whatever comes to mind, of the right type or not."""

    data: st.DataObject

    def ask(self, calls: Sequence[Call], end: float) -> list[Reply]:
        plausible = {
            "GetRole": st.sampled_from([LABEL, EDIT, PANEL, PASSWORD]),
            "GetState": st.just([SHOWING | FOCUSED, 0]),
            "GetInterfaces": st.just([COMPONENT, TEXT]),
        }
        return [
            self.data.draw(hostile | st.tuples(plausible[call.member])) if call.member in plausible
            else self.data.draw(hostile | st.tuples(useful))
            for call in calls
        ]  # fmt: skip

    def close(self) -> None:
        pass


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60)
@given(data=st.data())
def test_hostile_answers_do_no_harm(data: st.DataObject) -> None:
    enemy, end = Enemy(data), time.monotonic() + 5
    with suppress(NotTold):
        is_on(enemy, end)
        bus_address(enemy, end)
    with suppress(NotTold):
        assert isinstance(find(enemy, window("Window"), end), Reference)
    with suppress(NotTold):
        lines_of(Reading(enemy, APP, end).element("/"), WINDOW)
