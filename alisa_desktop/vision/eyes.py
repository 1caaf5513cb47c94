"""The eyes as the engine holds them: what the user allows, and the life of the process that looks."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.core.frames import PROTOCOL, Frame
from alisa_desktop.core.sight import EYES_SHUT, AppKind, Consent, Depth, EyesStatus, Gaze, Sight
from alisa_desktop.host.child import ChildProcess, Process

GRACE_SECONDS = 0.5
"""For eyes to shut by themselves; in the middle of reading they don't, and are killed."""
LOOK_SECONDS = 60.0
"""The longest a look may take: a big screen full of text on a slow machine takes half of that."""
IDLE_SECONDS = 300.0
"""Eyes that are only opened when asked are shut so long after the last look, which gives their memory back."""
CRASH_LIMIT = 3
BACK_OFF_SECONDS = 2.0

PAUSED = "My eyes are paused. Open them under Eyes in my menu, then let me look again."
CRASHED = "My eyes stopped unexpectedly. Let me look again."
GIVEN_UP = "My eyes stopped unexpectedly three times in a row, so I keep them shut until you let me look again."
TOO_LONG = "Looking took too long, so I stopped. Close a few windows, or let me look again."
MISMATCH = "My parts don't fit together. Please install me again."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the eyes go by: the lists of applications and of what is blocked, and what the user adds to the latter."""

    apps: Path
    blocked: Path
    never: str = ""


class Eyes:
    """Looks only when it is allowed. Use it on the loop's thread.

    `command` starts the looking process in the folder `cwd`; `adopt` ties it to ours. `on_status` hears every change,
    `on_sight` what was seen without being asked for.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        command: Sequence[str],
        cwd: Path,
        on_status: Callable[[EyesStatus], None] = lambda _: None,
        on_sight: Callable[[Sight], None] = lambda _: None,
        adopt: Callable[[Process], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        back_off: float = BACK_OFF_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self.status = EyesStatus()
        self.counts: dict[str, int] = {}
        """What the looking process has done since it started: captures, runs of text recognition, pixels read."""
        self._rules = rules
        self._command = list(command)
        self._cwd = cwd
        self._on_status = on_status
        self._on_sight = on_sight
        self._adopt = adopt
        self._now = now
        self._back_off = back_off
        self._idle = idle
        self._child: ChildProcess | None = None
        self._watching: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Sight]] = {}
        self._ids = itertools.count(1)
        self._looking: Counter[ChildProcess] = Counter()
        self._crashes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._again: asyncio.TimerHandle | None = None
        self._dozing: asyncio.Future[None] | None = None

    async def allow(self, consent: Consent, paused_until: datetime | None = None) -> None:
        """The user allows this much, after `paused_until` (aware). Returns when nothing more is seen than that."""
        if paused_until is not None and paused_until <= self._now():
            paused_until = None
        self._cancel(self._timer)
        self._timer = None
        if paused_until:
            self._timer = self._call_later((paused_until - self._now()).total_seconds(), self._reopen)
        self._crashes = 0
        self._tell(consent=consent, paused_until=paused_until, trouble="")
        if self.is_open and consent is Consent.AWARE:
            self._stay_aware()
        else:
            await self._shut()

    async def pause(self, length: timedelta) -> datetime:
        """Shut the eyes for so long; returns until when (aware, UTC)."""
        until = self._now() + length
        await self.allow(self.status.consent, until)
        return until

    async def follow(self, rules: Rules) -> None:
        """Go by other rules from now on."""
        if rules != self._rules:
            self._rules = rules
            await self._shut()
            if self.is_open and self.status.consent is Consent.AWARE:
                self._stay_aware()

    @property
    def is_open(self) -> bool:
        """Whether a look is possible."""
        return self.status.consent is not Consent.OFF and self.status.paused_until is None

    async def look(self, depth: Depth) -> Sight:
        """Look now; raises `SightFailed` when that is not allowed or does not work."""
        if not self.is_open:
            raise SightFailed(PAUSED if self.status.paused_until else EYES_SHUT)
        child = self._opened()
        request = next(self._ids)
        self._waiting[request] = asyncio.get_running_loop().create_future()
        child.send({"type": "look", "id": request, "depth": depth.value})
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                sight = await self._waiting[request]
        except TimeoutError as error:
            child.kill()
            raise SightFailed(TOO_LONG) from error
        except SightFailed as failure:
            self._tell(trouble=failure.sentence)
            raise
        finally:
            self._waiting.pop(request, None)
            self._rest()
        self._tell(trouble="")
        return sight

    async def close(self) -> None:
        """Shut the eyes for good; afterwards no process, task or timer is left."""
        for timer in (self._timer, self._again):
            self._cancel(timer)
        self.status = EyesStatus()
        if self._dozing:
            await self._dozing
        await self._shut()

    # the process

    def _opened(self) -> ChildProcess:
        if self._child is None:
            self.counts = {}
            self._child = child = ChildProcess(
                self._command,
                self._cwd,
                first=self._rules_frame,
                on_frame=lambda frame: self._take(child, frame),
                adopt=self._adopt,
                name="eyes",
            )
            self._watching = asyncio.create_task(self._watch(child), name="eyes")
        return self._child

    def _rules_frame(self) -> Frame:
        rules = self._rules
        return {
            "type": "open", "apps": str(rules.apps), "blocked": str(rules.blocked), "never": rules.never,
            "own": [os.getpid()],
        }  # fmt: skip

    def _stay_aware(self) -> None:
        self._cancel(self._again)
        self._again = None
        self._opened().send({"type": "aware", "on": True})

    async def _shut(self) -> None:
        """End the process, and with it whatever it holds in memory."""
        self._cancel(self._again)
        self._again = None
        child, self._child = self._child, None
        watching, self._watching = self._watching, None  # both at once: a look meanwhile opens them anew
        self._fail(SightFailed(EYES_SHUT))
        if child:
            await child.stop(GRACE_SECONDS)
        if watching:
            watching.cancel()  # of a process that nothing could end, nobody waits for the end
            await asyncio.wait([watching])
        if child:
            self._looking.pop(child, None)
        self._tell()

    async def _watch(self, child: ChildProcess) -> None:
        """Wait for the end of `child`; one that ends by itself has crashed, and is started again where it stays on."""
        await child.ended.wait()
        if child is not self._child:
            return
        self._child = None
        self._looking.pop(child, None)
        self._crashes += 1
        has_given_up = self._crashes >= CRASH_LIMIT
        self._fail(SightFailed(GIVEN_UP if has_given_up else CRASHED))
        self._tell(trouble=GIVEN_UP if has_given_up else CRASHED)
        if self.status.consent is Consent.AWARE and not has_given_up:
            self._again = self._call_later(self._back_off, self._reopen)

    def _fail(self, error: SightFailed) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)

    def _reopen(self) -> None:
        """A pause or a wait is over."""
        self._tell(paused_until=None)
        if self.is_open and self.status.consent is Consent.AWARE:
            self._stay_aware()

    def _rest(self) -> None:
        """After a look: shut the eyes when nobody asks for another one."""
        if self.status.consent is Consent.ASK and self.is_open:
            self._cancel(self._again)
            self._again = self._call_later(self._idle, self._doze)

    def _doze(self) -> None:
        if self._child and not self._waiting:
            self._dozing = asyncio.ensure_future(self._shut())

    # what it says

    def _take(self, child: ChildProcess, frame: Frame) -> None:
        """Hear `child`, which may be one that is being shut while another one is open already."""
        match frame["type"]:
            case "hello" if frame["protocol"] != PROTOCOL and child is self._child:
                self._fail(SightFailed(MISMATCH))
            case "looking":
                self._looking[child] += 1 if frame["on"] else -1
                self._tell()
            case "saw":
                self._crashes = 0
                self.counts = dict(frame["counts"])
                self._hand_over(int(frame["id"]), _sight(frame["sight"]))
            case "error":
                self._refuse(int(frame["id"]), SightFailed(str(frame["sentence"])))

    def _hand_over(self, request: int, sight: Sight) -> None:
        if not request:
            self._tell(trouble="")
            self._on_sight(sight)
        elif (future := self._waiting.get(request)) and not future.done():
            future.set_result(sight)
        else:  # nobody waits any more, but it was a look, and gets its receipt
            self._on_sight(sight)

    def _refuse(self, request: int, error: SightFailed) -> None:
        if not request:
            self._tell(trouble=error.sentence)
        elif (future := self._waiting.get(request)) and not future.done():
            future.set_exception(error)

    # what the user is told

    def _tell(self, **changes: Any) -> None:
        status = replace(self.status, **changes)
        if status.consent is Consent.OFF:
            status = EyesStatus()
        elif status.paused_until:
            status = replace(status, gaze=Gaze.PAUSED)
        else:
            status = replace(
                status, gaze=Gaze.LOOKING if any(count > 0 for count in self._looking.values()) else Gaze.OPEN
            )
        if status != self.status:
            self.status = status
            self._on_status(status)

    def _call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), call)

    def _cancel(self, timer: asyncio.TimerHandle | None) -> None:
        if timer:
            timer.cancel()


def _sight(told: dict[str, Any]) -> Sight:
    with suppress(ValueError, TypeError):
        return Sight(**{**told, "kind": AppKind(told["kind"]), "depth": Depth(told["depth"])})
    raise SightFailed(MISMATCH)
