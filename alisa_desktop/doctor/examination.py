"""A check-up: all checks at once, each in a thread of its own, and their findings in one order."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.health import Checkup, Finding
from alisa_desktop.doctor import desktop, endpoint, machine, models, profile, program
from alisa_desktop.doctor.case import Answer, Cancelled, Case, Check, unknown
from alisa_desktop.doctor.report import as_text
from alisa_desktop.host.redaction import Redaction

CHECKS: tuple[Check, ...] = (
    *program.CHECKS,
    *models.CHECKS,
    *profile.CHECKS,
    *endpoint.CHECKS,
    *machine.CHECKS,
    *desktop.CHECKS,
)
BROKE = "I could not find out, because something went wrong in me."
BROKE_ADVICE = "The log tells more."
LATE = "It took too long to find out."
LATE_ADVICE = "Try it again; if it stays like this, restart the computer."
LEFT_OUT = "The check-up was broken off before this was known."

log = logging.getLogger(__name__)


class Examination:
    """Looks at everything; `tell` hears on the loop's thread whenever more is known.

    What hangs is given up after its time and told as unknown; nothing is changed anywhere.
    """

    def __init__(
        self, case: Case, tell: Callable[[Checkup], None] = lambda checkup: None, checks: Sequence[Check] = CHECKS
    ) -> None:
        self._case = case
        self._tell = tell
        self._checks = checks
        self._findings: dict[str, Finding] = {}
        self._busy: tuple[str, float | None] = ("", None)
        self._waited_for: set[asyncio.Future[Answer]] = set()

    async def run(self) -> Checkup:
        """The whole check-up; once only."""
        self._loop = asyncio.get_running_loop()
        self._case.tell = self._hear_progress
        self._tell(self._so_far())
        try:
            await asyncio.gather(*map(self._look, self._checks))
        finally:
            self.stop()  # threads that read big files
        found = self._so_far()
        checkup = replace(found, over=True, busy="", share=None, report=self._report(found.findings))
        self._tell(checkup)
        return checkup

    def stop(self) -> None:
        """Be content with what is known. On the loop's thread."""
        self._case.stopped.set()
        for answer in self._waited_for:
            answer.cancel()

    def _so_far(self) -> Checkup:
        found = tuple(self._findings[check.name] for check in self._checks if check.name in self._findings)
        title, share = self._busy
        return Checkup(found, len(self._checks), busy=title, share=share)

    def _report(self, findings: Sequence[Finding]) -> str:
        """All of it for strangers. Redacted before it is wrapped: a name across two lines would be none."""
        redaction = Redaction.of_report(self._case.paths.profile, self._case.settings)
        return as_text([replace(one, found=redaction(one.found), advice=redaction(one.advice)) for one in findings])

    async def _look(self, check: Check) -> None:
        self._findings[check.name] = check.finding(await self._answer(check))
        if check.long:
            self._busy = ("", None)
        if not self._case.stopped.is_set():
            self._tell(self._so_far())

    async def _answer(self, check: Check) -> Answer:
        if self._case.stopped.is_set():
            return unknown(LEFT_OUT)
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._waited_for.add(answer)
        # no pool: whoever hangs in a thread of one would keep the program from ending
        threading.Thread(target=self._work, args=(check, answer), name=f"doctor {check.name}", daemon=True).start()
        try:
            await asyncio.wait([answer], timeout=check.seconds)
        finally:
            self._waited_for.discard(answer)
        if answer.cancelled():
            return unknown(LEFT_OUT)
        if answer.done():
            return answer.result()
        answer.cancel()
        log.warning("the check %s took more than %s s", check.name, check.seconds)
        return unknown(LATE, LATE_ADVICE)

    def _work(self, check: Check, answer: asyncio.Future[Answer]) -> None:
        """In the check's thread: look, and hand the answer over."""
        found = self._found(check)

        def hand_over() -> None:
            if not answer.done():
                answer.set_result(found)

        self._call(hand_over)

    def _found(self, check: Check) -> Answer:
        try:
            return check.look(self._case)
        except Cancelled:
            return unknown(LEFT_OUT)
        except AlisaError as error:
            return unknown(error.sentence)
        except Exception:  # a check is a boundary: the others go on
            log.exception("the check %s failed", check.name)
            return unknown(BROKE, BROKE_ADVICE)

    def _hear_progress(self, title: str, share: float) -> None:
        def show() -> None:
            if not self._case.stopped.is_set():
                self._busy = (title, share)
                self._tell(self._so_far())

        self._call(show)

    def _call(self, do: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(do)
