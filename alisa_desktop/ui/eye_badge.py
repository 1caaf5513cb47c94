"""A small eye on a picture, for what she may see now: open, filled while she looks, shut while her eyes rest."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from alisa_desktop.core.sight import Gaze

WIDTH = 0.68
"""Width of the eye as a share of the picture; it sits in the top left corner, where her face has only hair."""
SLENDER = 0.66
"""Height of the eye as a share of its width."""
INK = "#2E2A47"
WHITE = "#FFFFFF"
LOOKS = "#E4577B"


def paint_eye(painter: QPainter, size: int, gaze: Gaze, *, mask: bool = False) -> None:
    """Paint the eye of `gaze` on a picture of `size` px, with a gap around it; nothing when her eyes are closed.

    With `mask` only what is opaque counts: the system gives it its colour.
    """
    if gaze is Gaze.CLOSED:
        return
    width = round(size * WIDTH)
    area = QRectF(0, 0, width, round(width * SLENDER))
    painter.setPen(Qt.PenStyle.NoPen)
    _clear(painter, _almond(area.adjusted(0, 0, size / 14, size / 14)))
    if mask:
        _paint_mask(painter, area, gaze)
    else:
        _paint_colours(painter, area, gaze)


def _paint_colours(painter: QPainter, area: QRectF, gaze: Gaze) -> None:
    line = max(1.0, area.width() / 11)
    inside = area.adjusted(line / 2, line / 2, -line / 2, -line / 2)
    painter.setPen(QPen(QColor(INK), line, j=Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(QColor(LOOKS if gaze is Gaze.LOOKING else WHITE))
    painter.drawPath(_almond(inside))
    if gaze is Gaze.PAUSED:
        _paint_lid(painter, inside, max(1.8, 1.6 * line))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(WHITE if gaze is Gaze.LOOKING else INK))
    painter.drawEllipse(area.center(), _iris(area), _iris(area))


def _paint_mask(painter: QPainter, area: QRectF, gaze: Gaze) -> None:
    line = max(1.0, area.width() / 9)
    painter.setBrush(QColor(INK) if gaze is Gaze.LOOKING else Qt.BrushStyle.NoBrush)
    inside = area.adjusted(line / 2, line / 2, -line / 2, -line / 2)
    if gaze is Gaze.PAUSED:
        _paint_lid(painter, inside, 1.4 * line)
        return
    painter.setPen(QPen(QColor(INK), line, j=Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(_almond(inside))
    iris = QPainterPath()
    iris.addEllipse(area.center(), _iris(area), _iris(area))
    painter.setPen(Qt.PenStyle.NoPen)
    if gaze is Gaze.LOOKING:
        _clear(painter, iris)
    else:
        painter.fillPath(iris, QColor(INK))


def _paint_lid(painter: QPainter, area: QRectF, line: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(INK), line, c=Qt.PenCapStyle.RoundCap))
    left, right = (QPointF(x, area.center().y()) for x in (area.left() + line / 2, area.right() - line / 2))
    lid = QPainterPath(left)
    lid.quadTo(QPointF(area.center().x(), area.center().y() + area.height() / 3), right)
    painter.drawPath(lid)


def _clear(painter: QPainter, path: QPainterPath) -> None:
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.fillPath(path, Qt.GlobalColor.black)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)


def _iris(area: QRectF) -> float:
    return area.height() * 0.26


def _almond(area: QRectF) -> QPainterPath:
    left, right = (QPointF(x, area.center().y()) for x in (area.left(), area.right()))
    reach, high, low = area.width() / 4.2, area.top() - area.height() / 6, area.bottom() + area.height() / 6
    path = QPainterPath(left)
    path.cubicTo(QPointF(left.x() + reach, high), QPointF(right.x() - reach, high), right)
    path.cubicTo(QPointF(right.x() - reach, low), QPointF(left.x() + reach, low), left)
    path.closeSubpath()
    return path
