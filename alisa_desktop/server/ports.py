"""What the endpoint needs of the talk, what a frame can ask for, and what a dialect of the socket is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alisa_desktop.conversation.commands import Submission
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import Event
from alisa_desktop.core.messages import ClientKind, Emotion, ModelStatus, ScreenReport, Turn


@dataclass(frozen=True, slots=True)
class Submit:
    """Words of the user: chat, `/mode name` or `/stop`."""

    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """The client's speech output began or ended."""

    active: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """A sensor saw the user: present, absent, focused, distracted, or a facial emotion."""

    value: str


@dataclass(frozen=True, slots=True)
class Screen:
    """A sensor saw the screen."""

    report: ScreenReport


@dataclass(frozen=True, slots=True)
class Regenerate:
    """The last message is to be answered again."""


@dataclass(frozen=True, slots=True)
class Recall:
    """A page of what was said: at most `limit` turns, before the turn `before` if one is named."""

    limit: int
    before: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Nothing but an answer to this client: frames."""

    frames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A keep-alive, or a report that nobody understands."""


Command = Submit | Regenerate | Recall | Speech | Presence | Screen | Reply | Nothing


class NamedMode(Protocol):
    """A way for her to be, as clients are told of it."""

    @property
    def name(self) -> str:
        """What it is switched on by."""
        ...

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    @property
    def resting(self) -> Emotion:
        """Her face at rest."""
        ...


class Talk(Protocol):
    """The conversation as the endpoint sees it; every method returns at once, on the loop's thread.

    What a submitted text leads to is published on `bus` after `submit` has returned, but for a changed mode.
    """

    @property
    def bus(self) -> EventBus:
        """Carries everything that happens."""
        ...

    @property
    def emotion(self) -> Emotion:
        """The face she shows now."""
        ...

    @property
    def mode(self) -> NamedMode:
        """The mode that is on."""
        ...

    @property
    def modes(self) -> Mapping[str, NamedMode]:
        """All modes there are."""
        ...

    @property
    def model_status(self) -> ModelStatus:
        """Where her model stands."""
        ...

    def submit(self, text: str, sender: str = "") -> Submission:
        """Take words of the user."""
        ...

    def regenerate(self, sender: str = "") -> str | None:
        """Answer the last message again; its turn, or None when there is nothing yet."""
        ...

    async def history(self, limit: int, before: str = "") -> Sequence[Turn]:
        """Finished turns, oldest first; raises `MemoryFailed`."""
        ...

    def speech(self, active: bool, sender: str = "") -> None:
        """A client's speech output began or ended."""
        ...

    def report_presence(self, value: str) -> None:
        """A sensor saw the user."""
        ...

    def report_screen(self, report: ScreenReport) -> None:
        """A sensor saw the screen."""
        ...


class Dialect(Protocol):
    """The language of one client, as a pure state machine: frames in, commands out; events in, frames out."""

    @property
    def keep_alive(self) -> str:
        """The frame that says nothing but that we are here."""
        ...

    @property
    def kind(self) -> ClientKind:
        """What the client does, as far as it has shown."""
        ...

    @property
    def program(self) -> str:
        """What the client calls itself in its own words; empty when it has not said."""
        ...

    @property
    def version(self) -> int:
        """The version of the protocol it speaks."""
        ...

    @property
    def listens(self) -> bool:
        """Whether the client reads at all; one that does not is sent nothing, not even what is waiting."""
        ...

    def greet(self) -> Sequence[str]:
        """The frames that a client is welcomed with."""
        ...

    def receive(self, frame: str) -> Command:
        """What a received frame asks for; never raises."""
        ...

    def answer(self, submission: Submission) -> Sequence[str]:
        """The frames that answer what became of this client's last `Submit`."""
        ...

    def took(self, command: Command) -> Sequence[str]:
        """The frames that say a report of this client's was taken."""
        ...

    def again(self, turn: str | None) -> Sequence[str]:
        """The frames that answer this client's last `Regenerate`; None when there was nothing to answer."""
        ...

    def recall(self, turns: Sequence[Turn] | None, more: bool) -> Sequence[str]:
        """The frames that answer this client's last `Recall`; None when the memory can't be read."""
        ...

    def tell(self, event: Event) -> Sequence[str]:
        """The frames that tell this client of an event."""
        ...

    def see(self, update: Mapping[str, object]) -> Sequence[str]:
        """The frames that tell this client what Alisa sees (JSON values)."""
        ...

    def farewell(self) -> Sequence[str]:
        """The frames that bring everything begun to its end, before the connection closes."""
        ...
