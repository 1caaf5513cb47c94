"""Keys of a window: its shortcuts, and the order in which Tab goes round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


def add_shortcuts(window: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Do these actions when their keys are pressed anywhere in `window`."""
    for keys, action in actions.items():
        QShortcut(QKeySequence(keys), window).activated.connect(action)


def order_tabs(*stops: QWidget) -> None:
    """Let Tab go from each of these to the next."""
    for first, second in pairwise(stops):
        QWidget.setTabOrder(first, second)
