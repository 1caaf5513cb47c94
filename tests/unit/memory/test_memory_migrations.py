import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.core.messages import Turn
from alisa_desktop.memory import upgrade
from alisa_desktop.memory.connection import connect
from alisa_desktop.memory.schema import HEAD, Base
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]

NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "next"
down_revision = "{head}"
def upgrade():
    with op.batch_alter_table("turns", recreate="always") as turns:
        turns.add_column(sa.Column("stars", sa.Integer(), nullable=True))
    {more}
"""


@pytest.fixture
def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a migration to this version's, as a later version of Alisa would."""

    def install(more: str = "") -> None:
        folder = tmp_path / "versions"
        folder.mkdir()
        (folder / "next.py").write_text(NEXT.format(head=HEAD, more=more))
        config = upgrade.configuration()
        ours = Path(ScriptDirectory.from_config(config).versions)

        def configuration() -> Config:
            config = upgrade_configuration()
            config.set_main_option("version_locations", f"{ours}{_SEPARATOR}{folder}".replace("%", "%%"))
            return config

        upgrade_configuration = upgrade.configuration
        monkeypatch.setattr(upgrade, "configuration", configuration)
        monkeypatch.setattr("alisa_desktop.memory.database.HEAD", "next")

    return install


_SEPARATOR = ";" if sys.platform == "win32" else ":"


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_the_constant_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(upgrade.configuration()).get_heads() == [HEAD]


async def test_the_migrations_make_the_tables_of_the_models(path: Path) -> None:
    await (await Store.open(path)).close()
    engine = connect(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


async def test_an_older_database_is_backed_up_and_migrated(
    path: Path, turn: MakeTurn, later_version: Callable[..., None]
) -> None:
    old = await Store.open(path)
    await old.record(turn(0))
    await old.close()
    later_version()
    new = await Store.open(path)
    assert await new.recent(9) == [turn(0)], "rebuilding the table must not cascade"
    await new.record(turn(1))
    await new.close()
    assert rows(path, "SELECT version_num FROM alembic_version") == [("next",)]
    backup = path.with_name(f"alisa_memory.db.bak-{HEAD}")
    assert rows(backup, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(backup, "SELECT id FROM turns") == [(turn(0).id,)]


async def test_a_failed_migration_changes_nothing(
    path: Path, turn: MakeTurn, later_version: Callable[..., None]
) -> None:
    old = await Store.open(path)
    await old.record(turn(0))
    await old.close()
    before = rows(path, "SELECT * FROM sqlite_master"), rows(path, "SELECT * FROM messages")
    later_version("raise ZeroDivisionError")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await Store.open(path)
    assert (rows(path, "SELECT * FROM sqlite_master"), rows(path, "SELECT * FROM messages")) == before


async def test_no_room_for_the_backup_means_no_migration(path: Path, later_version: Callable[..., None]) -> None:
    await (await Store.open(path)).close()
    path.with_name(f"alisa_memory.db.bak-{HEAD}").mkdir()
    later_version()
    with pytest.raises(MemoryFailed):
        await Store.open(path)
    assert rows(path, "SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_logging_stays_as_it_is(path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:], logging.getLogger("alembic").level, logging.getLogger(__name__).disabled)
    await (await Store.open(path)).close()
    after = (root.level, root.handlers[:], logging.getLogger("alembic").level, logging.getLogger(__name__).disabled)
    assert after == before


SECOND_START = """
import asyncio, sys
from pathlib import Path
from alisa_desktop.memory.store import Store
async def main():
    await (await Store.open(Path(sys.argv[1]))).close()
asyncio.run(main())
print("alembic" in sys.modules)
"""


def test_only_the_first_start_imports_alembic(path: Path) -> None:
    def start() -> str:
        command = [sys.executable, "-X", "utf8", "-c", SECOND_START, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert [start(), start()] == ["True", "False"]
