"""The machine's sleep is told beforehand, by a service like logind on a real message bus and by stand-ins elsewhere."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from desktop import wait_for

from alisa_desktop.host import power
from alisa_desktop.host.power import NoPower, PowerWatch, watch
from alisa_desktop.host.power_linux import LOGIN, MEMBER, REASON, SHUTDOWN, LinuxPower
from alisa_desktop.host.power_macos import MacPower
from alisa_desktop.host.power_windows import (
    DEVICE_NOTIFY_CALLBACK,
    DWORD,
    PBT_APMRESUMEAUTOMATIC,
    PBT_APMSUSPEND,
    Subscription,
    WindowsPower,
)

PATIENCE = 20.0
PBT_APMRESUMESUSPEND = 0x07
CONFIGURATION = """<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""
on_a_bus = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("dbus-daemon"), reason="no dbus-daemon here")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time."""
    monkeypatch.setattr(power, "HANDLING_SECONDS", PATIENCE)
    monkeypatch.setattr("alisa_desktop.host.power_linux.PATIENCE", PATIENCE)


class Told:
    """Hears what the machine does, and in which thread."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.threads: set[int] = set()

    def sleep(self) -> None:
        self._note("sleep")

    def wake(self) -> None:
        self._note("wake")

    async def next(self) -> str:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    def _note(self, what: str) -> None:
        self.threads.add(threading.get_ident())
        self.heard.put_nowait(what)


