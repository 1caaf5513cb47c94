"""Words that are no chat: `/mode name`, `/stop` and `/look words`, understood alike from every edge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Plain chat."""

    text: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Switch to the mode of this name; an empty name asks which there are."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the reply that is under way."""


@dataclass(frozen=True, slots=True)
class Look:
    """Look at the screen, then answer these words; there may be none."""

    text: str


Command = Say | SetMode | Stop | Look


@dataclass(frozen=True, slots=True)
class Said:
    """The words became the turn of this id."""

    turn: str


@dataclass(frozen=True, slots=True)
class ModeSet:
    """The mode of this name is on now."""

    mode: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whatever was under way is being stopped."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done; the sentence says why."""

    sentence: str


Submission = Said | ModeSet | Stopped | Refused


def parse_command(text: str) -> Command:
    """What `text` asks for. A slash word we do not know is chat: people write paths and smileys."""
    word, *rest = text.split(maxsplit=1) or [""]
    match word.lower():
        case "/mode":
            return SetMode("".join(rest).strip())
        case "/stop":
            return Stop()
        case "/look":
            return Look("".join(rest).strip())
    return Say(text)
