"""Her eyes follow the pointer when it is near; far away or at rest it is looked at only on the way."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect

NEAR = 320
"""Distance from her face within which she looks at the pointer, in device-independent pixels."""
FAR_ENOUGH = 160
"""Distance at which her eyes are turned all the way."""
CANVAS = 400
REACH = (6, 4)
"""How far irises go to the side and up or down on a canvas of that height."""
POLL_SECONDS = 0.08
FAR_SECONDS = 1.0
"""A pointer that was far is not looked for again before."""
REST_SECONDS = 2.0
"""A pointer that has not moved for so long is left alone until something else wakes her."""


class Glance:
    """Where she looks, in canvas units; quantised, so that a small move of the pointer costs nothing."""

    def __init__(self, pointer: Callable[[], QPoint]) -> None:
        self.look = (0.0, 0.0)
        self.canvas_height = CANVAS
        self._pointer = pointer
        self._seen = QPoint()
        self._moved_at = self._looked_at = -math.inf
        self._near = False

    def advance(self, face: QPoint, now: float) -> None:
        """Look at the pointer; `face` is the middle of her eyes on the desktop."""
        if not self._near and now < self._looked_at + FAR_SECONDS:
            return
        self._looked_at = now
        at = self._pointer()
        if at != self._seen:
            self._seen, self._moved_at = at, now
        way = at - face
        distance = (way.x() ** 2 + way.y() ** 2) ** 0.5
        self._near = distance < NEAR
        self.look = self._towards(way, distance) if self._near else (0.0, 0.0)

    def _towards(self, way: QPoint, distance: float) -> tuple[float, float]:
        scale = min(1.0, distance / FAR_ENOUGH) / max(distance, 1.0)
        unit = self.canvas_height / CANVAS
        return round(way.x() * scale * REACH[0]) * unit, round(way.y() * scale * REACH[1]) * unit

    def next_change(self, now: float) -> float | None:
        """When to look again (s); nothing while the pointer is far or rests."""
        return now + POLL_SECONDS if self._near and now - self._moved_at < REST_SECONDS else None


def face_of(window: QRect) -> QPoint:
    """The middle of her eyes in a window of hers."""
    return QPoint(window.center().x(), window.top() + round(window.height() * 0.52))
