from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from stand_in_runner import StandIn

from alisa_desktop.core.errors import ModelCrashed, ModelTooBig
from alisa_desktop.core.messages import Message, ModelState, Prompt, Role
from alisa_desktop.model import gpu
from alisa_desktop.model.load_plan import Limits

Start = Callable[..., Awaitable[Any]]

HELLO = Prompt((Message(Role.USER, "hello"),))


async def test_what_is_too_big_is_tried_with_half_the_context_by_the_same_runner(
    start: Start, machine: StandIn
) -> None:
    alisa = await start(machine.model, command=machine.has(room=5000), context=16384)
    assert machine.asked() == ["load 16384", "load 8192", "load 4096"]
    assert alisa.model.context_tokens == 4096
    assert len(alisa.processes) == 1
    said = [status.detail for status in alisa.told.all if status.detail]
    assert [context for context in ("8192", "4096") if any(context in one for one in said)] == ["8192", "4096"]
    assert "4096 tokens" in alisa.model.status.detail, "and she goes on to say so"
    assert (await alisa.hear(HELLO)).usage.prompt == 1


async def test_the_context_is_that_of_the_file_and_never_below_the_least(start: Start, machine: StandIn) -> None:
    alisa = await start(machine.model, command=machine.has(room=1, known=5000), context=0, ready=False)
    with pytest.raises(ModelTooBig, match="Too big"):
        await alisa.model.ready()
    assert machine.asked() == ["load 5000", "load 2500", "load 2048"]
    assert alisa.model.gave_up
    alisa = await start(machine.model, command=machine.has(room=1, known=512), context=4096, ready=False)
    with pytest.raises(ModelTooBig):
        await alisa.model.ready()
    assert machine.asked() == ["load 512"]


async def test_a_crash_on_loading_costs_speed_then_context(start: Start, machine: StandIn) -> None:
    alisa = await start(machine.model, command=machine.has(holds=2048), context=8192)
    assert machine.asked() == ["load 8192", "load 8192 safe", "load 4096 safe", "load 2048 safe"]
    assert alisa.model.context_tokens == 2048
    assert machine.model not in alisa.safe_list, "it may have been the context alone"
    assert (await alisa.hear(HELLO)).usage.prompt == 1


@pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed for memory there")
async def test_one_killed_for_memory_gets_less_context_at_once(start: Start, machine: StandIn) -> None:
    alisa = await start(machine.model, command=machine.has(holds=4096, crash="killed"), context=8192)
    assert machine.asked() == ["load 8192", "load 4096"]
    assert alisa.model.context_tokens == 4096


async def test_what_a_file_makes_do_with_is_remembered_for_the_session(start: Start, machine: StandIn) -> None:
    limits: Limits = {}
    await (await start(machine.model, command=machine.has(room=5000), context=8192, limits=limits)).model.close()
    machine.asked()
    again = await start(machine.model, command=machine.has(room=5000), context=8192, limits=limits)
    assert machine.asked() == ["load 4096"]
    assert await again.model.rest()
    await again.model.ready()
    assert machine.asked() == ["load 4096"]
    other = await start(machine.model, command=machine.has(room=5000), context=3000, limits=limits)
    assert machine.asked() == ["load 3000"]
    assert other.model.context_tokens == 3000
    assert list(limits) == [machine.model]


async def test_when_nothing_helps_it_gives_up_and_begins_anew_by_the_users_wish(start: Start, machine: StandIn) -> None:
    limits: Limits = {}
    alisa = await start(machine.model, command=machine.has(holds=1), context=8192, ready=False, limits=limits)
    with pytest.raises(ModelCrashed, match="not even with less context"):
        await alisa.model.ready()
    assert machine.asked() == ["load 8192", "load 8192 safe", "load 4096 safe", "load 2048 safe"]
    assert alisa.model.gave_up
    assert alisa.model.status.state is ModelState.FAILED
    assert not limits
    assert not await alisa.model.rest()
    await alisa.model.start()
    with pytest.raises(ModelCrashed):
        await alisa.model.ready()
    assert machine.asked()[0] == "load 8192 safe"


async def test_when_there_is_room_again_it_may_have_all(start: Start, machine: StandIn) -> None:
    alisa = await start(machine.model, command=machine.has(room=5000), context=8192)
    assert alisa.model.makes_do
    assert await alisa.model.rest()
    alisa.model.want_all()
    assert not alisa.model.makes_do
    machine.asked()
    await alisa.model.ready()
    assert machine.asked() == ["load 8192", "load 4096"]
    roomy = await start(machine.model, command=machine.has(), context=8192)
    assert not roomy.model.makes_do


# The graphics card


async def test_a_card_is_tried_once_and_remembered(start: Start, machine: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "profile" / "gpu.json"
    command = machine.has(card="card 1", probe=9)
    alisa = await start(machine.model, command=command, context=4096, gpu_file=file)
    assert machine.asked() == ["probe 4096", "load 4096 card"]
    assert len(alisa.processes) == 3, "one to ask, one to try, one to talk"
    await start(machine.model, command=command, context=4096, gpu_file=file)
    assert machine.asked() == ["load 4096 card"]
    await start(machine.model, command=machine.has(card="card 2", probe=0), context=4096, gpu_file=file)
    assert machine.asked() == ["probe 4096", "load 4096"], "another card is another matter"
    await start(machine.model, command=command, context=4096)
    assert machine.asked() == ["load 4096"], "and nobody who doesn't want it has it tried"


@pytest.mark.parametrize("probe", ["crash", "hang", "error", 0])
async def test_whatever_goes_wrong_with_a_card_means_the_processor(
    start: Start, machine: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: object
) -> None:
    monkeypatch.setattr(gpu, "PATIENCE", 1.0 if probe == "hang" else 60.0)
    file = tmp_path / "gpu.json"
    for _ in range(2):
        alisa = await start(machine.model, command=machine.has(card="card", probe=probe), context=4096, gpu_file=file)
        assert alisa.model.status.detail == ""
    loads = [line for line in machine.asked() if line.startswith("load")]
    assert loads == ["load 4096", "load 4096"]


async def test_a_card_that_crashes_when_it_matters_is_left_alone_from_then_on(
    start: Start, machine: StandIn, tmp_path: Path
) -> None:
    command, file = machine.has(card="card", probe=9, bad_card=True), tmp_path / "gpu.json"
    alisa = await start(machine.model, command=command, context=2048, gpu_file=file)
    assert machine.asked() == ["probe 2048", "load 2048 card", "load 2048 safe card", "load 2048 safe"]
    assert "processor" in alisa.model.status.detail
    await start(machine.model, command=command, context=2048, gpu_file=file)
    [again] = machine.asked()
    assert "card" not in again


async def test_closing_while_a_card_is_tried_leaves_nothing(start: Start, machine: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    command = machine.has(card="card", probe="hang")
    alisa = await start(machine.model, command=command, context=2048, gpu_file=file, ready=False)
    async with asyncio.timeout(60):
        while len(alisa.processes) < 2:
            await asyncio.sleep(0.01)  # polls until it is tried
    await alisa.model.close()
    assert not file.exists(), "nothing was found out"
