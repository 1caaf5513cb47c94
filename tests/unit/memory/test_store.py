import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.messages import Emotion, Outcome, Turn
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.memory.recall import storable
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]
TOKYO = timezone(timedelta(hours=9))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def raw(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def memory_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("memory")]


async def test_first_run_makes_folder_and_file(path: Path) -> None:
    store = await Store.open(path)
    assert path.is_file()
    assert store.notice == ""
    assert await store.recent(10) == []
    await store.close()


async def test_turns_survive_a_restart(path: Path, turn: MakeTurn) -> None:
    told = [turn(0), turn(1, outcome=Outcome.FAILED, reply="", notice="No model."), turn(2, outcome=Outcome.STOPPED)]
    first = await Store.open(path)
    for each in told:
        await first.record(each)
    await first.close()
    second = await Store.open(path)
    assert await second.recent(10) == told
    await second.close()


async def test_both_messages_lie_in_the_file_for_everybody_to_read(store: Store, path: Path, turn: MakeTurn) -> None:
    await store.record(turn(7, reply="Hm.", notice="n", emotion=Emotion.SHY, mode="study", outcome=Outcome.FAILED))
    found = raw(
        path, "SELECT role, text, emotion, notice, mode, model, outcome, at FROM turns JOIN messages ON turn_id = id"
    )
    rest = ("study", "starter", "failed", "2026-03-14 12:07:00.000000")
    assert found == [("user", "question 7", None, "", *rest), ("assistant", "Hm.", "shy", "n", *rest)]


async def test_a_turn_is_one_transaction(path: Path, turn: MakeTurn) -> None:
    store = await Store.open(path)
    raw(
        path,
        "CREATE TRIGGER no_reply BEFORE INSERT ON messages WHEN NEW.position = 1 BEGIN SELECT RAISE(ABORT, ''); END",
    )
    with pytest.raises(Exception, match="IntegrityError"):
        await store.record(turn(0))
    assert raw(path, "SELECT * FROM turns") == raw(path, "SELECT * FROM messages") == []
    raw(path, "DROP TRIGGER no_reply")
    await store.record(turn(1))
    assert await store.recent(5) == [turn(1)], "a turn that hit a bug must not block the next"
    await store.close()


async def test_the_pragmas_hold(store: Store, path: Path) -> None:
    assert raw(path, "PRAGMA journal_mode") == [("wal",)]
    expected = {"foreign_keys": 1, "synchronous": 1, "secure_delete": 1, "busy_timeout": 5000}

    def ask() -> dict[str, int]:
        with store._connected().connect() as connection:
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected}

    assert await store._run(ask) == expected


async def test_sql_on_another_thread_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="created in a thread"), store._connected().connect() as connection:
        connection.exec_driver_sql("SELECT 1")


async def test_recent_gives_the_latest_oldest_first(store: Store, turn: MakeTurn) -> None:
    for number in (3, 1, 2, 0):
        await store.record(turn(number))
    assert await store.recent(3) == [turn(1), turn(2), turn(0)]
    assert await store.recent(0) == []


async def test_pages_go_back_from_a_known_turn(store: Store, turn: MakeTurn) -> None:
    for number in range(5):
        await store.record(turn(number))
    assert await store.recent(2, turn(3).id) == [turn(1), turn(2)]
    assert await store.recent(2, turn(1).id) == [turn(0)]
    assert await store.recent(2, turn(0).id) == []
    assert await store.recent(2, "never was") == []


async def test_turns_of_one_tick_keep_their_order(store: Store, turn: MakeTurn) -> None:
    same = turn(0).at
    told = [turn(number, at=same) for number in (5, 3, 9, 1)]
    for each in told:
        await store.record(each)
    await store.replace(told[0])
    assert await store.recent(4) == told
    assert await store.recent(2) == told[2:]


async def test_replace_keeps_the_place(store: Store, turn: MakeTurn) -> None:
    for number in range(3):
        await store.record(turn(number))
    again = turn(1, reply="Better.", emotion=Emotion.CALM, model="other")
    await store.replace(again)
    assert await store.recent(9) == [turn(0), again, turn(2)]
    assert await store.search("answer 1") == []


async def test_replace_of_an_unknown_turn_stores_it(store: Store, turn: MakeTurn) -> None:
    await store.replace(turn(4))
    assert await store.recent(9) == [turn(4)]


async def test_days_and_their_turns_in_the_local_zone(path: Path, turn: MakeTurn) -> None:
    store = await Store.open(path, TOKYO)
    evening = datetime(2026, 3, 14, 14, 59, 59, 999999, tzinfo=UTC)  # one tick before midnight in Tokyo
    told = [
        turn(0, at=evening),
        turn(1, at=evening + timedelta(microseconds=1)),
        turn(2, at=evening + timedelta(hours=9)),
    ]
    for each in told:
        await store.record(each)
    assert await store.days() == [(date(2026, 3, 15), 2), (date(2026, 3, 14), 1)]
    assert await store.on_day(date(2026, 3, 14)) == told[:1]
    assert await store.on_day(date(2026, 3, 15)) == told[1:]
    assert await store.on_day(date(2026, 3, 16)) == []
    assert await store.on_day(date.min) == await store.on_day(date.max) == []
    await store.close()


