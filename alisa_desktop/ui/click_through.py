"""The shape of her window: clicks beside her go to what is behind, and where nothing is blended she is cut out."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QBitmap, QGuiApplication, QImage, QRegion

BLOCK = 8
"""Edge of the blocks of which the region is made, in device-independent pixels."""
ASKING = ("xcb", "wayland")


class Shape:
    """The region of a window that shows a picture. All lengths are device-independent pixels."""

    def __init__(self) -> None:
        self._seen = QRegion()

    def forget(self) -> None:
        """The pictures have another size from now on."""
        self._seen = QRegion()

    def blended(self, image: QImage) -> QRegion:
        """What `image` and the pictures before it cover, so that the region is rarely a new one."""
        self._seen = self._seen.united(painted_region(image, image.deviceIndependentSize().toSize()))
        return self._seen

    @staticmethod
    def cut(image: QImage, ring: int) -> QRegion:
        """Exactly what `image` shows, with room for a ring around the window that is `ring` px wide."""
        solid = solid_region(image, image.deviceIndependentSize().toSize())
        window = QRect(QPoint(), image.deviceIndependentSize().toSize())
        return solid.united(QRegion(window).subtracted(window.adjusted(ring, ring, -ring, -ring)))


def needs_region() -> bool:
    """True where transparent pixels catch clicks unless the window has a region (X11, Wayland)."""
    return QGuiApplication.platformName().startswith(ASKING)


def painted_region(image: QImage, size: QSize) -> QRegion:
    """Blocks that hold every visible pixel of `image`, with one block to spare, so that no soft edge is cut.

    `size` is that of the window in device-independent pixels.
    """
    columns, rows = -(-size.width() // BLOCK), -(-size.height() // BLOCK)
    wish = (Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    alpha = image.scaled(columns, rows, *wish).convertToFormat(QImage.Format.Format_Alpha8)
    data, stride = bytes(alpha.constBits()), alpha.bytesPerLine()
    region = QRegion()
    for y in range(rows):
        row = data[y * stride : y * stride + columns].translate(SEEN)
        for left, right in _runs(row):
            region += QRect((left - 1) * BLOCK, (y - 1) * BLOCK, (right - left + 2) * BLOCK, 3 * BLOCK)
    return region.intersected(QRect(0, 0, size.width(), size.height()))


def solid_region(image: QImage, size: QSize) -> QRegion:
    """Every pixel of a window of `size` at which `image` is more than half opaque: its shape where nothing blends."""
    wish = (Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    small = image if image.size() == size else image.scaled(size, *wish)
    mask = QBitmap.fromImage(small.createAlphaMask())
    mask.setDevicePixelRatio(1)
    return QRegion(mask)


SEEN = bytes([0]) + bytes([1]) * 255


def _runs(row: bytes) -> list[tuple[int, int]]:
    runs, start = [], row.find(1)
    while start >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end))
        start = row.find(1, end)
    return runs
