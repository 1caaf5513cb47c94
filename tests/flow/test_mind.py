"""Choosing what she thinks with: what fails, what is chosen meanwhile, and quitting in the middle of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from listening import Listener
from tiny_gguf import write_tiny_gguf

from alisa_desktop import library as library_module
from alisa_desktop.core.brains import Brain
from alisa_desktop.core.events import NoticeRaised
from alisa_desktop.host.hardware import look
from alisa_desktop.settings.schema import ModelSource

FOLLOWING = ("_follow", "_follow_mind", "_step_down")


def write_broken(path: Path) -> Path:
    """A model whose header is right and whose weights have a name that nobody knows."""
    write_tiny_gguf(path)
    path.write_bytes(path.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_x.weight"))
    return path


def choose(profile: Path, **settings: Any) -> None:
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "settings.json").write_text(json.dumps(settings))


async def notices(heard: Listener, count: int) -> list[str]:
    await heard.until(lambda _: len(heard.of(NoticeRaised)) >= count)
    return [notice.text for notice in heard.of(NoticeRaised)]


async def settled(engine: Any) -> None:
    """Until every change has been followed, and every change that came of one.

    The tasks tell it, not the locks: one is free for a moment between who leaves it and who waits for it.
    """
    async with asyncio.timeout(60):
        while following := [task for task in engine._tasks if task.get_coro().__name__ in FOLLOWING]:
            await asyncio.wait(following)


async def test_a_file_that_fails_is_taken_out_of_the_settings_and_what_was_chosen_meanwhile_is_kept(
    open_engine: Any, tmp_path: Path
) -> None:
    broken, good = write_broken(tmp_path / "broken.gguf"), write_tiny_gguf(tmp_path / "good.gguf")
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        await engine.import_brain(broken)
        engine.change(engine.settings.model_copy(update={"server_model": "typed meanwhile"}))
        assert "I go on with" in (await notices(heard, 1))[0]
        await settled(engine)
        assert engine.mind.is_starter
        assert engine.settings.model_source is ModelSource.BUILTIN
        assert engine.settings.server_model == "typed meanwhile"
        await engine.import_brain(broken)
        await engine.import_brain(good)
        await settled(engine)
        assert (engine.mind.file, engine.settings.model_file) == (good, str(good))


async def test_with_a_stand_in_another_failure_costs_one_notice_and_the_choice_can_be_made_again(
    open_engine: Any, profile: Path, tmp_path: Path
) -> None:
    gone, broken = tmp_path / "gone.gguf", write_broken(tmp_path / "broken.gguf")
    choose(profile, model_source="file", model_file=str(gone))
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        engine.tell_notices()
        await notices(heard, 1)
        await engine.import_brain(broken)
        await notices(heard, 2)
        await settled(engine)
        assert len(heard.of(NoticeRaised)) == 2
        assert engine.mind.is_starter
        assert engine.settings.model_file == str(gone)
        write_tiny_gguf(gone)
        await engine.import_brain(gone)
        await settled(engine)
        assert engine.mind.file == gone
        assert len(heard.of(NoticeRaised)) == 2


async def test_of_two_choices_the_last_one_counts_however_long_the_first_is_looked_for(
    open_engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = write_tiny_gguf(tmp_path / "first.gguf"), write_tiny_gguf(tmp_path / "last.gguf")
    async with open_engine() as engine:
        theirs = await engine.library.add(first)
        ours = await engine.library.add(last)
        brains: dict[str, Brain] = {theirs.id: theirs, ours.id: ours}

        async def slow(name: str) -> Brain:
            await asyncio.sleep(0.3 if name == theirs.id else 0)
            return brains[name]

        monkeypatch.setattr(engine.library, "find", slow)
        async with asyncio.TaskGroup() as clicks:
            clicks.create_task(engine.use_brain(theirs.id))
            clicks.create_task(engine.use_brain(ours.id))
        await settled(engine)
        assert engine.settings.model_file == str(last)
        assert engine.mind.file == last


async def test_removing_a_file_that_is_not_in_use_leaves_the_server_she_thinks_with(
    open_engine: Any, profile: Path, tmp_path: Path
) -> None:
    mine = write_tiny_gguf(tmp_path / "mine.gguf")
    choose(profile, model_source="server", model_file=str(mine), server_url="http://127.0.0.1:9", server_model="m")
    async with open_engine() as engine:
        await engine.remove_brain((await engine.library.add(mine)).id)
        assert engine.settings.model_source is ModelSource.SERVER


@pytest.mark.parametrize("errand", ["elsewhere", "offers"])
async def test_quitting_ends_what_looks_around(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch, errand: str, profile: Path
) -> None:
    begun = asyncio.Event()
    ended: list[bool] = []

    def work(stopped: Callable[[], bool]) -> None:
        loop.call_soon_threadsafe(begun.set)
        patience = time.monotonic() + 60
        while not stopped() and time.monotonic() < patience:
            time.sleep(0.01)
        ended.append(stopped())

    def measure(command: Any, threads: int, cwd: Path, cancelled: Any = None) -> None:
        work(cancelled.is_set if cancelled else bool)

    def elsewhere(stopped: Callable[[], bool] = bool) -> tuple[()]:
        work(stopped)
        return ()

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(library_module, "measure", measure)
    monkeypatch.setattr(library_module, "look", lambda _: look(profile))
    async with open_engine() as engine:
        await engine.library.open()
        monkeypatch.setattr(engine.library._shelf, "elsewhere", elsewhere)
        engine.spawn(getattr(engine.library, errand)())
        await begun.wait()
    async with asyncio.timeout(60):
        while not ended:
            await asyncio.sleep(0.01)
    assert ended == [True]
