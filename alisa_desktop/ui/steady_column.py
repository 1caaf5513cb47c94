"""Widgets below each other, one for each thing of a list, that stay themselves while the list changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

Thing = TypeVar("Thing")
Shown = TypeVar("Shown", bound=QWidget)


class SteadyColumn(QWidget, Generic[Thing, Shown]):
    """A thing keeps its widget, and with it the keyboard and its place, as long as its key is there. GUI thread only.

    `make` builds a widget for a thing and `renew` shows a newer state of it.
    """

    def __init__(
        self,
        key: Callable[[Thing], Hashable],
        make: Callable[[Thing], Shown],
        renew: Callable[[Shown, Thing], None],
        spacing: int = 0,
    ) -> None:
        super().__init__()
        self._key, self._make, self._renew = key, make, renew
        self._widgets: dict[Hashable, Shown] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(spacing)

    @property
    def widgets(self) -> list[Shown]:
        """From the top."""
        return list(self._widgets.values())

    def show_things(self, things: Sequence[Thing]) -> None:
        """Show these, in this order."""
        keyed = {self._key(thing): thing for thing in things}
        if list(keyed) == list(self._widgets):
            for key, thing in keyed.items():
                self._renew(self._widgets[key], thing)
            return
        heir = self._heir(keyed)
        gone = {key: widget for key, widget in self._widgets.items() if key not in keyed}
        self._widgets = {key: self._kept_or_new(key, thing) for key, thing in keyed.items()}
        for place, widget in enumerate(self._widgets.values()):
            if self._column.indexOf(widget) != place:
                self._column.insertWidget(place, widget)
                widget.show()
        self._order_tabs()
        if heir is not None:
            _focus_inside(self._widgets[heir])
        for widget in gone.values():
            self._column.removeWidget(widget)
            widget.hide()
            widget.deleteLater()

    def _kept_or_new(self, key: Hashable, thing: Thing) -> Shown:
        widget = self._widgets.get(key)
        if widget is None:
            return self._make(thing)
        self._renew(widget, thing)
        return widget

    def _heir(self, keyed: dict[Hashable, Thing]) -> Hashable | None:
        """Whose widget gets the keyboard, if the one that has it goes: the next one that stays, or the one before."""
        keys = list(self._widgets)
        holder = next((place for place, key in enumerate(keys) if _has_focus(self._widgets[key])), None)
        if holder is None or keys[holder] in keyed:
            return None
        return next((key for key in [*keys[holder:], *reversed(keys[:holder])] if key in keyed), None)

    def _order_tabs(self) -> None:
        """As they are to be seen: a new widget would else be the last one that the Tab key reaches."""
        stops = [stop for widget in self.widgets for stop in tab_stops(widget)]
        if not stops:
            return
        self.setTabOrder(self._stop_before(set(stops)), stops[0])
        for one, other in pairwise(stops):
            self.setTabOrder(one, other)

    def _stop_before(self, own: set[QWidget]) -> QWidget:
        widget = self.previousInFocusChain() or self
        while widget is not self and (widget in own or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus):
            widget = widget.previousInFocusChain() or self
        return widget


def tab_stops(widget: QWidget) -> list[QWidget]:
    """What the Tab key reaches in `widget`, in the order in which it was built."""
    inside = widget.findChildren(QWidget)
    return [part for part in inside if part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.focusProxy() is None]


def _has_focus(widget: QWidget) -> bool:
    focused = widget.window().focusWidget()
    return focused is not None and (focused is widget or widget.isAncestorOf(focused))


def _focus_inside(widget: QWidget) -> None:
    stops = [part for part in tab_stops(widget) if part.isEnabled() and not part.isHidden()]
    (stops or [widget])[0].setFocus(Qt.FocusReason.OtherFocusReason)
