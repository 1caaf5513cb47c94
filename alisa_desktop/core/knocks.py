"""The words at her door: lines of JSON by which another program of the same user asks the running Alisa. Pure, no I/O.

One line is one object. The visitor's has `do`, and hers has `is`:

    {"do": "show"}                          {"is": "done", "pid": 4711}
    {"do": "quit"}                          {"is": "done", "pid": 4711}, and then she leaves
    {"do": "say", "text": "hi", "mode": ""} {"is": "words", "text": "Hel"} and more, then {"is": "finished", ...}
                                            or {"is": "mode_set", "mode": "study"}, or {"is": "done", "pid": 4711}
    {"do": "stop"}                          ends the reply to an earlier "say" of this visitor; no answer of its own
    anything else                           {"is": "refused", "sentence": "..."}

A visit is one wish and what follows from it; she hangs up after the last answer. A visitor who hangs up first ends the
reply. Fields that are not known are passed over, so that an older and a newer one understand each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, TypeVar

LONGEST_WISH = 256 * 1024
"""Bytes of a visitor's line."""
LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of a line of hers."""

MOST_UNREAD = 1024 * 1024
"""Bytes that may wait for a slow visitor; who reads no faster is sent away."""


class NoSuchWords(ValueError):
    """A line that is none of these, or too long a one; nothing that follows it is worth reading."""


@dataclass(frozen=True, slots=True)
class Show:
    """Come forward."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Say:
    """The user's words; `mode` is that of this one answer, empty for the present one."""

    text: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the reply to what was said on this visit."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, or begun; `pid` is her process."""

    pid: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done; the sentence says why."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ModeSet:
    """The words switched the mode, for good."""

    mode: str


@dataclass(frozen=True, slots=True)
class Words:
    """More words of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply is over, however it went: the fields of `ReplyFinished`, and the mode she answered in."""

    mode: str
    emotion: str
    text: str
    tokens: int
    seconds: float
    outcome: str
    notice: str


class Guest(Protocol):
    """A visitor as she sees one. On the loop's thread."""

    def feed(self, data: bytes) -> None:
        """Bytes came from there."""
        ...

    def gone(self) -> None:
        """The connection has ended."""
        ...


Welcome = Callable[[Callable[[bytes], None], Callable[[], None]], Guest]
"""Lets a visitor in, given what sends bytes there and what hangs up once they are sent."""
Wish = Show | Quit | Say | Stop
Answer = Done | Refused | ModeSet | Words | Finished
WISHES: Mapping[str, type[Wish]] = {"show": Show, "quit": Quit, "say": Say, "stop": Stop}
ANSWERS: Mapping[str, type[Answer]] = {
    "done": Done,
    "refused": Refused,
    "mode_set": ModeSet,
    "words": Words,
    "finished": Finished,
}
Kind = TypeVar("Kind")
_TYPES: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}


def write_wish(wish: Wish) -> bytes:
    """The line for `wish`."""
    return _line("do", next(name for name, kind in WISHES.items() if kind is type(wish)), asdict(wish))


def write_answer(answer: Answer) -> bytes:
    """The line for `answer`."""
    return _line("is", next(name for name, kind in ANSWERS.items() if kind is type(answer)), asdict(answer))


def read_wish(line: bytes) -> Wish:
    """What a visitor wants; raises `NoSuchWords`."""
    return _read(line, "do", WISHES)


def read_answer(line: bytes) -> Answer:
    """What she answers; raises `NoSuchWords`."""
    return _read(line, "is", ANSWERS)


class Lines:
    """Takes bytes as they come, in any pieces, and gives whole lines back; `longest` is in bytes."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; raises `NoSuchWords` where one is too long."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > self._longest for line in (*lines, self._rest)):
            raise NoSuchWords("a line is too long")
        return lines


def _line(key: str, name: str, said: dict[str, Any]) -> bytes:
    return json.dumps({key: name} | said).encode("ascii") + b"\n"


def _read(line: bytes, key: str, kinds: Mapping[str, type[Kind]]) -> Kind:
    try:
        said = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NoSuchWords("a line is no JSON") from error
    kind = kinds.get(said.get(key, "")) if isinstance(said, dict) and isinstance(said.get(key), str) else None
    if kind is None:
        raise NoSuchWords("a line says nothing that is known here")
    known = {field.name: field for field in fields(kind) if field.name in said}  # type: ignore[arg-type]  # dataclasses
    if any(type(said[name]) not in _TYPES[str(field.type)] for name, field in known.items()):
        raise NoSuchWords("a field is of another kind")
    try:
        return kind(**{name: said[name] for name in known})
    except TypeError as error:
        raise NoSuchWords("a field is missing") from error
