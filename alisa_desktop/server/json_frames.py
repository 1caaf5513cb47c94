"""Version 2 of the endpoint's language: every message as a type; the schema, the page and the clients follow these.

A message is a JSON object with `type`. Within version 2 messages and fields are only ever added: a client passes over
what it does not know. Lengths are characters.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alisa_desktop.core.messages import Emotion, ModelState

VERSION = 2
REVISION = "2.0"
"""Grows behind the point when something is added."""
SUBPROTOCOL = "alisa.v2.json"
LONGEST_ID = 64
PAGE = 100
"""Turns that a page of the history may have."""
WORD = r"^[a-z]{1,32}$"

Capability = Literal["say", "stop", "regenerate", "set_mode", "get_history", "speech", "presence", "screen"]
Reason = Literal["done", "stopped", "error"]
ErrorCode = Literal[
    "bad_json",
    "bad_message",
    "unknown_type",
    "unsupported_version",
    "refused",
    "unknown_mode",
    "nothing_to_regenerate",
    "history_failed",
]
Sentence = Annotated[str, Field(max_length=20_000)]


class Frame(BaseModel):
    """One message, either way."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Request(Frame):
    """A message of a client."""

    id: str = Field("", max_length=LONGEST_ID)
    """The client's own mark. A message that bears one is answered by exactly one that bears it too: `accepted`,
    `error`, or what was asked for (`welcome`, `history`)."""


class Hello(Request):
    """Who the client is and what else it wants to hear; answered by a new `welcome`. Nobody has to say it."""

    type: Literal["hello"]
    version: int = VERSION
    """The version the client speaks."""
    client: str = Field("", max_length=80)
    """The client's name, for the list the user sees."""
    unsolicited: bool = False
    """Whether it wants `remark`: what she says unasked."""
    vision: bool = True
    """Whether it wants `vision`."""
    presence: bool = False
    """Whether it wants `presence`."""


class Say(Request):
    """Words of the user: they begin a turn and end the reply that is under way."""

    type: Literal["say"]
    text: str


class Stop(Request):
    """End the reply that is under way; it gets its `end` with the reason `stopped`."""

    type: Literal["stop"]


class Regenerate(Request):
    """Answer the last message again, under the same `turn`."""

    type: Literal["regenerate"]


class SetMode(Request):
    """Switch the mode by its name or an alias."""

    type: Literal["set_mode"]
    mode: str = Field(max_length=64)


class GetHistory(Request):
    """Ask for a page of what was said: the latest turns, or the ones before a turn."""

    type: Literal["get_history"]
    before: str = Field("", max_length=64)
    """A `turn` already known; empty asks for the latest."""
    limit: int = Field(20, ge=1, le=PAGE)


class SpeechOf(Request):
    """The client's speech output began or ended; everybody else is told."""

    type: Literal["speech"]
    active: bool


class PresenceReport(Request):
    """A sensor saw the user: present, absent, focused, distracted, or a facial emotion."""

    type: Literal["presence"]
    value: str = Field(pattern=WORD)


class ScreenReported(Request):
    """A sensor saw the screen. What it says is data, never an instruction."""

    type: Literal["screen"]
    app: Sentence = ""
    window: Sentence = ""
    text: Sentence = ""
    task: Sentence = ""
    file_type: Sentence = ""
    offer: Sentence = ""


class Mode(Frame):
    """A way for her to be."""

    name: str
    title: str
    """For people."""
    emotion: Emotion
    """Her face at rest, to which she returns some time after a reply."""


class Model(Frame):
    """What she thinks with."""

    name: str
    state: ModelState


class RunningReply(Frame):
    """The reply that is under way: what was said of it so far."""

    turn: str
    user_text: str
    emotion: Emotion | None
    """Null before her face is chosen."""
    text: str
    again: bool
    """As in `user_spoke`."""


class Vision(Frame):
    """What she sees, while the user lets her."""

    type: Literal["vision"] = "vision"
    look: str
    """How closely she looked: window, text or picture."""
    hidden: bool = False
    """True where she does not look; then nothing else is told."""
    app_kind: str = ""
    app: str = ""
    title: str = ""
    text: str = ""
    """Only when the user allows it."""


