"""Widgets below each other, each as high as its text needs at the column's width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Fitting(Protocol):
    """A widget that tells how high it is in a column."""

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height this takes, both in px."""
        ...

    def isHidden(self) -> bool:
        """See `QWidget.isHidden`."""
        ...

    def setGeometry(self, x: int, y: int, w: int, h: int, /) -> None:
        """See `QWidget.setGeometry`."""
        ...


def stack(widgets: Iterable[Fitting], width: int, spacing: int) -> int:
    """Put the widgets that are not hidden below each other, each as high as it needs; returns the height, in px."""
    top = 0
    for widget in widgets:
        if widget.isHidden():
            continue
        height = widget.fit(width)
        widget.setGeometry(0, top, width, height)
        top += height + spacing
    return max(0, top - spacing)
