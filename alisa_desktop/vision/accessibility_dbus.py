"""Questions over D-Bus to many objects at once, with a deadline: a thin shell around jeepney's messages.

jeepney's own connection has no deadline for its greeting and its writes, and takes messages of any size.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

LARGEST_MESSAGE = 1 << 20
"""Bytes. Nothing that is asked for needs more; taking 1 MiB apart takes about half a second."""
LEAST_WAIT = 0.001
"""Seconds; a socket takes 0 for "don't wait at all"."""
BUS = "org.freedesktop.DBus"
BUS_PATH = "/org/freedesktop/DBus"
UNREADABLE = (ValueError, TypeError, LookupError, AssertionError, AttributeError, struct.error, RecursionError)
"""What jeepney raises for bytes that are no message."""

Reply = tuple[Any, ...] | None
"""What was returned; None where an error was."""


class BusFailed(Exception):
    """The bus can't be reached, or what comes from it can't be understood."""


class Late(BusFailed):
    """Not everybody has answered in time; `names` are those who haven't."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


@dataclass(frozen=True, slots=True)
class Call:
    """A question to an object of the application `name`; it starts no application."""

    name: str
    path: str
    interface: str
    member: str
    signature: str = ""
    body: tuple[Any, ...] = ()


class Bus(Protocol):
    """Where questions are asked. Use it from one thread."""

    def ask(self, calls: Sequence[Call], end: float) -> list[Reply]:
        """The replies in the order of the calls; raises `BusFailed`, `Late` from `end` (`time.monotonic()`) on."""
        ...

    def close(self) -> None:
        """Let go of the bus."""
        ...


class Connection:
    """A connection to the bus at a D-Bus address; raises `BusFailed` where there is none."""

    def __init__(self, address: str, end: float) -> None:
        from jeepney import Parser
        from jeepney.bus import get_connectable_addresses
        from jeepney.io.blocking import prep_socket

        try:
            place = next(get_connectable_addresses(address))
            self._socket = prep_socket(place, timeout=max(LEAST_WAIT, end - time.monotonic()))
        except TimeoutError as error:
            raise Late(frozenset({BUS})) from error
        except (OSError, RuntimeError, *UNREADABLE) as error:
            raise BusFailed(address) from error
        self._parser = Parser()
        self._serials = count(1)
        try:
            self.ask([Call(BUS, BUS_PATH, BUS, "Hello")], end)
        except BusFailed:
            self.close()
            raise

    def ask(self, calls: Sequence[Call], end: float) -> list[Reply]:
        """Send all calls, then gather the replies: one round trip, however many there are."""
        serials = [next(self._serials) for _ in calls]
        replies: dict[int, Reply] = {}
        awaited = dict(zip(serials, calls, strict=True))
        try:
            self._wait_until(end)
            self._socket.sendall(b"".join(_bytes_of(call, serial) for serial, call in awaited.items()))
            while awaited:
                serial, reply = self._receive(end)
                if awaited.pop(serial, None):
                    replies[serial] = reply
        except TimeoutError as error:
            raise Late(frozenset(call.name for call in awaited.values())) from error
        except (OSError, *UNREADABLE) as error:
            raise BusFailed(str(error)) from error
        return [replies[serial] for serial in serials]

    def close(self) -> None:
        """Close the socket; replies that are still to come go nowhere."""
        self._socket.close()

    def _receive(self, end: float) -> tuple[int, Reply]:
        """The next message: the number of the call it answers (0 if none), and what it says."""
        from jeepney import HeaderFields, MessageType

        while (message := self._parser.get_next_message()) is None:
            if self._parser.bytes_desired() > LARGEST_MESSAGE:
                raise ValueError("a message that is too large")
            self._wait_until(end)
            if not (data := self._socket.recv(1 << 16)):
                raise ConnectionResetError("the bus has hung up")
            self._parser.add_data(data)
        if time.monotonic() > end:  # somebody who talks without end is as late as somebody who says nothing
            raise TimeoutError
        answered = message.header.message_type is MessageType.method_return
        return message.header.fields.get(HeaderFields.reply_serial, 0), tuple(message.body) if answered else None

    def _wait_until(self, end: float) -> None:
        if (left := end - time.monotonic()) <= 0:
            raise TimeoutError
        self._socket.settimeout(max(LEAST_WAIT, left))


def _bytes_of(call: Call, serial: int) -> bytes:
    from jeepney import DBusAddress, MessageFlag, new_method_call

    to = DBusAddress(call.path, call.name, call.interface)
    message = new_method_call(to, call.member, call.signature or None, call.body)
    message.header.flags = MessageFlag.no_auto_start
    return bytes(message.serialise(serial))


def first_of(reply: Reply) -> Any:
    """The first thing that was returned; None if nothing was."""
    return reply[0] if reply else None


def value_of(reply: Reply) -> Any:
    """The value of a property that was asked for; None if it isn't told."""
    variant = first_of(reply)
    return variant[1] if isinstance(variant, tuple) and len(variant) == 2 else None


def text_of(value: object) -> str:
    """A text, empty where it is none."""
    return value if isinstance(value, str) else ""


def number_of(value: object) -> int:
    """A whole number, -1 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def items_of(value: object) -> list[Any]:
    """A list, empty where it is none."""
    return value if isinstance(value, list) else []
