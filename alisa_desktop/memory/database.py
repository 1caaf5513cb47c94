"""Opens the database file: sound, of this version's schema, or put aside and begun anew. Worker thread only."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.memory.connection import BUSY_MS, bare, connect, read_only
from alisa_desktop.memory.failure import DAMAGE, code_of, explained
from alisa_desktop.memory.schema import HEAD

log = logging.getLogger(__name__)


def open_database(path: Path) -> tuple[Engine, str]:
    """An engine for a sound database at `path`, made or migrated if need be, and a sentence if the old one was damaged.

    Raises `MemoryFailed`; then the file is as it was.
    """
    engine = connect(path)
    notice = ""
    try:
        with explained(path):
            _provide(path)
            if _is_damaged(path):
                notice = _put_aside(path)
                _provide(path)
            _bring_up_to_date(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine, notice


def leftovers(path: Path) -> list[Path]:
    """The damaged and backed-up databases that were put next to `path`: they hold old words too."""
    return [other for other in path.parent.iterdir() if other.name.startswith((f"{path.name}.bak-", _aside(path)))]


def _provide(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)  # what was said is nobody else's business; SQLite alone would ask the umask


def _is_damaged(path: Path) -> bool:
    log_file = path.with_name(f"{path.name}-wal")
    if not path.stat().st_size:
        return log_file.exists() and log_file.stat().st_size > 0
    try:  # read-only, because SQLite tidies up when it closes: even a wreck must stay as it was found
        with closing(sqlite3.connect(read_only(path), uri=True, timeout=BUSY_MS / 1000)) as connection:
            verdict: tuple[str] = connection.execute("PRAGMA quick_check(1)").fetchone()
            return verdict[0] != "ok"
    except sqlite3.Error as error:
        return code_of(error) in DAMAGE  # any other trouble shows again when the file is opened for good


def _put_aside(path: Path) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    target = _free(path, f"{_aside(path)}{stamp}")
    for ending in ("-wal", "-shm", ""):  # the database last: should one fail, the next start finds it and tries again
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(target.with_name(target.name + ending))
    log.warning("the memory was damaged and is now %s", target.name)
    return f"My memory file was damaged. I put it aside as {target} and began a new one."


def _aside(path: Path) -> str:
    return f"{path.stem}.damaged-"


def _free(path: Path, stem: str) -> Path:
    names = (f"{stem}{again}{path.suffix}" for again in ("", *map("-{}".format, range(2, 100))))
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())


def _bring_up_to_date(engine: Engine, path: Path) -> None:
    revision = _revision(engine, path)
    if revision != HEAD:
        from alisa_desktop.memory.upgrade import upgrade  # Alembic takes 0.1 s to import, and most starts need none

        engine.dispose()
        upgrade(path, revision)
    _use_wal(engine)


def _use_wal(engine: Engine) -> None:
    """Write ahead from now on.

    Two processes that switch at the same moment each wait for the other, so SQLite refuses one of them at once, without
    the busy timeout. A moment later the switch has been made.
    """
    refuse = monotonic() + BUSY_MS / 1000
    while True:
        try:
            with bare(engine).connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or monotonic() > refuse:
                raise
            sleep(0.02)


def _revision(engine: Engine, path: Path) -> str | None:
    with engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        if not tables:
            return None
        found = (
            "alembic_version" in tables
            and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        )
    if not found:
        raise MemoryFailed(f"{path} is another program's database, so I leave it alone. Please move it elsewhere.")
    return str(found)
