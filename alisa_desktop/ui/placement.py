"""Where the bubble goes beside the avatar: pure geometry, in device-independent pixels of the whole desktop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPoint, QRect, QSize

AIM = 0.62
"""How far down the avatar the tail points, as a part of her height: at her mouth."""
FOOT = 64
"""How far the bubble reaches below that point, so that its input line stays put while it grows upwards."""
GAP = -6
"""Between avatar and bubble; negative because both have an empty rim."""


class Side(Enum):
    """The side of the avatar on which the bubble is."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Placement:
    """The bubble's place: its rectangle, its side, and how far below its top edge the tail points out."""

    rect: QRect
    side: Side
    tail: int


def beside(avatar: QRect, size: QSize, screen: QRect, prefer: Side, gap: int = GAP) -> Placement:
    """The place for a bubble of `size` beside `avatar`: always inside of `screen`, shrunk if it must be.

    It stays on the side `prefer` while there is room, flips when there is room only on the other one, and takes the
    wider side when there is room on neither.
    """
    width, height = min(size.width(), screen.width()), min(size.height(), screen.height())
    side = _side(avatar, width + gap, screen, prefer)
    x = avatar.x() - gap - width if side is Side.LEFT else _right(avatar) + gap
    aim = avatar.y() + round(avatar.height() * AIM)
    x = _clamp(x, screen.x(), _right(screen) - width)
    y = _clamp(aim + FOOT - height, screen.y(), _bottom(screen) - height)
    return Placement(QRect(x, y, width, height), side, _clamp(aim - y, 0, height))


def clear_of(occupied: QRect, size: QSize, screen: QRect) -> QPoint:
    """The corner for a window of `size` in the middle of `screen`, moved aside as far as it must be and can be."""
    middle = screen.center() - QPoint(size.width() // 2, size.height() // 2)
    x, y = max(middle.x(), screen.x()), max(middle.y(), screen.y())
    if QRect(QPoint(x, y), size).intersects(occupied):
        left, right = occupied.x() - screen.x(), _right(screen) - _right(occupied)
        x = min(x, occupied.x() - size.width()) if left >= right else max(x, _right(occupied))
    return QPoint(_clamp(x, screen.x(), max(screen.x(), _right(screen) - size.width())), y)


def screen_for(avatar: QRect, screens: Sequence[QRect]) -> QRect:
    """The one of `screens` (at least one) that holds the middle of `avatar`, or else the nearest one."""
    return min(screens, key=lambda screen: _distance(avatar.center(), screen))


def _side(avatar: QRect, needed: int, screen: QRect, prefer: Side) -> Side:
    room = {Side.LEFT: avatar.x() - screen.x(), Side.RIGHT: _right(screen) - _right(avatar)}
    if room[prefer] >= needed:
        return prefer
    return max(room, key=lambda side: room[side])


def _distance(point: QPoint, screen: QRect) -> int:
    dx = point.x() - _clamp(point.x(), screen.x(), _right(screen) - 1)
    dy = point.y() - _clamp(point.y(), screen.y(), _bottom(screen) - 1)
    return dx * dx + dy * dy


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def _right(rect: QRect) -> int:
    return rect.x() + rect.width()  # QRect.right() is one less, for historical reasons


def _bottom(rect: QRect) -> int:
    return rect.y() + rect.height()
