"""Checks of the desktop: screens, tray, Wayland or X11, compositor, and whether she may see the screen."""

from __future__ import annotations

import os
import sys
from contextlib import closing

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.core.health import Way
from alisa_desktop.core.sight import Consent
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good, unknown

NO_XWAYLAND = (
    "Install XWayland (package xwayland), or log in to an X11 session (often called “Xorg” on the login screen)."
)
TRAYS = {
    "GNOME": "Install the extension “AppIndicator and KStatusNotifierItem Support” "
    "(package gnome-shell-extension-appindicator), then log in again.",
    "KDE": "Add the system tray to your panel.",
    "XFCE": "Add the “Status Tray Plugin” to your panel.",
    "": "Start a panel with a tray, for instance trayer or tint2.",
}
AX = "Switch me on in System Settings > Privacy & Security > Accessibility."
ATSPI = "Install the accessibility bus (package at-spi2-core), then log in again."
WITHOUT_TRAY = "Until then my menu is on me: right-click me."


def look_at_screens(case: Case) -> Answer:
    """Which screens there are, and how large things are drawn on them."""
    facts = case.desktop
    if facts.trouble:
        return _no_desktop(facts.trouble)
    screens = [f"{one.name} {one.width} × {one.height} at {one.scale * 100:.0f} %" for one in facts.screens]
    if not screens:
        return bad("No screen is switched on.", "Switch a screen on, or connect one.")
    return good(f"{', '.join(screens)}.")


def look_at_session(case: Case) -> Answer:
    """Whether this is Wayland or X11, and what that means for her."""
    facts = case.desktop
    if facts.trouble:
        return _no_desktop(facts.trouble)
    if sys.platform in ("win32", "darwin"):
        return good("The desktop of Windows." if sys.platform == "win32" else "The desktop of macOS.")
    wayland = bool(os.environ.get("WAYLAND_DISPLAY")) or os.environ.get("XDG_SESSION_TYPE") == "wayland"
    if not wayland:
        return good("X11: I stand where you put me, and can see the window in front if you let me.")
    if os.environ.get("DISPLAY"):
        found = "Wayland with XWayland: I stand where you put me, but can't see which window is in front"
        return good(f"{found}, and have no keys that work everywhere.")
    return bad("Wayland without XWayland: I can't choose where I stand, nor stay on top.", NO_XWAYLAND)


def look_at_tray(case: Case) -> Answer:
    """Whether her icon has a place."""
    facts = case.desktop
    if facts.trouble:
        return _no_desktop(facts.trouble)
    if facts.tray:
        return good("Your desktop has a tray.")
    desktops = os.environ.get("XDG_CURRENT_DESKTOP", "").split(":")
    advice = next((TRAYS[name] for name in desktops if name in TRAYS), TRAYS[""])
    return bad("Your desktop shows no tray, so I have no icon.", f"{advice} {WITHOUT_TRAY}")


def look_at_compositor(case: Case) -> Answer:
    """Whether her outline is smooth."""
    facts = case.desktop
    if facts.trouble:
        return _no_desktop(facts.trouble)
    if facts.blended:
        return good("Translucent windows are blended: my outline is smooth.")
    advice = "Switch on compositing in the settings of your window manager, or start picom (package picom)."
    return bad("Nothing blends translucent windows, so my outline is hard-edged.", advice)


def look_at_eyes(case: Case) -> Answer:
    """Whether she may see the screen, and can."""
    if case.settings.vision is Consent.OFF:
        return good("My eyes are shut: I see nothing of the screen.")
    from alisa_desktop.vision.window import open_screen

    try:
        with closing(open_screen()) as screen:
            screen.windows()
    except SightFailed as why:
        return bad("You let me see the screen, but I can't.", why.sentence, Way.EYES)
    may = "when you ask" if case.settings.vision is Consent.ASK else "by myself, too"
    return good(f"I may look at the window in front, {may}, and can.")


def look_at_accessibility(case: Case) -> Answer:
    """Whether applications tell their text, so that she need not read it off pictures."""
    from alisa_desktop.vision.accessibility import applications_tell

    told = applications_tell()
    if told:
        return good("Applications can tell me their text.")
    if told is None:
        return unknown("Nobody here says whether applications tell their text; I read it off pictures.")
    return bad(
        "Applications can't tell me their text; I read it off pictures.", AX if sys.platform == "darwin" else ATSPI
    )


def _no_desktop(trouble: str) -> Answer:
    return unknown(trouble, "Run this in a terminal on your desktop." if "no display" in trouble else _CLOSED)


_CLOSED = (
    "Check that DISPLAY or WAYLAND_DISPLAY names the display you are logged in to, and that libxcb-cursor0 is there."
)

CHECKS = (
    Check("displays", "Screens", look_at_screens),
    Check("session", "Desktop", look_at_session),
    Check("tray", "Tray", look_at_tray),
    Check("compositor", "Smooth edges", look_at_compositor),
    Check("screen_permission", "Eyes", look_at_eyes),
    Check("accessibility", "Text of applications", look_at_accessibility),
)
