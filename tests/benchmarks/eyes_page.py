"""What the eyes of `eyes` look at: `eyes_page.py TITLE still|clock|turning` shows a window full of text.

It stands still, or has a clock in its upper right corner that ticks, or turns to other text all the time.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from PySide6.QtCore import Qt, QTime, QTimer
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication, QLabel

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.eyes_text import line

LEFT, TOP, WIDTH, HEIGHT = 30, 40, 880, 520
"""px; clear of her and her bubble: what they cover is read when it comes to light again."""
LINES, LENGTH = 28, 90
CLOCK_WIDTH = 90
TICK_MS, TURN_MS = 1000, 1500


def main() -> int:
    """Show the page until the process is ended."""
    application = QApplication(["Page"])
    title, kind = sys.argv[1:]
    page = _page(title)
    timer = QTimer(page)
    if kind == "clock":
        clock = _clock(page)
        timer.timeout.connect(lambda: clock.setText(_now()))
        timer.start(TICK_MS)
    elif kind == "turning":
        pages = count(1)
        timer.timeout.connect(lambda: page.setText(_text(next(pages))))
        timer.start(TURN_MS)
    page.show()
    return application.exec()


def _page(title: str) -> QLabel:
    page = QLabel(_text(0))
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(14)
    page.setFont(font)
    page.setAlignment(Qt.AlignmentFlag.AlignTop)
    page.setStyleSheet("background: white; color: black; padding: 12px")
    page.setWindowTitle(title)
    page.setGeometry(LEFT, TOP, WIDTH, HEIGHT)
    return page


def _clock(page: QLabel) -> QLabel:
    clock = QLabel(_now(), page)
    clock.setFont(QFont(page.font().family(), 10))
    clock.setStyleSheet("padding: 2px")
    clock.setGeometry(WIDTH - CLOCK_WIDTH, 2, CLOCK_WIDTH, 24)
    return clock


def _now() -> str:
    return QTime.currentTime().toString("HH:mm:ss")


def _text(number: int) -> str:
    return "\n".join(line(number * LINES + at, LENGTH) for at in range(LINES))


if __name__ == "__main__":
    sys.exit(main())
