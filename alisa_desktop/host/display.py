"""Whether there is a screen to stand on."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """Whether windows can be shown: always on Windows and macOS, elsewhere when a display server is named."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def prefer_free_placement() -> None:
    """On Wayland no window may say where it stands or stay on top: ask Qt for X11 (XWayland) where there is one.

    Call it before Qt starts; a platform the user has chosen by `QT_QPA_PLATFORM` stays.
    """
    if sys.platform == "linux" and os.environ.get("WAYLAND_DISPLAY") and os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