class Machine:
    """A system of the test's own: sleeps and wakes when it is told to."""

    def __init__(self) -> None:
        self.closed = 0
        self.sleep: Callable[[], None] = lambda: None
        self.wake: Callable[[], None] = lambda: None

    def open(self, on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> Machine:
        self.sleep, self.wake = on_sleep, on_wake
        return self

    def close(self) -> None:
        self.closed += 1


# Whatever the system


async def test_sleep_has_been_handled_in_the_loop_when_the_system_may_go_on() -> None:
    told, machine = Told(), Machine()
    watched = PowerWatch(told.sleep, told.wake, machine.open)
    await asyncio.to_thread(machine.sleep)
    assert told.heard.get_nowait() == "sleep"
    await asyncio.to_thread(machine.wake)
    assert await told.next() == "wake"
    assert told.threads == {threading.get_ident()}
    watched.close()
    assert machine.closed == 1


async def test_a_system_that_calls_in_the_loops_own_thread_is_not_kept_waiting() -> None:
    told, machine = Told(), Machine()
    watched = PowerWatch(told.sleep, told.wake, machine.open)
    machine.sleep()
    assert told.heard.get_nowait() == "sleep"
    watched.close()


async def test_nothing_is_called_after_the_end() -> None:
    told, machine = Told(), Machine()
    watched = PowerWatch(told.sleep, told.wake, machine.open)
    machine.wake()  # still under way
    watched.close()
    watched.close()
    machine.sleep()
    await asyncio.to_thread(machine.sleep)
    await asyncio.to_thread(machine.wake)
    await asyncio.sleep(0)
    assert told.heard.empty()


async def test_the_end_lets_go_of_a_system_that_waits() -> None:
    told, machine = Told(), Machine()
    watched = PowerWatch(told.sleep, told.wake, machine.open)
    asked = threading.Event()
    thread = threading.Thread(target=machine.sleep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(power, "HANDLING_SECONDS", 10 * PATIENCE)
        patch.setattr(watched, "_loop", SimpleNamespace(call_soon_threadsafe=lambda _: asked.set()))  # never runs it
        thread.start()
        assert asked.wait(PATIENCE)
    watched.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert told.heard.empty()


async def test_a_loop_that_is_busy_keeps_no_machine_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "HANDLING_SECONDS", 0.01)
    told, machine = Told(), Machine()
    watched = PowerWatch(told.sleep, told.wake, machine.open)
    thread = threading.Thread(target=machine.sleep)
    thread.start()
    thread.join(PATIENCE)  # the loop stands still meanwhile
    assert not thread.is_alive()
    assert await told.next() == "sleep"
    watched.close()


def test_a_loop_that_has_ended_is_no_trouble() -> None:
    told, machine = Told(), Machine()

    async def start() -> PowerWatch:
        return PowerWatch(told.sleep, told.wake, machine.open)

    watched = asyncio.run(start())
    thread = threading.Thread(target=lambda: (machine.sleep(), machine.wake()))
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    watched.close()


@pytest.mark.parametrize("error", [OSError, ImportError, AttributeError, RuntimeError])
async def test_a_system_that_tells_nothing_is_no_trouble(
    error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> NoPower:
        raise error("not here")

    with caplog.at_level(logging.INFO):
        watched = PowerWatch(lambda: None, lambda: None, refuse)
    watched.close()
    assert [(record.levelname, "not here" in record.message) for record in caplog.records] == [("INFO", True)]


async def test_this_machine_is_watched_and_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    watched = watch(lambda: None, lambda: None)
    watched.close()
    wait_for(lambda: "power" not in {thread.name for thread in threading.enumerate()}, "the end of the thread")


# Linux


class Login:
    """A logind that may be told to sleep: gives out locks, and knows which of them are still held."""

    def __init__(self, address: str, refuses: bool = False) -> None:
        from jeepney import message_bus
        from jeepney.bus import get_bus
        from jeepney.io.blocking import DBusConnection, prep_socket

        self.asked: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.locks: queue.Queue[int] = queue.Queue()
        self._refuses = refuses
        self._connection = DBusConnection(prep_socket(get_bus(address), enable_fds=True), enable_fds=True)
        self._connection.send_and_get_reply(message_bus.RequestName(LOGIN[1]))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def tell(self, starts: bool, member: str = MEMBER) -> None:
        from jeepney import DBusAddress, new_signal

        path, _, interface = LOGIN
        self._connection.send(new_signal(DBusAddress(path, interface=interface), member, "b", (starts,)))

    def next_lock(self) -> int:
        """The file that ends when the lock that was given out next is given back."""
        assert self.asked.get(timeout=PATIENCE) == REASON
        return self.locks.get(timeout=PATIENCE)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType

        with self._connection, suppress(OSError):  # until the bus ends
            while True:
                question = self._connection.receive()
                if question.header.message_type is MessageType.method_call:
                    assert question.header.fields[HeaderFields.member] == "Inhibit"
                    self._answer(question)
                    self.asked.put(tuple(question.body))

    def _answer(self, question: Any) -> None:
        from jeepney import new_error, new_method_return

        if self._refuses:
            self._connection.send(new_error(question, "org.freedesktop.DBus.Error.AccessDenied"))
            return
        reader, writer = os.pipe()
        self.locks.put(reader)
        try:
            self._connection.send(new_method_return(question, "h", (writer,)))
        finally:
            os.close(writer)


class Bus:
    def __init__(self, folder: Path) -> None:
        path = folder / "bus"
        self.address = f"unix:path={path}"
        configuration = folder / "bus.conf"
        configuration.write_text(CONFIGURATION.format(path=path))
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"]
        self._daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._logins: list[Login] = []
        assert self._daemon.stdout
        with self._daemon.stdout as said:
            assert said.readline().startswith(self.address.encode())  # said when it listens

    def login(self, *, refuses: bool = False) -> Login:
        self._logins.append(Login(self.address, refuses))
        return self._logins[-1]

    def end(self) -> None:
        self._daemon.terminate()
        self._daemon.wait(PATIENCE)
        for login in self._logins:
            login.join()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bus]:
    it = Bus(tmp_path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", it.address)
    yield it
    it.end()


def is_held(lock: int) -> bool:
    os.set_blocking(lock, False)
    try:
        return os.read(lock, 1) != b""
    except BlockingIOError:
        return True


def given_back(lock: int) -> bool:
    """Wait until it is, and forget it."""
    os.set_blocking(lock, True)
    ended = os.read(lock, 1) == b""
    os.close(lock)
    return ended


@on_a_bus
async def test_logind_waits_until_sleep_was_handled(bus: Bus) -> None:
    login, told = bus.login(), Told()
    held: list[bool] = []

    def sleep() -> None:
        held.append(is_held(first))
        told.sleep()

    watched = watch(sleep, told.wake)
    first = await asyncio.to_thread(login.next_lock)
    assert is_held(first)
    login.tell(True)
    assert await told.next() == "sleep"
    assert held == [True]
    assert await asyncio.to_thread(given_back, first)
    login.tell(False)
    assert await told.next() == "wake"
    second = await asyncio.to_thread(login.next_lock)
    assert is_held(second)
    watched.close()
    assert await asyncio.to_thread(given_back, second)
    assert told.threads == {threading.get_ident()}
    assert told.heard.empty()


@on_a_bus
async def test_the_power_off_waits_for_the_end_of_the_process(bus: Bus) -> None:
    login, told, off = bus.login(), Told(), asyncio.Event()
    watched = watch(told.sleep, told.wake, off.set)
    lock = await asyncio.to_thread(login.next_lock)
    login.tell(True, SHUTDOWN)
    await asyncio.wait_for(off.wait(), PATIENCE)
    watched.close()  # she closes, and the last of it comes after this
    assert is_held(lock)
    assert told.heard.empty()
    os.close(lock)


@on_a_bus
async def test_sleep_is_told_though_logind_will_not_wait(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    login, told = bus.login(refuses=True), Told()
    with caplog.at_level(logging.INFO):
        watched = watch(told.sleep, told.wake)
        await asyncio.to_thread(login.asked.get, timeout=PATIENCE)
        login.tell(True)
        assert await told.next() == "sleep"
        login.tell(False)
        assert await told.next() == "wake"
        watched.close()
    assert {record.levelname for record in caplog.records if "wait" in record.message} == {"INFO"}


@on_a_bus
async def test_nobody_else_puts_her_to_sleep(bus: Bus) -> None:
    login, told = bus.login(), Told()
    watched = watch(told.sleep, told.wake)
    first = await asyncio.to_thread(login.next_lock)
    command = ["dbus-send", f"--bus={bus.address}", "--type=signal", LOGIN[0], f"{LOGIN[2]}.{MEMBER}", "boolean:true"]
    if shutil.which("dbus-send"):
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=PATIENCE)
    login.tell(False)
    assert await told.next() == "wake"
    second = await asyncio.to_thread(login.next_lock)
    watched.close()
    assert await asyncio.to_thread(given_back, first)
    assert await asyncio.to_thread(given_back, second)


@on_a_bus
async def test_a_bus_without_logind_can_be_left(bus: Bus) -> None:
    watched = watch(lambda: None, lambda: None)
    watched.close()
    wait_for(lambda: "power" not in {thread.name for thread in threading.enumerate()}, "the end of the thread")


@on_a_bus
async def test_the_end_of_the_bus_is_no_trouble(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    login = bus.login()
    with caplog.at_level(logging.INFO):
        source = LinuxPower(lambda: None, lambda: None)
        lock = await asyncio.to_thread(login.next_lock)
        await asyncio.to_thread(bus.end)
        assert await asyncio.to_thread(given_back, lock)
        source.close()
    assert {record.levelname for record in caplog.records} <= {"INFO", "DEBUG"}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has the bus")
@pytest.mark.parametrize("address", ["unix:path={}/none", "nonsense", "tcp:host=localhost", "unix:path={}"])
def test_no_bus_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address.format(tmp_path))
    with caplog.at_level(logging.INFO):
        source = LinuxPower(lambda: None, lambda: None)
        source._thread.join(PATIENCE)
        source.close()
    assert not source._thread.is_alive()
    assert [record.levelname for record in caplog.records] == ["INFO"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has the bus")
def test_a_bus_that_talks_nonsense_is_no_trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/bus")
        server.listen()
        source = LinuxPower(lambda: None, lambda: None)
        way, _ = server.accept()
        with way:
            way.sendall(b"Good evening!\r\n")
            source._thread.join(PATIENCE)
    assert not source._thread.is_alive()
    source.close()


# Windows


class Powrprof:
    """Windows' library, called and calling back as C does."""

    def __init__(self, status: int = 0) -> None:
        self.routine: Any = None
        self.registered: list[int] = []

        def register(flags: int, subscription: Any, handle: Any) -> int:
            assert flags == DEVICE_NOTIFY_CALLBACK
            if not status:
                address = ctypes.cast(subscription.contents.callback, ctypes.c_void_p).value
                assert address
                self.routine = ctypes.CFUNCTYPE(DWORD, ctypes.c_void_p, DWORD, ctypes.c_void_p)(address)
                handle.contents.value = 0x1234567890
                self.registered.append(0x1234567890)
            return status

        def unregister(handle: int) -> int:
            self.registered.remove(handle)
            return 0

        handle_type = ctypes.POINTER(ctypes.c_void_p)
        self.PowerRegisterSuspendResumeNotification = ctypes.CFUNCTYPE(
            DWORD, DWORD, ctypes.POINTER(Subscription), handle_type
        )(register)
        self.PowerUnregisterSuspendResumeNotification = ctypes.CFUNCTYPE(DWORD, ctypes.c_void_p)(unregister)

    def tell(self, *kinds: int) -> None:
        for kind in kinds:
            assert self.routine(None, kind, None) == 0


async def test_windows_tells_sleep_and_wake_once_each() -> None:
    told, library = Told(), Powrprof()
    watched = PowerWatch(told.sleep, told.wake, lambda sleep, wake: WindowsPower(sleep, wake, library))
    await asyncio.to_thread(library.tell, PBT_APMSUSPEND)
    assert told.heard.get_nowait() == "sleep"
    await asyncio.to_thread(library.tell, PBT_APMRESUMEAUTOMATIC, PBT_APMRESUMESUSPEND)
    assert await told.next() == "wake"
    assert told.heard.empty()
    assert library.registered
    watched.close()
    watched.close()
    assert not library.registered


async def test_windows_may_refuse() -> None:
    with pytest.raises(OSError, match="PowerRegister"):
        WindowsPower(lambda: None, lambda: None, Powrprof(status=5))
    PowerWatch(lambda: None, lambda: None, lambda sleep, wake: WindowsPower(sleep, wake, Powrprof(status=5))).close()


@pytest.mark.skipif(sys.platform == "win32", reason="this is Windows")
def test_windows_is_not_everywhere() -> None:
    with pytest.raises(OSError, match="not Windows"):
        WindowsPower(lambda: None, lambda: None)


# macOS


class Center:
    """A notification center that posts as AppKit's does: in the thread that posts."""

    def __init__(self) -> None:
        self.blocks: dict[str, Callable[[Any], None]] = {}

    def addObserverForName_object_queue_usingBlock_(
        self, name: str, sender: object, where: object, block: Callable[[Any], None]
    ) -> str:
        assert sender is where is None
        self.blocks[name] = block
        return name

    def removeObserver_(self, observer: str) -> None:
        del self.blocks[observer]


async def test_macos_tells_sleep_and_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    center, told = Center(), Told()
    kit: Any = ModuleType("AppKit")
    workspace = SimpleNamespace(notificationCenter=lambda: center)
    kit.NSWorkspace = SimpleNamespace(sharedWorkspace=lambda: workspace)
    kit.NSWorkspaceWillSleepNotification, kit.NSWorkspaceDidWakeNotification = "will sleep", "did wake"
    monkeypatch.setitem(sys.modules, "AppKit", kit)
    watched = PowerWatch(told.sleep, told.wake, MacPower)
    center.blocks["will sleep"](None)
    assert told.heard.get_nowait() == "sleep"
    center.blocks["did wake"](None)
    assert await told.next() == "wake"
    watched.close()
    watched.close()
    assert not center.blocks


async def test_macos_without_pyobjc_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "AppKit", None)
    PowerWatch(lambda: None, lambda: None, MacPower).close()
