"""What Qt knows of the desktop, printed as one JSON object: a child process of the doctor's."""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from alisa_desktop.ui.compositing import is_blended


def main() -> int:
    """Print it; where Qt can't open windows, it ends the process."""
    application = QApplication(["Alisa"])
    sys.stdout.write(json.dumps(facts()))
    application.shutdown()
    return 0


def facts() -> dict[str, object]:
    """The desktop of this process's application."""
    return {
        "qt": qVersion(),
        "platform": QGuiApplication.platformName(),
        "screens": [_screen(screen) for screen in QGuiApplication.screens()],
        "tray": QSystemTrayIcon.isSystemTrayAvailable(),
        "blended": is_blended(),
    }


def _screen(screen: QScreen) -> dict[str, object]:
    scale = screen.devicePixelRatio()
    size = screen.size() * scale
    return {"name": screen.name(), "width": size.width(), "height": size.height(), "scale": round(scale, 2)}
