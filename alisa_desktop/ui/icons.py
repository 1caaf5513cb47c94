"""The shipped line icons, drawn in any colour and sharp at every scale of the screen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

INK = "#000000"
SCALES = (1.0, 1.25, 1.5, 2.0, 3.0)


class Icons:
    """The icons of one folder, each a 24x24 SVG whose stroke is black; the black is replaced by the theme's colour.

    GUI thread only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn: dict[tuple[str, str, int], QIcon] = {}

    def draw(self, name: str, colour: str, size: int = 18) -> QIcon:
        """The icon in `colour` (`#rrggbb`), `size` device-independent pixels wide; drawn once, then remembered."""
        key = (name, colour, size)
        if key not in self._drawn:
            self._drawn[key] = self._render(name, colour, size)
        return self._drawn[key]

    def _render(self, name: str, colour: str, size: int) -> QIcon:
        source = (self._folder / f"{name}.svg").read_text(encoding="utf-8").replace(INK, colour)
        renderer = QSvgRenderer(QByteArray(source.encode()))
        icon = QIcon()
        for scale in SCALES:
            icon.addPixmap(_paint(renderer, size, scale))
        return icon


def _paint(renderer: QSvgRenderer, size: int, scale: float) -> QPixmap:
    pixels = round(size * scale)
    pixmap = QPixmap(pixels, pixels)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
