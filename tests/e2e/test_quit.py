"""Quitting ends everything, whatever she is busy with: nothing runs on, nothing is lost, nothing is left open.

That it takes no longer than 3 s is measured by the benchmark `quit`; here the exit code says that no last resort was
needed.
"""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from desktop import Desktop, wait_for
from exe import alisa_command, only_from_source
from hub import LocalHub, Trick
from session_manager import missing_libraries, session_manager
from tiny_gguf import write_endless_gguf
from websockets.sync.client import connect

from alisa_desktop.host.paths import resources
from alisa_desktop.host.single import only_instance

WORDS = "[EMOTION]"
TEXT = "printf 'Traceback (most recent call last):\\nNameError: name foo is not defined\\n'; read wait"
ASKED_BY_THE_SYSTEM = """
import signal, sys
from PySide6.QtCore import QCoreApplication, QTimer
from alisa_desktop import app, leaving, __main__

class Session:
    def setRestartHint(self, hint): pass

def serve(self, picture, live=app.App.live):
    save = lambda: self._leaving._save_session(Session())
    signal.signal(signal.SIGUSR1, lambda *_: QTimer.singleShot(0, save))  # what Qt does where a session may end
    signal.signal(signal.SIGUSR2, lambda *_: QTimer.singleShot(0, QCoreApplication.quit))  # and where it does
    return live(self, picture)

app.App.live = serve
sys.exit(__main__.main())
"""
"""The real program, which Qt asks to save and to quit when a signal comes, as it does at the log-out from Windows."""


@pytest.fixture
def endless(tmp_path: Path) -> str:
    """A model whose replies never end."""
    return str(write_endless_gguf(tmp_path / "endless.gguf"))


def family(program: Any) -> list[psutil.Process]:
    return psutil.Process(program.process.pid).children(recursive=True)


def eyes(program: Any) -> list[psutil.Process]:
    """The process of her eyes, once it is that: until then it is a copy of hers."""
    with suppress(psutil.Error):
        return [process for process in family(program) if "--eyes" in process.cmdline()]
    return []


def let_speak(client: Any, text: str = "slow please") -> None:
    """Have her in the middle of a long reply."""
    client.send(text)
    wait_for(lambda: str(client.recv(timeout=60)).startswith(WORDS), "her reply", 60)
    assert client.recv(timeout=60)


def hear_the_end(client: Any) -> None:
    """Read up to where a reply ends, so that what comes next is of another one."""
    wait_for(lambda: client.recv(timeout=60) == "[END]", "the end of her reply", 60)


def turns(profile: Path) -> list[tuple[str, str]]:
    """Outcome and reply of what is stored."""
    query = "select outcome, text from turns join messages on id = turn_id where position = 1 order by turns.rowid"
    with closing(sqlite3.connect(profile / "alisa_memory.db")) as database:
        return database.execute(query).fetchall()


def assert_all_over(program: Any, children: list[psutil.Process]) -> None:
    """She is gone in good order: no process, no open file, no address that nobody answers at."""
    assert program.process.wait(30) == 0
    assert not [child for child in children if child.is_running()]
    left = {file.name for file in program.profile.iterdir()}
    assert "alisa_memory.db" in left
    assert not left & {"endpoint.json", "alisa_memory.db-wal", "alisa_memory.db-shm"}
    with only_instance(program.profile / "alisa.lock"):
        pass


@pytest.mark.parametrize("way", ["SIGTERM", "SIGINT", "SIGHUP", "menu"])
def test_in_the_middle_of_a_reply(start: Any, script: str, way: str) -> None:
    program = start("--scripted", script)
    with program.client() as client:
        let_speak(client)
        if way == "menu":
            program.open_menu()
            start.desktop.keys("q")
        else:
            program.process.send_signal(getattr(signal, way))
        assert_all_over(program, [])
    [(outcome, reply)] = turns(program.profile)
    assert outcome == "stopped"
    assert reply.startswith("word")
    assert program.settings()["welcome_shown"]


