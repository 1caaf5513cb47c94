"""The examples work as they are, against the real endpoint."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import importlib.util
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import platformdirs
import pytest
from websockets.asyncio.server import ServerConnection, serve

from alisa_desktop.core.errors import MemoryFailed
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.json_frames import PAGE, SUBPROTOCOL, ServerFrame
from alisa_desktop.server.schema import typescript

EXAMPLES = Path(__file__).resolve().parents[2] / "resources" / "examples"
PATIENCE = 20.0


def example(file: str, name: str) -> ModuleType:
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


client = example(str(EXAMPLES / "alisa_client.py"), "alisa_client_example")
houses = example(str(Path(__file__).parents[1] / "unit" / "server" / "conftest.py"), "houses_of_examples")
Alisa = client.Alisa


class Wire:
    """Passes a client's connections on to the endpoint, until it is cut."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.entered = 0
        self.open = asyncio.Event()
        self.open.set()
        self._far = port
        self._ends: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.open.wait()
        self.entered += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
        self._ends += writer, far_writer
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data.replace(f":{self.port}".encode(), f":{self._far}".encode()))
                await target.drain()
        except OSError:
            pass
        finally:
            target.close()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def close(self) -> None:
        self.open.set()
        self.cut()
        self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks)


@dataclass
class Stage:
    """A house, and a wire to it that can be cut."""

    house: Any
    wire: Wire

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.wire.port}/ws/chat"

    @property
    def model(self) -> Any:
        return self.house.model

    @property
    def hub(self) -> Any:
        return self.house.endpoint._serving.hub

    def send_away(self) -> None:
        """The user disconnects whoever is connected."""
        for one in self.hub.clients:
            self.hub.send_away(one.name)


@asynccontextmanager
async def a_stage(policy: AccessPolicy | None = None) -> AsyncIterator[Stage]:
    async with houses.a_house(policy) as house:
        wire = Wire(house.endpoint.port)
        await wire.start()
        try:
            yield Stage(house, wire)
        finally:
            await wire.close()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE", 0.1)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


async def told(alisa: Any, last: Callable[[Any], bool]) -> list[Any]:
    """Everything a listener is told, up to an event."""
    events: list[Any] = []
    async with asyncio.timeout(PATIENCE), aclosing(aiter(alisa)) as stream:
        async for event in stream:
            events.append(event)
            if last(event):
                break
    return events


def is_end(event: Any) -> bool:
    return isinstance(event, client.End)


def words_of(events: list[Any]) -> str:
    return "".join(one.text for one in events if isinstance(one, client.Text))


# talking


async def test_a_reply_comes_word_for_word(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url, name="my overlay") as alisa:
        reply = await alisa.say("hello")
        stage.model.feel("happy")
        words = aiter(reply)
        for one in ("Hi", " there", "!"):
            stage.model.say(one)
            assert await anext(words) == one
        assert not reply.reason
        stage.model.end()
        assert await anext(words, None) is None
        assert (reply.text, reply.emotion, reply.reason, reply.user_text) == ("Hi there!", "happy", "done", "hello")
        assert stage.hub.clients[0].program == "my overlay"


