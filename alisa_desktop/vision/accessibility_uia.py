"""UI Automation, what Windows applications tell assistive programs (numbers from UIAutomationClient.h)."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from alisa_desktop.vision.accessibility_lines import DEEPEST, Element, Kind, Row, rows_in
from alisa_desktop.vision.screen import Box

RECTANGLE, CONTROL_TYPE, NAME, HAS_KEYBOARD, IS_PASSWORD, IS_OFFSCREEN, VALUE = (
    30001, 30003, 30005, 30008, 30019, 30022, 30045,
)  # fmt: skip
TEXT_PATTERN = 10014
LIBRARY = "UIAutomationCore.dll"
SUBTREE = 7
EDIT, TEXT, DOCUMENT = 50004, 50020, 50030
MENUS = frozenset({50009, 50010, 50011, 50037})
"""Menu, menu bar, menu item, title bar."""
CONTROLS = frozenset({50000, 50002, 50003, 50013, 50019, 50031})
"""Button, check box, combo box, radio button, tab item, split button."""
NAMED = frozenset({50005, 50007, TEXT, 50022, 50024, 50029, 50035})
"""Hyperlink, list item, text, tool tip, tree item, data item, header item."""

MOST_ELEMENTS = 1_500
MOST_RANGES = 200
LONG_TEXT = 4_000
"""Characters of one text."""
TALL = 100
"""Px; a text as high as that is a terminal, and has more to tell than its name."""
REST = 60.0
"""Seconds for which an application that didn't answer in time is left alone."""
LEAST_PATIENCE_MS = 50
"""UI Automation takes no less."""

log = logging.getLogger(__name__)


class OutOfTime(Exception):
    """The application takes too long to tell."""


