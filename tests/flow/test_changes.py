"""Changes while she runs, and what must not get lost or be left behind when she quits in the middle of one."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from listening import Listener
from pydantic import SecretStr

from alisa_desktop import engine as engine_module
from alisa_desktop.core.events import HistoryChanged, NoticeRaised, ReplyText
from alisa_desktop.core.log import start_logging
from alisa_desktop.core.messages import Outcome
from alisa_desktop.settings.schema import ModelSource, Settings

SLOW = {"text": "word " * 500, "delay_ms": 20}


async def test_the_last_change_is_saved_when_she_quits_at_once(open_engine: Any, script: Callable[..., Path]) -> None:
    async with open_engine(scripted=script({"text": "x"})) as engine:
        for height in range(100, 120):
            engine.change(Settings(avatar_height=height))
        await asyncio.sleep(0)  # the tasks that wait for the saving have begun
    assert json.loads(engine.paths.settings.read_text())["avatar_height"] == 119


async def test_a_mode_that_is_gone_does_not_keep_other_changes_from_following(
    open_engine: Any, profile: Path, script: Callable[..., Path]
) -> None:
    profile.mkdir()
    (profile / "settings.json").write_text('{"mode": "gone", "endpoint_on": false}')
    async with open_engine(scripted=script({"text": "x"}), endpoint=True) as engine:
        engine.notices.clear()
        heard = Listener(engine.bus)
        addresses: asyncio.Queue[str] = asyncio.Queue()
        engine.on_endpoint = lambda address, trouble: addresses.put_nowait(address)
        engine.change(engine.settings.model_copy(update={"endpoint_on": True, "endpoint_port": 18765}))
        assert (await asyncio.wait_for(addresses.get(), 20)).startswith("ws://")
        assert not heard.of(NoticeRaised)


async def test_quitting_in_the_middle_of_a_change_of_model_leaves_nothing_behind(open_engine: Any) -> None:
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("tell me a story")
        await heard.until(lambda event: isinstance(event, ReplyText) and event.turn == turn)
        engine.change(Settings(model_source=ModelSource.FILE, model_file=str(engine.paths.starter_model)))
        await asyncio.sleep(0)


async def test_a_key_is_kept_once_and_forgotten_when_it_is_cleared(
    open_engine: Any, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, str]] = []
    monkeypatch.setattr(engine_module, "keep_key", lambda server, key: kept.append((server, key)) or True)
    first = Settings(server_key=SecretStr("K"), server_url="http://one/v1")
    second = first.model_copy(update={"avatar_height": 200})
    third = second.model_copy(update={"server_key": SecretStr("")})
    fourth = third.model_copy(update={"server_url": "http://two/v1"})
    async with open_engine(scripted=script({"text": "x"})) as engine:
        for settings in (first, second, third, fourth):
            before = engine.settings
            engine.settings = settings
            await engine._follow(before, settings)
    assert kept == [("http://one/v1", "K"), ("http://one/v1", "")]


async def test_an_address_that_a_crash_left_behind_goes_away(
    open_engine: Any, profile: Path, script: Callable[..., Path]
) -> None:
    profile.mkdir()
    (profile / "settings.json").write_text('{"endpoint_on": false}')
    (profile / "endpoint.json").write_text('{"address": "ws://127.0.0.1:8000/ws/chat", "port": 8000, "pid": 1}')
    async with open_engine(scripted=script({"text": "x"}), endpoint=False) as engine:
        assert engine.paths.endpoint.exists(), "one that serves nothing leaves it to the one that does"
    async with open_engine(scripted=script({"text": "x"}), endpoint=True) as engine:
        assert not engine.paths.endpoint.exists()


async def test_a_turn_that_is_being_answered_again_can_be_forgotten(
    open_engine: Any, script: Callable[..., Path]
) -> None:
    async with open_engine(scripted=script({"text": "ok"}, SLOW)) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("my secret is 4711")
        assert (await heard.finished(turn)).outcome is Outcome.DONE
        count = len(heard.events)
        engine.conversation.regenerate()
        await heard.until(lambda event: isinstance(event, ReplyText) and event in heard.events[count:])
        await engine.forget(turn)
        assert await engine.memory.recent(5) == []


async def test_what_could_not_be_forgotten_on_disk_is_out_of_the_talk_all_the_same(
    open_engine: Any, script: Callable[..., Path]
) -> None:
    async with open_engine(scripted=script({"text": "ok"})) as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("my secret is 4711"))
        with closing(sqlite3.connect(engine.paths.database)) as other:
            other.execute("BEGIN")
            other.execute("SELECT * FROM turns").fetchall()  # a reader holds on to the log
            engine.spawn(engine.forget())
            told = await heard.until(lambda event: isinstance(event, NoticeRaised))
        assert "traces" in told.text or "Another program" in told.text
        assert heard.of(HistoryChanged)
        assert engine.conversation.regenerate() is None


async def test_no_word_reaches_the_log_even_when_the_database_is_broken(
    open_engine: Any, profile: Path, script: Callable[..., Path]
) -> None:
    start_logging(profile / "logs")
    try:
        async with open_engine(scripted=script({"text": "answer 4712"})) as engine:
            heard = Listener(engine.bus)
            await heard.finished(engine.conversation.say("first"))
            with closing(sqlite3.connect(engine.paths.database)) as other:
                other.execute("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END")
            await heard.finished(engine.conversation.say("secret 4711"))
            with closing(sqlite3.connect(engine.paths.database)) as other:
                other.execute("ALTER TABLE messages RENAME TO letters")
            engine.spawn(engine.memory.search("needle 4713"))
            await asyncio.sleep(0)
            await engine.memory.days()
        written = (profile / "logs" / "alisa.log").read_text(encoding="utf-8")
        assert "Error" in written
        assert not [word for word in ("4711", "4712", "4713") if word in written]
    finally:
        start_logging(None)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
async def test_a_fresh_profile_is_the_user_s_alone(
    open_engine: Any, profile: Path, script: Callable[..., Path]
) -> None:
    before = os.umask(0o022)
    try:
        start_logging(profile / "logs")
        async with open_engine(scripted=script({"text": "x"}), endpoint=True):
            assert stat.S_IMODE(profile.stat().st_mode) == 0o700
    finally:
        start_logging(None)
        os.umask(before)
