"""The visible tree of one window by AT-SPI, asked over a bus: many elements to a round trip.

`Cache.GetItems` would be one call, but Qt answers it with nothing, and GTK only tells those who listen to the events of
every application, which slows all of them down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from alisa_desktop.vision.accessibility_dbus import (
    Bus,
    Call,
    Reply,
    first_of,
    items_of,
    number_of,
    text_of,
    value_of,
)
from alisa_desktop.vision.accessibility_lines import DEEPEST, PLACEHOLDER, Element, Kind, Row, rows_in
from alisa_desktop.vision.screen import Box

ACCESSIBLE = "org.a11y.atspi.Accessible"
COMPONENT = "org.a11y.atspi.Component"
TEXT = "org.a11y.atspi.Text"
ON_SCREEN = 0
"""ATSPI_COORD_TYPE_SCREEN"""
ACTIVE, FOCUSED, SHOWING = 1 << 1, 1 << 12, 1 << 25
"""States (AtspiStateType)."""
PASSWORD = 40
MENUS = frozenset({8, 33, 34, 35, 41, 45, 59, 104})
"""Roles (AtspiRole): check menu item, menu, menu bar, menu item, popup menu, radio menu item, tear-off, title bar."""
CONTROLS = frozenset({7, 11, 37, 43, 44, 62})
"""Check box, combo box, page tab, push button, radio button, toggle button."""
NAMED = frozenset({10, 29, 32, 47, 54, 56, 57, 58, 64, 83, 88, 91, 116})
"""Column header, label, list item, row header, status bar, table cell, its headers, tool tip, heading, link, tree item,
static."""
SHOW_THEIR_NAME = MENUS | CONTROLS | NAMED
"""The names of others are for those who can't see."""
AREAS = frozenset({23, 69, 75, 82, 92, 93, 94, 95, 96})
"""Frame, window, application, documents: that they have the keyboard says nothing about a line."""

MOST_ELEMENTS = 1_500
MOST_CHILDREN = 500
"""Of one element; a table with more can't be walked."""
BATCH = 100
"""Elements asked at once."""
MOST_TEXTS = 300
MOST_ROWS = 500
"""Lines of one text."""
LONG_TEXT = 4_000
"""Characters; of longer texts only a part is asked for."""
MARGIN = 200
"""Characters before what the upper corner shows: its line may begin there."""
LINE_HEIGHT = 16
"""Px, where an application doesn't say."""
INSET = 4
"""Px between the border of a text field and its text, about."""
NOWHERE = Box(0, 0, 0, 0)
FARTHEST = 100_000
"""Px; GTK says -2^31 for what is nowhere."""


class NotTold(Exception):
    """The application doesn't tell enough to know what is visible: the picture of the window knows better."""


class Reference(NamedTuple):
    """An element: the name of its application on the bus, and its path in there."""

    name: str
    path: str


class Span(NamedTuple):
    """A line of a text, between two offsets (characters)."""

    line: str
    start: int
    end: int


@dataclass(slots=True)
class _Thing:
    """An element while it is asked about."""

    path: str
    role: int
    states: int
    interfaces: frozenset[str]
    box: Box = NOWHERE
    rows: tuple[Row, ...] = ()
    children: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        if self.role in MENUS:
            return Kind.FRAME
        if self.role in CONTROLS:
            return Kind.CONTROL
        return Kind.WORDS if self.role in NAMED or TEXT in self.interfaces else Kind.PLACE

    @property
    def focused(self) -> bool:
        return bool(self.states & FOCUSED) and self.role not in AREAS


