"""Whether the system asks for less motion: each desktop has its own place for that wish."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage

SPI_GETCLIENTAREAANIMATION = 0x1042
PORTAL = "org.freedesktop.portal.Desktop"
PORTAL_PATH = "/org/freedesktop/portal/desktop"
PORTAL_SETTINGS = "org.freedesktop.portal.Settings"
PORTAL_TIMEOUT_MS = 250


def wants_less_motion() -> bool:
    """True when the user told the system that things should not move; may take up to 0.3 s. GUI thread only."""
    if sys.platform == "win32":
        return _windows()
    return _mac() if sys.platform == "darwin" else _portal()


def _windows() -> bool:
    if sys.platform != "win32":
        return False
    on = ctypes.c_int(1)
    asked = ctypes.windll.user32.SystemParametersInfoW(SPI_GETCLIENTAREAANIMATION, 0, ctypes.byref(on), 0)
    return bool(asked) and not on.value


def _mac() -> bool:
    path = Path.home() / "Library" / "Preferences" / "com.apple.universalaccess.plist"
    return bool(QSettings(str(path), QSettings.Format.NativeFormat).value("reduceMotion", False, type=bool))


def _portal() -> bool:
    call = QDBusMessage.createMethodCall(PORTAL, PORTAL_PATH, PORTAL_SETTINGS, "Read")
    call.setArguments(["org.gnome.desktop.interface", "enable-animations"])
    answer = QDBusConnection.sessionBus().call(call, QDBus.CallMode.Block, PORTAL_TIMEOUT_MS)
    if answer.type() is not QDBusMessage.MessageType.ReplyMessage or not answer.arguments():
        return False
    value = answer.arguments()[0]
    while hasattr(value, "variant"):
        value = value.variant()
    return value is False
