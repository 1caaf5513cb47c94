"""What the eyes ask of the operating system: the windows on the screen, and whether it is a moment to look away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the screen in physical px (on macOS in points), origin at the desktop's top left."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column right of it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + self.height

    def cut(self, other: Box) -> Box:
        """The part of both; empty (no width or no height) where they don't meet."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, max(0, right - left), max(0, bottom - top))

    def __bool__(self) -> bool:
        return self.width > 0 and self.height > 0


@dataclass(frozen=True, slots=True)
class Window:
    """A window on the screen. `handle` is the system's number for it, `app` the program's own name (process or class).

    `active` tells whether it has the keyboard; `pid` is 0 where the system doesn't say. `box` is without what the
    window manager adds. `furniture` marks panels, docks and the desktop itself.
    """

    handle: int
    pid: int
    app: str
    title: str
    box: Box
    active: bool = False
    furniture: bool = False


class Privacy(StrEnum):
    """Why this is no moment to look, where the system says so."""

    LOCKED = "locked"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text and where it stands; `focused` marks what has the keyboard."""

    text: str
    box: Box
    focused: bool = False


class Screen(Protocol):
    """The desktop as its owner sees it. Call it from one thread; raises `SightFailed` when the system refuses."""

    def windows(self) -> Sequence[Window]:
        """The visible windows, the topmost first; minimised ones and those of other desktops are left out."""
        ...

    def privacy(self) -> Privacy | None:
        """Why this is no moment to look, or None."""
        ...

    def close(self) -> None:
        """Let go of the system."""
        ...


class AccessibleText(Protocol):
    """Text that applications tell assistive programs, without a single pixel. Call it from one thread."""

    def read(self, window: Window, seconds: float) -> Sequence[TextLine] | None:
        """The visible text of `window` in reading order; None where it says nothing useful within `seconds`."""
        ...

    def close(self) -> None:
        """Let go of the system."""
        ...
