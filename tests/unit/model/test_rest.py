from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from alisa_desktop.core.errors import ModelCrashed
from alisa_desktop.core.messages import Chunk, Message, ModelState, Occasion, Prompt, Role, Sampling
from alisa_desktop.model.kept_state import LEAST_TOKENS

Start = Callable[..., Awaitable[Any]]

PERSONA = Message(Role.SYSTEM, "You are Alisa. " + "She likes tea and rain, and says so in short sentences. " * 12)
SMALL_TOO = [
    sys.executable,
    "-c",
    "import sys; from alisa_desktop.model import runner; runner.SMALL_MODEL = 0; sys.exit(runner.main())",
]
"""A runner that keeps states of small models, too."""


def ask(*words: str, tokens: int = 6) -> Prompt:
    roles = [Role.USER, Role.ASSISTANT] * len(words)
    said = (Message(role, text) for role, text in zip(roles, words, strict=False))
    return Prompt((PERSONA, *said), Sampling(temperature=0, max_tokens=tokens))


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


async def test_at_rest_there_is_no_process_and_a_word_wakes_it(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    assert alisa.model.use.memory_bytes > 10_000_000
    first = await alisa.hear(ask("hello"))
    assert await alisa.model.rest()
    assert gone(alisa.processes[0])
    assert alisa.model.status.state is ModelState.RESTING
    assert alisa.model.use.memory_bytes == 0
    assert alisa.model.context_tokens == 2048, "still known"
    assert not await alisa.model.rest(), "it does already"
    again = await alisa.hear(ask("hello"))
    assert again.text == first.text
    assert [status.state for status in alisa.told.all if status.state is not ModelState.LOADING] == [
        ModelState.READY,
        ModelState.RESTING,
        ModelState.READY,
    ]
    assert len(alisa.processes) == 2


async def test_every_request_wakes_it_and_so_does_the_wish(start: Start, starter: Path) -> None:
    alisa = await start(starter)
    model = alisa.model
    for request in (
        model.ready,
        lambda: model.count([PERSONA]),
        lambda: model.notes(Occasion("hello", "default")),
        model.wake,
    ):
        assert await model.rest()
        await request()
        await model.ready()
        assert model.status.state is ModelState.READY
    await model.wake()
    assert len(alisa.processes) == 5, "waking what is awake does nothing"


async def test_it_does_not_rest_while_it_loads_or_has_something_to_do(start: Start, endless: Path) -> None:
    alisa = await start(endless, context=8192, ready=False)
    assert not await alisa.model.rest()
    await alisa.model.ready()
    counting = asyncio.create_task(alisa.model.count([PERSONA]))
    await asyncio.sleep(0)
    assert not await alisa.model.rest()
    await counting
    stream = alisa.model.stream(ask("talk on", tokens=0))
    assert isinstance(await anext(stream), Chunk)
    assert not await alisa.model.rest()
    await stream.aclose()
    assert await alisa.model.rest()
    assert len(alisa.processes) == 1


async def test_words_that_come_while_it_goes_to_rest_are_answered(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    for number in range(1, 4):
        resting, heard, counted = await asyncio.gather(
            alisa.model.rest(), alisa.hear(ask("hello")), alisa.model.count([PERSONA])
        )
        assert resting
        assert heard.usage.reply == 6
        assert counted
        assert alisa.model.status.state is ModelState.READY
        assert len(alisa.processes) == number + 1
        assert gone(alisa.processes[-2])
        assert alisa.model._supervisor._crashes == 0


async def test_words_that_wait_for_it_are_not_lost_to_a_rest_right_after_loading(start: Start, endless: Path) -> None:
    """It is asked to rest in the moment in which it is ready, before whoever waited for that has said a word."""
    alisa = await start(endless, ready=False)
    resting: list[asyncio.Task[bool]] = []

    def rest_at_once(status: Any) -> None:
        if status.state is ModelState.READY and not resting:
            resting.append(asyncio.create_task(alisa.model.rest()))

    alisa.model._supervisor._on_status = rest_at_once
    counted = [asyncio.create_task(alisa.model.count([PERSONA])) for _ in range(3)]
    heard = await alisa.hear(ask("hello"))
    assert heard.usage.reply == 6
    assert len({await one for one in counted}) == 1
    await resting[0]
    assert alisa.model.status.state is ModelState.READY


async def test_closing_at_rest_or_on_the_way_there_leaves_nothing(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    assert await alisa.model.rest()
    await alisa.model.close()
    with pytest.raises(ModelCrashed, match="switched off"):
        await alisa.model.ready()
    await alisa.model.wake()
    assert len(alisa.processes) == 1, "who was closed is not woken"

    await alisa.model.start()
    await alisa.model.ready()
    await asyncio.gather(alisa.model.rest(), alisa.model.close())
    assert gone(alisa.processes[-1])

    await alisa.model.start()
    await alisa.model.ready()
    resting = asyncio.create_task(alisa.model.rest())
    await asyncio.sleep(0)
    await alisa.model.wake()
    await alisa.model.close()
    assert await resting
    assert all(gone(pid) for pid in alisa.processes)


async def test_a_rest_that_is_cancelled_still_ends_in_rest(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    resting = asyncio.create_task(alisa.model.rest())
    await asyncio.sleep(0)
    resting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resting
    assert (await alisa.hear(ask("hello"))).usage.reply == 6


async def test_resting_forgives_crashes_and_is_none(start: Start, endless: Path) -> None:
    alisa = await start(endless)
    for _ in range(2):
        alisa.told.all.clear()
        psutil.Process(alisa.processes[-1]).kill()
        await alisa.told.until(lambda status: status.state is not ModelState.READY)
        await alisa.model.ready()
    assert await alisa.model.rest()
    await alisa.model.ready()
    psutil.Process(alisa.processes[-1]).kill()
    alisa.told.all.clear()
    await alisa.told.until(lambda status: status.state is ModelState.LOADING)
    assert (await alisa.hear(ask("hello"))).usage.reply == 6
    assert not alisa.model.gave_up


# What was read of the persona


async def test_after_waking_the_persona_comes_from_the_disk(start: Start, tmp_path: Path, endless: Path) -> None:
    states = tmp_path / "states"
    alisa = await start(endless, command=SMALL_TOO, state_folder=states)
    first = await alisa.hear(ask("hello"))
    assert first.usage.decoded == first.usage.prompt > LEAST_TOKENS
    assert await alisa.model.rest()
    assert [path.suffix for path in states.iterdir()] == [".state"]
    after = await alisa.hear(ask("hello", first.text, "and you?"))
    assert after.usage.decoded < 60
    assert alisa.model.use.reused > 0.9

    another = await start(endless, command=SMALL_TOO, state_folder=states)
    assert (await another.hear(ask("hello"))).usage.decoded < 40, "and after a new start"
    other_size = await start(endless, command=SMALL_TOO, state_folder=states, context=1024)
    assert (await other_size.hear(ask("hello"))).usage.decoded > LEAST_TOKENS


async def test_small_models_and_unwritable_folders_do_without(start: Start, tmp_path: Path, endless: Path) -> None:
    alisa = await start(endless, state_folder=tmp_path / "states")
    await alisa.hear(ask("hello"))
    assert await alisa.model.rest()
    assert not (tmp_path / "states").exists()
    (tmp_path / "states").write_text("in the way")
    alisa = await start(endless, command=SMALL_TOO, state_folder=tmp_path / "states")
    for _ in range(2):
        assert (await alisa.hear(ask("hello"))).usage.decoded > LEAST_TOKENS
        assert await alisa.model.rest()


async def test_a_state_that_kills_the_runner_does_so_once(start: Start, tmp_path: Path, endless: Path) -> None:
    states = tmp_path / "states"
    alisa = await start(endless, command=SMALL_TOO, state_folder=states)
    await alisa.hear(ask("hello"))
    await alisa.model.close()
    deadly = SMALL_TOO[2].replace(
        "runner.SMALL",
        "native = runner.NativeModel; import os; native.restore = lambda *_: os._exit(3); runner.SMALL",
    )
    alisa = await start(endless, command=[*SMALL_TOO[:2], deadly], state_folder=states)
    with pytest.raises(ModelCrashed, match="say it once more"):
        await alisa.hear(ask("hello"))
    assert (await alisa.hear(ask("hello"))).usage.reply == 6
    assert len(alisa.processes) == 2


async def test_the_next_words_do_not_wait_for_the_state_to_be_written(
    start: Start, tmp_path: Path, endless: Path
) -> None:
    alisa = await start(endless, command=SMALL_TOO, state_folder=tmp_path / "states")
    both = await asyncio.gather(alisa.hear(ask("one")), alisa.hear(ask("two")))
    assert [heard.usage.reply for heard in both] == [6, 6]
    assert both[1].usage.decoded < 40


# How it does


async def test_it_tells_how_it_does(start: Start, endless: Path) -> None:
    asked: list[int] = []

    def threads() -> int:
        asked.append(1)
        return 1

    alisa = await start(endless, threads=threads)
    use = alisa.model.use
    assert (use.context_used, use.context_tokens, use.tokens_per_second, use.reused) == (0, 2048, 0.0, 0.0)
    heard = await alisa.hear(ask("hello", tokens=12))
    use = alisa.model.use
    assert use.context_used == heard.usage.prompt + 12
    assert use.tokens_per_second > 0
    assert use.reused == 0.0
    assert use.memory_bytes > 0
    await alisa.hear(ask("hello"))
    assert alisa.model.use.reused > 0.99
    assert len(asked) == 1
    assert await alisa.model.rest()
    await alisa.model.ready()
    assert len(asked) == 2, "asked at every start"
