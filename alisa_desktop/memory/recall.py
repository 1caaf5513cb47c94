"""Which turns belong to an answer: the rules that the database and the session's own list share. Pure, any thread."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo

from alisa_desktop.core.messages import Turn

Matches = Callable[[Turn], bool]


def storable(text: str) -> str:
    """`text` as SQLite can hold it: a lone surrogate, which has no UTF-8 form, becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def fold(text: str) -> str:
    """`text` as searches compare it: no case, and one form for each character however it was typed (NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", storable(text)).casefold())


def says(turn: Turn, needle: str) -> bool:
    """Whether the user or Alisa said `needle` (folded) in this turn."""
    return needle in fold(turn.user_text) or needle in fold(turn.reply)


def local_day(at: datetime, zone: tzinfo | None) -> date:
    """The day on the wall of `zone`, or of this machine's own zone."""
    return at.astimezone(zone).date()


def per_day(times: Iterable[datetime], zone: tzinfo | None) -> list[tuple[date, int]]:
    """How many of `times` fall on each local day, newest day first."""
    return sorted(Counter(local_day(at, zone) for at in times).items(), reverse=True)


def answer(
    stored: Iterable[Turn], unwritten: Iterable[Turn], matches: Matches = lambda turn: True, limit: int | None = None
) -> list[Turn]:
    """The latest `limit` turns that match, in the order they were said: no clock is asked, for it may be set back.

    `stored` match already; what is `unwritten` is newer than a stored turn of the same id and takes its place.
    """
    stored = list(stored)
    fresh = {turn.id: turn for turn in unwritten}
    fitting = {name: turn for name, turn in fresh.items() if matches(turn)}
    found = [fitting.get(turn.id, turn) for turn in stored if turn.id in fitting or turn.id not in fresh]
    known = {turn.id for turn in stored}
    found += (fitting[name] for name in fitting if name not in known)
    return found if limit is None else found[max(len(found) - limit, 0) :]
