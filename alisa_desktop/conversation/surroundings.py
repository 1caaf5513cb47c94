"""What sensors told about the user and the screen, kept for a while, as facts for the prompt."""

from __future__ import annotations

from datetime import datetime, timedelta

from alisa_desktop.core.messages import Fact, FactKind, ScreenReport
from alisa_desktop.persona.prompt import screen_note

FRESH = timedelta(minutes=5)
"""How long a sensor's report is worth telling: sensors repeat theirs every few seconds while they run."""


class Surroundings:
    """The latest reports; all of it is data that never becomes an instruction."""

    def __init__(self) -> None:
        self.presence = ""
        self._screen: tuple[datetime, ScreenReport] | None = None

    def see(self, report: ScreenReport, at: datetime) -> None:
        """Keep a report of the screen made at `at` (aware)."""
        self._screen = (at, report)

    def facts(self, now: datetime) -> list[Fact]:
        """What is known at `now` (aware, local)."""
        if self._screen and now - self._screen[0] <= FRESH and (note := screen_note(self._screen[1])):
            return [Fact(FactKind.SCREEN, note, found=False)]
        return []