class Conversion:
    """From cached elements of UI Automation to ours, until `end` (`time.monotonic()`)."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._left = MOST_ELEMENTS

    def element(self, told: Any, depth: int = 0) -> Element:
        """An element and what is in it; of a password nothing but its place."""
        self._left -= 1
        box = box_of(told.CachedBoundingRectangle)
        if told.CachedIsPassword:
            return Element(Kind.SECRET, box)
        children = tuple(self._children(told, depth + 1))
        control = told.CachedControlType
        rows = self._rows(told, control, box, children)
        focused = bool(told.CachedHasKeyboardFocus) and (bool(rows) or control == EDIT)
        return Element(kind_of(control), box, rows, focused, children)

    def _children(self, told: Any, depth: int) -> Iterator[Element]:
        if depth >= DEEPEST or not (found := told.GetCachedChildren()):
            return
        for number in range(found.Length):
            if self._left <= 0:
                return
            yield self.element(found.GetElement(number), depth)

    def _rows(self, told: Any, control: int, box: Box, children: Sequence[Element]) -> tuple[Row, ...]:
        """What it shows. The text of a web page is in its elements, other documents tell it themselves."""
        is_text = control == EDIT or (control == DOCUMENT and not children) or (control == TEXT and box.height >= TALL)
        if is_text and (pattern := told.GetCachedPattern(TEXT_PATTERN)):
            return tuple(self._visible(pattern, box))
        if control == EDIT:
            return rows_in(lines_of_text(told.GetCachedPropertyValue(VALUE)), box)
        if control in MENUS | CONTROLS | NAMED:
            return rows_in(lines_of_text(told.CachedName), box)
        return ()

    def _visible(self, pattern: Any, box: Box) -> Iterator[Row]:
        """The visible lines of a text."""
        ranges = text_pattern(pattern).GetVisibleRanges()
        for number in range(min(ranges.Length, MOST_RANGES) if ranges else 0):
            if time.monotonic() > self._end:
                raise OutOfTime
            part = ranges.GetElement(number)
            text = lines_of_text(part.GetText(LONG_TEXT)).rstrip("\n")
            places = [place.cut(box) for place in boxes_of(part.GetBoundingRectangles())]
            lines = text.split("\n")
            yield from zip(lines, places, strict=True) if len(lines) == len(places) else rows_in(text, box)


def kind_of(control: int) -> Kind:
    """What an element of this control type is for."""
    if control in MENUS:
        return Kind.FRAME
    if control in CONTROLS:
        return Kind.CONTROL
    return Kind.WORDS if control in NAMED or control in (EDIT, DOCUMENT) else Kind.PLACE


def box_of(told: Any) -> Box:
    """A RECT as our rectangle."""
    return Box(told.left, told.top, max(0, told.right - told.left), max(0, told.bottom - told.top))


def boxes_of(told: Sequence[float] | None) -> list[Box]:
    """Left, top, width and height after one another, as our rectangles."""
    numbers = [round(number) for number in told or ()]
    return [Box(*numbers[start : start + 4]) for start in range(0, len(numbers) - 3, 4)]


def lines_of_text(told: object) -> str:
    """A text with our ends of lines; empty where it is none."""
    return told.replace("\r\n", "\n").replace("\r", "\n")[:LONG_TEXT] if isinstance(told, str) else ""


def text_pattern(pattern: Any) -> Any:
    """A pattern, told by what it can do."""
    from comtypes.client import GetModule

    return pattern.QueryInterface(GetModule(LIBRARY).IUIAutomationTextPattern)


if sys.platform == "win32":
    import ctypes
    from importlib.util import find_spec

    from alisa_desktop.vision.accessibility_lines import lines_of
    from alisa_desktop.vision.screen import AccessibleText, TextLine, Window

    CUIAUTOMATION8 = "{e22ad333-b25f-460c-83d0-0581107395c9}"
    UIA_E_TIMEOUT = 0x80131505

    class UiaText:
        """The text of Windows applications. Call it from one thread, which becomes a COM thread on the first call."""

        def __init__(self) -> None:
            self._automation: Any = None
            self._resting: dict[int, float] = {}

        def read(self, window: Window, seconds: float) -> Sequence[TextLine] | None:
            """The visible text of `window` in reading order; None where it says nothing useful within `seconds`."""
            import comtypes

            now = time.monotonic()
            self._resting = {pid: until for pid, until in self._resting.items() if until > now}
            if window.pid in self._resting:
                return None
            try:
                return self._read(window, now + seconds)
            except OutOfTime:
                self._resting[window.pid] = time.monotonic() + REST
            except comtypes.COMError as error:
                log.debug("UI Automation failed: %s.", error)
                if error.hresult & 0xFFFFFFFF == UIA_E_TIMEOUT:
                    self._resting[window.pid] = time.monotonic() + REST
            except (OSError, ValueError, AttributeError, TypeError) as error:  # a pointer to nothing, no such interface
                log.debug("UI Automation told nothing of use: %s.", error)
            return None

        def close(self) -> None:
            """Let go of UI Automation."""
            self._automation = None

        def _read(self, window: Window, end: float) -> Sequence[TextLine] | None:
            if ctypes.windll.user32.IsHungAppWindow(ctypes.c_void_p(window.handle)):
                raise OutOfTime
            automation = self._automation = self._automation or _automation()
            patience = max(LEAST_PATIENCE_MS, round((end - time.monotonic()) * 1000))
            automation.ConnectionTimeout = automation.TransactionTimeout = patience
            told = automation.ElementFromHandleBuildCache(window.handle, _request(automation))
            if time.monotonic() > end:
                raise OutOfTime
            root = Conversion(end).element(told)
            return None if time.monotonic() > end else lines_of(root, window.box)

    def _automation() -> Any:
        """UI Automation of Windows 8 and later, whose patience can be set."""
        import comtypes
        import comtypes.client

        try:
            comtypes.CoInitializeEx(comtypes.COINIT_MULTITHREADED)
        except OSError as error:  # this thread is one of another kind already, which will do
            log.debug("COM: %s.", error)
        uia = comtypes.client.GetModule(LIBRARY)
        return comtypes.client.CreateObject(CUIAUTOMATION8, interface=uia.IUIAutomation2)

    def _request(automation: Any) -> Any:
        """What is told of each element, in one answer; passwords and what is out of sight are not in it."""
        request = automation.CreateCacheRequest()
        for number in (RECTANGLE, CONTROL_TYPE, NAME, HAS_KEYBOARD, IS_PASSWORD, IS_OFFSCREEN, VALUE):
            request.AddProperty(number)
        request.AddPattern(TEXT_PATTERN)
        request.TreeScope = SUBTREE
        condition = automation.ControlViewCondition
        for number in (IS_OFFSCREEN, IS_PASSWORD):
            wanted = automation.CreatePropertyCondition(number, False)
            condition = automation.CreateAndCondition(condition, wanted)
        request.TreeFilter = condition
        return request

    def open_uia() -> AccessibleText | None:
        """What reads applications on Windows; None where comtypes is missing."""
        return UiaText() if find_spec("comtypes") else None
