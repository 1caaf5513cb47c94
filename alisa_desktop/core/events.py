"""Everything that happens in Alisa, in the past tense: the table of contents of the app.

Published on the one `EventBus` by the conversation (and by the engine for the model's state), in one order for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alisa_desktop.core.brains import Fetch
from alisa_desktop.core.messages import ConnectedClient, Emotion, ModelStatus, Outcome
from alisa_desktop.core.sight import EyesStatus, Sight


@dataclass(frozen=True, slots=True)
class UserSpoke:
    """A turn began with the user's words. `sender` names the edge they came by, `again` marks a regenerated reply."""

    turn: str
    text: str
    at: datetime
    sender: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class EmotionChanged:
    """The face of the running reply changed; comes before its first text."""

    turn: str
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class ReplyText:
    """More clean words of the running reply; never a tag, never empty."""

    turn: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The turn is over, however it went; exactly one for every `UserSpoke`.

    `text` is the whole clean reply, `notice` the sentence shown after it when the turn failed (already published as
    `ReplyText`), `tokens` generated, `seconds` from the user's words to the end.
    """

    turn: str
    emotion: Emotion
    outcome: Outcome
    text: str
    notice: str
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Remarked:
    """She said something unasked, between two turns: no answer, and not part of the talk that is stored."""

    turn: str
    text: str
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """Another mode is on; `title` is its name for people. `sender` names the edge that asked."""

    mode: str
    title: str
    sender: str = ""


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The model is loading, ready, missing or failed."""

    status: ModelStatus


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A client's speech output began (the avatar's mouth moves)."""

    sender: str


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """A client's speech output ended."""

    sender: str


@dataclass(frozen=True, slots=True)
class PresenceReported:
    """A sensor saw the user: present, absent, focused, distracted, or a facial emotion."""

    value: str


@dataclass(frozen=True, slots=True)
class ClientsChanged:
    """Clients of the endpoint came, went, or showed what they are; oldest first."""

    clients: tuple[ConnectedClient, ...]


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    """One sentence for the user that is not part of the talk, with the way out."""

    text: str


@dataclass(frozen=True, slots=True)
class HistoryChanged:
    """Stored turns were forgotten; windows that show them look again."""


@dataclass(frozen=True, slots=True)
class EyesChanged:
    """The eyes were opened, shut or paused, began or ended a look, or met or lost a trouble."""

    status: EyesStatus


@dataclass(frozen=True, slots=True)
class ScreenSeen:
    """Something new is known of the screen: by a look of the eyes' own, or from a sensor (then `sensor` is true)."""

    sight: Sight
    sensor: bool = False


@dataclass(frozen=True, slots=True)
class LedgerChanged:
    """The privacy ledger has more or fewer entries; windows that show it look again."""


@dataclass(frozen=True, slots=True)
class FetchesChanged:
    """A download of a model began, went on or ended; these are all of this session."""

    fetches: tuple[Fetch, ...]


@dataclass(frozen=True, slots=True)
class BrainsChanged:
    """There are more or fewer models on this machine; windows that show them look again."""


Event = (
    UserSpoke
    | EmotionChanged
    | ReplyText
    | ReplyFinished
    | Remarked
    | ModeChanged
    | ModelChanged
    | SpeechStarted
    | SpeechEnded
    | PresenceReported
    | ClientsChanged
    | NoticeRaised
    | HistoryChanged
    | EyesChanged
    | ScreenSeen
    | LedgerChanged
    | FetchesChanged
    | BrainsChanged
)