async def test_who_waits_for_the_end_gets_the_whole_reply(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.reply("calm", "One ", "two.")
        reply = await (await alisa.say("count")).finished()
        assert (reply.text, reply.emotion) == ("One two.", "calm")
        assert [words async for words in reply] == ["One two."]


async def test_a_reply_is_stopped(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        reply = await alisa.say("hello")
        stage.model.feel("happy")
        stage.model.say("Half a")
        assert await anext(aiter(reply)) == "Half a"
        await alisa.stop()
        assert (await reply.finished()).reason == "stopped"
        assert reply.text == "Half a"


async def test_a_message_is_answered_again(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.reply("happy", "First.")
        first = await (await alisa.say("hello")).finished()
        stage.model.reply("shy", "Second.")
        second = await (await alisa.regenerate()).finished()
        assert (first.text, second.text) == ("First.", "Second.")
        assert first.turn == second.turn


async def test_a_reply_is_begun_again_while_it_is_under_way(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        first = await alisa.say("hello")
        stage.model.feel("happy")
        stage.model.say("Half a")
        assert await anext(aiter(first)) == "Half a"
        second = await alisa.regenerate()
        stage.model.reply("shy", "Whole.")
        assert (await second.finished()).text == "Whole."
        assert (first.text, first.reason) == ("Half a", "stopped")


async def test_every_one_of_many_hasty_wishes_comes_to_its_end(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.reply("happy", "First.")
        await (await alisa.say("hello")).finished()
        replies = await asyncio.gather(alisa.regenerate(), alisa.regenerate(), alisa.say("well?"), alisa.say("so?"))
        await alisa.stop()
        assert {(await one.finished()).reason for one in replies} == {"stopped"}


async def test_nothing_can_be_answered_again_before_something_was_said(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        with pytest.raises(client.NothingToRegenerate) as raised:
            await alisa.regenerate()
        assert raised.value.code == "nothing_to_regenerate"


async def test_a_failed_reply_says_so(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.feel("happy")
        stage.model.say("Well")
        stage.model.fail(MemoryFailed("It broke."))
        reply = await (await alisa.say("hello")).finished()
        assert (reply.reason, reply.emotion) == ("error", "sad")
        assert reply.message == "It broke."
        assert reply.text.startswith("Well")
        assert reply.text.endswith("It broke.")


async def test_words_without_any_are_refused(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        with pytest.raises(client.Refused, match="write something") as raised:
            await alisa.say("  ")
        assert raised.value.code == "refused"


async def test_the_mode_is_switched(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        assert [mode.name for mode in alisa.now.modes] == ["default", "study", "chill", "creative"]
        await alisa.set_mode("study")
        assert alisa.now.mode == "study"
        with pytest.raises(client.UnknownMode):
            await alisa.set_mode("no such mode")


async def test_the_history_is_read_in_pages(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        for count in range(5):
            stage.model.reply("happy", f"Reply {count}.")
            await (await alisa.say(f"words {count}")).finished()
        page = await alisa.history(limit=3)
        assert [turn.user_text for turn in page.turns] == ["words 2", "words 3", "words 4"]
        assert page.more
        assert (page.turns[0].text, page.turns[0].emotion, page.turns[0].mode) == ("Reply 2.", "happy", "default")
        older = await alisa.history(page.turns[0].turn, 3)
        assert [turn.user_text for turn in older.turns] == ["words 0", "words 1"]
        assert not older.more


async def test_a_page_has_its_limit(stage: Stage) -> None:
    assert client.PAGE == PAGE
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        with pytest.raises(client.Refused) as raised:
            await alisa.history(limit=PAGE + 1)
        assert raised.value.code == "bad_message"


async def test_a_message_that_alisa_does_not_know_is_refused_with_its_code(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        with pytest.raises(client.Refused) as raised:
            await alisa.ask("dance")
        assert raised.value.code == "unknown_type"
        assert await alisa.ask("presence", value="focused")


async def test_many_questions_at_once_get_their_own_answers(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.reply("happy", "Yes.")
        await (await alisa.say("hello")).finished()
        first, wrong, last = await asyncio.gather(
            alisa.history(limit=1), alisa.set_mode("nonsense"), alisa.set_mode("chill"), return_exceptions=True
        )
        assert len(first.turns) == 1
        assert isinstance(wrong, client.UnknownMode)
        assert last is None


# listening


async def test_a_listener_hears_what_others_say_and_how_things_stand(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa, Alisa(stage.url) as other:
        hearing = asyncio.create_task(told(other, is_end))
        await asyncio.sleep(0)
        stage.model.reply("shy", "Oh, ", "hello.")
        await alisa.say("hello")
        welcome, spoke, face, *texts, end = await hearing
        assert (welcome.mode, welcome.model.state) == ("default", "ready")
        assert (spoke.text, spoke.again, bool(spoke.at)) == ("hello", False, True)
        assert face == client.EmotionShown(spoke.turn, "shy")
        assert words_of(texts) == "Oh, hello."
        assert (end.reason, end.text, end.emotion) == ("done", "Oh, hello.", "shy")


async def test_who_comes_in_the_middle_of_a_reply_hears_it_from_its_beginning(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.feel("happy")
        stage.model.say("One, ")
        reply = await alisa.say("count")
        await anext(aiter(reply))
        async with Alisa(stage.url) as late:
            hearing = asyncio.create_task(told(late, is_end))
            await asyncio.sleep(0)
            stage.model.say("two.")
            stage.model.end()
            events = await hearing
            assert [one.text for one in events if isinstance(one, client.UserSpoke)] == ["count"]
            assert [one.emotion for one in events if isinstance(one, client.EmotionShown)] == ["happy"]
            assert words_of(events) == "One, two."


async def test_her_mood_is_known_to_who_does_not_listen(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.model.reply("surprised", "Oh!")
        await (await alisa.say("boo")).finished()
        assert alisa.now.emotion == "surprised"


# a connection that breaks


async def test_a_reply_goes_on_where_it_was_when_the_connection_breaks(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        hearing = asyncio.create_task(told(alisa, is_end))
        await asyncio.sleep(0)
        reply = await alisa.say("count")
        stage.model.feel("happy")
        stage.model.say("One,")
        words = aiter(reply)
        assert await anext(words) == "One,"
        stage.wire.open.clear()
        stage.wire.cut()
        stage.model.say(" two,")
        await until(lambda: stage.hub._scene.reply.text == "One, two,")
        stage.wire.open.set()
        assert await anext(words) == " two,"
        stage.model.say(" three.")
        stage.model.end()
        assert [one async for one in words] == [" three."]
        events = await hearing
        assert words_of(events) == reply.text == "One, two, three."
        assert len([one for one in events if isinstance(one, client.UserSpoke)]) == 1
        assert len([one for one in events if isinstance(one, client.EmotionShown)]) >= 1
        assert stage.wire.entered == 2


async def test_a_reply_whose_end_was_missed_is_completed_from_the_history(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        hearing = asyncio.create_task(told(alisa, is_end))
        reply = await alisa.say("count")
        stage.model.feel("happy")
        stage.model.say("One,")
        await anext(aiter(reply))
        stage.wire.open.clear()
        stage.wire.cut()
        stage.model.say(" two.")
        stage.model.end()
        await until(lambda: not stage.hub._scene.reply)
        stage.wire.open.set()
        await reply.finished()
        assert (reply.text, reply.reason, reply.emotion) == ("One, two.", "done", "happy")
        assert words_of(await hearing) == "One, two."


async def test_a_reply_that_nobody_remembers_is_lost(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        reply = await alisa.say("count")
        stage.model.feel("happy")
        stage.model.say("One,")
        await anext(aiter(reply))
        stage.wire.open.clear()
        stage.wire.cut()
        stage.model.end()
        await until(lambda: not stage.hub._scene.reply)
        await stage.house.desk.memory.forget_all()
        stage.wire.open.set()
        await reply.finished()
        assert (reply.text, reply.reason) == ("One,", "lost")


async def test_a_reply_that_was_begun_again_meanwhile_is_told_anew(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        hearing = asyncio.create_task(told(alisa, lambda event: is_end(event) and event.reason == "done"))
        reply = await alisa.say("count")
        stage.model.feel("happy")
        stage.model.say("One,")
        await anext(aiter(reply))
        stage.wire.open.clear()
        stage.wire.cut()
        stage.house.talk.regenerate()
        await until(lambda: stage.hub._scene.reply and not stage.hub._scene.reply.text)
        stage.model.feel("shy")
        stage.model.say("Uno,")
        await until(lambda: stage.hub._scene.reply.text == "Uno,")
        stage.wire.open.set()
        await reply.finished()
        stage.model.say(" dos.")
        stage.model.end()
        events = await hearing
        assert (reply.text, reply.reason) == ("One,", "lost")
        assert [one.again for one in events if isinstance(one, client.UserSpoke)] == [False, True]
        assert words_of(events) == "One,Uno, dos."
        assert events[-1].text == "Uno, dos."


async def test_however_often_the_connection_breaks_every_word_is_told_once(stage: Stage) -> None:
    chance = random.Random(7)
    said = [f" {number}" for number in range(150)]
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        hearing = asyncio.create_task(told(alisa, is_end))
        await asyncio.sleep(0)
        reply = await alisa.say("count")
        stage.model.feel("happy")
        for words in said:
            stage.model.say(words)
            if chance.random() < 0.15:
                stage.wire.cut()
            await asyncio.sleep(chance.choice((0, 0, 0.002, 0.01)))
        stage.model.end()
        await reply.finished()
        assert reply.text == words_of(await hearing) == "".join(said).strip()
        assert stage.wire.entered > 3


async def test_what_is_said_while_the_connection_is_away_waits_for_it(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        stage.wire.open.clear()
        stage.wire.cut()
        await until(lambda: not alisa._ready.is_set())
        stage.model.reply("happy", "Here.")
        saying = asyncio.create_task(alisa.say("hello"))
        await asyncio.sleep(0)
        stage.wire.open.set()
        assert (await (await saying).finished()).text == "Here."


async def test_a_question_whose_answer_is_cut_off_says_so(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        gate = asyncio.Event()

        async def recent(*_: object) -> list[Any]:
            await gate.wait()
            return []

        stage.house.desk.memory.recent = recent
        asking = asyncio.create_task(alisa.history())
        await until(lambda: alisa._waiting)
        stage.wire.cut()
        with pytest.raises(client.ConnectionLost):
            await asking
        gate.set()


async def test_who_was_sent_away_by_the_user_stays_away(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
        reply = await alisa.say("hello")
        hearing = asyncio.create_task(told(alisa, is_end))
        await asyncio.sleep(0)
        stage.send_away()
        assert not any(is_end(one) for one in await hearing)
        with pytest.raises(client.Disconnected, match="user"):
            await reply.finished()
        with pytest.raises(client.Disconnected):
            await alisa.say("again")
        assert [one async for one in alisa if is_end(one)] == []
        assert stage.wire.entered == 1
        stage.model.end()


async def test_leaving_ends_what_is_under_way_and_leaves_no_task(stage: Stage) -> None:
    async with asyncio.timeout(PATIENCE):
        before = asyncio.all_tasks()
        async with Alisa(stage.url) as alisa:
            reply = await alisa.say("hello")
        with pytest.raises(client.Disconnected):
            await reply.finished()
        with pytest.raises(client.Disconnected):
            await alisa.stop()
        await until(lambda: {one for one in asyncio.all_tasks() if "Alisa" in repr(one)} <= before)
        stage.model.end()


# who may come in


async def test_the_token_is_shown_in_a_header() -> None:
    async with asyncio.timeout(PATIENCE), a_stage(AccessPolicy(port=0, token="s3cret")) as stage:
        async with Alisa(stage.url, token="s3cret") as alisa:
            stage.model.reply("happy", "Hi.")
            assert (await (await alisa.say("hello")).finished()).text == "Hi."
        for wrong in ("", "guess"):
            with pytest.raises(client.NotAllowed, match="token"):
                await Alisa(stage.url, token=wrong).__aenter__()


async def test_a_token_that_is_wrong_by_now_ends_the_tries() -> None:
    strict = AccessPolicy(port=0, token="t")
    async with asyncio.timeout(PATIENCE), a_stage() as stage, a_stage(strict) as other, Alisa(stage.url) as alisa:
        stage.wire._far = other.house.endpoint.port
        stage.wire.cut()
        with pytest.raises(client.NotAllowed):
            await told(alisa, is_end)


async def test_a_server_that_does_not_speak_the_version() -> None:
    async def old(socket: ServerConnection) -> None:
        await socket.send("[EMOTION]neutral")

    async with serve(old, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(client.NotAllowed, match="version 2"):
            await Alisa(f"ws://127.0.0.1:{port}/ws/chat").__aenter__()


async def test_nobody_at_home(stage: Stage) -> None:
    stage.wire._server.close()
    with pytest.raises(client.NotRunning, match="Is Alisa running"):
        await Alisa(stage.url).__aenter__()


async def test_no_address_at_all() -> None:
    with pytest.raises(client.NotAllowed, match="not the address"):
        await Alisa("http://127.0.0.1").__aenter__()


def test_she_is_found_where_she_tells_that_she_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_profile", lambda: tmp_path)
    assert client.find_url() == client.USUAL_URL
    (tmp_path / "endpoint.json").write_text('{"address": "ws://127.0.0.1:8004/ws/chat", "port": 8004, "pid": 1}')
    assert client.find_url() == "ws://127.0.0.1:8004/ws/chat"
    (tmp_path / "endpoint.json").write_text('["damaged"')
    assert client.find_url() == client.USUAL_URL


def test_the_usual_place_is_the_one_alisa_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(platformdirs.user_data_dir("Alisa", appauthor=False, roaming=False))
    if sys.platform == "win32":  # a call tells where that is; for us the variable was changed
        monkeypatch.setenv("LOCALAPPDATA", str(place.parent))
    assert client._profile() == place


# what is unknown


def test_messages_and_fields_of_later_versions_are_passed_over() -> None:
    alisa = Alisa("ws://127.0.0.1:1")
    assert list(alisa._answers({"type": "confetti", "colour": "red"})) == []
    assert list(alisa._answers({})) == []
    assert client._built(client.Text, {"turn": "1", "text": "a", "new": [1]}) == client.Text("1", "a")
    assert client._built(client.Welcome, {"vision": None, "model": {"name": "m"}}).model == client.Model("m")


def test_the_client_knows_every_message_and_field_of_the_protocol() -> None:
    passed_over = {"accepted", "history", "keep_alive"}
    kinds = client._EVENTS
    for one in get_args(get_args(ServerFrame)[0]):
        kind = one.model_fields["type"].default
        if kind not in passed_over:
            known = {field.name for field in dataclasses.fields(kinds[kind])} | {"type"}
            assert set(one.model_fields) - known <= {"reply"}, kind
    assert client.SUBPROTOCOL == SUBPROTOCOL


# the command line and the small ones


async def run(file: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLES / file), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONUTF8": "1"} | environment,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_command_line_talks() -> None:
    async with a_stage(AccessPolicy(port=0, token="t")) as stage:
        stage.model.reply("happy", "Hi ", "there.")
        code, out, err = await run(
            "alisa_client.py", "--url", stage.url, "--mode", "study", "hello", "you", ALISA_TOKEN="t"
        )
        assert (code, out.splitlines(), err) == (0, ["Hi there."], "")
        assert stage.house.talk.mode.name == "study"
        code, out, _ = await run("alisa_client.py", "--url", stage.url, "--history", "5", "--token", "t")
        assert code == 0
        assert out.splitlines()[1:3] == ["> hello you", "[happy] Hi there."]


async def test_the_command_line_listens(stage: Stage) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(EXAMPLES / "alisa_client.py"), "--listen", "--url", stage.url,
        stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
            assert (await process.stdout.readline()).startswith(b"(Alisa ")
            await alisa.set_mode("study")
            stage.model.reply("shy", "Hello ", "there.")
            await (await alisa.say("hi")).finished()
            lines = [(await process.stdout.readline()).decode().strip() for _ in range(3)]
            assert lines == [f"(now {stage.house.talk.mode.title})", "> hi", "[shy] Hello there."]
            stage.send_away()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_command_line_says_what_is_wrong(stage: Stage) -> None:
    code, out, err = await run("alisa_client.py", "--url", stage.url, "--mode", "nonsense")
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


async def test_an_overlay_takes_ten_lines_of_the_text_protocol(stage: Stage, tmp_path: Path) -> None:
    source = (EXAMPLES / "overlay_in_ten_lines.py").read_text(encoding="utf-8")
    code = [line for line in source.splitlines() if line.strip() and not line.startswith(("#", '"""'))]
    assert len(code) <= 10
    file = tmp_path / "overlay.py"
    file.write_text(source.replace("ws://127.0.0.1:8000/ws/chat", stage.house.endpoint.address), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(file), stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONUTF8": "1"}
    )
    try:
        await until(lambda: stage.hub.clients)
        async with asyncio.timeout(PATIENCE), Alisa(stage.url) as alisa:
            stage.model.reply("shy", "Hello ", "there.")
            await (await alisa.say("hi")).finished()
            assert process.stdout
            assert (await process.stdout.readline()).decode().strip() == "Hello there. (shy)"
    finally:
        process.kill()
        await process.communicate()


def test_the_examples_are_there_and_need_nothing_but_websockets() -> None:
    for file in EXAMPLES.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))
        names = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        strangers = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
        assert strangers <= {"websockets"}, file
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for file in EXAMPLES.iterdir():
        assert file.is_dir() or file.name in text or file.name in {"README.md", "ruff.toml"}


async def test_the_lines_of_the_readme_work(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    lines = text.partition("```python\n")[2].partition("```")[0].replace("asyncio.run(main())", "")
    assert "Alisa(name=" in lines
    said: list[str] = []
    scope: dict[str, Any] = {"print": lambda *words, **_: said.append("".join(words))}
    monkeypatch.setitem(sys.modules, "alisa_client", client)
    monkeypatch.setattr(client, "find_url", lambda: stage.url)
    exec(compile(lines, "README.md", "exec"), scope)
    stage.model.reply("happy", "Hi.")
    async with asyncio.timeout(PATIENCE):
        talking = asyncio.create_task(scope["main"]())
        await until(lambda: " (happy)" in said)
        stage.send_away()
        await talking
    assert said == ["Hi.", " (happy)"]


def test_the_types_for_typescript_are_those_of_the_schema() -> None:
    assert (EXAMPLES / "alisa.d.ts").read_text(encoding="utf-8") == typescript(), "run tools/make_types.py"


def test_the_page_asks_only_its_own_machine() -> None:
    page = (EXAMPLES / "overlay_in_ten_lines.html").read_text(encoding="utf-8")
    assert "ws://127.0.0.1:8000/ws/chat" in page
    assert "http" not in page.replace("http://127.0.0.1", "")
    assert json.dumps(SUBPROTOCOL) in page
    assert "innerHTML" not in page
