"""The way of a message through the whole engine, on the real starter model and a real database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from listening import Listener

from alisa_desktop.core.events import EmotionChanged, ModelChanged, NoticeRaised, ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.core.messages import Emotion, ModelState, Outcome
from alisa_desktop.settings.schema import ModelSource, Settings

TALK = (
    "hi alisa", "how are you?", "i'm so tired", "tell me a joke", "what can you do?",
    "thank you", "you're cute", "tell me a story about a lonely robot", "go on", "good night",
)  # fmt: skip


@pytest.mark.parametrize("mode", ["default", "study", "chill", "creative"])
async def test_ten_turns_in_each_mode_on_the_real_model(open_engine: Any, mode: str) -> None:
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        engine.conversation.set_mode(mode)
        for text in TALK:
            turn = engine.conversation.say(text)
            reply = await heard.finished(turn)
            assert reply.outcome is Outcome.DONE
            assert reply.text
            assert heard.text(turn) == reply.text
            assert "<" not in reply.text
        turns = await engine.memory.recent(100)
        assert [turn.user_text for turn in turns] == list(TALK)
        assert {turn.mode for turn in turns} == {mode}
        assert all(turn.model for turn in turns)
        first = heard.of(UserSpoke)[0].turn
        order = [type(event) for event in heard.events if getattr(event, "turn", "") == first]
        assert order[:2] == [UserSpoke, EmotionChanged]
        assert order[-1] is ReplyFinished


async def test_she_remembers_over_a_restart(open_engine: Any) -> None:
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("Hi, I'm Leo"))
        engine.conversation.set_mode("chill")
    async with open_engine() as engine:
        assert engine.conversation.mode.name == "chill"
        assert [turn.user_text for turn in await engine.memory.recent(5)] == ["Hi, I'm Leo"]
        heard = Listener(engine.bus)
        again = engine.conversation.regenerate()
        assert again
        assert (await heard.finished(again)).outcome is Outcome.DONE
        assert len(await engine.memory.recent(5)) == 1, "a regenerated reply takes the old one's place"


async def test_killing_the_runner_in_mid_reply_costs_one_reply_and_nothing_else(
    open_engine: Any, endless: Path
) -> None:
    async with open_engine(model=endless) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("Talk for as long as you can.")
        await heard.until(lambda event: isinstance(event, ReplyText) and event.turn == turn)
        [runner] = psutil.Process().children()
        runner.kill()
        reply = await heard.finished(turn)
        assert reply.outcome is Outcome.FAILED
        assert reply.emotion is Emotion.SAD
        assert reply.notice
        assert heard.text(turn).endswith(reply.notice)
        [stored] = await engine.memory.recent(5)
        assert stored.user_text == "Talk for as long as you can."
        assert stored.outcome is Outcome.FAILED

        second = engine.conversation.say("And now?")
        await heard.until(lambda event: isinstance(event, ReplyText) and event.turn == second)
        engine.conversation.stop()
        assert (await heard.finished(second)).outcome is Outcome.STOPPED
        assert [turn.outcome for turn in await engine.memory.recent(5)] == [Outcome.FAILED, Outcome.STOPPED]


async def test_a_missing_model_is_told_in_one_sentence_and_another_one_can_be_chosen(
    open_engine: Any, tmp_path: Path
) -> None:
    async with open_engine(model=tmp_path / "nowhere.gguf") as engine:
        heard = Listener(engine.bus)
        reply = await heard.finished(engine.conversation.say("hello?"))
        assert reply.outcome is Outcome.FAILED
        assert "Settings" in reply.notice
        assert engine.model_status.state is ModelState.MISSING


async def test_the_model_changes_with_the_settings_while_the_talk_goes_on(open_engine: Any, tmp_path: Path) -> None:
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("hi alisa"))
        starter = engine.model_status.name
        copy = tmp_path / "Jérôme 田中.gguf"
        copy.write_bytes(engine.paths.starter_model.read_bytes())
        engine.change(Settings(model_source=ModelSource.FILE, model_file=str(tmp_path / "gone.gguf")))
        await heard.until(lambda event: isinstance(event, ModelChanged) and event.status.state is ModelState.MISSING)
        engine.change(Settings(model_source=ModelSource.FILE, model_file=str(copy)))
        count = len(heard.events)
        await heard.until(
            lambda event: (
                isinstance(event, ModelChanged)
                and event.status.state is ModelState.READY
                and event in heard.events[count:]
            )
        )
        assert (await heard.finished(engine.conversation.say("thank you"))).outcome is Outcome.DONE
        assert engine.model_status.name == starter
    async with open_engine() as engine:
        assert engine.settings.model_file == str(copy)


async def test_a_damaged_database_is_put_aside_and_told(open_engine: Any, profile: Path) -> None:
    profile.mkdir(parents=True)
    (profile / "alisa_memory.db").write_bytes(b"<html>not a database</html>" * 200)
    async with open_engine() as engine:
        assert any("alisa_memory.damaged" in notice for notice in engine.notices)
        heard = Listener(engine.bus)
        assert (await heard.finished(engine.conversation.say("hi alisa"))).outcome is Outcome.DONE
    [kept] = profile.glob("alisa_memory.damaged-*.db")
    assert kept.read_bytes().startswith(b"<html>")


async def test_a_database_that_fills_up_is_told_once_and_the_talk_goes_on(
    open_engine: Any, script: Callable[..., Path]
) -> None:
    async with open_engine(scripted=script({"text": "word " * 4000})) as engine:
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("fill it"))
        with closing(sqlite3.connect(engine.paths.database)) as other:
            other.execute("BEGIN EXCLUSIVE")  # nobody else can write while this lasts
            replies = [await heard.finished(engine.conversation.say(f"more {i}")) for i in range(2)]
        assert {reply.outcome for reply in replies} == {Outcome.DONE}
        assert len(heard.of(NoticeRaised)) == 1
        await heard.finished(engine.conversation.say("room again"))
        assert len(await engine.memory.recent(10)) == 4, "nothing is lost"


async def test_forgetting_takes_it_out_of_memory_and_talk(open_engine: Any, script: Callable[..., Path]) -> None:
    async with open_engine(scripted=script({"text": "Yes."})) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("my secret is 4711")
        await heard.finished(turn)
        await engine.forget(turn)
        assert await engine.memory.recent(5) == []
        assert engine.conversation.regenerate() is None
    assert b"4711" not in engine.paths.database.read_bytes()


async def test_closing_in_mid_reply_stores_what_was_said(open_engine: Any, script: Callable[..., Path]) -> None:
    async with open_engine(scripted=script({"text": "word " * 500, "delay_ms": 20})) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("talk")
        await heard.until(lambda event: isinstance(event, ReplyText))
    assert [event.outcome for event in heard.of(ReplyFinished)] == [Outcome.STOPPED]
    async with open_engine(scripted=script({"text": "x"})) as engine:
        [stored] = await engine.memory.recent(5)
    assert (stored.id, stored.outcome) == (turn, Outcome.STOPPED)
    assert stored.reply.startswith("word")


async def test_three_thousand_tokens_of_the_past_are_loaded_in_whole_turns(
    open_engine: Any, script: Callable[..., Path]
) -> None:
    async with open_engine(scripted=script({"text": "word " * 100}, context=16000)) as engine:
        heard = Listener(engine.bus)
        for number in range(40):
            await heard.finished(engine.conversation.say(f"message {number}"))
    async with open_engine(scripted=script({"text": "ok"}, context=16000)) as engine:
        counted: list[int] = []
        seen: list[int] = []
        model = engine.mind.model
        count, stream = model.count, model.stream

        async def counting(messages: Any) -> int:
            counted.append(await count(messages))
            return counted[-1]

        def streaming(prompt: Any) -> Any:
            seen.append(len(prompt.messages))
            assert prompt.messages[1].role == "user"
            return stream(prompt)

        model.count, model.stream = counting, streaming  # type: ignore[method-assign]
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("still there?"))
        alone, used = min(counted), await count(())
        assert used <= alone
        assert 10 < seen[0] < 80
        assert seen[0] % 2 == 0, "system, whole turns, and the new message"


async def test_a_message_longer_than_the_context_gets_an_answer_and_no_crash(open_engine: Any) -> None:
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        reply = await heard.finished(engine.conversation.say("lorem ipsum " * 2000))
        assert reply.outcome is Outcome.FAILED
        assert "smaller pieces" in reply.notice
        assert (await heard.finished(engine.conversation.say("thank you"))).outcome is Outcome.DONE
        await heard.finished(engine.conversation.say("lorem ipsum " * 2000))
    async with open_engine() as engine:
        lengths: list[int] = []
        stream = engine.mind.model.stream
        engine.mind.model.stream = lambda prompt: (lengths.append(len(prompt.messages)), stream(prompt))[1]
        heard = Listener(engine.bus)
        await heard.finished(engine.conversation.say("still there?"))
        assert lengths == [4], "system, the turn that was read, and the new message"


async def test_the_crisis_answer_does_not_need_a_model(open_engine: Any, tmp_path: Path) -> None:
    async with open_engine(model=tmp_path / "nowhere.gguf") as engine:
        heard = Listener(engine.bus)
        reply = await heard.finished(engine.conversation.say("i don't want to live anymore"))
        assert reply.outcome is Outcome.DONE
        assert reply.emotion is Emotion.SERIOUS
        assert "988" in reply.text


async def test_two_things_said_quickly_are_answered_in_order(open_engine: Any, script: Callable[..., Path]) -> None:
    async with open_engine(scripted=script({"text": "word " * 50, "delay_ms": 5})) as engine:
        heard = Listener(engine.bus)
        turns = [engine.conversation.say(f"number {i}") for i in range(5)]
        await asyncio.gather(*(heard.finished(turn) for turn in turns))
        assert [event.turn for event in heard.of(ReplyFinished)] == turns
        assert [event.outcome for event in heard.of(ReplyFinished)] == [Outcome.STOPPED] * 4 + [Outcome.DONE]


async def test_a_profile_that_can_t_be_written_is_told_and_the_talk_goes_on(
    open_engine: Any, profile: Path, script: Callable[..., Path]
) -> None:
    profile.write_text("a file where the folder should be")  # not even root can make a folder of it
    async with open_engine(scripted=script({"text": "Still here."})) as engine:
        assert any("remember only this session" in notice for notice in engine.notices)
        heard = Listener(engine.bus)
        turn = engine.conversation.say("hello")
        assert (await heard.finished(turn)).outcome is Outcome.DONE
        assert [turn.user_text for turn in await engine.memory.recent(5)] == ["hello"]
        engine.conversation.set_mode("study")
        told = await heard.until(lambda event: isinstance(event, NoticeRaised))
        assert "can't save the settings" in told.text


async def test_forgetting_everything_stops_the_reply_under_way_and_forgets_it_too(
    open_engine: Any, script: Callable[..., Path]
) -> None:
    async with open_engine(scripted=script({"text": "word " * 500, "delay_ms": 20})) as engine:
        heard = Listener(engine.bus)
        engine.conversation.say("talk")
        await heard.until(lambda event: isinstance(event, ReplyText))
        await engine.forget()
        assert len(heard.of(ReplyFinished)) == 1
        assert await engine.memory.recent(5) == []


async def test_quitting_does_not_wait_for_a_model_that_hangs_to_stop_its_reply(
    open_engine: Any, endless: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("alisa_desktop.model.llama.CANCEL_SECONDS", 2.0)
    monkeypatch.setattr("alisa_desktop.model.supervisor.GRACE_SECONDS", 4.0)
    async with open_engine(model=endless) as engine:
        heard = Listener(engine.bus)
        turn = engine.conversation.say("Talk for as long as you can.")
        await heard.until(lambda event: isinstance(event, ReplyText))
        [runner] = psutil.Process().children()
        runner.suspend()
    assert (await heard.finished(turn)).outcome is Outcome.STOPPED
    assert "did not stop its reply" not in caplog.text


async def test_the_model_may_change_twice_while_she_speaks(open_engine: Any, endless: Path, tmp_path: Path) -> None:
    chosen = Settings(model_source=ModelSource.FILE, model_file=str(endless))
    async with open_engine() as engine:
        heard = Listener(engine.bus)
        engine.change(chosen)
        await heard.until(
            lambda event: (
                isinstance(event, ModelChanged)
                and event.status.name.startswith("Tiny")
                and event.status.state is ModelState.READY
            )
        )
        turn = engine.conversation.say("talk as long as you can")
        await heard.until(lambda event: isinstance(event, ReplyText) and event.turn == turn)
        engine.change(Settings(model_source=ModelSource.FILE, model_file=str(tmp_path / "gone.gguf")))
        engine.change(Settings())
        later = engine.conversation.say("thank you")
        assert (await heard.finished(turn)).outcome is Outcome.STOPPED
        await heard.finished(later)
        await heard.until(
            lambda event: (
                isinstance(event, ModelChanged)
                and event.status.name == "Starter brain"
                and event.status.state is ModelState.READY
            )
        )
        async with asyncio.timeout(60):  # the old one goes when the new one has taken over
            while len(psutil.Process().children()) > 1:
                await asyncio.sleep(0.02)
        assert (await heard.finished(engine.conversation.say("hi alisa"))).outcome is Outcome.DONE
