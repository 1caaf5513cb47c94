import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.core.messages import Turn
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]


@pytest.fixture
async def real(path: Path, turn: MakeTurn) -> Path:
    store = await Store.open(path)
    for number in range(60):
        await store.record(turn(number, reply="many words " * 80))
    await store.close()
    return path


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2 + 100]


def cut_at_a_page(data: bytes) -> bytes:
    return data[: 4096 * 5]


def overwrite_a_page(data: bytes) -> bytes:
    middle = len(data) // 2 // 4096 * 4096
    return data[:middle] + b"\xa5" * 4096 + data[middle + 4096 :]


def overwrite_the_schema(data: bytes) -> bytes:
    return data[:100] + b"\xff" * 300 + data[400:]


def only_the_header(data: bytes) -> bytes:
    return data[:100]


DAMAGES: list[Callable[[bytes], bytes]] = [
    cut,
    cut_at_a_page,
    overwrite_a_page,
    overwrite_the_schema,
    only_the_header,
    lambda data: b"\x00\x01garbage" * 999,
    lambda data: b"no",
    lambda data: b"<!DOCTYPE html><html><body>Sign in to the Wi-Fi</body></html>",
    lambda data: b"\0" * len(data),
]


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.damaged-*.db"))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_damaged_file_is_put_aside_whole(
    real: Path, turn: MakeTurn, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    broken = damage(real.read_bytes())
    real.write_bytes(broken)
    store = await Store.open(real)
    (aside,) = set_aside(real)
    assert re.fullmatch(r"alisa_memory\.damaged-\d{8}-\d{6}\.db", aside.name)
    assert aside.read_bytes() == broken
    assert str(aside) in store.notice
    assert "damaged" in caplog.text
    assert await store.recent(5) == []
    await store.record(turn(0))
    await store.close()
    again = await Store.open(real)
    assert again.notice == ""
    assert await again.recent(5) == [turn(0)]
    await again.close()


async def test_an_empty_file_is_a_fresh_start(path: Path, turn: MakeTurn) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    store = await Store.open(path)
    assert store.notice == ""
    await store.record(turn(0))
    await store.close()
    assert set_aside(path) == []


@pytest.mark.parametrize("main", [b"garbage" * 1000, b""], ids=["garbage", "emptied"])
async def test_the_log_goes_with_the_damaged_file(real: Path, turn: MakeTurn, tmp_path: Path, main: bytes) -> None:
    store = await Store.open(real)
    await store.record(turn(0))
    copy = tmp_path / "crashed" / real.name
    copy.parent.mkdir()
    log = real.with_name(real.name + "-wal").read_bytes()
    await store.close()
    copy.write_bytes(main)
    copy.with_name(real.name + "-wal").write_bytes(log)
    store = await Store.open(copy)
    await store.record(turn(1))
    await store.close()
    (aside,) = set_aside(copy)
    assert aside.read_bytes() == main
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == log, "it may hold what can be rescued"
    assert [file.name for file in copy.parent.iterdir() if ".damaged-" not in file.name] == [copy.name]


async def test_nothing_put_aside_is_overwritten(real: Path) -> None:
    for word in (b"first ", b"second ", b"third "):
        real.write_bytes(word * 1000)
        await (await Store.open(real)).close()
    assert {file.read_bytes()[:5] for file in set_aside(real)} == {b"first", b"secon", b"third"}


async def test_damage_while_she_runs_loses_nothing_new(real: Path, turn: MakeTurn) -> None:
    store = await Store.open(real)
    with closing(sqlite3.connect(real)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    real.write_bytes(b"<html>" * 9999)
    real.with_name(real.name + "-wal").write_bytes(b"")
    new = turn(99, reply="new")
    try:
        await store.record(new)
    except MemoryFailed as failure:
        assert "damaged" in failure.sentence
        await store.record(turn(100))
    assert new in await store.recent(5)
    assert "put it aside" in store.notice
    await store.close()


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT)")
    before = path.read_bytes()
    with pytest.raises(MemoryFailed, match="another program"):
        await Store.open(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_a_newer_versions_database_is_left_alone(real: Path) -> None:
    with closing(sqlite3.connect(real)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = real.read_bytes()
    with pytest.raises(MemoryFailed, match="newer version"):
        await Store.open(real)
    assert real.read_bytes() == before
    assert [file.name for file in real.parent.iterdir()] == [real.name]
