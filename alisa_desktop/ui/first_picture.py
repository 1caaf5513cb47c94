"""The first picture of her: as she stood when Alisa was last quit, shown while everything else is still being loaded.

Imports hardly anything but Qt, because it is there to be quick; the real figure takes its place half a second later.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEventLoop, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.click_through import solid_region
from alisa_desktop.ui.compositing import is_blended

LARGEST = 2400
"""Pixels of a side; a larger picture is not ours."""
PATIENCE_MS = 500
EVENTS_MS = 20
CORNER = "corner"
RATIO = "ratio"


class FirstPicture(QWidget):
    """A picture on the desktop that does nothing. GUI thread only."""

    def __init__(self, picture: QImage, place: QRect) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.NoDropShadowWindowHint,
        )
        for attribute in ("WA_TranslucentBackground", "WA_ShowWithoutActivating", "WA_MacAlwaysShowToolWindow"):
            self.setAttribute(Qt.WidgetAttribute[attribute])
        self.setWindowTitle("Alisa")
        self._picture = picture
        self._painted = False
        self.setGeometry(place)
        if not is_blended():
            self.setMask(solid_region(picture, place.size()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture."""
        QPainter(self).drawImage(QPoint(), self._picture)
        self._painted = True

    def show_now(self) -> None:
        """Show it and return when it is painted, or after half a second."""
        self.show()
        waited = QElapsedTimer()
        waited.start()
        while not self._painted and not waited.hasExpired(PATIENCE_MS):
            QGuiApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, EVENTS_MS)


def load_first_picture(file: Path) -> FirstPicture | None:
    """The picture kept in `file`; None when there is none, or its place is on no screen any more."""
    reader = QImageReader(str(file))
    if max(reader.size().width(), reader.size().height()) > LARGEST or (picture := reader.read()).isNull():
        return None
    try:
        x, y = map(int, picture.text(CORNER).split())
        picture.setDevicePixelRatio(float(picture.text(RATIO)))
    except ValueError:
        return None
    place = QRect(QPoint(x, y), picture.deviceIndependentSize().toSize())
    if not any(screen.availableGeometry().contains(place) for screen in QGuiApplication.screens()):
        return None
    return FirstPicture(picture, place)


def keep_first_picture(file: Path, picture: QImage, corner: QPoint) -> None:
    """Keep `picture`, which stood at `corner` of the desktop, for the next start; a null picture takes it away."""
    if picture.isNull():
        file.unlink(missing_ok=True)
        return
    kept = QImage(picture)
    kept.setText(CORNER, f"{corner.x()} {corner.y()}")
    kept.setText(RATIO, str(picture.devicePixelRatio()))
    kept.save(str(file))
