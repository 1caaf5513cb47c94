"""Her door and whoever knocks at it: real visitors at a real door, with and without a talk behind it."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from alisa_desktop import porter as porter_module
from alisa_desktop.core.errors import AlreadyRunning
from alisa_desktop.core.events import ReplyText
from alisa_desktop.core.knocks import (
    LONGEST_WISH,
    MOST_UNREAD,
    Answer,
    Done,
    Finished,
    Guest,
    ModeSet,
    Quit,
    Refused,
    Say,
    Show,
    Wish,
    Words,
    write_wish,
)
from alisa_desktop.host import door
from alisa_desktop.host.door import NobodyThere, Visit, addresses, bring_forward, door_address, is_answered
from alisa_desktop.host.porch import open_door
from alisa_desktop.porter import CROWDED, MOST_GUESTS, NOT_UNDERSTOOD, WINDOWLESS, Porter

pytestmark = pytest.mark.usefixtures("runtime")
PATIENCE = 30.0
HELLO = {"text": "Hello, 田中.", "emotion": "happy"}
SLOW = {"when": "slow", "text": "word " * 2000, "delay_ms": 20}
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="sockets that are files")


def go(profile: Path, wish: Wish) -> list[Answer]:
    """Go there as a command would, and hear everything."""
    with Visit(profile, PATIENCE) as there:
        return list(there.answers(wish, PATIENCE))


async def visit(profile: Path, wish: Wish) -> list[Answer]:
    """Go there in a thread."""
    return await asyncio.to_thread(go, profile, wish)


async def seen(what: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := what()):
            await asyncio.sleep(0.01)  # nothing tells of what happens at the other end
    return found


async def test_show_and_quit(profile: Path) -> None:
    asked: list[str] = []
    porter = Porter(lambda: asked.append("leave"), lambda: asked.append("come"))
    async with open_door(profile, porter.welcome):
        assert await visit(profile, Show()) == [Done(os.getpid())]
        assert await visit(profile, Quit()) == [Done(os.getpid())]
    assert asked == ["come", "leave"]
    assert not porter.guests


async def test_nobody_there(profile: Path) -> None:
    with pytest.raises(NobodyThere):
        await visit_at_once(profile)


async def visit_at_once(profile: Path) -> None:
    await asyncio.to_thread(lambda: Visit(profile).close())


async def test_without_windows_she_can_not_come_forward(profile: Path) -> None:
    def ask() -> None:
        with Visit(profile) as there:
            bring_forward(there)

    async with open_door(profile, Porter(lambda: None).welcome):
        assert await visit(profile, Show()) == [Refused(WINDOWLESS)]
        with pytest.raises(AlreadyRunning, match="without windows"):
            await asyncio.to_thread(ask)


async def test_words_go_into_her_talk(open_engine: Any, script: Any, profile: Path) -> None:
    async with open_engine(scripted=script(HELLO)) as engine:
        porter = Porter(lambda: None)
        async with open_door(profile, porter.welcome):
            porter.serve(engine.conversation, engine.spawn)
            *words, end = await visit(profile, Say("hi"))
            assert "".join(word.text for word in words if isinstance(word, Words)) == "Hello, 田中."
            assert isinstance(end, Finished)
            assert (end.mode, end.emotion, end.text, end.outcome) == ("default", "happy", "Hello, 田中.", "done")
            assert (await visit(profile, Say("hi", "study")))[-1].mode == "study"  # type: ignore[union-attr]
            assert (await visit(profile, Say("hi")))[-1].mode == "default"  # type: ignore[union-attr]
            assert await visit(profile, Say("/mode chill")) == [ModeSet("chill")]
            assert await visit(profile, Say("/stop")) == [Done(os.getpid())]
            for refused in (Say("hi", "nonsense"), Say("/mode nonsense"), Say(" ")):
                (answer,) = await visit(profile, refused)
                assert isinstance(answer, Refused)
            half = "\ud83d"
            (*_, end) = await visit(profile, Say(f"{half}hi"))
            assert isinstance(end, Finished)
            turns = await engine.memory.recent(10)
            assert [turn.user_text for turn in turns] == ["hi", "hi", "hi", "\ufffdhi"]


async def test_words_wait_until_she_is_awake(open_engine: Any, script: Any, profile: Path) -> None:
    porter = Porter(lambda: None)
    async with open_door(profile, porter.welcome):
        early = asyncio.ensure_future(visit(profile, Say("hi")))
        await seen(lambda: porter.guests)
        async with open_engine(scripted=script(HELLO)) as engine:
            porter.serve(engine.conversation, engine.spawn)
            assert isinstance((await early)[-1], Finished)


async def test_who_hangs_up_ends_that_reply_and_no_other(open_engine: Any, script: Any, profile: Path) -> None:
    async with open_engine(scripted=script(SLOW, HELLO)) as engine:
        porter = Porter(lambda: None)
        async with open_door(profile, porter.welcome):
            porter.serve(engine.conversation, engine.spawn)
            heard: list[ReplyText] = []
            engine.bus.subscribe(lambda event: heard.append(event) if isinstance(event, ReplyText) else None)
            there = await asyncio.to_thread(Visit, profile)
            answers = there.answers(Say("slow"), PATIENCE)
            assert isinstance(await asyncio.to_thread(next, answers), Words)
            there.close()
            await engine.conversation.between_turns()
            (turn,) = await engine.memory.recent(5)
            assert turn.outcome == "stopped"

            there = await asyncio.to_thread(Visit, profile)
            answers = there.answers(Say("slow"), PATIENCE)
            assert isinstance(await asyncio.to_thread(next, answers), Words)
            heard.clear()
            engine.conversation.submit("slow, again", "bubble")  # which takes the place of the visitor's words
            await seen(lambda: heard)
            there.close()
            await seen(lambda: not porter.guests)
            heard.clear()
            await seen(lambda: heard)  # it goes on
            engine.conversation.stop()


async def test_her_end_is_the_end_of_the_reply(open_engine: Any, script: Any, profile: Path) -> None:
    porter = Porter(lambda: None)
    async with open_door(profile, porter.welcome):
        async with open_engine(scripted=script(SLOW)) as engine:
            porter.serve(engine.conversation, engine.spawn)
            asking = asyncio.get_running_loop().run_in_executor(None, go, profile, Say("slow"))  # no task of the engine
            await seen(lambda: engine.conversation.emotion and porter.guests)
            await seen(lambda: engine.conversation._open)
        end = (await asking)[-1]
        assert isinstance(end, Finished)
        assert end.outcome == "stopped"


async def test_a_crowd_is_sent_away(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(porter_module, "PATIENCE_SECONDS", 10 * PATIENCE)
    porter = Porter(lambda: None)
    async with open_door(profile, porter.welcome):
        waiting = [await asyncio.to_thread(Visit, profile) for _ in range(MOST_GUESTS)]
        await seen(lambda: len(porter.guests) == MOST_GUESTS)
        with Visit(profile) as late:
            assert await asyncio.to_thread(lambda: list(late.answers(Show(), PATIENCE))) == [Refused(CROWDED)]
        more = [await asyncio.to_thread(Visit, profile) for _ in range(MOST_GUESTS + 2)]
        assert await asyncio.to_thread(more[-1]._line.read, PATIENCE) == b""
        assert len(porter.guests) == 2 * MOST_GUESTS
        for there in waiting + more:
            there.close()
        await seen(lambda: not porter.guests)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b'{"do": "dance"}\n', b"x" * (LONGEST_WISH + 1)])
async def test_nonsense_is_refused_and_ends_the_visit(profile: Path, data: bytes) -> None:
    def go() -> list[Answer]:
        with Visit(profile, PATIENCE) as there:
            there._line.write(data)
            return list(there.answers(Show(), PATIENCE))

    porter = Porter(lambda: None, lambda: pytest.fail("shown"))
    async with open_door(profile, porter.welcome):
        with suppress(NobodyThere):  # she may have hung up in the middle of it
            assert await asyncio.to_thread(go) == [Refused(NOT_UNDERSTOOD)]
        await seen(lambda: not porter.guests)


async def test_who_says_nothing_is_sent_away(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(porter_module, "PATIENCE_SECONDS", 0.05)
    porter = Porter(lambda: None)
    async with open_door(profile, porter.welcome):
        with await asyncio.to_thread(Visit, profile) as there:
            assert await asyncio.to_thread(there._line.read, PATIENCE) == b""
        assert not porter.guests


async def test_who_does_not_read_is_sent_away(profile: Path) -> None:
    sends: list[Callable[[bytes], None]] = []
    ended = asyncio.Event()

    class Deaf:
        def feed(self, data: bytes) -> None:
            pass

        def gone(self) -> None:
            ended.set()

    def welcome(send: Callable[[bytes], None], hang_up: Callable[[], None]) -> Guest:
        sends.append(send)
        return Deaf()

    async with open_door(profile, welcome), asyncio.timeout(PATIENCE):
        with await asyncio.to_thread(Visit, profile):
            await seen(lambda: sends)
            while not ended.is_set():
                sends[0](bytes(MOST_UNREAD // 4))
                await asyncio.sleep(0)


# the place


@on_unix
async def test_a_dead_socket_is_cleaned_up_and_a_living_one_is_left(profile: Path, runtime: Path) -> None:
    address = door_address(profile)
    assert Path(address).parent == runtime
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(address)
    dead.close()
    assert Path(address).exists()
    assert not is_answered(address)
    porter = Porter(lambda: None, lambda: None)
    async with open_door(profile, porter.welcome):
        assert stat.S_IMODE(Path(address).stat().st_mode) == 0o600
        async with open_door(profile, Porter(lambda: pytest.fail("the second one")).welcome):
            assert await visit(profile, Quit()) == [Done(os.getpid())]
        assert await visit(profile, Show()) == [Done(os.getpid())]
    assert not Path(address).exists()


@on_unix
async def test_a_folder_that_others_can_write_is_no_place(
    profile: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.chmod(0o777)
    assert Path(door_address(profile)).parent != runtime
    elsewhere = runtime / "mine"
    monkeypatch.setattr(door, "_folders", lambda: [runtime, elsewhere])
    monkeypatch.setattr(door, "_own_folder", lambda: elsewhere)
    assert Path(door_address(profile)).parent == elsewhere
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    elsewhere.rmdir()
    elsewhere.symlink_to(runtime)  # somebody was here first
    assert door_address(profile) == ""
    async with open_door(profile, Porter(lambda: None).welcome):
        with pytest.raises(NobodyThere):
            await visit_at_once(profile)


@on_unix
async def test_a_visitor_with_other_variables_finds_her(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="alisa-") as own:
        monkeypatch.setattr(door, "_own_folder", lambda: Path(own))
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        monkeypatch.setattr(os, "getuid", lambda: os.geteuid())
        async with open_door(profile, Porter(lambda: None, lambda: None).welcome):
            monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/nowhere")
            assert await visit(profile, Show()) == [Done(os.getpid())]


@on_unix
def test_a_path_that_is_too_long_for_a_socket_is_passed_over(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/" + "long/" * 30)
    assert addresses(profile)
    assert not [address for address in addresses(profile) if "long" in address]


def test_one_profile_has_one_door_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert addresses(tmp_path / "a" / ".." / "b") == addresses(tmp_path / "b")
    assert addresses(tmp_path / "a") != addresses(tmp_path / "b")
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(tmp_path / "a")
        assert addresses(tmp_path / "link") == addresses(tmp_path / "a")


@on_unix
async def test_somebody_elses_socket_is_not_hers(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door(profile, Porter(lambda: None, lambda: None).welcome):
        real = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: real + 1)  # as another user would see it
        with pytest.raises(NobodyThere):
            await visit_at_once(profile)


def test_a_wish_is_one_line() -> None:
    assert write_wish(Say("a\nb")).count(b"\n") == 1


@on_unix
async def test_who_comes_while_it_is_being_shut_is_sent_away(profile: Path) -> None:
    porter = Porter(lambda: None)
    with socket.socket(socket.AF_UNIX) as early, socket.socket(socket.AF_UNIX) as late:
        async with open_door(profile, porter.welcome):
            early.connect(door_address(profile))
            await seen(lambda: porter.guests)
            late.connect(door_address(profile))
        late.settimeout(PATIENCE)
        assert await asyncio.to_thread(late.recv, 1) == b""
    assert not porter.guests