async def test_days_of_this_machine(path: Path, turn: MakeTurn) -> None:
    store = await Store.open(path)
    await store.record(turn(0))
    today = turn(0).at.astimezone().date()
    assert await store.days() == [(today, 1)]
    assert await store.on_day(today) == [turn(0)]
    await store.close()


@pytest.mark.skipif(not available_timezones(), reason="this system has no time zones (Windows without tzdata)")
@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu"])
async def test_every_turn_of_a_year_is_on_exactly_its_day(path: Path, turn: MakeTurn, zone: str) -> None:
    store = await Store.open(path, ZoneInfo(zone))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    told = [turn(number, at=start + timedelta(hours=61 * number)) for number in range(144)]
    for each in told:
        await store.record(each)
    days = await store.days()
    by_day = [await store.on_day(day) for day, _ in reversed(days)]
    assert [each for day in by_day for each in day] == told
    assert [len(day) for day in by_day] == [count for _, count in reversed(days)]
    await store.close()


async def test_times_of_other_zones_are_kept_as_utc(store: Store, turn: MakeTurn) -> None:
    there = turn(0).at.astimezone(TOKYO)
    await store.record(turn(0, at=there))
    (found,) = await store.recent(1)
    assert found.at == there
    assert found.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("needle", "hits"),
    [
        ("éCLAIR", [0]),
        ("E\u0301clair", [0]),
        ("田", [1]),
        ("100%", [2]),
        ("%", [2]),
        ("_", [3]),
        ("\\", [3]),
        ("'; DROP TABLE turns; --", []),
        ("answer", [0, 1, 2, 3]),
        ("  ANSWER 2 ", [2]),
        ("eclair", []),
        ("", []),
        (" \n", []),
        ("\ud800", [4]),
        ("after nul", [5]),
    ],
)
async def test_search(store: Store, turn: MakeTurn, needle: str, hits: list[int]) -> None:
    words = [
        "Un ÉCLAIR, bitte",
        "木村と田中さん",
        "I am 100% sure",
        "snake_case\\path",
        "broken \ud800",
        "a\0after nul",
    ]
    for number, text in enumerate(words):
        await store.record(turn(number, user_text=text, reply=f"Answer {number}" if number < 4 else ""))
    assert [int(found.id[-2:]) for found in await store.search(needle)] == hits


async def test_search_gives_the_latest_oldest_first(store: Store, turn: MakeTurn) -> None:
    for number in range(5):
        await store.record(turn(number))
    assert await store.search("question", limit=2) == [turn(3), turn(4)]


async def test_since_includes_its_moment(store: Store, turn: MakeTurn) -> None:
    for number in range(4):
        await store.record(turn(number))
    assert await store.since(turn(2).at) == [turn(2), turn(3)]
    assert await store.since(turn(2).at.astimezone(TOKYO)) == [turn(2), turn(3)]
    assert await store.since(turn(3).at + timedelta(microseconds=1)) == []


async def test_delete_forgets_one_turn_and_leaves_no_trace(store: Store, path: Path, turn: MakeTurn) -> None:
    for number in range(20):
        await store.record(turn(number, reply=f"secret-{number:03} " * 50))
    assert await store.delete(turn(5).id)
    assert not await store.delete(turn(5).id)
    assert not await store.delete("none such")
    assert len(await store.recent(99)) == 19
    assert raw(path, "SELECT count(*) FROM messages") == [(38,)]
    assert b"secret-005" not in bytes_of(path.parent)
    assert b"secret-006" in bytes_of(path.parent)


async def test_forget_all_leaves_no_word_on_the_disk(store: Store, path: Path, turn: MakeTurn) -> None:
    for number in range(50):
        await store.record(turn(number, reply="secret word " * 100))
    backup = path.with_name("alisa_memory.db.bak-0000")
    damaged = path.with_name("alisa_memory.damaged-20260101-000000.db")
    stranger = path.with_name("holiday.db")
    for other in (backup, damaged, stranger):
        other.write_bytes(b"old words")
    size = path.stat().st_size + path.with_name("alisa_memory.db-wal").stat().st_size
    assert await store.forget_all() == 50
    assert await store.forget_all() == 0
    assert await store.recent(9) == []
    assert b"secret word" not in bytes_of(path.parent)
    assert not backup.exists()
    assert not damaged.exists()
    assert stranger.exists()
    assert path.stat().st_size < size / 2
    await store.record(turn(1))
    assert await store.recent(9) == [turn(1)]


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_close_lets_go_of_file_and_thread(path: Path, turn: MakeTurn) -> None:
    store = await Store.open(path)
    await store.record(turn(0))
    assert len(memory_threads()) == 1
    await store.close()
    await store.close()
    assert memory_threads() == []
    assert not [file for file in psutil.Process().open_files() if "alisa_memory" in file.path]
    assert [file.name for file in path.parent.iterdir()] == ["alisa_memory.db"], "the log is in the database"