def test_asked_twice(start: Any, script: str) -> None:
    program = start("--scripted", script)
    with program.client() as client:
        let_speak(client)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
            program.process.send_signal(number)
        assert_all_over(program, [])


def test_while_the_model_thinks(start: Any, endless: str) -> None:
    program = start("--model", endless)
    with program.client() as client:
        let_speak(client)
        children = family(program)
        assert children
        program.process.send_signal(signal.SIGTERM)
        assert_all_over(program, children)
    assert [outcome for outcome, _ in turns(program.profile)] == ["stopped"]


@pytest.mark.parametrize("busy", ["in a reply", "at rest"])
def test_while_the_model_hangs(start: Any, endless: str, busy: str) -> None:
    program = start("--model", endless)
    with program.client() as client:
        if busy == "in a reply":
            let_speak(client)
        runner = program.runner()
        runner.suspend()
        program.process.send_signal(signal.SIGTERM)
        assert_all_over(program, [runner])
    assert [outcome for outcome, _ in turns(program.profile)] == ["stopped"] * (busy == "in a reply")


def test_while_the_model_loads(start: Any) -> None:
    program = start()
    runner = program.runner()
    runner.suspend()  # long before it is ready
    assert program.address
    program.process.send_signal(signal.SIGTERM)
    assert_all_over(program, [runner])


def test_at_once(start: Any, script: str) -> None:
    program = start("--scripted", script)
    program.avatar()  # and nothing behind her yet
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(30) == 0
    assert not (program.profile / "endpoint.json").exists()


def test_while_a_client_does_not_read(start: Any, endless: str) -> None:
    program = start("--model", endless)
    port = int(program.address.rsplit(":", 1)[1].partition("/")[0])
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    deaf.connect(("127.0.0.1", port))
    with deaf, program.client() as client:
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        asked = f"GET {'/' + program.address.split('/', 3)[3]} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{upgrade}"
        deaf.sendall(f"{asked}Sec-WebSocket-Version: 13\r\n\r\n".encode())
        let_speak(client)
        for _ in range(60):
            client.recv(timeout=60)
        children = family(program)
        program.process.send_signal(signal.SIGTERM)
        assert_all_over(program, children)


def test_while_a_model_is_fetched(start: Any, tmp_path: Path, script: str) -> None:
    offer = {
        "id": "bigger-brain", "title": "Bigger Brain", "repository": "someone/Bigger", "revision": "main",
        "files": [{"name": "bigger.gguf", "role": "model", "bytes": None, "sha256": None}], "licence": "MIT",
        "licence_url": "https://example.org/licence", "parameters": "23 million", "quantization": "Q4_0",
        "context_tokens": 1024, "architecture": "llama", "attention": "full", "memory_bytes": None, "sees": False,
        "good_at": "Tests.", "prompt_notes": "None.",
    }  # fmt: skip
    folder = tmp_path / "Jérôme 田中" / "models"
    (folder / "bigger-brain").mkdir(parents=True)
    (folder / "catalog.json").write_text(json.dumps({"version": 1000, "models": [offer]}))
    (folder / "bigger-brain" / "bigger.gguf.part").touch()  # begun an earlier time, so it goes on by itself
    with LocalHub() as hub:
        hub.put("someone/Bigger", "bigger.gguf", (resources() / "models" / "alisa-starter.gguf").read_bytes())
        hub.tricks.append(Trick(hold_after=1_500_000))
        start.desktop.environment["HF_ENDPOINT"] = hub.endpoint
        program = start("--scripted", script)
        assert program.address
        assert hub.held.wait(60)
        program.process.send_signal(signal.SIGTERM)
        assert_all_over(program, [])
        hub.release()
    assert list((folder / "bigger-brain").glob("*.part")), "the next start goes on with it"


