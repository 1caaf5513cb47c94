"""What is known of the user and the screen, by the eyes and by sensors: facts for the prompt, and receipts of looks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alisa_desktop.conversation.about_screen import is_about_screen
from alisa_desktop.conversation.ports import Eyes, Ledger
from alisa_desktop.core.errors import MemoryFailed, SightFailed
from alisa_desktop.core.events import Event, LedgerChanged, NoticeRaised, ScreenSeen
from alisa_desktop.core.messages import Fact, FactKind, ScreenReport
from alisa_desktop.core.sight import EYES_SHUT, Consent, Depth, EyesStatus, Look, Sight
from alisa_desktop.persona.prompt import eyes_note, screen_note

FRESH = timedelta(minutes=5)
"""How long a sensor's report or a look is worth telling: sensors repeat theirs every few seconds while they run."""
PATIENCE = 6.0
"""Seconds a message waits for a closer look that was not asked for in so many words."""
MAY_ASK = (
    "you see nothing of the screen now; the user can let you look once with “Look now” in your menu, with the eye "
    "beside the message, or with /look"
)
UNNAMED = "(private)"
"""Stands in the ledger for what was not looked at."""


class ShutEyes:
    """Null object: eyes that see nothing."""

    status = EyesStatus()

    async def look(self, depth: Depth) -> Sight:
        """Raises `SightFailed`."""
        raise SightFailed(EYES_SHUT)


class NoLedger:
    """Null object: nothing looks, so nothing is recorded."""

    async def record_look(self, look: Look) -> None:
        """Forget it."""


class Surroundings:
    """The latest of what was seen; all of it is data that never becomes an instruction. Loop's thread.

    `spawn` runs the writing of a receipt that nobody waits for, `publish` tells the rest of the house.
    """

    def __init__(
        self,
        eyes: Eyes | None = None,
        ledger: Ledger | None = None,
        spawn: Callable[[Coroutine[Any, Any, None]], None] | None = None,
        publish: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self.presence = ""
        self._eyes: Eyes = eyes or ShutEyes()
        self._ledger: Ledger = ledger or NoLedger()
        self._spawn = spawn
        self._publish = publish
        self._seen: tuple[datetime, Sight, bool] | None = None  # when, what, by a sensor
        self._receipts: dict[Depth, Look] = {}
        self._trouble = ""

    # what comes in

    def report(self, report: ScreenReport, at: datetime) -> None:
        """Keep a sensor's report of the screen made at `at` (aware)."""
        sight = Sight(report.app, report.window, depth=Depth.TEXT if report.text else Depth.WINDOW, text=report.text)
        self._keep(sight, at, sensor=True)

    def see(self, sight: Sight, at: datetime) -> None:
        """Keep what the eyes saw on their own at `at` (aware), with a receipt."""
        self._keep(sight, at)
        receipt = self._receipt(sight, at, screen_note(sight), told=False)
        if self._spawn:
            self._spawn(self._record(receipt))

    async def look(self, depth: Depth, now: Callable[[], datetime]) -> Sight:
        """Look as deep as that, now, with a receipt. Raises `SightFailed`."""
        sight = await self._eyes.look(depth)
        self._keep(sight, now())
        await self._record(self._receipt(sight, now(), screen_note(sight), told=False))
        return sight

    def forget(self) -> None:
        """Know nothing of the screen any more."""
        self._seen = None
        self._receipts.clear()

    # what goes out

    async def facts(self, text: str, now: Callable[[], datetime], looked: Sight | None = None) -> list[Fact]:
        """What to tell a model with the message `text`, each told thing with its receipt; `looked` was asked for.

        Who allows to stay aware gets a closer look where the message is about the screen.
        """
        closer = looked is not None or is_about_screen(text)
        if looked is None and closer and self._eyes.status.consent is Consent.AWARE:
            await self._look_closer(now)
        sight = looked or self._fresh(now())
        if sight is None:
            return self._blind(closer)
        note = screen_note(sight, with_text=closer)
        if not note:
            return []
        if not (self._seen and self._seen[2]):
            told = sight if closer else replace(sight, depth=Depth.WINDOW)
            await self._record(self._receipt(told, now(), note, told=True))
        app = sight.app or sight.title
        values = {"app": app, "title": sight.title or app, "kind": str(sight.kind)}
        if sight.reason:
            return [Fact(FactKind.EYES, note, found=False)]
        return [Fact(FactKind.SCREEN, note, found=False, values=values)]

    def _fresh(self, now: datetime) -> Sight | None:
        """What is still so: while the eyes stay aware they tell every change, so the last one holds."""
        if self._seen is None:
            return None
        at, sight, by_sensor = self._seen
        status = self._eyes.status
        holds = status.consent is Consent.AWARE and status.paused_until is None and not by_sensor
        return sight if holds or now - at <= FRESH else None

    async def _look_closer(self, now: Callable[[], datetime]) -> None:
        """What takes too long is told next time: what is known by then must do."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.look(Depth.TEXT, now)
        except (TimeoutError, SightFailed):
            pass

    def _blind(self, closer: bool) -> list[Fact]:
        if not closer or self._eyes.status.consent is Consent.OFF:
            return []
        return [Fact(FactKind.EYES, eyes_note(self._eyes.status.trouble or MAY_ASK), found=False)]

    def _keep(self, sight: Sight, at: datetime, *, sensor: bool = False) -> None:
        before = self._seen[1] if self._seen else None
        if before and sight.depth is Depth.WINDOW and (before.app, before.title) == (sight.app, sight.title):
            sight = before if not sight.reason and not before.picture else sight  # its text is still known
        self._seen = (at, replace(sight, picture=""), sensor)
        if sight != before:
            self._publish(ScreenSeen(replace(sight, picture=""), sensor))

    # receipts

    def _receipt(self, sight: Sight, at: datetime, note: str, *, told: bool) -> Look:
        """The receipt of a look: the last one goes on where nothing else was seen, or she was not told of it yet."""
        last = self._receipts.get(sight.depth)
        app, title = (UNNAMED, "") if sight.reason else (sight.app, sight.title)
        goes_on = last is not None and (last.app, last.title) == (app, title) and (last.note == note or not last.told)
        if last is not None and goes_on:
            receipt = replace(last, until=at, count=last.count + (not told), note=note, told=last.told or told)
        else:
            receipt = Look(uuid.uuid4().hex, at, at, 1, app, title, sight.depth, note, told)
        self._receipts[sight.depth] = receipt
        return receipt

    async def _record(self, receipt: Look) -> None:
        try:
            await self._ledger.record_look(receipt)
        except MemoryFailed as error:  # she has seen it all the same, so the user must know of it
            if error.sentence != self._trouble:  # once: while she stays aware it fails every few seconds
                self._publish(NoticeRaised(error.sentence))
            self._trouble = error.sentence
        else:
            self._trouble = ""
        self._publish(LedgerChanged())
