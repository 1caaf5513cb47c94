"""Long-term memory: every finished turn in one SQLite file, in whole transactions, and the ways to find them again."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import ColumnElement, Engine, delete, func, select, true
from sqlalchemy.orm import Session

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.core.messages import Turn
from alisa_desktop.core.sight import Look
from alisa_desktop.memory.connection import bare, writing
from alisa_desktop.memory.database import leftovers, open_database
from alisa_desktop.memory.failure import PASSING, code_of, explained
from alisa_desktop.memory.recall import Matches, answer, fold, local_day, per_day, says
from alisa_desktop.memory.schema import StoredLook, StoredMessage, StoredTurn

Result = TypeVar("Result")
KEPT = timedelta(days=30)
"""How long receipts of looks are kept."""
MOST_LOOKS = 10_000
"""Receipts that are shown at most."""
log = logging.getLogger(__name__)

_TRACES = (
    "I forgot everything, but another program is reading my memory file {path}, so traces may be left in it. "
    "Please close that program and let me forget once more."
)


class Store:
    """Remembers turns for good. Call it on the loop's thread; all SQL runs on one worker thread, in the order of calls.

    Every method raises `MemoryFailed` when the database can't do it. A turn that could not be written is kept and
    written before the next one; until then all answers contain it. A call that was started is finished even when the
    task that waits for it is cancelled. `notice` is a sentence for the user about what happened when opening, or empty.
    """

    def __init__(self, path: Path, zone: tzinfo | None = None) -> None:
        self.path = path
        self.notice = ""
        self._zone = zone
        self._unwritten: deque[Turn] = deque()
        self._engine: Engine | None = None
        self._closed = False
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memory")

    @classmethod
    async def open(cls, path: Path, zone: tzinfo | None = None) -> Self:
        """Open the database at `path`; made on first run, migrated when older, put aside when damaged (see `notice`).

        Days are those of `zone`, by default of this machine. Raises `MemoryFailed` when the file can't be used at all.
        """
        store = cls(path, zone)
        try:
            await store._run(store._connected)
        except BaseException:
            await store.close()
            raise
        return store

    async def record(self, turn: Turn) -> None:
        """Store one finished turn, in one transaction."""
        await self._run(partial(self._record, turn))

    async def replace(self, turn: Turn) -> None:
        """Store a regenerated turn in the place of the one with the same id."""
        await self._run(partial(self._record, turn))

    async def recent(self, limit: int, before: str = "") -> list[Turn]:
        """The latest turns (older than the turn `before`), at most `limit`, oldest first; none if that is unknown."""
        return await self._run(partial(self._recent, limit, before))

    async def days(self) -> list[tuple[date, int]]:
        """The local days on which something was said and how many turns, newest first."""
        return await self._run(self._days)

    async def on_day(self, day: date) -> list[Turn]:
        """The turns of one local day, oldest first."""
        return await self._run(partial(self._on_day, day))

    async def search(self, text: str, limit: int = 200) -> list[Turn]:
        """The latest turns in which `text` was said, whatever its case, oldest first; none for blank text."""
        needle = fold(text).strip()
        if not needle:
            return []
        said = StoredTurn.messages.any(func.instr(StoredMessage.folded, needle) > 0)
        return await self._run(lambda: self._find(said, lambda turn: says(turn, needle), limit))

    async def since(self, at: datetime) -> list[Turn]:
        """The turns from `at` (aware) on, oldest first."""
        return await self._run(lambda: self._find(StoredTurn.at >= at, lambda turn: turn.at >= at))

    async def delete(self, turn_id: str) -> bool:
        """Forget one turn; False if there is none of that id."""
        return await self._run(partial(self._delete, turn_id))

    async def forget_all(self) -> int:
        """Forget everything, also in backups and damaged files put aside, so that no word is left on the disk.

        How many turns that were.
        """
        return await self._run(self._forget_all)

    async def record_look(self, look: Look) -> None:
        """Store a receipt of the privacy ledger, in the place of the one with the same id; see `KEPT`."""
        await self._run(partial(self._record_look, look))

    async def looks(self, limit: int = MOST_LOOKS) -> list[Look]:
        """The latest receipts, at most `limit`, newest first."""
        return await self._run(partial(self._looks, limit))

    async def forget_looks(self, since: datetime | None = None, look_id: str | None = None) -> int:
        """Forget one look, or those that lasted until `since` (aware) or later, or all of them; how many these were."""
        return await self._run(partial(self._forget_looks, since, look_id))

    async def close(self) -> None:
        """Write what is still unwritten and let go of file and thread; harmless when closed already."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._run(self._let_go)
        finally:
            self._worker.shutdown()

    async def _run(self, job: Callable[[], Result]) -> Result:
        return await asyncio.shield(asyncio.wrap_future(self._worker.submit(job)))

    # ---- everything below runs on the worker thread ----

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine, self.notice = open_database(self.path)
        return self._engine

    def _disconnect(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _session(self, view: Callable[[Engine], Engine] = lambda engine: engine) -> Iterator[Session]:
        engine = view(self._connected())
        try:
            with explained(self.path), Session(engine) as session, session.begin():
                yield session
        except MemoryFailed as failure:
            if code_of(failure.__cause__) not in PASSING:
                self._disconnect()  # the file may be gone, damaged or on a drive that was pulled: look again next time
            raise

    def _record(self, turn: Turn) -> None:
        self._unwritten.append(turn)
        self._write()

    def _write(self) -> None:
        while self._unwritten:
            turn = self._unwritten.popleft()
            try:
                with self._session(writing) as session:
                    session.merge(StoredTurn.of(turn))
            except MemoryFailed as failure:
                self._unwritten.appendleft(turn)  # only then: a turn that hits a bug of ours must not block the rest
                raise MemoryFailed(f"{failure} I keep what we say and write it down as soon as I can.") from failure

    def _find(self, condition: ColumnElement[bool], matches: Matches, limit: int | None = None) -> list[Turn]:
        # as they were said, whatever the clock said; the sum lets SQLite take the index on time where that serves
        newest_first = (StoredTurn.rowid if limit is not None else StoredTurn.rowid + 0).desc()
        with self._session() as session:
            rows = session.scalars(select(StoredTurn).where(condition).order_by(newest_first).limit(limit)).unique()
            stored = [row.turn() for row in rows]
        return answer(reversed(stored), self._unwritten, matches, limit)

    def _recent(self, limit: int, before: str) -> list[Turn]:
        if not before:
            return self._find(true(), lambda turn: True, limit)
        waiting = [turn.id for turn in self._unwritten]
        with self._session() as session:
            place = session.scalar(select(StoredTurn.rowid).where(StoredTurn.id == before))
            if place is not None:
                rows = select(StoredTurn.id).where(StoredTurn.id.in_(waiting), StoredTurn.rowid < place)
                earlier = set(session.scalars(rows))
        if place is not None:
            return self._find(StoredTurn.rowid < place, lambda turn: turn.id in earlier, limit)
        if before not in waiting:
            return []
        earlier = set(waiting[: waiting.index(before)])
        return self._find(true(), lambda turn: turn.id in earlier, limit)

    def _days(self) -> list[tuple[date, int]]:
        with self._session() as session:
            times = dict(session.execute(select(StoredTurn.id, StoredTurn.at)).all())
        times |= {turn.id: turn.at for turn in self._unwritten}
        return per_day(times.values(), self._zone)

    def _on_day(self, day: date) -> list[Turn]:
        def matches(turn: Turn) -> bool:
            return local_day(turn.at, self._zone) == day

        near = StoredTurn.at.between(*_around(day))
        return [turn for turn in self._find(near, matches) if matches(turn)]

    def _delete(self, turn_id: str) -> bool:
        waiting = deque(turn for turn in self._unwritten if turn.id != turn_id)
        with self._session(writing) as session:
            row = session.get(StoredTurn, turn_id)
            if row is not None:
                session.delete(row)
        found = row is not None or len(waiting) < len(self._unwritten)
        self._unwritten = waiting
        self._empty_log()
        return found

    def _forget_all(self) -> int:
        with self._session(writing) as session:
            forgotten = {turn.id for turn in self._unwritten}.union(session.scalars(select(StoredTurn.id)))
            session.execute(delete(StoredTurn))
            session.execute(delete(StoredLook))
        self._unwritten.clear()
        with self._session(bare) as session:
            session.connection().exec_driver_sql("VACUUM")
        with explained(self.path):
            for copy in leftovers(self.path):
                copy.unlink()
        if not self._empty_log():
            raise MemoryFailed(_TRACES.format(path=self.path))
        return len(forgotten)

    def _record_look(self, look: Look) -> None:
        with self._session(writing) as session:
            session.merge(StoredLook.of(look))
            if look.count == 1:
                session.execute(delete(StoredLook).where(StoredLook.until < look.at - KEPT))

    def _looks(self, limit: int) -> list[Look]:
        newest_first = (StoredLook.at.desc(), StoredLook.until.desc())
        with self._session() as session:
            return [row.look() for row in session.scalars(select(StoredLook).order_by(*newest_first).limit(limit))]

    def _forget_looks(self, since: datetime | None, look_id: str | None) -> int:
        meant = true() if since is None else StoredLook.until >= since
        if look_id is not None:
            meant = StoredLook.id == look_id
        with self._session(writing) as session:
            forgotten = len(session.scalars(delete(StoredLook).where(meant).returning(StoredLook.id)).all())
        self._empty_log()
        return forgotten

    def _empty_log(self) -> bool:
        """Whether the write-ahead log, which still holds what was deleted, could be emptied."""
        with self._session(bare) as session:
            busy = session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        return not busy

    def _let_go(self) -> None:
        try:
            self._write()
        except MemoryFailed as failure:
            log.error("turns that could not be written: %d. %s", len(self._unwritten), failure)
        finally:
            self._disconnect()


def _around(day: date) -> tuple[datetime, datetime]:
    """A stretch of time that holds `day` in every time zone."""
    first = date.fromordinal(max(day.toordinal() - 1, date.min.toordinal()))
    last = date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))
    return datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC)
