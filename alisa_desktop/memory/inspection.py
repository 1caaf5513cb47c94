"""Looks into a database file without changing anything, also while she runs and writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from alisa_desktop.memory.connection import BUSY_MS, read_only
from alisa_desktop.memory.failure import DAMAGE, code_of
from alisa_desktop.memory.schema import HEAD

REVISION = "alembic_version"
STEPS = 20_000
"""Instructions of SQLite between two questions whether to go on."""


class Condition(StrEnum):
    """What a database file is."""

    MISSING = "missing"
    SOUND = "sound"
    OLDER = "older"
    NEWER = "newer"
    STRANGE = "strange"
    """Another program's."""
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    LEFT_OPEN = "left open"
    """Its last words are in a log beside it that can't be read without writing."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found: the condition, and how many turns and looks are stored (0 where that can't be read)."""

    condition: Condition
    turns: int = 0
    looks: int = 0


def inspect(path: Path, *, thorough: bool, stopped: Callable[[], bool]) -> Inspection:
    """Look into the database at `path`; `thorough` compares its indexes, too, and takes long where it is large.

    `stopped` ends it early. Never raises, never writes. Any thread, for some seconds.
    """
    try:
        if not path.exists() or (path.is_file() and not path.stat().st_size):
            return Inspection(Condition.MISSING)
        was_open = _is_open(path)
        found = _inspect(path, thorough, stopped)
        if found.condition is Condition.DAMAGED and not was_open and _is_open(path):
            return _inspect(path, thorough, stopped)  # she started meanwhile, and wrote while it was read
        return found
    except OSError:
        return Inspection(Condition.UNREADABLE)


def _inspect(path: Path, thorough: bool, stopped: Callable[[], bool]) -> Inspection:
    if not _is_open(path) and _left(path, "-wal"):
        return Inspection(Condition.LEFT_OPEN)
    try:
        with closing(sqlite3.connect(_address(path), uri=True, timeout=BUSY_MS / 1000)) as connection:
            connection.set_progress_handler(lambda: int(stopped()), STEPS)
            return _look(connection, thorough)
    except sqlite3.Error as error:
        code = code_of(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            return Inspection(Condition.STOPPED)
        return Inspection(Condition.DAMAGED if code in DAMAGE else Condition.UNREADABLE)


def _address(path: Path) -> str:
    """Of a database in use, what is shared with its users is only read; of one that nobody has open, nothing is made.

    See https://www.sqlite.org/wal.html#readonly and the URI parameters of https://www.sqlite.org/c3ref/open.html.
    """
    return f"{read_only(path)}&{'readonly_shm=1' if _is_open(path) else 'immutable=1'}"


def _is_open(path: Path) -> bool:
    """Whether somebody has it open, or had when the machine or the process was stopped."""
    return path.with_name(f"{path.name}-shm").exists()


def _left(path: Path, ending: str) -> bool:
    beside = path.with_name(path.name + ending)
    return beside.exists() and beside.stat().st_size > 0


def _look(connection: sqlite3.Connection, thorough: bool) -> Inspection:
    check = "integrity_check(1)" if thorough else "quick_check(1)"
    if connection.execute(f"PRAGMA {check}").fetchone() != ("ok",):
        return Inspection(Condition.DAMAGED)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return Inspection(Condition.MISSING)
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if REVISION in tables else None
    if not row:
        return Inspection(Condition.STRANGE)
    turns, looks = (_count(connection, name) if name in tables else 0 for name in ("turns", "looks"))
    return Inspection(_condition(str(row[0])), turns, looks)


def _condition(revision: str) -> Condition:
    """Revisions are numbers of one length, so they sort by age."""
    if revision == HEAD:
        return Condition.SOUND
    return Condition.OLDER if revision < HEAD else Condition.NEWER


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
