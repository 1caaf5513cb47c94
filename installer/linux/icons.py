"""Her icons in the sizes that desktops look for, drawn from our own picture."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ART = Path(__file__).resolve().parents[2] / "resources" / "icons"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
"""Pixels; what hicolor, the theme that all others fall back to, has folders for."""


def draw(theme: Path, name: str) -> None:
    """Write the icon called `name` into the hicolor folder `theme`: pixels, the drawing, and a one-coloured one."""
    drawing = QSvgRenderer(str(ART / "alisa.svg"))
    for size in SIZES:
        picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        drawing.render(painter)
        painter.end()
        picture.save(str(_place(theme, f"{size}x{size}") / f"{name}.png"))
    shutil.copyfile(ART / "alisa.svg", _place(theme, "scalable") / f"{name}.svg")
    shutil.copyfile(ART / "alisa-mono-dark.svg", _place(theme, "symbolic") / f"{name}-symbolic.svg")


def _place(theme: Path, size: str) -> Path:
    place = theme / size / "apps"
    place.mkdir(parents=True, exist_ok=True)
    return place
