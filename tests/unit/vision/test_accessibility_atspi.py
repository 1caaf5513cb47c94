"""Real applications over the real AT-SPI: read, hung, gone, and where accessibility is off; and a bus that lies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from desktop import wait_for

from alisa_desktop.vision import accessibility_atspi
from alisa_desktop.vision.accessibility import NoAccessibleText, open_accessible_text, session_bus
from alisa_desktop.vision.accessibility_atspi import LAUNCHER, AtSpiText
from alisa_desktop.vision.accessibility_dbus import (
    BUS,
    BUS_PATH,
    LARGEST_MESSAGE,
    BusFailed,
    Call,
    Connection,
    Late,
    Reply,
)
from alisa_desktop.vision.screen import Box, TextLine, Window

AT_SPI = "/usr/libexec/at-spi-bus-launcher"
PROGRAMS = ("Xvfb", "openbox", "dbus-daemon", AT_SPI)
on_linux = pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)}"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is Linux's")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
TITLE = "The build"
WINDOW = Window(1, 1, "app", "title", Box(0, 0, 9, 9))
"""One that nobody has."""
Asking = Callable[[Connection, Sequence[Call], float], list[Reply]]
SECRET = "hunter2"
APPLICATION = f"""
import json, os, sys
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from PySide6.QtCore import Qt

app = QApplication(sys.argv)
window = QWidget()
window.setWindowTitle("{TITLE}")
window.resize(480, 360)
layout = QVBoxLayout(window)
label, password, hidden = QLabel("The build has failed in its last step."), QLineEdit("{SECRET}"), QLabel("hidden")
edit = QPlainTextEdit(sys.stdin.read())
password.setEchoMode(QLineEdit.EchoMode.Password)
for widget in (label, edit, password, QPushButton("Try again"), hidden):
    layout.addWidget(widget)
hidden.hide()

def told(new):
    if new is edit:
        corner = window.mapToGlobal(window.rect().topLeft())
        print(json.dumps([corner.x(), corner.y(), window.width(), window.height()]), flush=True)

app.focusChanged.connect(lambda old, new: told(new))
edit.setFocus()
edit.moveCursor(edit.textCursor().MoveOperation.End)
window.show()
window.activateWindow()
app.exec()
"""
TRACEBACK = 'Traceback (most recent call last):\n  File "shop.py", line 12, in pay\nZeroDivisionError: division by zero'
PATIENCE = 20.0
"""Seconds. Who is late rests for a minute, longer than a test waits."""
HANGS = 3.0
"""Seconds in which everybody answers who isn't stopped."""
MOST_ASKED = 40
"""Round trips for a small window."""


@contextmanager
def running(*command: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, **QUIET)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def told_first(*command: str, environment: dict[str, str]) -> Iterator[str]:
    """What a server prints when it is up."""
    reader, writer = os.pipe()
    numbered = [part.format(writer) for part in command]
    server = subprocess.Popen(numbered, env=environment, pass_fds=(writer,), **QUIET)  # type: ignore[call-overload]
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            yield pipe.readline().strip()
    finally:
        server.terminate()
        server.wait(10)


@dataclass(frozen=True)
class Session:
    """A session of its own; `environment` is what its programs are started with."""

    environment: dict[str, str]

    @property
    def address(self) -> str:
        return self.environment["DBUS_SESSION_BUS_ADDRESS"]

    def names(self) -> list[str]:
        """Who is on the bus of the session."""
        bus = Connection(self.address, time.monotonic() + 10)
        try:
            [reply] = bus.ask([Call(BUS, BUS_PATH, BUS, "ListNames")], time.monotonic() + 10)
        finally:
            bus.close()
        assert reply
        return list(reply[0])


