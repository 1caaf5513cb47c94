"""The windows of a Mac, as Quartz Window Services lists them (https://developer.apple.com/documentation/coregraphics).

pyobjc is imported where it is asked: other systems don't have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.screen import Box, Privacy, Window
from alisa_desktop.vision.window_titles import is_sharing, tidy

NOT_ALLOWED = (
    "I'm not allowed to see the screen. Open System Settings > Privacy & Security > Screen & System Audio Recording "
    "and switch me on, then restart me."
)
NO_SESSION = "Nobody is logged in at this Mac's screen."

NORMAL_LAYER = 0
"""kCGNormalWindowLevel; the dock, the menu bar, panels and the desktop are on others."""

SCREEN_IS_LOCKED = "CGSSessionScreenIsLocked"
"""Apple names it nowhere, but it has stood in the session's dictionary for as long as screens lock."""

ON_CONSOLE = "kCGSSessionOnConsoleKey"
"""False while somebody else is logged in at the screen."""


def window_of(entry: Mapping[str, Any]) -> Window | None:
    """A window of the list CGWindowListCopyWindowInfo returns, or None where it has no pixels.

    The keys are the values of Quartz's constants, and those are the constants' names. The box is in points, in which
    pictures are asked for here, too.
    """
    bounds = entry.get("kCGWindowBounds", {})
    box = Box(*(round(bounds.get(key, 0)) for key in ("X", "Y", "Width", "Height")))
    if not box or not entry.get("kCGWindowAlpha", 1):
        return None
    return Window(
        handle=int(entry.get("kCGWindowNumber", 0)),
        pid=int(entry.get("kCGWindowOwnerPID", 0)),
        app=tidy(str(entry.get("kCGWindowOwnerName") or "")),
        title=tidy(str(entry.get("kCGWindowName") or "")),
        box=box,
        furniture=entry.get("kCGWindowLayer", NORMAL_LAYER) != NORMAL_LAYER,
    )


def with_active(windows: Sequence[Window]) -> list[Window]:
    """Mark the window with the keyboard: the first, of those that aren't furniture, as macOS raises it."""
    active = next((window.handle for window in windows if not window.furniture), None)
    return [replace(window, active=window.handle == active) for window in windows]


def privacy_of(session: Mapping[str, Any] | None) -> Privacy | None:
    """What the session's dictionary says; there is none where nobody is logged in."""
    if session is None or session.get(SCREEN_IS_LOCKED) or not session.get(ON_CONSOLE, True):
        return Privacy.LOCKED
    return None


class MacScreen:
    """The desktop of a Mac. For one thread.

    `active` is the topmost window: what has the keyboard without being on top (a palette, the desktop) isn't told.
    """

    def windows(self) -> Sequence[Window]:
        """The visible windows, the topmost first; raises `SightFailed` without the permission to record the screen."""
        import Quartz

        if not Quartz.CGPreflightScreenCaptureAccess():  # without it, all are without a title
            raise SightFailed(NOT_ALLOWED)
        listed = Quartz.CGWindowListCopyWindowInfo(Quartz.kCGWindowListOptionOnScreenOnly, Quartz.kCGNullWindowID)
        if listed is None:
            raise SightFailed(NO_SESSION)
        found = map(window_of, listed)
        return with_active([window for window in found if window])

    def privacy(self) -> Privacy | None:
        """Why this is no moment to look; raises `SightFailed` as `windows` does."""
        import Quartz

        locked = privacy_of(Quartz.CGSessionCopyCurrentDictionary())
        return locked or (Privacy.SHARED if is_sharing(self.windows()) else None)

    def close(self) -> None:
        """Nothing is held."""
