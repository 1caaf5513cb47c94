"""The shape of the bubble: a rounded body with a soft shadow and a tail that points at her."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from alisa_desktop.ui.placement import Side
from alisa_desktop.ui.theme import Theme

RIM = 18
"""Empty pixels around the body, for shadow and tail."""
TAIL = 13
TAIL_HALF = 11
DROP = 3
"""How far the shadow lies below the body, in px."""


class Balloon:
    """Paints the shape; the shadow is drawn once for each theme and scale, then stretched."""

    def __init__(self) -> None:
        self._shadows: dict[tuple[str, float], QPixmap] = {}

    def paint(
        self, painter: QPainter, window: QRect, theme: Theme, side: Side, tail: int, *, shadow: bool = True
    ) -> None:
        """Paint into `window`; its outer `RIM` holds shadow and tail only. `tail` is measured from its top."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if shadow:
            self._paint_shadow(painter, window, theme)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawPath(outline(window, theme.radius, side, tail))

    def _paint_shadow(self, painter: QPainter, window: QRect, theme: Theme) -> None:
        scale = painter.device().devicePixelRatio()
        key = (theme.name, scale)
        if key not in self._shadows:
            self._shadows[key] = _draw_shadow(theme, scale)
        _stretch(painter, self._shadows[key], window.translated(0, DROP), RIM + theme.radius)


def body(window: QRect) -> QRect:
    """The part of the window that is the bubble itself."""
    return window.adjusted(RIM, RIM, -RIM, -RIM)


def outline(window: QRect, radius: int, side: Side, tail: int) -> QPainterPath:
    """Body and tail as one path. A bubble on the left of her has its tail at the right."""
    rect = QRectF(body(window)).adjusted(0.5, 0.5, -0.5, -0.5)
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    low, high = rect.top() + radius + TAIL_HALF, rect.bottom() - radius - TAIL_HALF
    if high < low:
        return path
    y = max(low, min(float(tail), high))
    edge, out = (rect.right(), 1) if side is Side.LEFT else (rect.left(), -1)
    return path.united(_tail(edge, y, out))


def _tail(edge: float, y: float, out: int) -> QPainterPath:
    """A small curved wedge that leans down a little, like in a comic."""
    path = QPainterPath(QPointF(edge - out, y - TAIL_HALF))
    tip = QPointF(edge + out * TAIL, y + 3)
    path.quadTo(QPointF(edge + out * 4, y - 2), tip)
    path.quadTo(QPointF(edge + out * 4, y + 7), QPointF(edge - out, y + TAIL_HALF))
    path.closeSubpath()
    return path


def _draw_shadow(theme: Theme, scale: float) -> QPixmap:
    corner = RIM + theme.radius
    side = 2 * corner + 1
    pixmap = QPixmap(round(side * scale), round(side * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.setPen(Qt.PenStyle.NoPen)
    colour = QColor(theme.shadow)
    for rim in range(RIM):  # from outside to inside, each ring a little darker
        colour.setAlphaF(theme.shadow_alpha / 255 * (rim / RIM) ** 2.2)
        painter.setBrush(colour)
        edge = float(rim)
        radius = theme.radius + (RIM - edge) * 0.8
        painter.drawRoundedRect(QRectF(edge, edge, side - 2 * edge, side - 2 * edge), radius, radius)
    painter.end()
    return pixmap


def _stretch(painter: QPainter, patch: QPixmap, target: QRect, corner: int) -> None:
    scale = patch.devicePixelRatio()
    side = patch.width() / scale
    source = [0.0, corner, side - corner, side]
    across = [target.x(), target.x() + corner, target.x() + target.width() - corner, target.x() + target.width()]
    down = [target.y(), target.y() + corner, target.y() + target.height() - corner, target.y() + target.height()]
    for row in range(3):
        for column in range(3):
            piece = QRectF(
                source[column] * scale,
                source[row] * scale,
                (source[column + 1] - source[column]) * scale,
                (source[row + 1] - source[row]) * scale,
            )
            place = QRectF(across[column], down[row], across[column + 1] - across[column], down[row + 1] - down[row])
            painter.drawPixmap(place, patch, piece)
