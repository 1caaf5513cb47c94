"""Where she stands: a remembered place for every screen, and always somewhere one can see. Without windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize

MARGIN = 24


@dataclass(frozen=True)
class Area:
    """The part of a screen that windows may use, in device-independent pixels of the whole desktop."""

    name: str
    rect: QRect


def clamp(place: QPoint, size: QSize, area: QRect) -> QPoint:
    """The nearest top left corner at which a window of `size` lies inside of `area` (or begins there, if larger)."""
    right = max(area.left(), area.right() + 1 - size.width())
    bottom = max(area.top(), area.bottom() + 1 - size.height())
    return QPoint(min(max(place.x(), area.left()), right), min(max(place.y(), area.top()), bottom))


class Places:
    """Remembers a place for every screen, relative to its corner; the last one the user chose is home."""

    def __init__(self) -> None:
        self._places: dict[str, QPoint] = {}

    def restore(self, places: Mapping[str, tuple[int, int]]) -> None:
        """Take over places by screen name, the latest choice last."""
        self._places = {name: QPoint(*place) for name, place in places.items()}

    def remember(self, area: Area, place: QPoint) -> QPoint:
        """The user put her there; the answer is the place relative to the screen's corner."""
        self._places.pop(area.name, None)
        self._places[area.name] = place - area.rect.topLeft()
        return self._places[area.name]

    def find(self, size: QSize, areas: Sequence[Area]) -> QPoint:
        """Where a window of `size` belongs now; `areas` are the screens that exist, the primary one first."""
        for name in reversed(self._places):
            area = next((area for area in areas if area.name == name), None)
            if area:
                return clamp(area.rect.topLeft() + self._places[name], size, area.rect)
        primary = areas[0].rect
        corner = primary.bottomRight() + QPoint(1 - MARGIN - size.width(), 1 - size.height())
        return clamp(corner, size, primary)

    @staticmethod
    def area_of(window: QRect, areas: Sequence[Area]) -> Area:
        """The screen on which most of `window` lies, or the first one."""

        def shared(area: Area) -> int:
            part = area.rect.intersected(window)
            return part.width() * part.height() if part.isValid() else 0

        return max(areas, key=shared)
