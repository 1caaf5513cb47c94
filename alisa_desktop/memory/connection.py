"""Connections to the database file, each with the same promises to SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MS = 5000
"""How long to wait for another process that is writing."""


def connect(path: Path, *, foreign_keys: bool = True) -> Engine:
    """An engine for `path` that reads; opens nothing yet.

    All SQL runs on the store's one worker thread, so the pool holds exactly one connection: it stays open with its page
    cache, its prepared statements and its pragmas, a second one could never be in use, and SQLite refuses any other
    thread. `foreign_keys=False` is for migrations, which rebuild tables and must not cascade.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # what was said must not get into the log with an error
        connect_args={"check_same_thread": True, "timeout": BUSY_MS / 1000},
    )

    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # `begin` below says when a transaction starts, for schema changes too
        connection.execute(f"PRAGMA foreign_keys={foreign_keys:d}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def read_only(path: Path) -> str:
    """The address of `path` for `sqlite3.connect(..., uri=True)`, to read and no more; options may be added by `&`."""
    name = quote(path.absolute().as_posix())
    return f"file://{'' if name.startswith('/') else '/'}{name}?mode=ro"  # C:/ needs a slash more, //server/ does not


def writing(engine: Engine) -> Engine:
    """The same connection for transactions that write: the lock is taken (and waited for) at their beginning."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def bare(engine: Engine) -> Engine:
    """The same connection without transactions, for statements that can't run inside one."""
    return engine.execution_options(begin="")


def _begin(connection: Connection) -> None:
    if begin := connection.get_execution_options().get("begin", "BEGIN"):
        connection.exec_driver_sql(begin)
