"""The accessibility API of macOS, through pyobjc (ApplicationServices, AXUIElement.h)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from alisa_desktop.vision.accessibility_lines import DEEPEST, Element, Kind, Row, lines_of, rows_in
from alisa_desktop.vision.screen import AccessibleText, Box, TextLine, Window

SECURE = "AXSecureTextField"
FIELDS = frozenset({"AXTextArea", "AXTextField"})
MENUS = frozenset({"AXMenu", "AXMenuBar", "AXMenuBarItem", "AXMenuItem"})
CONTROLS = frozenset({"AXButton", "AXCheckBox", "AXPopUpButton", "AXRadioButton", "AXMenuButton"})
WORDS = frozenset({"AXStaticText", "AXLink", "AXHeading", *FIELDS})
NATURE = ("AXRole", "AXSubrole", "AXPosition", "AXSize", "AXFocused")
CONTENT = ("AXValue", "AXTitle", "AXChildren", "AXVisibleCharacterRange")

EVERYWHERE = Box(-100_000, -100_000, 200_000, 200_000)
MOST_ELEMENTS = 1_500
MOST_CHILDREN = 500
LONG_TEXT = 4_000
"""Characters of one text."""
CANNOT_COMPLETE = -25204
"""kAXErrorCannotComplete: the application doesn't answer."""
REST = 60.0
"""Seconds for which an application that didn't answer in time is left alone."""


class OutOfTime(Exception):
    """The application takes too long to tell, or tells nothing at all."""


class AxText:
    """The text of macOS applications, where the user lets us read it; `ax` is the module ApplicationServices."""

    def __init__(self, ax: Any) -> None:
        self._ax = ax
        self._resting: dict[int, float] = {}

    def read(self, window: Window, seconds: float) -> Sequence[TextLine] | None:
        """The visible text of `window` in reading order; None where it says nothing useful within `seconds`."""
        now = time.monotonic()
        self._resting = {pid: until for pid, until in self._resting.items() if until > now}
        if not window.pid or window.pid in self._resting or not self._ax.AXIsProcessTrusted():
            return None
        try:
            reading = _Reading(self._ax, now + seconds)
            told = reading.window(window)
            return lines_of(reading.element(told), window.box) if told is not None else None
        except OutOfTime:
            self._resting[window.pid] = time.monotonic() + REST
        except (ValueError, TypeError, AttributeError):  # values of another type than they should have
            pass
        return None

    def close(self) -> None:
        """Nothing to let go of."""


class _Reading:
    """One reading, until `end`."""

    def __init__(self, ax: Any, end: float) -> None:
        self._ax, self._end = ax, end
        self._left = MOST_ELEMENTS

    def window(self, window: Window) -> Any:
        """The application's own element for a window; None where there is no telling which."""
        application = self._ax.AXUIElementCreateApplication(window.pid)
        [windows] = self._ask(application, ("AXWindows",))
        found = [each for each in windows or () if self._ask(each, ("AXTitle",)) == [window.title]]
        return found[0] if len(found) == 1 else None

    def element(self, told: Any, depth: int = 0, view: Box = EVERYWHERE) -> Element:
        """An element and what is in it, as far as `view` shows it; the value of a password is never asked for."""
        self._left -= 1
        role, subrole, position, size, focused = self._ask(told, NATURE)
        box = self._box(position, size)
        if subrole == SECURE or role == SECURE:
            return Element(Kind.SECRET, box)
        value, title, children, visible = self._ask(told, CONTENT)
        view = view.cut(box) if role == "AXScrollArea" else view
        rows = tuple((text, place.cut(view)) for text, place in self._rows(role, value, title, visible, box))
        inner = tuple(self._children(children, depth + 1, view))
        return Element(kind_of(role), box, rows, bool(rows) and focused is True, inner)

    def _children(self, children: Any, depth: int, view: Box) -> Iterator[Element]:
        for child in list(children or ())[:MOST_CHILDREN] if depth < DEEPEST else ():
            if self._left > 0:
                yield self.element(child, depth, view)

    def _rows(self, role: Any, value: Any, title: Any, visible: Any, box: Box) -> Iterator[Row]:
        text = value if role in WORDS and isinstance(value, str) and value else title
        if not isinstance(text, str) or not text or role not in WORDS | CONTROLS | MENUS:
            return
        if role in FIELDS and visible is not None:
            good, span = self._ax.AXValueGetValue(visible, self._ax.kAXValueCFRangeType, None)
            text = text[span.location : span.location + span.length] if good else text
        yield from rows_in(text[:LONG_TEXT].rstrip("\n"), box)

    def _box(self, position: Any, size: Any) -> Box:
        """In points; `lines_of` makes px of them."""
        if position is None or size is None:
            return Box(0, 0, 0, 0)
        there, point = self._ax.AXValueGetValue(position, self._ax.kAXValueCGPointType, None)
        wide, extent = self._ax.AXValueGetValue(size, self._ax.kAXValueCGSizeType, None)
        if not (there and wide):
            return Box(0, 0, 0, 0)
        return Box(round(point.x), round(point.y), max(0, round(extent.width)), max(0, round(extent.height)))

    def _ask(self, element: Any, names: Sequence[str]) -> list[Any]:
        """The attributes of an element, None for those it doesn't have."""
        if (left := self._end - time.monotonic()) <= 0:
            raise OutOfTime
        self._ax.AXUIElementSetMessagingTimeout(element, left)
        error, values = self._ax.AXUIElementCopyMultipleAttributeValues(element, list(names), 0, None)
        if error == CANNOT_COMPLETE:
            raise OutOfTime
        if error or len(values) != len(names):
            return [None] * len(names)
        return [None if self._is_error(value) else value for value in values]

    def _is_error(self, value: Any) -> bool:
        """Whether it stands for an attribute that isn't there."""
        is_value = isinstance(value, self._ax.AXValueRef)
        return is_value and bool(self._ax.AXValueGetType(value) == self._ax.kAXValueAXErrorType)


def kind_of(role: object) -> Kind:
    """What an element of this role is for."""
    if role in MENUS:
        return Kind.FRAME
    if role in CONTROLS:
        return Kind.CONTROL
    return Kind.WORDS if role in WORDS else Kind.PLACE


if sys.platform == "darwin":

    def open_ax() -> AccessibleText | None:
        """What reads applications on macOS; None where pyobjc is missing."""
        try:
            import ApplicationServices
        except ImportError:
            return None
        return AxText(ApplicationServices)

    def is_trusted() -> bool | None:
        """Whether the user lets us read other applications; None where pyobjc is missing."""
        try:
            import ApplicationServices
        except ImportError:
            return None
        return bool(ApplicationServices.AXIsProcessTrusted())
