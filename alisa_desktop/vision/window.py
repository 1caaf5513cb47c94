"""Which window the user works in: the system's own way to ask for it, and what is to be made of its answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import NoReturn

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.screen import Box, Screen, Window

NO_SCREEN = "There is no screen here."
ONLY_WAYLAND = (
    "On Wayland no application may ask which window is in front; log in to an X11 session "
    "(often called “Xorg” on the login screen) if I should see it."
)

TITLE_BAR = 80
"""Physical px above a window that may be its title bar, on X11 not part of its box, at twice the usual size too."""


class NoScreen:
    """Null object: there is nothing to look at, for the `reason` that every question is answered with."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def windows(self) -> NoReturn:
        """Raises `SightFailed`."""
        raise SightFailed(self.reason)

    def privacy(self) -> NoReturn:
        """Raises `SightFailed`."""
        raise SightFailed(self.reason)

    def close(self) -> None:
        """Nothing is held; no question, so it fails for no reason."""


def open_screen() -> Screen:
    """The desktop of this session, or a `NoScreen` that says why there is none; never raises `SightFailed` itself.

    Call it in the thread that will ask; it opens connections to the system, which takes some ms.
    """
    try:
        return _screen()
    except SightFailed as why:
        return NoScreen(str(why))


def _screen() -> Screen:
    if sys.platform == "win32":
        from alisa_desktop.vision.window_win32 import Win32Screen

        return Win32Screen()
    if sys.platform == "darwin":
        from alisa_desktop.vision.window_macos import MacScreen

        return MacScreen()
    return _x11()


def _x11() -> Screen:
    from alisa_desktop.vision.window_x11 import X11Screen

    on_wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    if not os.environ.get("DISPLAY"):
        return NoScreen(ONLY_WAYLAND if on_wayland else NO_SCREEN)
    return X11Screen(on_wayland=on_wayland or os.environ.get("XDG_SESSION_TYPE") == "wayland")


def front(windows: Sequence[Window], own_pids: Collection[int]) -> Window | None:
    """The window the user works in, of `windows` (the topmost first).

    That is the active one; where it is ours or furniture, the topmost that is neither: whoever talks to Alisa has just
    come from it.
    """
    candidates = [window for window in windows if not window.furniture and window.pid not in own_pids]
    active = (window for window in candidates if window.active)
    return next(active, candidates[0] if candidates else None)


def covering(
    window: Window,
    windows: Sequence[Window],
    own_pids: Collection[int],
    is_blocked: Callable[[Window], bool],
) -> list[Box]:
    """The parts of `window`, in physical px of the desktop, that a picture of it must not show.

    Screens are grabbed as they appear, so that is where windows above it (`windows` has the topmost first) are ours or
    blocked ones. A blocked one's title bar is hidden too.
    """
    above = list(takewhile(lambda other: other.handle != window.handle, windows))
    ours = [other.box for other in above if other.pid in own_pids]
    blocked = [_with_title_bar(other.box) for other in above if other.pid not in own_pids and is_blocked(other)]
    return [part for box in ours + blocked if (part := box.cut(window.box))]


def _with_title_bar(box: Box) -> Box:
    return replace(box, top=box.top - TITLE_BAR, height=box.height + TITLE_BAR)
