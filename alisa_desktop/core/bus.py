"""One direction, one order for all: the bus that carries events from the conversation to its edges."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from alisa_desktop.core.events import Event

Handler = Callable[[Event], None]
log = logging.getLogger(__name__)


class EventBus:
    """Calls every subscriber with every event, in the order of publishing. Use it on the loop's thread only.

    An event published by a handler waits until the current one has reached everybody. A handler that raises is our
    bug: it is logged and the others still get the event.
    """

    def __init__(self) -> None:
        self._handlers: dict[object, Handler] = {}
        self._waiting: deque[Event] = deque()
        self._draining = False

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Add `handler` and return a function that takes it off again, at once (calling that twice is harmless)."""
        place = object()
        self._handlers[place] = handler

        def unsubscribe() -> None:
            self._handlers.pop(place, None)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Hand `event` to every subscriber; never raises."""
        log.debug("%r", event)
        self._waiting.append(event)
        if self._draining:
            return
        self._draining = True
        try:
            while self._waiting:
                current = self._waiting.popleft()
                for place, handler in tuple(self._handlers.items()):
                    if place in self._handlers:
                        self._deliver(handler, current)
        finally:
            self._draining = False

    @staticmethod
    def _deliver(handler: Handler, event: Event) -> None:
        try:
            handler(event)
        except Exception:  # the bus is a boundary: one bad subscriber must not silence the others
            log.exception("a subscriber failed on %s", type(event).__name__)
