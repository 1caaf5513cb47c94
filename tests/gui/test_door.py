"""Her door where there are windows, with real visitors in threads."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from alisa_desktop.core.knocks import MOST_UNREAD, Answer, Done, Guest, Show, Wish, write_answer
from alisa_desktop.host.door import NobodyThere, Visit, door_address, may_enter
from alisa_desktop.ui.door import Door

pytestmark = pytest.mark.usefixtures("runtime")
PATIENCE = 30.0


@pytest.fixture
def visits() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


class Host:
    """Lets guests in and notes what they do."""

    def __init__(self) -> None:
        self.heard = b""
        self.gone_ones = 0
        self.sends: list[Callable[[bytes], None]] = []

    def welcome(self, send: Callable[[bytes], None], hang_up: Callable[[], None]) -> Guest:
        self.sends.append(send)
        host = self

        class Noted:
            def feed(self, data: bytes) -> None:
                host.heard += data
                if b"\n" in data:
                    send(write_answer(Done(os.getpid())))
                    hang_up()

            def gone(self) -> None:
                host.gone_ones += 1

        return Noted()


def go(profile: Path, wish: Wish) -> list[Answer]:
    with Visit(profile, PATIENCE) as there:
        return list(there.answers(wish, PATIENCE))


def finished(qtbot: QtBot, visit: Future[list[Answer]]) -> list[Answer]:
    qtbot.waitUntil(visit.done)
    return visit.result()


def test_a_visit_gets_an_answer_and_an_end(qtbot: QtBot, profile: Path, visits: ThreadPoolExecutor) -> None:
    host = Host()
    door = Door(door_address(profile), host.welcome, may_enter)
    assert finished(qtbot, visits.submit(go, profile, Show())) == [Done(os.getpid())]
    assert host.heard == b'{"do": "show"}\n'
    qtbot.waitUntil(lambda: host.gone_ones == 1)
    door.close()
    with pytest.raises(NobodyThere):
        Visit(profile)


def test_closing_hangs_up(qtbot: QtBot, profile: Path, visits: ThreadPoolExecutor) -> None:
    host = Host()
    door = Door(door_address(profile), host.welcome, may_enter)
    there = Visit(profile, PATIENCE)
    qtbot.waitUntil(lambda: bool(host.sends))
    reading = visits.submit(there._line.read, PATIENCE)
    door.close()
    qtbot.waitUntil(reading.done)
    assert reading.exception() or reading.result() == b""
    there.close()


def test_who_may_not_enter_is_not_heard(qtbot: QtBot, profile: Path, visits: ThreadPoolExecutor) -> None:
    host = Host()
    door = Door(door_address(profile), host.welcome, lambda handle: False)
    visit = visits.submit(go, profile, Show())
    qtbot.waitUntil(visit.done)
    assert isinstance(visit.exception(), NobodyThere) or visit.result() == []
    assert not host.sends
    door.close()


def test_who_does_not_read_is_sent_away(qtbot: QtBot, profile: Path) -> None:
    host = Host()
    door = Door(door_address(profile), host.welcome, may_enter)
    with Visit(profile, PATIENCE):
        qtbot.waitUntil(lambda: bool(host.sends))
        for _ in range(8):
            host.sends[0](bytes(MOST_UNREAD))
        qtbot.waitUntil(lambda: host.gone_ones == 1)
    door.close()


@pytest.mark.skipif(sys.platform == "win32", reason="sockets that are files")
def test_a_dead_socket_is_cleaned_up_and_a_living_one_is_left(
    qtbot: QtBot, profile: Path, visits: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    address = door_address(profile)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(address)
    dead.close()
    host, second = Host(), Host()
    door = Door(address, host.welcome, may_enter)
    assert not Path(address).stat().st_mode & 0o077
    other = Door(address, second.welcome, may_enter)
    assert "somebody at that address" in caplog.text
    assert finished(qtbot, visits.submit(go, profile, Show())) == [Done(os.getpid())]
    assert not second.sends
    other.close()
    door.close()


def test_where_no_folder_is_private_there_is_no_door(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    Door("", Host().welcome, may_enter).close()
    assert "no folder is private" in caplog.text
