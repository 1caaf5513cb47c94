"""What the titles of windows give away: whether the screen is shared or locked. Pure; no system is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from alisa_desktop.vision.screen import Window

LONGEST_TITLE = 500
"""Characters; no window says more that is worth telling, and a hostile one could say megabytes."""

# Line breaks and other controls, halves of UTF-16 pairs (no UTF-8 can carry them), and what turns the reading
# direction around: a title must not look like something else once it stands inside other text.
_UNPRINTABLE = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")


def tidy(title: str) -> str:
    """`title` on one line, without control characters, cut to `LONGEST_TITLE` characters."""
    return _UNPRINTABLE.sub(" ", title).strip()[:LONGEST_TITLE].rstrip()


class _Sign(NamedTuple):
    """A window that stands on the screen only while something is shared; both patterns match from end to end."""

    app: re.Pattern[str]
    title: re.Pattern[str]


def _sign(title: str, app: str = ".*") -> _Sign:
    return _Sign(re.compile(app, re.IGNORECASE), re.compile(title, re.IGNORECASE))


# The titles are the programs' own, in English: Chromium's generated_resources.grd (media screen capture notification),
# Firefox's webrtcIndicator.ftl, and for the others what window rules of many desktops call them. Discord shows no
# window of its own, and recorders (OBS) are left out: what they record is no one's to see yet.
SHARING_SIGNS = (
    _sign(r".+ is sharing (your screen|your entire screen|a window|a tab)( and (system )?audio)?\.?"),
    _sign(r".+ [-–—] Sharing Indicator"),
    _sign(r"as_toolbar|annotate_toolbar|zoom_linux_float_video_window", app=r"zoom.*"),
    _sign(r"zoom share (statusbar|toolbar)( window)?", app=r"zoom.*"),
    _sign(r"Screen sharing meeting controls"),
    _sign(r"Sharing control bar( \|.*)?"),
    _sign(r"Screen sharing toolbar( \|.*)?"),
    _sign(r"Screen share", app=r"slack.*"),
    _sign(r"TeamViewer Panel", app=r"teamviewer.*"),
)

LOCKERS = frozenset({"i3lock", "xsecurelock", "xscreensaver", "kscreenlocker_greet", "xtrlock", "swaylock"})
"""Programs whose window is a locked screen, by their class; not all of them tell the session."""


def is_sharing(windows: Iterable[Window]) -> bool:
    """Whether one of `windows` is the bar of a program that shares the screen.

    It knows well-known programs in English, and a bar that its user hid is not to be seen: True is sure enough to look
    away, False is no promise.
    """
    return any(
        sign.title.fullmatch(window.title) and sign.app.fullmatch(window.app)
        for window in windows
        for sign in SHARING_SIGNS
    )


def is_locked(windows: Iterable[Window]) -> bool:
    """Whether one of `windows` is that of a screen locker."""
    return any(window.app.casefold() in LOCKERS for window in windows)
