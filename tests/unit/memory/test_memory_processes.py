import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from alisa_desktop.core.messages import Turn
from alisa_desktop.memory.database import open_database
from alisa_desktop.memory.store import Store

MakeTurn = Callable[..., Turn]

OTHER = """
import asyncio, json, sys
from pathlib import Path
from alisa_desktop.memory.store import Store

async def main():
    store = await Store.open(Path(sys.argv[1]))
    try:
        match sys.argv[2]:
            case "read":
                print(json.dumps([turn.reply for turn in await store.recent(10**6)]))
            case "forget":
                print(await store.forget_all())
            case "write":
                for turn in await store.recent(5):
                    await store.replace(turn)
                print(len(await store.recent(10**6)))
    finally:
        await store.close()

asyncio.run(main())
"""


async def other_process(path: Path, task: str) -> object:
    command = ("-X", "utf8", "-W", "error", "-c", OTHER, str(path), task)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)


async def test_another_process_reads_while_she_writes(store: Store, path: Path, turn: MakeTurn) -> None:
    await store.record(turn(0))
    reading = asyncio.create_task(other_process(path, "read"))
    number = 0
    while not reading.done():
        number += 1
        await store.record(turn(number))
    seen = await reading
    assert seen == [f"answer {each}" for each in range(len(seen))], "whole turns, in order"
    assert len(seen) >= 1
    assert await other_process(path, "read") == [f"answer {each}" for each in range(number + 1)]


async def test_two_processes_write(store: Store, path: Path, turn: MakeTurn) -> None:
    await store.record(turn(0))
    writing = asyncio.create_task(other_process(path, "write"))
    number = 0
    while not writing.done():
        number += 1
        await store.record(turn(number))
    await writing
    assert len(await store.recent(10**6)) == number + 1


async def test_another_process_forgets(store: Store, path: Path, turn: MakeTurn) -> None:
    await store.record(turn(0, reply="secret"))
    assert await other_process(path, "forget") == 1
    assert await store.recent(9) == []
    await store.record(turn(1))
    assert await store.recent(9) == [turn(1)]
    assert b"secret" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_two_processes_make_the_database_at_once(path: Path) -> None:
    path.parent.mkdir(parents=True)
    assert await asyncio.gather(other_process(path, "read"), other_process(path, "read")) == [[], []]


def test_many_switch_to_writing_ahead_at_once(path: Path) -> None:
    """SQLite refuses one of two that switch together, without waiting."""

    def open_and_close(_: int) -> str:
        engine, notice = open_database(path)
        engine.dispose()
        return notice

    open_and_close(0)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(100):
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
            assert list(threads.map(open_and_close, range(4))) == [""] * 4
