"""The pictures of the setup program, drawn from Alisa's own art when it is built."""

from __future__ import annotations

import os
import struct
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageWriter, QLinearGradient, QPainter
from PySide6.QtSvg import QSvgRenderer

from tools.render_sprites import SPRITES, SpriteSet, blank

ICON = SPRITES.parent / "icons" / "alisa.svg"
ICON_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
"""What Windows asks for at scales from 100 % to 400 %, in pixels."""
APPLE_SIZES = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}
"""The kinds of pictures in an icon of macOS, and their edges in pixels."""
SIDE = (436, 772)
HEADER = (300, 114)
"""Twice and more what the pages show at 100 %, in pixels; Windows fits them to the scale."""
SKY = ("#EEEBFA", "#C9C2EA")
"""Top and bottom of what is behind her: the colours of her hair, lighter."""


def draw(folder: Path) -> None:
    """Write `alisa.ico`, `hello.bmp`, `goodbye.bmp` and `header.bmp` into the folder.

    Raises `OSError` where that fails.
    """
    application = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alisa.ico").write_bytes(icon())
    for name, picture in (("hello.bmp", side("happy")), ("goodbye.bmp", side("calm")), ("header.bmp", header())):
        if not picture.convertToFormat(QImage.Format.Format_RGB888).save(str(folder / name)):
            raise OSError(f"{folder / name} could not be written")
    del application


def icon() -> bytes:
    """Return the program's icon in the ICO format, one PNG for every size."""
    pictures = [png(face(size)) for size in ICON_SIZES]
    at = 6 + 16 * len(pictures)
    entries = b""
    for size, data in zip(ICON_SIZES, pictures, strict=True):
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), at)
        at += len(data)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(pictures)


def apple_icon() -> bytes:
    """Return the program's icon in the ICNS format, one PNG for every size."""
    pictures = {kind: png(face(size)) for kind, size in APPLE_SIZES.items()}
    entries = b"".join(kind + struct.pack(">I", 8 + len(data)) + data for kind, data in pictures.items())
    return b"icns" + struct.pack(">I", 8 + len(entries)) + entries


def face(size: int) -> QImage:
    """Return the drawing of the icon, transparent around it, `size` pixels wide and high."""
    picture = blank(size, size)
    painter = QPainter(picture)
    QSvgRenderer(str(ICON)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


def png(picture: QImage) -> bytes:
    """Return the picture as the bytes of a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(picture)
    return bytes(buffer.data().data())


def side(expression: str) -> QImage:
    """Return the tall picture beside a page, on which she looks as `expression` says."""
    width, height = SIDE
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    sprites = SpriteSet(SPRITES / "alisa")
    figure = sprites.paint(sprites.pose(expression), round(height * 0.66))
    painter = QPainter(picture)
    sky = QLinearGradient(QPointF(0, 0), QPointF(0, height))
    sky.setColorAt(0, QColor(SKY[0]))
    sky.setColorAt(1, QColor(SKY[1]))
    painter.fillRect(picture.rect(), sky)
    painter.drawImage((width - figure.width()) // 2, height - figure.height(), figure)
    painter.end()
    return picture


def header() -> QImage:
    """Return the small picture above the progress bar: her face on white."""
    width, height = HEADER
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.white)
    painter = QPainter(picture)
    edge = height - 20
    painter.drawImage(width - edge - 16, 10, face(edge))
    painter.end()
    return picture
