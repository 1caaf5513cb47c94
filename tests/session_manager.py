"""A small X session manager (XSMP, by libSM), which a test tells to log out; run as a program, it obeys lines of text.

In: `save` (the session may end), `cancel` (it does not), `die` (it does). Out: the address, then one line for whatever
a client does: `client`, `restart N` (its RestartStyleHint), `saved`, `gone`.
"""

from __future__ import annotations

import ctypes
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_ubyte, c_ulong, c_void_p
from pathlib import Path
from typing import Any

SAVE_LOCAL, SAVE_BOTH = 1, 2
INTERACT_NONE, INTERACT_ANY = 0, 2
ALL_CALLBACKS = (1 << 10) - 1
REGISTER, SAVED, CLOSED, PROPERTIES = 0, 5, 6, 7
"""Places of the callbacks in SmsCallbacks (SMlib.h)."""
MESSAGE_PROCESSED, CONNECTED = 0, 1

Register = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
Told = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p, c_void_p)
NewClient = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_ulong), c_void_p, c_void_p)
Allowed = CFUNCTYPE(c_int, c_char_p)


class Value(ctypes.Structure):
    _fields_ = (("length", c_int), ("value", POINTER(c_ubyte)))


class Property(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("type", c_char_p), ("count", c_int), ("values", POINTER(Value)))


class Callbacks(ctypes.Structure):
    """SmsCallbacks: ten pairs of a function and its data."""

    _fields_ = (("pairs", c_void_p * 20),)


class Manager:
    """Serves clients until standard input ends; one thread."""

    def __init__(self) -> None:
        self.ice, self.sm = ctypes.CDLL("libICE.so.6"), ctypes.CDLL("libSM.so.6")
        for function in ("IceComposeNetworkIdList", "SmsGenerateClientID"):
            getattr(self.ice if function.startswith("Ice") else self.sm, function).restype = c_void_p
        self.ice.IceAcceptConnection.restype = c_void_p
        self.clients: list[c_void_p] = []
        self.connections: dict[int, c_void_p] = {}
        self.functions: dict[int, Any] = {
            REGISTER: Register(self.register),
            SAVED: Told(lambda *_: say("saved")),
            CLOSED: Told(self.closed),
            PROPERTIES: Told(self.properties),
        }
        self.rest = Told(lambda *_: None)
        self.ice.IceSetIOErrorHandler(self.rest)  # its own one ends the process
        self.new_client, self.allowed = NewClient(self.meet), Allowed(lambda _: 1)

    def listen(self) -> None:
        trouble = ctypes.create_string_buffer(256)
        assert self.sm.SmsInitialize(b"test", b"1", self.new_client, None, self.allowed, 256, trouble), trouble.value
        count, listeners = c_int(), POINTER(c_void_p)()
        listening = self.ice.IceListenForConnections(ctypes.byref(count), ctypes.byref(listeners), 256, trouble)
        assert listening, trouble.value
        self.listeners = {}
        for listener in listeners[: count.value]:
            self.ice.IceSetHostBasedAuthProc(c_void_p(listener), self.allowed)
            self.listeners[self.ice.IceGetListenConnectionNumber(c_void_p(listener))] = c_void_p(listener)
        say(ctypes.string_at(self.ice.IceComposeNetworkIdList(count, listeners)).decode())

    def serve(self) -> None:
        while True:
            ready, _, _ = select.select([0, *self.listeners, *self.connections], [], [])
            for number in ready:
                if number == 0:
                    if not (orders := os.read(0, 1000)):
                        return
                    for order in orders.decode().split():
                        self.obey(order)
                elif number in self.listeners:
                    self.accept(self.listeners[number])
                elif number in self.connections:
                    self.process(number)

    def accept(self, listener: c_void_p) -> None:
        status = c_int()
        connection = c_void_p(self.ice.IceAcceptConnection(listener, ctypes.byref(status)))
        if not connection:
            return
        while self.ice.IceConnectionStatus(connection) not in (CONNECTED, 2, 3):
            self.ice.IceProcessMessages(connection, None, None)
        self.connections[self.ice.IceConnectionNumber(connection)] = connection

    def process(self, number: int) -> None:
        if self.ice.IceProcessMessages(self.connections[number], None, None) != MESSAGE_PROCESSED:
            self.connections.pop(number, None)
            self.clients.clear()
            say("gone")

    def meet(self, client: int, _data: Any, mask: Any, callbacks: int, _reason: Any) -> int:
        mask[0] = ALL_CALLBACKS
        pairs = Callbacks.from_address(callbacks).pairs
        for place in range(10):
            pairs[2 * place] = ctypes.cast(self.functions.get(place, self.rest), c_void_p).value
        self.clients.append(c_void_p(client))
        return 1

    def register(self, client: int, _data: Any, previous: int | None) -> int:
        if previous:
            return 0
        name = self.sm.SmsGenerateClientID(c_void_p(client))
        self.sm.SmsRegisterClientReply(c_void_p(client), c_void_p(name))
        self.sm.SmsSaveYourself(c_void_p(client), SAVE_LOCAL, 0, INTERACT_NONE, 0)  # as the protocol wants it
        say("client")
        return 1

    def closed(self, client: int, *_: Any) -> None:
        self.clients = [one for one in self.clients if one.value != client]
        say("gone")

    def properties(self, _client: int, _data: Any, count: int, properties: int) -> None:
        for place in range(count or 0):
            one = ctypes.cast(properties, POINTER(POINTER(Property)))[place].contents
            if one.name == b"RestartStyleHint":
                say(f"restart {one.values[0].value[0]}")

    def obey(self, order: str) -> None:
        for client in self.clients:
            match order:
                case "save":
                    self.sm.SmsSaveYourself(client, SAVE_BOTH, 1, INTERACT_ANY, 0)
                case "cancel":
                    self.sm.SmsShutdownCancelled(client)
                case "die":
                    self.sm.SmsDie(client)


def say(line: str) -> None:
    print(line, flush=True)


class Session:
    """A session manager that runs; `address` is for SESSION_MANAGER."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.heard: list[str] = []
        self.address = self._line()

    def order(self, order: str) -> None:
        """Tell all clients `save`, `cancel` or `die`."""
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def wait(self, *lines: str) -> None:
        """Wait until the clients have done all that, in any order; the test's own time-out ends it."""
        missing = list(lines)
        while missing:
            line = self._line()
            assert line, f"the session manager ended, missing {missing}"
            self.heard.append(line)
            if line in missing:
                missing.remove(line)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def session_manager() -> Iterator[Session]:
    """A session manager of the test's own."""
    folder = Path("/tmp/.ICE-unix")  # where libICE has its sockets
    folder.mkdir(exist_ok=True)
    if folder.owner() == "root" and os.geteuid() == 0:
        folder.chmod(0o1777)
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Session(process)
    finally:
        process.terminate()
        process.communicate()


def missing_libraries() -> str:
    """Why there can be no session manager here; empty when there can."""

    def lacks(load: Callable[[str], object], name: str) -> bool:
        try:
            load(name)
        except OSError:
            return True
        return False

    return ", ".join(name for name in ("libICE.so.6", "libSM.so.6") if lacks(ctypes.CDLL, name))


if __name__ == "__main__":
    manager = Manager()
    manager.listen()
    manager.serve()
