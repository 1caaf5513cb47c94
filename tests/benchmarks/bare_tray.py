"""The baseline of `start` and `idle`: the least program with a tray icon and a translucent picture."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QSystemTrayIcon


def main() -> int:
    """Show the picture named on the command line, as large as it is, until the process is ended."""
    application = QApplication(["Bare"])
    application.setQuitOnLastWindowClosed(False)
    picture = QPixmap(str(Path(sys.argv[1])))
    window = QLabel()
    window.setWindowFlags(Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
    window.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
    window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    window.setWindowTitle("Bare window")
    window.setPixmap(picture)
    window.setFixedSize(picture.size())
    window.show()
    tray = QSystemTrayIcon(QIcon(picture))
    QTimer.singleShot(0, tray.show)
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
