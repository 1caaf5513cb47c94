"""Brings a database to this version's schema by Alembic. Import it only when there is something to upgrade (~0.1 s)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.memory.connection import bare, connect, writing


def configuration() -> Config:
    """Alembic's configuration, without a file: the migrations lie in this package."""
    config = Config()
    config.set_main_option("script_location", f"{__package__}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(path: Path, revision: str | None) -> None:
    """Bring the database at `path` from `revision` (None: empty) to the newest one, all of it or nothing.

    A database with a revision is first copied to `<name>.bak-<revision>`. Raises `MemoryFailed` for a revision that a
    newer version made, and SQLite's own errors.
    """
    config = configuration()
    engine = connect(path, foreign_keys=False)
    try:
        if revision is not None:
            _refuse_newer(config, path, revision)
            _back_up(engine, path.with_name(f"{path.name}.bak-{revision}"))
        with writing(engine).connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _refuse_newer(config: Config, path: Path, revision: str) -> None:
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        sentence = f"A newer version of me wrote my memory file {path}, so I leave it alone. Please update me."
        raise MemoryFailed(sentence) from error


def _back_up(engine: Engine, target: Path) -> None:
    target.unlink(missing_ok=True)  # from an earlier try; what it held is still in the database
    with bare(engine).connect() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(target),))
