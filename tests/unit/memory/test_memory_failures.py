import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.core.messages import Turn
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither folder modes nor file size limits")


async def refused(path: Path) -> str:
    with pytest.raises(MemoryFailed) as caught:
        await Store.open(path)
    assert str(path) in caught.value.sentence
    return caught.value.sentence


async def test_the_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "profile").write_text("a file")
    assert "writable" in await refused(tmp_path / "profile" / "alisa_memory.db")


async def test_the_file_is_a_folder(path: Path) -> None:
    path.mkdir(parents=True)
    assert "writable" in await refused(path)
    assert path.is_dir()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that takes no files")
async def test_the_folder_takes_no_files() -> None:
    assert "writable" in await refused(Path("/proc/self/alisa_memory.db"))


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # unlike tmp_path, other users may pass through its parents
        yield Path(name)


@contextmanager
def not_allowed_to_write(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@posix
async def test_the_folder_is_read_only(folder: Path) -> None:
    with not_allowed_to_write(folder):
        assert "writable" in await refused(folder / "alisa_memory.db")
    assert list(folder.iterdir()) == []


@posix
async def test_the_folder_of_an_old_memory_is_read_only(folder: Path, turn: MakeTurn) -> None:
    path = folder / "alisa_memory.db"
    store = await Store.open(path)
    await store.record(turn(0))
    await store.close()
    before = path.read_bytes()
    with not_allowed_to_write(folder):
        assert "writable" in await refused(path)
    assert path.read_bytes() == before


@posix
async def test_a_damaged_file_that_cannot_be_put_aside_stays(folder: Path) -> None:
    path = folder / "alisa_memory.db"
    path.write_bytes(b"garbage" * 999)
    with not_allowed_to_write(folder):
        assert "writable" in await refused(path)
    assert path.read_bytes() == b"garbage" * 999


async def test_another_program_holds_the_file(path: Path, impatient: None) -> None:
    await (await Store.open(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program" in await refused(path)
    await (await Store.open(path)).close()


async def test_a_full_disk_on_first_run(path: Path, with_pragmas: Callable[..., Any]) -> None:
    with with_pragmas("max_page_count=2"), pytest.raises(MemoryFailed, match="disk is full"):
        await Store.open(path)
    store = await Store.open(path)
    assert await store.recent(1) == []
    await store.close()


LATER = [
    pytest.param(("max_page_count=1",), "disk is full", id="full"),
    pytest.param(("query_only=ON",), "writable", id="read-only"),
]


@pytest.mark.parametrize(("pragmas", "words"), LATER)
async def test_what_could_not_be_written_is_kept_and_written_later(
    path: Path, turn: MakeTurn, with_pragmas: Callable[..., Any], pragmas: tuple[str, ...], words: str
) -> None:
    store = await Store.open(path)
    long = [turn(number, reply="many words " * 1000) for number in range(5)]
    await store.record(long[0])
    with with_pragmas(*pragmas):
        for lost in long[1:4]:
            with pytest.raises(MemoryFailed, match=words):
                await store.record(lost)
        assert await store.recent(9) == long[:4], "answers contain what is not written yet"
        assert await store.search("question 2") == [long[2]]
        assert await store.since(long[3].at) == [long[3]]
        assert sum(count for _, count in await store.days()) == 4
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    with with_pragmas("max_page_count=1073741823", "query_only=OFF"):
        await store.record(long[4])
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT id FROM turns ORDER BY rowid").fetchall() == [(each.id,) for each in long]
    await store.close()


async def test_an_unwritten_turn_can_be_replaced_and_deleted(
    path: Path, turn: MakeTurn, with_pragmas: Callable[..., Any]
) -> None:
    store = await Store.open(path)
    await store.record(turn(0))
    with with_pragmas("query_only=ON"):
        for each in (turn(1), turn(2), turn(1, reply="again"), turn(0, reply="again")):
            with pytest.raises(MemoryFailed):
                await store.replace(each)
        assert [each.reply for each in await store.recent(9)] == ["again", "again", "answer 2"]
        assert await store.search("answer 0") == []
        assert sum(count for _, count in await store.days()) == 3
    with with_pragmas("query_only=OFF"):
        assert await store.delete(turn(2).id)
        assert [each.reply for each in await store.recent(9)] == ["again", "again"]
        assert await store.forget_all() == 2
        assert await store.recent(9) == []
        await store.record(turn(3))
        assert await store.recent(9) == [turn(3)]
    await store.close()


async def test_closing_writes_what_is_left(path: Path, turn: MakeTurn, with_pragmas: Callable[..., Any]) -> None:
    store = await Store.open(path)
    with with_pragmas("query_only=ON"), pytest.raises(MemoryFailed):
        await store.record(turn(0))
    await store.close()
    again = await Store.open(path)
    assert await again.recent(9) == [turn(0)]
    await again.close()


async def test_closing_says_what_is_lost(
    path: Path, turn: MakeTurn, with_pragmas: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    store = await Store.open(path)
    with with_pragmas("query_only=ON"):
        with pytest.raises(MemoryFailed):
            await store.record(turn(0))
        await store.close()
    assert "could not be written: 1" in caplog.text
    assert "question" not in caplog.text, "never what was said"


async def test_another_program_writes_for_long(path: Path, turn: MakeTurn, impatient: None) -> None:
    store = await Store.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MemoryFailed, match="Another program"):
            await store.record(turn(0))
        assert await store.recent(9) == [turn(0)]
        other.execute("ROLLBACK")
    await store.record(turn(1))
    assert await store.recent(9) == [turn(0), turn(1)]
    await store.close()


async def test_forgetting_says_when_another_program_still_reads(path: Path, turn: MakeTurn, impatient: None) -> None:
    store = await Store.open(path)
    await store.record(turn(0))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM turns").fetchall()
        with pytest.raises(MemoryFailed, match="traces"):
            await store.forget_all()
        other.execute("COMMIT")
    assert await store.forget_all() == 0
    await store.close()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@posix
async def test_the_system_refuses_to_write_more(path: Path, turn: MakeTurn) -> None:
    told = [turn(number, reply="many words " * 1000) for number in range(41)]
    store = await Store.open(path)
    for each in told[:10]:
        await store.record(each)
    await store.close()
    store = await Store.open(path)
    refusals = []
    with file_size_limit(path.stat().st_size):
        for each in told[10:40]:
            try:
                await store.record(each)
            except MemoryFailed as failure:
                refusals.append(failure.sentence)
        assert len(refusals) > 1
        assert all("drive" in sentence or "disk is full" in sentence for sentence in refusals)
        assert await store.recent(99) == told[:40]
    await store.record(told[40])
    await store.close()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT id FROM turns ORDER BY rowid").fetchall() == [(each.id,) for each in told]


async def test_a_file_that_was_taken_away_is_made_anew(
    path: Path, turn: MakeTurn, with_pragmas: Callable[..., Any]
) -> None:
    store = await Store.open(path)
    with with_pragmas("query_only=ON"), pytest.raises(MemoryFailed):  # lets go of the file
        await store.record(turn(0))
    path.unlink()
    await store.record(turn(1))
    assert await store.recent(9) == [turn(0), turn(1)]
    await store.close()
