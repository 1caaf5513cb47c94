"""The memory that takes over when the database can't be used: a plain list, gone when Alisa closes."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from itertools import islice

from alisa_desktop.core.messages import Turn
from alisa_desktop.core.sight import Look
from alisa_desktop.memory.recall import Matches, answer, fold, local_day, per_day, says


class Forgetful:
    """Answers like `store.Store`, never fails, and keeps nothing beyond this session.

    `why` is the sentence of the `MemoryFailed` that made it necessary; `notice` adds what that means for the user.
    """

    def __init__(self, why: str, zone: tzinfo | None = None) -> None:
        self.notice = f"{why} Until then I remember only this session."
        self._zone = zone
        self._turns: dict[str, Turn] = {}
        self._looks: dict[str, Look] = {}

    async def record(self, turn: Turn) -> None:
        """Keep one finished turn."""
        self._turns[turn.id] = turn

    async def replace(self, turn: Turn) -> None:
        """Keep a regenerated turn in the place of the one with the same id."""
        self._turns[turn.id] = turn

    async def recent(self, limit: int, before: str = "") -> list[Turn]:
        """The latest turns (older than the turn `before`), at most `limit`, oldest first; none if that is unknown."""
        if not before:
            return answer((), self._turns.values(), limit=limit)
        names = list(self._turns)
        if before not in names:
            return []
        return answer((), islice(self._turns.values(), names.index(before)), limit=limit)

    async def days(self) -> list[tuple[date, int]]:
        """The local days on which something was said and how many turns, newest first."""
        return per_day((turn.at for turn in self._turns.values()), self._zone)

    async def on_day(self, day: date) -> list[Turn]:
        """The turns of one local day, oldest first."""
        return self._find(lambda turn: local_day(turn.at, self._zone) == day)

    async def search(self, text: str, limit: int = 200) -> list[Turn]:
        """The latest turns in which `text` was said, whatever its case, oldest first; none for blank text."""
        needle = fold(text).strip()
        return self._find(lambda turn: says(turn, needle), limit) if needle else []

    async def since(self, at: datetime) -> list[Turn]:
        """The turns from `at` (aware) on, oldest first."""
        return self._find(lambda turn: turn.at >= at)

    async def delete(self, turn_id: str) -> bool:
        """Forget one turn; False if there is none of that id."""
        return self._turns.pop(turn_id, None) is not None

    async def forget_all(self) -> int:
        """Forget everything; how many turns that were."""
        forgotten = len(self._turns)
        self._turns.clear()
        self._looks.clear()
        return forgotten

    async def record_look(self, look: Look) -> None:
        """Keep a receipt of the privacy ledger, in the place of the one with the same id."""
        self._looks[look.id] = look

    async def looks(self, limit: int = 10_000) -> list[Look]:
        """The latest receipts, at most `limit`, newest first."""
        return sorted(self._looks.values(), key=lambda look: (look.at, look.until), reverse=True)[:limit]

    async def forget_looks(self, since: datetime | None = None, look_id: str | None = None) -> int:
        """Forget one look, or those that lasted until `since` (aware) or later, or all of them; how many these were."""
        meant = [
            look.id
            for look in self._looks.values()
            if (look.id == look_id if look_id is not None else since is None or look.until >= since)
        ]
        for one in meant:
            del self._looks[one]
        return len(meant)

    async def close(self) -> None:
        """Forget the session."""
        self._turns.clear()
        self._looks.clear()

    def _find(self, matches: Matches, limit: int | None = None) -> list[Turn]:
        return answer((), self._turns.values(), matches, limit)
