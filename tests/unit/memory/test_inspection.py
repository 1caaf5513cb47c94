"""A look into a database tells what it is, and leaves every file as it was."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.memory.inspection import Condition, Inspection, inspect
from alisa_desktop.memory.store import Store

NOW = datetime.now(UTC)
PROFILES = Path(__file__).parents[2] / "profiles"
WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=WAL")
database.execute("CREATE TABLE other (text)")
database.commit()
print("written", flush=True)
sys.stdin.read()
"""


def look(path: Path, *, thorough: bool = True, stopped: bool = False, shared: bool = False) -> Inspection:
    """Inspect, and see to it that nothing was changed by that.

    What a process shares with others that have it open, its own connections do use together, where it is `shared`.
    """
    before = contents(path.parent)
    found = inspect(path, thorough=thorough, stopped=lambda: stopped)
    after = contents(path.parent)
    if shared:
        assert after.keys() == before.keys()
        del before[f"{path.name}-shm"], after[f"{path.name}-shm"]
    assert after == before
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} if folder.is_dir() else {}


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database of one turn, closed."""
    file = tmp_path / "ünser 記憶" / "alisa_memory.db"
    store = await Store.open(file)
    await store.record(Turn("one", "Hi", "Hello", Emotion.HAPPY, "default", "test", NOW))
    await store.close()
    return file


def test_one_that_is_not_there(tmp_path: Path) -> None:
    assert look(tmp_path / "none.db").condition is Condition.MISSING
    (tmp_path / "empty.db").touch()
    assert look(tmp_path / "empty.db").condition is Condition.MISSING


@pytest.mark.parametrize("thorough", [True, False])
def test_a_sound_one(path: Path, thorough: bool) -> None:
    assert look(path, thorough=thorough) == Inspection(Condition.SOUND, turns=1)


async def test_one_in_use(path: Path) -> None:
    store = await Store.open(path)
    await store.record(Turn("two", "Hi", "Hello again", Emotion.HAPPY, "default", "test", NOW))
    assert look(path, shared=True) == Inspection(Condition.SOUND, turns=2)
    await store.record(Turn("three", "Hi", "And again", Emotion.HAPPY, "default", "test", NOW))
    await store.close()
    assert look(path) == Inspection(Condition.SOUND, turns=3)


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
@pytest.mark.parametrize("copied", [False, True])
def test_one_whose_writer_was_killed(tmp_path: Path, copied: bool) -> None:
    folder = tmp_path / "written"
    folder.mkdir()
    path = folder / "alisa_memory.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        writer.kill()
    assert (folder / f"{path.name}-wal").stat().st_size
    if copied:  # without the part that its users share, which can't be made anew by looking
        (folder / f"{path.name}-shm").unlink()
    assert look(path).condition is (Condition.LEFT_OPEN if copied else Condition.STRANGE)


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_one_of_an_older_version(tmp_path: Path, revision: str) -> None:
    shutil.copytree(PROFILES / f"schema-{revision}", tmp_path / "profile")
    found = look(tmp_path / "profile" / "alisa_memory.db")
    assert found.condition is (Condition.OLDER if revision == "0001" else Condition.SOUND)
    assert found.turns > 0


def test_one_of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert look(path).condition is Condition.NEWER


def test_one_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "alisa_memory.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE other (text)")
    assert look(path).condition is Condition.STRANGE


@pytest.mark.parametrize("text", [b"no database at all " * 500, b"SQLite format 3\0" + b"\xff" * 9000])
def test_no_database(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "alisa_memory.db"
    path.write_bytes(text)
    assert look(path).condition is Condition.DAMAGED


def test_a_damaged_one(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    assert look(path).condition is Condition.DAMAGED


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "alisa_memory.db"
    path.mkdir()
    assert inspect(path, thorough=True, stopped=lambda: False).condition is Condition.UNREADABLE


def test_a_look_that_is_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "alisa_memory.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE other (text)")
        database.executemany("INSERT INTO other VALUES (?)", ((str(number) * 50,) for number in range(20_000)))
        database.commit()
    assert look(path, stopped=True).condition is Condition.STOPPED
