"""What macOS applications tell, as a script with the names of ApplicationServices tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from alisa_desktop.vision.accessibility_ax import CANNOT_COMPLETE, AxText
from alisa_desktop.vision.screen import Box, TextLine, Window

SENTENCE = "A sentence that is long enough to be useful."
WINDOW = Window(1, 7, "app", "The title", Box(100, 100, 800, 600), active=True)
"""In px, twice as many as points."""


class Value:
    """An AXValue: a point, a size, a range or an error."""

    def __init__(self, kind: str, **parts: float) -> None:
        self.kind, self.parts = kind, SimpleNamespace(**parts)


ABSENT = Value("error")


@dataclass
class Services:
    """The module; elements are dictionaries of their attributes."""

    windows: list[dict[str, Any]]
    trusted: bool = True
    error: int = 0
    asked: list[str] = field(default_factory=list)
    AXValueRef: type = Value
    kAXValueAXErrorType: str = "error"
    kAXValueCGPointType: str = "point"
    kAXValueCGSizeType: str = "size"
    kAXValueCFRangeType: str = "range"

    def AXIsProcessTrusted(self) -> bool:
        return self.trusted

    def AXUIElementCreateApplication(self, pid: int) -> dict[str, Any]:
        return {"AXWindows": self.windows}

    def AXUIElementSetMessagingTimeout(self, element: Any, seconds: float) -> int:
        return 0

    def AXUIElementCopyMultipleAttributeValues(
        self, element: dict[str, Any], names: list[str], options: int, out: None
    ) -> tuple[int, list[Any] | None]:
        self.asked += [f"{element.get('AXRole')} {name}" for name in names]
        return (self.error, None) if self.error else (0, [element.get(name, ABSENT) for name in names])

    def AXValueGetType(self, value: Value) -> str:
        return value.kind

    def AXValueGetValue(self, value: Value, kind: str, out: None) -> tuple[bool, SimpleNamespace]:
        return value.kind == kind, value.parts


def told(role: str, box: Box, **more: Any) -> dict[str, Any]:
    place = {
        "AXPosition": Value("point", x=box.left, y=box.top),
        "AXSize": Value("size", width=box.width, height=box.height),
    }
    return {"AXRole": role, **place, **{f"AX{name}": value for name, value in more.items()}}


def window(*children: dict[str, Any], title: str = "The title") -> dict[str, Any]:
    return told("AXWindow", Box(50, 50, 400, 300), Title=title, Children=list(children))


LABEL = told("AXStaticText", Box(60, 60, 200, 10), Value=SENTENCE)


def test_the_visible_text_is_read_in_px() -> None:
    area = told("AXTextArea", Box(60, 80, 200, 20), Value="first\nsecond\nthird",
                VisibleCharacterRange=Value("range", location=6, length=6), Focused=True)  # fmt: skip
    button = told("AXButton", Box(60, 120, 50, 10), Title="Save")
    assert AxText(Services([window(LABEL, area, button)])).read(WINDOW, 1) == (
        TextLine(SENTENCE, Box(120, 120, 400, 20)),
        TextLine("second", Box(120, 160, 400, 40), True),
        TextLine("Save", Box(120, 240, 100, 20)),
    )


def test_a_password_is_never_asked_for() -> None:
    password = told("AXTextField", Box(60, 80, 200, 20), Subrole="AXSecureTextField", Value="hunter2")
    services = Services([window(LABEL, password)])
    lines = AxText(services).read(WINDOW, 1)
    assert lines is not None
    assert [line.text for line in lines] == [SENTENCE]
    assert "AXTextField AXRole" in services.asked
    assert "AXTextField AXValue" not in services.asked


def test_what_is_scrolled_out_of_sight_is_left_out() -> None:
    below = told("AXStaticText", Box(60, 200, 200, 10), Value="scrolled away")
    area = told("AXScrollArea", Box(60, 50, 200, 100), Children=[LABEL, below])
    assert [line.text for line in AxText(Services([window(area)])).read(WINDOW, 1) or ()] == [SENTENCE]


def test_without_permission_nobody_is_asked() -> None:
    services = Services([window(LABEL)], trusted=False)
    assert AxText(services).read(WINDOW, 1) is None
    assert not services.asked


def test_a_program_that_does_not_answer_is_left_alone_for_a_while() -> None:
    services = Services([window(LABEL)], error=CANNOT_COMPLETE)
    reader = AxText(services)
    assert reader.read(WINDOW, 1) is None
    services.error = 0
    services.asked.clear()
    assert reader.read(WINDOW, 1) is None
    assert not services.asked


@pytest.mark.parametrize(
    "windows",
    [[], [window(LABEL, title="Another")], [window(LABEL), window(LABEL)], [window({"AXRole": 7, "AXChildren": 7})],
     [window(told("AXStaticText", Box(0, 0, 9, 9), Value=SENTENCE, Children="abc"))]],
)  # fmt: skip
def test_what_is_no_window_or_nonsense_is_not_read(windows: list[dict[str, Any]]) -> None:
    assert AxText(Services(windows)).read(WINDOW, 1) is None