async def test_concurrent_calls_keep_their_order(store: Store, turn: MakeTurn) -> None:
    told = [turn(number, at=turn(0).at) for number in range(30)]
    *_, found = await asyncio.gather(*map(store.record, told), store.recent(99))
    assert found == told


async def test_a_cancelled_record_is_still_written(store: Store, path: Path, turn: MakeTurn) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.record(turn(0)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other.execute("ROLLBACK")
    assert await store.recent(1) == [turn(0)]


async def test_a_cancelled_open_leaves_nothing_open(path: Path) -> None:
    task = asyncio.create_task(Store.open(path))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert memory_threads() == []


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM messages",
        "DELETE FROM messages WHERE position = 0",
        "UPDATE messages SET emotion = 'furious', role = 'narrator'",
        "UPDATE turns SET outcome = 'exploded'",
    ],
)
async def test_rows_changed_by_hand_do_not_stop_her(store: Store, path: Path, turn: MakeTurn, change: str) -> None:
    await store.record(turn(0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    (found,) = await store.recent(1)
    assert found.id == turn(0).id
    await store.replace(turn(0))
    assert await store.recent(1) == [turn(0)]


TURNS = st.builds(
    Turn,
    id=st.uuids(version=4).map(str),
    user_text=ANY_TEXT,
    reply=ANY_TEXT,
    emotion=st.sampled_from(Emotion),
    mode=ANY_TEXT,
    model=ANY_TEXT,
    at=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    outcome=st.sampled_from(Outcome),
    notice=ANY_TEXT,
)


def as_stored(turn: Turn) -> Turn:
    words = {name: storable(getattr(turn, name)) for name in ("user_text", "reply", "mode", "model", "notice")}
    return replace(turn, **words)


def test_any_turn_comes_back_as_it_was() -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        store = runner.run(Store.open(Path(folder) / "alisa_memory.db", UTC))

        @given(TURNS)
        def check(turn: Turn) -> None:
            runner.run(store.record(turn))
            assert as_stored(turn) in runner.run(store.on_day(turn.at.date()))
            assert runner.run(store.delete(turn.id))

        check()
        runner.run(store.close())


async def test_ten_thousand_turns_take_one_query_each(
    store: Store, path: Path, turn: MakeTurn, queries: list[str]
) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        turns = [turn(number) for number in range(10_000)]
        other.executemany(
            "INSERT INTO turns VALUES (?, ?, 'default', 'starter', 'done')",
            [(each.id, each.at.strftime("%Y-%m-%d %H:%M:%S.%f")) for each in turns],
        )
        other.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, '')",
            [(each.id, 0, "user", each.user_text, each.user_text, None) for each in turns]
            + [(each.id, 1, "assistant", each.reply, each.reply, "happy") for each in turns],
        )
    assert await store.recent(200) == turns[-200:]
    for ask in (
        store.recent(200),
        store.days(),
        store.on_day(date(2026, 3, 15)),
        store.search("ANSWER 99"),
        store.since(turn(9000).at),
    ):
        queries.clear()
        assert await ask
        assert len(queries) == 1
    queries.clear()
    await store.record(turn(10_001))
    assert len(queries) <= 3, "by primary key: the turn and its messages"


async def test_no_question_sorts_the_whole_memory(store: Store, path: Path, turn: MakeTurn, queries: list[str]) -> None:
    def plan() -> str:
        values = ["2026"] * queries[-1].count("?")
        return " ".join(str(row[3]) for row in raw(path, f"EXPLAIN QUERY PLAN {queries[-1]}", *values))

    await store.record(turn(0))
    await store.recent(10)
    assert plan().startswith("CO-ROUTINE anon_1 SCAN turns SCAN anon_1"), "backwards from the end, to the limit"
    await store.since(turn(0).at)
    assert "INDEX ix_turns_at" in plan()


@pytest.mark.parametrize("forgetful", [False, True])
async def test_a_clock_that_is_set_back_does_not_mix_up_what_was_said(
    path: Path, turn: MakeTurn, forgetful: bool
) -> None:
    said = [turn(number, at=NOON - number * timedelta(days=1)) for number in range(6)]
    memory: Store | Forgetful = Forgetful("No disk.", UTC) if forgetful else await Store.open(path, UTC)
    for each in said:
        await memory.record(each)
    await memory.replace(again := turn(3, at=said[3].at, reply="again"))
    said[3] = again
    if not forgetful:
        await memory.close()
        memory = await Store.open(path, UTC)
    assert await memory.recent(3) == said[3:], "she knows what was said last"
    assert await memory.recent(2, said[3].id) == said[1:3]
    assert await memory.recent(9, said[0].id) == await memory.recent(9, "unknown") == []
    assert await memory.since(NOON - timedelta(days=2)) == said[:3]
    assert (await memory.days())[0] == (NOON.date(), 1)
    await memory.close()


async def test_pages_of_turns_of_which_some_could_not_be_written(store: Store, turn: MakeTurn) -> None:
    said = [turn(number) for number in range(5)]
    for each in said[:3]:
        await store.record(each)
    store._unwritten += [again := turn(1, reply="again"), *said[3:]]
    said[1] = again
    for number, before in enumerate(said):
        assert await store.recent(9, before.id) == said[:number]
