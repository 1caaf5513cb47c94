"""Turns what SQLite and the system refuse into `MemoryFailed` with a sentence that says who is to blame."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from alisa_desktop.core.errors import MemoryFailed

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""The result codes of a file that is no sound database."""

PASSING = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""The result codes after which the open connection is as good as before."""

LEAST_ROOM = 64 * 1024
"""Bytes. With less free, SQLite can't even set up the file that its processes share (32 KB), and blames the drive."""

_FULL = "I can't write to my memory because the disk is full. Please free some space."
_REFUSED = "I may not write to my memory file {path}. Please make the file and its folder writable."
_IN_USE = "Another program holds my memory file {path}. Please close it."
_DRIVE = "The drive of my memory file {path} failed to do its work. Please check that it is connected and not full."
_DAMAGED = "My memory file {path} is damaged. I will put it aside and begin a new one."

_SENTENCES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _REFUSED,
    sqlite3.SQLITE_PERM: _REFUSED,
    sqlite3.SQLITE_CANTOPEN: _REFUSED,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_PROTOCOL: _IN_USE,
    sqlite3.SQLITE_IOERR: _DRIVE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def code_of(error: BaseException | None) -> int | None:
    """SQLite's primary result code behind `error`, if SQLite is behind it."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    code: int | None = getattr(origin, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM
    except OSError:  # the drive is gone
        return False


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise `MemoryFailed` in the place of what is not our fault; bugs of ours pass through as they are."""
    try:
        yield
    except DBAPIError as error:
        code = code_of(error)
        sentence = _SENTENCES.get(code or sqlite3.SQLITE_OK)
        if sentence is None:
            raise
        if code == sqlite3.SQLITE_IOERR and _is_full(path):  # no room even for what SQLite shares between processes
            sentence = _FULL
        raise MemoryFailed(sentence.format(path=path)) from error
    except OSError as error:
        sentence = _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _REFUSED
        raise MemoryFailed(sentence.format(path=path)) from error
