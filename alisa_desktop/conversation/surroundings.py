"""What sensors told about the user and the screen, kept for a while, as notes for the prompt."""

from __future__ import annotations

from datetime import datetime, timedelta

from alisa_desktop.core.messages import ScreenReport
from alisa_desktop.persona.prompt import screen_note, time_note

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

    def notes(self, now: datetime, *, with_time: bool) -> list[str]:
        """The notes for a message sent at `now` (aware, local)."""
        notes = [time_note(now)] if with_time else []
        if self._screen and now - self._screen[0] <= FRESH:
            notes.append(screen_note(self._screen[1]))
        return [note for note in notes if note]