class Reading:
    """One reading of one window of the application `name`; raises what the bus does, and `NotTold`."""

    def __init__(self, bus: Bus, name: str, end: float) -> None:
        self._bus, self._name, self._end = bus, name, end
        self._things: dict[str, _Thing] = {}

    def element(self, path: str) -> Element:
        """The visible tree below `path`."""
        self._walk(path)
        if path not in self._things:
            raise NotTold("the window is gone")
        texts = [thing for thing in self._things.values() if TEXT in thing.interfaces and not thing.rows]
        self._read_texts(texts[:MOST_TEXTS])
        return self._built(self._things[path], {path}, 0)

    def _built(self, thing: _Thing, built: set[str], depth: int) -> Element:
        """The element of a thing; each is built once, whoever says it is a child."""
        children: list[Element] = []
        embeds = any(PLACEHOLDER in text for text, _ in thing.rows)
        for path in thing.children if depth < DEEPEST else ():
            child = self._things.get(path)
            if child and path not in built:
                built.add(path)
                children.append(self._built(child, built, depth + 1))
            elif embeds:  # invisible ones have a place in the text, too
                children.append(Element(Kind.PLACE, NOWHERE))
        return Element(thing.kind, thing.box, thing.rows, thing.focused, tuple(children))

    def _ask(self, calls: Sequence[Call]) -> list[Reply]:
        return self._bus.ask(calls, self._end)

    def _about(self, things: Sequence[_Thing], interface: str, member: str) -> list[Reply]:
        """A property of each of these."""
        return self._ask([property_of(Reference(self._name, thing.path), interface, member) for thing in things])

    # the elements

    def _walk(self, start: str) -> None:
        """Get to know what is visible, about in the order in which the application tells it."""
        waiting, seen = [start], {start}
        while waiting and len(self._things) < MOST_ELEMENTS:
            batch = waiting[-BATCH:]
            del waiting[-BATCH:]
            found = self._visible(batch[::-1])
            self._place(found)
            found = [thing for thing in found if self._is_in_sight(thing)]
            self._name_all([thing for thing in found if thing.role in SHOW_THEIR_NAME])
            self._find_children(found)
            self._things |= {thing.path: thing for thing in found}
            children = dict.fromkeys(path for thing in found for path in thing.children if path not in seen)
            seen |= children.keys()
            waiting += reversed(children)

    def _visible(self, paths: Sequence[str]) -> list[_Thing]:
        """What of these is to be seen. Of the rest, and of passwords, nothing else is ever asked."""
        states = [states_of(reply) for reply in self._ask([self._of_itself(path, "GetState") for path in paths])]
        showing = [(path, state) for path, state in zip(paths, states, strict=True) if state & SHOWING]
        members = ("GetRole", "GetInterfaces")
        replies = self._ask([self._of_itself(path, member) for path, _ in showing for member in members])
        things = [
            _Thing(path, number_of(first_of(role)), state, interfaces_of(interfaces))
            for (path, state), role, interfaces in zip(showing, replies[::2], replies[1::2], strict=True)
        ]
        return [thing for thing in things if thing.role not in (PASSWORD, -1)]

    def _of_itself(self, path: str, member: str) -> Call:
        return about(Reference(self._name, path), member)

    def _place(self, things: Sequence[_Thing]) -> None:
        placed = [thing for thing in things if COMPONENT in thing.interfaces]  # GTK complains if others are asked
        replies = self._ask([self._call(thing, COMPONENT, "GetExtents", ON_SCREEN) for thing in placed])
        for thing, reply in zip(placed, replies, strict=True):
            thing.box = box_of(first_of(reply))

    def _is_in_sight(self, thing: _Thing) -> bool:
        """Whether it may be in the window. Containers without a size may have children of some."""
        frame = next(iter(self._things.values()), thing).box
        return not thing.box or not frame or bool(thing.box.cut(frame))

    def _name_all(self, things: Sequence[_Thing]) -> None:
        for thing, reply in zip(things, self._about(things, ACCESSIBLE, "Name"), strict=True):
            if name := text_of(value_of(reply)):
                thing.rows = rows_in(name, thing.box)

    def _find_children(self, things: Sequence[_Thing]) -> None:
        counts = [number_of(value_of(reply)) for reply in self._about(things, ACCESSIBLE, "ChildCount")]
        if max(counts, default=0) > MOST_CHILDREN:
            raise NotTold("a list of many that can't be walked")
        parents = [thing for thing, count in zip(things, counts, strict=True) if count > 0]
        replies = self._ask([self._of_itself(parent.path, "GetChildren") for parent in parents])
        for parent, reply in zip(parents, replies, strict=True):
            children = references_of(reply)[:MOST_CHILDREN]
            if any(child.name != self._name for child in children):
                raise NotTold("a part of the window is another application's")
            parent.children = [child.path for child in children]

    # their texts

    def _read_texts(self, things: Sequence[_Thing]) -> None:
        counts = [number_of(value_of(reply)) for reply in self._about(things, TEXT, "CharacterCount")]
        carets = [number_of(value_of(reply)) for reply in self._about(things, TEXT, "CaretOffset")]
        spans = [self._span(*told) for told in zip(things, counts, carets, strict=True)]
        calls = [self._call(thing, TEXT, "GetText", *span) for thing, span in zip(things, spans, strict=True)]
        replies = zip(things, spans, counts, carets, self._ask(calls), strict=True)
        for thing, span, count, caret, reply in replies:
            text = text_of(first_of(reply))[:LONG_TEXT].rstrip("\n")
            if "\n" in text:
                thing.rows = self._rows(thing, lines_in(text, span[0]), caret, whole=span == (0, count))
            else:
                thing.rows = rows_in(text, thing.box)

    def _span(self, thing: _Thing, count: int, caret: int) -> tuple[int, int]:
        """The part of a text to ask for: of a long one what its corners show, or else what is around the caret."""
        if count <= LONG_TEXT:
            return 0, max(0, count)
        start = self._offset(thing, thing.box.left + INSET, thing.box.top + INSET) - MARGIN
        end = self._offset(thing, thing.box.right - INSET, thing.box.bottom - INSET)
        if not -MARGIN <= start < end <= count:
            start = max(0, min(caret - LONG_TEXT // 2, count - LONG_TEXT))
            end = start + LONG_TEXT
        return max(0, start), min(end, start + LONG_TEXT)

    def _rows(self, thing: _Thing, spans: list[Span], caret: int, *, whole: bool) -> tuple[Row, ...]:
        """The visible ones of several lines, where they are."""
        spans = spans[:MOST_ROWS]
        told = [box_of(reply) for reply in self._ask([self._extents(thing, span) for span in spans])]
        seen = [(span, cut) for span, box in zip(spans, told, strict=True) if (cut := box.cut(thing.box))]
        if seen and self._is_there(thing, *seen[0]):
            return tuple((span.line, box) for span, box in seen)
        room = thing.box.height // min((box.height for box in told if box), default=LINE_HEIGHT)
        if whole and len(spans) <= room:
            return rows_in("\n".join(span.line for span in spans), thing.box)
        if not thing.focused:
            raise NotTold("no telling which part of a long text is visible")
        return rows_in("\n".join(span.line for span in around(spans, caret, room)), thing.box)

    def _extents(self, thing: _Thing, span: Span) -> Call:
        """Where a line is. Qt looks at the character after the last, too, and complains where there is none."""
        end = max(span.start + 1, span.end - 1)
        return self._call(thing, TEXT, "GetRangeExtents", span.start, end, ON_SCREEN)

    def _is_there(self, thing: _Thing, span: Span, box: Box) -> bool:
        """Whether the text told for a place is there: Qt's QPlainTextEdit forgets how far it is scrolled."""
        return span.start <= self._offset(thing, box.left + 1, box.top + box.height // 2) <= span.end

    def _offset(self, thing: _Thing, x: int, y: int) -> int:
        """Which character of a text is at a place; -1 where the application doesn't know."""
        [reply] = self._ask([self._call(thing, TEXT, "GetOffsetAtPoint", x, y, ON_SCREEN)])
        return number_of(first_of(reply))

    def _call(self, thing: _Thing, interface: str, member: str, *numbers: int) -> Call:
        """A question with numbers; the last is unsigned where it says in which coordinates."""
        signature = "i" * len(numbers) if member == "GetText" else "i" * (len(numbers) - 1) + "u"
        return Call(self._name, thing.path, interface, member, signature, numbers)


def about(reference: Reference, member: str) -> Call:
    """A question to an element about itself."""
    return Call(reference.name, reference.path, ACCESSIBLE, member)


def property_of(reference: Reference, interface: str, name: str) -> Call:
    """The question for a property."""
    return Call(*reference, "org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))


def references_of(reply: Reply) -> list[Reference]:
    """The elements that were returned."""
    pairs = (pair for pair in items_of(first_of(reply)) if isinstance(pair, tuple) and len(pair) == 2)
    return [Reference(name, path) for name, path in pairs if isinstance(name, str) and isinstance(path, str)]


def interfaces_of(reply: Reply) -> frozenset[str]:
    """The interfaces that were returned."""
    return frozenset(name for name in items_of(first_of(reply)) if isinstance(name, str))


def states_of(reply: Reply) -> int:
    """The states that were returned, a bit for each."""
    low = items_of(first_of(reply))[:1]
    return max(0, number_of(low[0])) if low else 0


def box_of(value: object) -> Box:
    """A rectangle, empty where it is none."""
    numbers = value if isinstance(value, tuple) and len(value) == 4 else ()
    if not numbers or not all(isinstance(number, int) and abs(number) < FARTHEST for number in numbers):
        return NOWHERE
    return Box(numbers[0], numbers[1], max(0, numbers[2]), max(0, numbers[3]))


def lines_in(text: str, start: int) -> list[Span]:
    """The lines of a text that begins at the offset `start`, without the empty ones."""
    return [span for span in _all_lines(text, start) if span.line.strip()]


def _all_lines(text: str, start: int) -> Iterator[Span]:
    for line in text.split("\n"):
        yield Span(line, start, start + len(line))
        start += len(line) + 1


def around(spans: Sequence[Span], caret: int, room: int) -> Sequence[Span]:
    """As many lines as there is room for, with the caret in their middle where the text doesn't end before."""
    before = sum(span.start <= caret for span in spans)
    first = max(0, min(before - room // 2 - 1, len(spans) - room))
    return spans[first : first + max(1, room)]