@pytest.fixture
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A display with a window manager, and a bus on which nobody offers accessibility yet."""
    folder = tmp_path_factory.mktemp("session")
    folder.chmod(0o700)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("QT_", "DBUS", "XDG_", "WAYLAND"))}
    environment = kept | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
    server = ("Xvfb", "-displayfd", "{}", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset")
    with told_first(*server, environment=environment) as display:
        environment |= {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}
        bus = ("dbus-daemon", "--session", "--nofork", "--print-address={}")
        with told_first(*bus, environment=environment) as address, running("openbox", environment=environment):
            yield Session(environment | {"DBUS_SESSION_BUS_ADDRESS": address})


@contextmanager
def accessibility(session: Session, on: bool) -> Iterator[None]:
    """While somebody offers it on the bus of the session."""
    command = (AT_SPI, "--launch-immediately", f"--a11y={int(on)}")
    with running(*command, environment=session.environment):
        wait_for(lambda: LAUNCHER in session.names(), "the accessibility bus")
        yield


@contextmanager
def application(session: Session, text: str = TRACEBACK) -> Iterator[tuple[Window, subprocess.Popen[bytes]]]:
    """A program with a label, an editor that has the keyboard, a password and a button."""
    process = subprocess.Popen(
        [sys.executable, "-c", APPLICATION], env=session.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(text.encode())
        process.stdin.close()
        place = json.loads(process.stdout.readline())
        yield Window(1, process.pid, "python", TITLE, Box(*place), active=True), process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def accessible(session: Session) -> Iterator[Session]:
    with accessibility(session, on=True):
        yield session


@pytest.fixture
def reader(session: Session) -> Iterator[AtSpiText]:
    reader = AtSpiText(session.address)
    yield reader
    reader.close()


def read(reader: AtSpiText, window: Window) -> Sequence[TextLine]:
    """What is read once the program has found the bus."""
    return wait_for(lambda: reader.read(window, PATIENCE), "the text of the window")


@on_linux
def test_without_accessibility_nothing_is_read_and_nothing_started(session: Session, reader: AtSpiText) -> None:
    window = Window(1, os.getpid(), "python", TITLE, Box(0, 0, 100, 100))
    assert LAUNCHER not in session.names()
    assert reader.read(window, PATIENCE) is None
    assert LAUNCHER not in session.names()


@on_linux
def test_accessibility_that_is_off_stays_off(session: Session, reader: AtSpiText) -> None:
    with accessibility(session, on=False):
        before = session.names()
        assert reader.read(Window(1, os.getpid(), "python", TITLE, Box(0, 0, 100, 100)), PATIENCE) is None
        assert not reader._bus
        assert len(session.names()) <= len(before) + 1  # we


@on_linux
def test_a_window_is_read_without_its_password(
    accessible: Session, reader: AtSpiText, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(bus: Connection, calls: Sequence[Call], end: float, ask: Asking = Connection.ask) -> list[Reply]:
        asked.append(len(calls))
        return ask(bus, calls, end)

    with application(accessible) as (window, _):
        lines = read(reader, window)
        monkeypatch.setattr(Connection, "ask", ask)
        assert reader.read(window, PATIENCE) == lines
        assert 0 < len(asked) <= MOST_ASKED
    assert [line.text for line in lines] == [
        "The build has failed in its last step.", *TRACEBACK.split("\n"), "Try again",
    ]  # fmt: skip
    assert [line.focused for line in lines] == [False, True, True, True, False]
    assert all(line.box.cut(window.box) == line.box for line in lines)
    assert [line.box.top for line in lines] == sorted({line.box.top for line in lines})


@on_linux
def test_of_a_long_text_only_what_is_visible_is_read(accessible: Session, reader: AtSpiText) -> None:
    text = "\n".join(f"line {number} of the output" for number in range(5000))
    with application(accessible, f"{text}\n{TRACEBACK}") as (window, _):
        lines = [line.text for line in read(reader, window)]
    assert "ZeroDivisionError: division by zero" in lines
    assert "line 4999 of the output" in lines
    assert "line 4900 of the output" not in lines
    assert len(lines) < 40


@on_linux
def test_a_hung_program_holds_nothing_up_and_is_left_alone_for_a_while(accessible: Session, reader: AtSpiText) -> None:
    with application(accessible) as (window, process), application(accessible) as (other, _):
        read(reader, window)
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        assert reader.read(window, HANGS) is None
        assert time.monotonic() - started < HANGS + PATIENCE
        process.send_signal(signal.SIGCONT)
        assert reader.read(window, PATIENCE) is None
        assert read(reader, other)
        reader._resting.clear()  # the minute is over
        assert read(reader, window)


@on_linux
def test_a_program_in_a_sandbox_is_found_by_its_title(accessible: Session, reader: AtSpiText) -> None:
    with application(accessible) as (window, _):
        read(reader, window)
        assert reader.read(replace(window, pid=window.pid + 1_000_000), PATIENCE)
        assert reader.read(replace(window, pid=0, title="Another"), PATIENCE) is None


@on_linux
def test_a_program_that_ends_is_no_error(accessible: Session, reader: AtSpiText) -> None:
    with application(accessible) as (window, _):
        read(reader, window)
    assert reader.read(window, PATIENCE) is None


@on_linux
def test_a_bus_that_ends_is_found_again(session: Session, reader: AtSpiText) -> None:
    for _ in range(2):
        with accessibility(session, on=True), application(session) as (window, _):
            assert read(reader, window)
        wait_for(lambda: LAUNCHER not in session.names(), "the end of the accessibility bus")
        assert reader.read(window, PATIENCE) is None


def test_without_a_session_nothing_tells_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    reader = open_accessible_text()
    assert isinstance(reader, NoAccessibleText)
    assert reader.read(WINDOW, PATIENCE) is None
    reader.close()


def test_the_bus_of_the_session_is_where_it_usually_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "bus"))
        assert session_bus() == f"unix:path={tmp_path}/bus"
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/elsewhere")
        assert session_bus() == "unix:path=/elsewhere"
        assert isinstance(open_accessible_text(), AtSpiText)


@pytest.mark.parametrize("address", ["", "nonsense", "tcp:host=localhost,port=1", "unix:path=/nobody/is/here"])
def test_a_bus_that_is_not_there_is_nothing_to_read(address: str) -> None:
    with pytest.raises(BusFailed):
        Connection(address, time.monotonic() + PATIENCE)
    assert AtSpiText(address).read(WINDOW, PATIENCE) is None


HANDSHAKE = ((b"\0AUTH", b"OK 0123456789abcdef0123456789abcdef\r\n"), (b"BEGIN\r\n", b""))


@contextmanager
def lying_bus(folder: Path, answer: bytes | None) -> Iterator[str]:
    """A bus that greets as it should, and gives this answer to everything else; None for no answer, ever."""
    from jeepney import HeaderFields, Parser, new_method_return

    def serve() -> None:
        client, _ = server.accept()
        with client, suppress(OSError):  # it hangs up while we talk
            handshake = client.makefile("rwb", buffering=0)
            for says, answered in HANDSHAKE:
                if not (line := handshake.readline()):
                    return  # it was late, and has hung up
                assert line.startswith(says)
                handshake.write(answered)
            parser = Parser()
            while data := client.recv(4096):
                for message in parser.feed(data):
                    if message.header.fields[HeaderFields.member] == "Hello":
                        client.sendall(new_method_return(message, "s", (":1.1",)).serialise(1))
                    elif answer is not None:
                        client.sendall(answer)

    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "bus"))
    server.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"unix:path={folder}/bus"
    finally:
        thread.join(10)
        server.close()
    assert not thread.is_alive()


HEADER = b"l\2\1\1" + (4).to_bytes(4, "little") + b"\1\0\0\0"
LIES = {
    "a message of 100 MB": b"l\2\1\1" + (100 << 20).to_bytes(4, "little") + b"\1\0\0\0" + bytes(1 << 17),
    "an unknown order of bytes": b"?" * 4096,
    "fields that are none": HEADER + (8).to_bytes(4, "little") + b"\xff" * 64,
    "zeros": bytes(4096),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_bus_that_lies_fails(lie: str, tmp_path: Path) -> None:
    with lying_bus(tmp_path, LIES[lie]) as address:
        bus = Connection(address, time.monotonic() + PATIENCE)
        with pytest.raises(BusFailed) as failed:
            bus.ask([Call(BUS, BUS_PATH, BUS, "ListNames")], time.monotonic() + PATIENCE)
        assert not isinstance(failed.value, Late)
        bus.close()
    assert LARGEST_MESSAGE < 100 << 20


def test_a_bus_that_says_nothing_is_late_and_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lying_bus(tmp_path, None) as address:
        reader = AtSpiText(address)
        started = time.monotonic()
        assert reader.read(WINDOW, 0.2) is None
        assert 0.2 <= time.monotonic() - started < PATIENCE
        connected: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(accessibility_atspi, "Connection", lambda *_: connected.append(_))
            patch.setattr(time, "monotonic", lambda: started)  # its rest can't be over
            assert reader.read(WINDOW, PATIENCE) is None
        assert not connected
        reader.close()


def test_a_bus_that_is_late_again_rests_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = 0.0, []
    reader = AtSpiText("unix:path=/nobody/is/here")

    def connect(*_: object) -> None:
        asked.append(now)
        raise Late(frozenset({BUS}))

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(accessibility_atspi, "Connection", connect)
    for _ in range(200):
        assert reader.read(WINDOW, PATIENCE) is None
        now += 1.0
    assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    with monkeypatch.context() as patch:
        patch.setattr(reader, "_read", lambda *_: [])
        assert reader.read(WINDOW, PATIENCE) == []
    asked.clear()
    now = 1000.0
    for _ in range(4):
        assert reader.read(WINDOW, PATIENCE) is None
        now += 1.0
    assert asked == [1000, 1001, 1003], "it has answered meanwhile"


def test_a_bus_that_chatters_without_end_is_late(tmp_path: Path) -> None:
    from jeepney import DBusAddress, new_signal

    chatter = new_signal(DBusAddress("/a", interface="a.b"), "Chatter", "s", ("x" * 1000,)).serialise(7) * 3000
    with lying_bus(tmp_path, chatter) as address:
        bus = Connection(address, time.monotonic() + PATIENCE)
        with pytest.raises(Late) as late:
            bus.ask([Call(BUS, BUS_PATH, BUS, "ListNames")], time.monotonic() + 0.1)
        assert late.value.names == {BUS}
        bus.close()


def test_a_path_that_is_none_is_no_question(tmp_path: Path) -> None:
    with lying_bus(tmp_path, None) as address:
        bus = Connection(address, time.monotonic() + PATIENCE)
        with pytest.raises(BusFailed):
            bus.ask([Call(BUS, "no path", BUS, "ListNames")], time.monotonic() + PATIENCE)
        bus.close()
