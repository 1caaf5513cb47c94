"""Her face in the tray with marks for model and eyes, sharp from 16 to 64 px on light and dark panels."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from alisa_desktop.core.messages import Emotion
from alisa_desktop.core.sight import Gaze
from alisa_desktop.ui.eye_badge import paint_eye

SIZES = (16, 18, 20, 22, 24, 28, 32, 40, 48, 64)
MARKS = {"thinking": "#FFC24B", "loading": "#5A9BFF", "missing": "#E5383B"}
"""Colour of the mark by state; its form differs too, for those who do not tell the colours apart."""
DOT = 0.42
"""Diameter of the mark as a share of the icon."""


class TrayFaces:
    """The tray icons of one folder, drawn when first asked for. GUI thread only."""

    def __init__(self, folder: Path, *, monochrome: bool = sys.platform == "darwin") -> None:
        self._folder = folder
        self._monochrome = monochrome
        self._drawn: dict[tuple[Emotion, str, Gaze], QIcon] = {}

    def icon(self, emotion: Emotion, state: str, gaze: Gaze = Gaze.CLOSED) -> QIcon:
        """The face of `emotion`, the mark of `state` (a key of `MARKS`, or empty for none), the eye of `gaze`."""
        key = (emotion, state, gaze)
        if key not in self._drawn:
            self._drawn[key] = self._draw(*key)
        return self._drawn[key]

    def _draw(self, emotion: Emotion, state: str, gaze: Gaze) -> QIcon:
        name = "alisa-mono-dark" if self._monochrome else f"tray-{emotion}"
        renderer = QSvgRenderer(str(self._folder / f"{name}.svg"))
        icon = QIcon()
        for size in SIZES:
            icon.addPixmap(self._paint(renderer, size, state, gaze))
        icon.setIsMask(self._monochrome)  # the system then colours it for its bar
        return icon

    def _paint(self, renderer: QSvgRenderer, size: int, state: str, gaze: Gaze) -> QPixmap:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(0, 0, size, size))
        if state in MARKS:
            _paint_mark(painter, size, state)
        paint_eye(painter, size, gaze, mask=self._monochrome)
        painter.end()
        return pixmap


def _paint_mark(painter: QPainter, size: int, state: str) -> None:
    width = size * DOT
    area = QRectF(size - width, size - width, width, width)
    gap = max(1.0, size / 22)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.setBrush(Qt.GlobalColor.black)
    painter.drawEllipse(area.adjusted(-gap, -gap, 0, 0))
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    colour = QColor(MARKS[state])
    if state == "loading":
        thick = width * 0.26
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, thick))
        painter.drawEllipse(area.adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2))
        return
    painter.setBrush(colour)
    painter.drawEllipse(area)
    if state == "missing":
        painter.setPen(QPen(Qt.GlobalColor.white, max(1.2, width * 0.2), c=Qt.PenCapStyle.RoundCap))
        middle, reach = area.center(), QPointF(width * 0.22, 0)
        painter.drawLine(middle - reach, middle + reach)
