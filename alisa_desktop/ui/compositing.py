"""Whether translucent windows are blended with what is behind them; on X11 the program for that may be missing."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

LOOKS = frozenset({QEvent.Type.Show, QEvent.Type.Expose, QEvent.Type.Paint})


class Compositing(QObject):
    """Looks whether `window` is blended whenever it is shown, exposed or painted. GUI thread only."""

    changed = Signal()
    """It began, or it ended: without it the window has to cut its own shape."""

    def __init__(self, window: QWidget, *, ask: Callable[[], bool] | None = None) -> None:
        super().__init__(window)
        self.on = True
        """False while everything translucent would be black."""
        self.ask = ask or is_blended
        """Tells whether translucent windows are blended now."""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look again; nothing is taken from the window."""
        if event.type() in LOOKS:
            if event.type() is QEvent.Type.Show and isinstance(watched, QWidget):
                watched.windowHandle().installEventFilter(self)
            self.look()
        return False

    def look(self) -> None:
        """Find out now."""
        on = self.ask()
        if on is not self.on:
            self.on = on
            self.changed.emit()


def is_blended() -> bool:
    """False only on an X server without a compositor (see the EWMH specification, `_NET_WM_CM_Sn`)."""
    if QGuiApplication.platformName() != "xcb" or os.environ.get("WAYLAND_DISPLAY"):
        return True  # also for XWayland: Wayland always blends
    native: Any = QGuiApplication.instance()
    try:
        return _owns_selection(ctypes.CDLL("libX11.so.6"), ctypes.c_void_p(native.nativeInterface().display()))
    except OSError:
        return True  # Qt can live without that library; then nobody can be asked


def _owns_selection(x11: ctypes.CDLL, display: ctypes.c_void_p) -> bool:
    x11.XInternAtom.restype = x11.XGetSelectionOwner.restype = ctypes.c_ulong
    x11.XGetSelectionOwner.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    name = f"_NET_WM_CM_S{x11.XDefaultScreen(display)}".encode()
    return bool(x11.XGetSelectionOwner(display, x11.XInternAtom(display, name, False)))