@pytest.mark.parametrize("how", ["looking", "hanging"])
def test_while_her_eyes_are_open(start: Any, tmp_path: Path, script: str, how: str) -> None:
    place: Desktop = start.desktop
    place.start("xterm", "-geometry", "70x12+40+40", "-T", "my work", "-e", "sh", "-c", TEXT)
    place.window("my work")
    profile = tmp_path / "Jérôme 田中"
    profile.mkdir()
    choices = {"welcome_shown": True, "vision": "ask" if how == "looking" else "aware", "vision_explained": True}
    (profile / "settings.json").write_text(json.dumps(choices))
    program = start("--scripted", script)
    assert program.address
    if how == "looking":
        avatar = program.avatar()
        place.window("^Talk with Alisa$")
        place.click(avatar.x + avatar.width // 2, avatar.y + avatar.height // 2)
        place.focused("^Talk with Alisa$")
        place.type("/look what is it?")
        place.keys("Return")
    children = wait_for(lambda: eyes(program), "her eyes")
    if how == "hanging":
        children[0].suspend()
    program.process.send_signal(signal.SIGTERM)
    assert_all_over(program, children)


@only_from_source
def test_the_session_may_end_and_then_does(place: Desktop, tmp_path: Path, endless: str) -> None:
    profile = tmp_path / "Jérôme 田中"
    profile.mkdir()
    (profile / "settings.json").write_text('{"welcome_shown": true}')
    log = tmp_path / "output.txt"
    arguments = ("--profile", str(profile), "--model", endless)
    process = place.start(sys.executable, "-c", ASKED_BY_THE_SYSTEM, *arguments, log=log)
    wait_for((profile / "endpoint.json").exists, "the endpoint's file")
    with connect(json.loads((profile / "endpoint.json").read_text())["address"]) as client:
        let_speak(client)
        process.send_signal(signal.SIGUSR1)
        wait_for(lambda: [outcome for outcome, _ in turns(profile)] == ["stopped"], "what was said, written down")
        hear_the_end(client)
        let_speak(client, "it goes on, so tell me more")
        program = SimpleNamespace(process=process, profile=profile)
        children = family(program)
        process.send_signal(signal.SIGUSR2)
        assert_all_over(program, children)
    assert [outcome for outcome, _ in turns(profile)] == ["stopped", "stopped"]
    assert "Traceback" not in log.read_text()


def test_log_out(start: Any, script: str) -> None:
    if missing := missing_libraries():
        pytest.skip(f"no session manager here: {missing} missing")
    with session_manager() as session:
        start.desktop.environment["SESSION_MANAGER"] = session.address
        program = start("--scripted", script)
        session.wait("client", "saved", "restart 3")  # and never started again by the session itself
        with program.client() as client:
            let_speak(client)
            session.order("save")
            session.wait("saved")
            assert [outcome for outcome, _ in turns(program.profile)] == ["stopped"]
            session.order("cancel")  # somebody else objected
            hear_the_end(client)
            let_speak(client)
            session.order("save")
            session.wait("saved")
            session.order("die")
            session.wait("gone")
            assert_all_over(program, [])
    assert [outcome for outcome, _ in turns(program.profile)] == ["stopped", "stopped"]


def test_the_session_manager_ends_first(start: Any, script: str) -> None:
    if missing := missing_libraries():
        pytest.skip(f"no session manager here: {missing} missing")
    with session_manager() as session:
        start.desktop.environment["SESSION_MANAGER"] = session.address
        program = start("--scripted", script)
        session.wait("client", "saved")
    with program.client() as client:
        let_speak(client)
        program.process.send_signal(signal.SIGTERM)
        assert_all_over(program, [])


def test_who_ignores_hang_ups_goes_on(place: Desktop, tmp_path: Path, script: str) -> None:
    profile = tmp_path / "Jérôme 田中"
    profile.mkdir()
    (profile / "settings.json").write_text('{"welcome_shown": true}')
    command = [*alisa_command(), "--profile", str(profile), "--scripted", script]
    process = place.start("nohup", *command)
    try:
        wait_for((profile / "endpoint.json").exists, "the endpoint's file")
        process.send_signal(signal.SIGHUP)
        place.window("^Talk with Alisa$")
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
