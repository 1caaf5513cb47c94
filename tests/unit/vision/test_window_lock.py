"""Whether the session is locked, asked on a real message bus of a real service, and on buses that are none."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alisa_desktop.vision import window_lock
from alisa_desktop.vision.window_lock import LOGIN, LOGIN_SESSION, OWN_SESSION, SessionLock

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("dbus-daemon"), reason="no dbus-daemon here"
)
FOR_EVER = 30.0
"""Seconds that are none of a bus that keeps silent."""
FOUND_BY_PID = "/org/freedesktop/login1/session/_31"
CONFIGURATION = """<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""


class Service:
    """A program on the bus that answers one question after the other, until its bus ends."""

    def __init__(self, address: str, name: str) -> None:
        from jeepney import message_bus
        from jeepney.bus import get_bus
        from jeepney.io.blocking import DBusConnection, prep_socket

        self.answers: dict[tuple[str, str], tuple[str, tuple[Any, ...]]] = {}
        self.asked: list[tuple[str, str, tuple[Any, ...]]] = []
        self._connection = DBusConnection(prep_socket(get_bus(address)))
        self._connection.send_and_get_reply(message_bus.RequestName(name))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_error, new_method_return

        while True:
            try:
                question = self._connection.receive()
            except OSError:
                self._connection.close()
                return
            if question.header.message_type is not MessageType.method_call:
                continue
            fields = question.header.fields
            key = (fields[HeaderFields.path], fields[HeaderFields.member])
            self.asked.append((*key, tuple(question.body)))
            if key in self.answers:
                signature, body = self.answers[key]
                if signature:
                    self._connection.send(new_method_return(question, signature, body))
            else:
                self._connection.send(new_error(question, "org.freedesktop.DBus.Error.UnknownObject"))

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


class Bus:
    def __init__(self, folder: Path) -> None:
        path = folder / "bus"
        self.address = f"unix:path={path}"
        configuration = folder / "bus.conf"
        configuration.write_text(CONFIGURATION.format(path=path))
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"]
        self._daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._services: list[Service] = []
        assert self._daemon.stdout
        with self._daemon.stdout as said:
            assert said.readline().startswith(self.address.encode())  # said when it listens

    def service(self, name: str) -> Service:
        self._services.append(Service(self.address, name))
        return self._services[-1]

    def close(self) -> None:
        self._daemon.terminate()
        self._daemon.wait(10)
        for service in self._services:
            service.join()


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    it = Bus(tmp_path)
    yield it
    it.close()


@pytest.fixture(autouse=True)
def no_buses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's bus may take its time."""
    monkeypatch.setattr(window_lock, "PATIENCE", 20.0)


@pytest.fixture
def lock() -> Iterator[SessionLock]:
    it = SessionLock()
    yield it
    it.close()


@pytest.mark.usefixtures("patient")
def test_logind_says_so(bus: Bus, lock: SessionLock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    login = bus.service(LOGIN[0])
    login.answers[OWN_SESSION, "Get"] = ("v", (("b", False),))
    assert not lock.locked()
    login.answers[OWN_SESSION, "Get"] = ("v", (("b", True),))
    assert lock.locked()
    assert login.asked[0] == (OWN_SESSION, "Get", (LOGIN_SESSION, "LockedHint"))


@pytest.mark.usefixtures("patient")
def test_an_older_logind_says_so(bus: Bus, lock: SessionLock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    login = bus.service(LOGIN[0])
    assert not lock.locked()
    login.answers[LOGIN[1], "GetSessionByPID"] = ("o", (FOUND_BY_PID,))
    login.answers[FOUND_BY_PID, "Get"] = ("v", (("b", True),))
    assert lock.locked()


@pytest.mark.parametrize(("name", "path"), window_lock.SAVERS)
@pytest.mark.usefixtures("patient")
def test_a_screen_saver_says_so(
    bus: Bus, lock: SessionLock, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    assert not lock.locked()
    saver = bus.service(name)
    assert not lock.locked(), "an error is no lock"
    saver.answers[path, "GetActive"] = ("b", (False,))
    assert not lock.locked()
    saver.answers[path, "GetActive"] = ("b", (True,))
    assert lock.locked()
    saver.answers[path, "GetActive"] = ("s", ("yes",))
    assert not lock.locked(), "nonsense is no lock"


@pytest.mark.usefixtures("patient")
def test_the_session_bus_is_found_where_systemd_puts_it(
    bus: Bus, lock: SessionLock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    name, path = window_lock.SAVERS[0]
    bus.service(name).answers[path, "GetActive"] = ("b", (True,))
    assert lock.locked()


@pytest.mark.usefixtures("patient")
def test_buses_that_are_absent_are_remembered(lock: SessionLock, bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(window_lock, "time", SimpleNamespace(monotonic=lambda: now))
    assert not lock.locked()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    name, path = window_lock.SAVERS[0]
    bus.service(name).answers[path, "GetActive"] = ("b", (True,))
    assert not lock.locked()
    now += window_lock.LONGEST_REST
    assert lock.locked(), "after its rest it is asked again"


def test_a_bus_that_stays_absent_is_asked_ever_less(lock: SessionLock, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    asked: list[tuple[str, float]] = []

    def nobody_there(name: str) -> None:
        asked.append((name, now))
        raise ConnectionRefusedError

    monkeypatch.setattr(window_lock.time, "monotonic", lambda: now)
    monkeypatch.setattr(window_lock, "_connect", nobody_there)
    for _ in range(400):
        assert not lock.locked()
        now += 1.0
    times = [at - 1000.0 for name, at in asked if name == "SYSTEM"]
    assert times == [0, 1, 3, 7, 15, 31, 63, 127, 191, 255, 319, 383]


@pytest.mark.parametrize("address", ["", "nonsense", "autolaunch:", "tcp:host=localhost,port=1", "unix:abstract=none"])
def test_addresses_of_no_bus(lock: SessionLock, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address or "nonsense")
    assert not lock.locked()


@pytest.mark.parametrize("greeting", [b"", b"OK 1234\r\n"], ids=["says nothing", "says nothing after the greeting"])
def test_a_silent_bus_holds_nothing_up(
    lock: SessionLock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, greeting: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent"))
        listener.listen()

        def greet() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):  # it may have hung up meanwhile
                connection.sendall(greeting)
                while connection.recv(1024):
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/silent")
        monkeypatch.setattr(window_lock, "time", SimpleNamespace(monotonic=lambda: 1000.0))  # no rest is ever over
        start = time.monotonic()
        assert not lock.locked()
        assert time.monotonic() - start < FOR_EVER
        thread.join(FOR_EVER)
        assert not thread.is_alive(), "it has hung up"
        assert not lock.locked()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # and wasn't there again
            listener.accept()


def test_a_silent_service_holds_nothing_up(bus: Bus, lock: SessionLock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    name, path = window_lock.SAVERS[0]
    bus.service(name).answers[path, "GetActive"] = ("", ())
    start = time.monotonic()
    assert not lock.locked()
    assert time.monotonic() - start < FOR_EVER


def test_a_bus_that_ends_is_no_error(tmp_path: Path, lock: SessionLock, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(tmp_path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    assert not lock.locked()
    bus.close()
    assert not lock.locked()