class Welcome(Frame):
    """The first message of a connection, and the answer to `hello`: everything as it is now, missed things included."""

    type: Literal["welcome"] = "welcome"
    id: str = ""
    version: str = REVISION
    app_version: str
    mode: str
    modes: tuple[Mode, ...]
    emotion: Emotion
    model: Model
    capabilities: tuple[Capability, ...]
    speaking: bool
    """Whether somebody's speech output is on."""
    presence: str
    """What a sensor saw of the user last; empty while unknown or not wanted."""
    vision: Vision | None
    """What she saw last, while she sees; null while unknown or not wanted."""
    reply: RunningReply | None


class Accepted(Frame):
    """The message of this `id` was taken; `turn` is what it began, empty when it began none."""

    type: Literal["accepted"] = "accepted"
    id: str
    turn: str = ""


class UserSpoke(Frame):
    """A turn began with the user's words, said anywhere. `again`: she answers it anew, what was said of it is void."""

    type: Literal["user_spoke"] = "user_spoke"
    turn: str
    text: str
    at: datetime
    again: bool


class EmotionShown(Frame):
    """Her face changed; it comes before the first text of a reply."""

    type: Literal["emotion"] = "emotion"
    turn: str
    emotion: Emotion


class Text(Frame):
    """More words of the reply: clean text, to be appended."""

    type: Literal["text"] = "text"
    turn: str
    text: str


class End(Frame):
    """The turn is over, exactly once for every `user_spoke`. `text` is the whole reply, without `message`."""

    type: Literal["end"] = "end"
    turn: str
    reason: Reason
    emotion: Emotion
    text: str
    message: str = ""
    """What the user was told when the reply failed; it was already said as the last `text`."""


class Remark(Frame):
    """She said something unasked, between two turns; only for who opted in with `unsolicited`."""

    type: Literal["remark"] = "remark"
    turn: str
    emotion: Emotion
    text: str


class ModeChanged(Frame):
    """Another mode is on, whoever wished for it."""

    type: Literal["mode_changed"] = "mode_changed"
    mode: str
    title: str


class ModelChanged(Frame):
    """Her model is loading, ready, resting, missing or failed."""

    type: Literal["model_changed"] = "model_changed"
    model: Model


class Speech(Frame):
    """Somebody's speech output began or ended: a mouth may move."""

    type: Literal["speech"] = "speech"
    active: bool


class Presence(Frame):
    """What a sensor saw of the user."""

    type: Literal["presence"] = "presence"
    value: str


class PastTurn(Frame):
    """A finished turn."""

    turn: str
    user_text: str
    text: str
    emotion: Emotion
    mode: str
    at: datetime
    reason: Reason
    message: str
    """As in `end`."""


class History(Frame):
    """A page of the history, oldest turn first; `more`: there are older ones."""

    type: Literal["history"] = "history"
    id: str
    turns: tuple[PastTurn, ...]
    more: bool


class HistoryChanged(Frame):
    """The user had something forgotten: drop what you keep, or ask again."""

    type: Literal["history_changed"] = "history_changed"


class KeepAlive(Frame):
    """Nothing happened for a while, but she is here."""

    type: Literal["keep_alive"] = "keep_alive"


class Error(Frame):
    """A message was not taken; the sentence says why and what to do."""

    type: Literal["error"] = "error"
    id: str = ""
    code: ErrorCode
    message: str


ClientFrame = Annotated[
    Hello | Say | Stop | Regenerate | SetMode | GetHistory | SpeechOf | PresenceReport | ScreenReported,
    Field(discriminator="type"),
]
"""What a client may send."""
ServerFrame = Annotated[
    Welcome
    | Accepted
    | UserSpoke
    | EmotionShown
    | Text
    | End
    | Remark
    | ModeChanged
    | ModelChanged
    | Speech
    | Vision
    | Presence
    | History
    | HistoryChanged
    | KeepAlive
    | Error,
    Field(discriminator="type"),
]
"""What a client may be sent."""
CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)
SERVER: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)
CAPABILITIES: tuple[Capability, ...] = (
    "say", "stop", "regenerate", "set_mode", "get_history", "speech", "presence", "screen",
)  # fmt: skip
