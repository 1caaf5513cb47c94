"""A subscriber of the bus that remembers and can be waited for; shared by flow and benchmark code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import Event, ReplyFinished, ReplyText

Kind = TypeVar("Kind")
PATIENCE = 30.0


class Listener:
    """Hears every event of a bus."""

    def __init__(self, bus: EventBus) -> None:
        self.events: list[Event] = []
        self._heard = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._waiters: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []
        self.close = bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        for wanted, future in self._waiters[:]:
            if not future.done() and wanted(event):
                future.set_result(event)

    async def until(self, wanted: Callable[[Event], bool]) -> Event:
        """The first event, past or to come, for which `wanted` holds."""
        for event in self.events:
            if wanted(event):
                return event
        future: asyncio.Future[Event] = self._loop.create_future()
        self._waiters.append((wanted, future))
        return await asyncio.wait_for(future, PATIENCE)

    async def finished(self, turn: str) -> ReplyFinished:
        """The end of this turn."""
        event = await self.until(lambda event: isinstance(event, ReplyFinished) and event.turn == turn)
        assert isinstance(event, ReplyFinished)
        return event

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Everything of this kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def text(self, turn: str) -> str:
        """What was said in this turn, joined."""
        return "".join(event.text for event in self.of(ReplyText) if event.turn == turn)
