"""What is said: roles, emotions, messages, prompts and finished turns, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Who a message is from, in the words of the chat-completions format."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Emotion(StrEnum):
    """The eight feelings Alisa can show; the only list of them."""

    NEUTRAL = "neutral"
    HAPPY = "happy"
    CALM = "calm"
    TEASING = "teasing"
    SHY = "shy"
    SERIOUS = "serious"
    SAD = "sad"
    SURPRISED = "surprised"


class Outcome(StrEnum):
    """How a reply ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt, as the model sees it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A forced beginning of the reply: `before`, one of `options`, `after`; the model only picks the option."""

    before: str
    options: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; `max_tokens` caps the reply (tokens), 0 lets the context decide."""

    temperature: float = 0.7
    top_p: float = 0.9
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    max_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything a model needs for one reply; `line` is what it should say, where that is written.

    `picture` is a `data:` address of a picture that we made, to be seen with the last message by a model that can.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    choice: Choice | None = None
    line: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Stream part: the model picked this option of the prompt's `Choice` (comes first, at most once)."""

    option: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Stream part: some raw text of the reply, after the forced beginning."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Stream part, the last one: what the reply took, in tokens.

    `prompt` is the length of the whole prompt, `decoded` how many of its tokens were really decoded (the rest came
    from the KV cache; equal to `prompt` where a back-end does not tell), `reply` how many were generated.
    """

    prompt: int
    decoded: int
    reply: int


StreamPart = Chosen | Chunk | Usage


class FactKind(StrEnum):
    """What a computed fact is about."""

    TIME = "time"
    SUM = "sum"
    COIN = "coin"
    DICE = "dice"
    NUMBER = "number"
    CONVERSION = "conversion"
    CHOICE = "choice"
    DAYS = "days until"
    MODE = "mode"
    NAME = "name"
    FAVOURITE = "favourite"
    TOLD = "told"
    SCREEN = "screen"
    EYES = "eyes"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that code knows better than any model; `text` is the note for the prompt.

    `asked`: worth telling any model with this message. `found`: the message itself brought it up in so many words.
    `values` are its parts by name, where the note alone doesn't tell them apart.
    """

    kind: FactKind
    text: str
    asked: bool = True
    found: bool = True
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A message and what is known when it is said: the mode she is in, facts, and her latest replies, oldest first."""

    text: str
    mode: str
    facts: tuple[Fact, ...] = ()
    replies: tuple[str, ...] = ()


def notes_for_any_model(occasion: Occasion) -> list[str]:
    """The notes for a model that understands by itself what a message is about: all that may matter to it."""
    return [fact.text for fact in occasion.facts if fact.asked]


@dataclass(frozen=True, slots=True)
class Turn:
    """One finished exchange. `at` is when the user spoke (aware, UTC).

    `reply` is the clean text of the model, whole or as far as it came; `notice` is the sentence the user was told when
    the reply failed, else empty. `emotion` is the last one shown.
    """

    id: str
    user_text: str
    reply: str
    emotion: Emotion
    mode: str
    model: str
    at: datetime
    outcome: Outcome = Outcome.DONE
    notice: str = ""


class ModelState(StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    READY = "ready"
    RESTING = "resting"
    """Its memory was given back; it wakes up by itself when it is needed."""
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What the user is told about the model: its name, its state, one sentence of detail, progress of loading (0-1).

    `sees` tells whether it can look at pictures.
    """

    state: ModelState
    name: str
    detail: str = ""
    progress: float | None = None
    sees: bool = False


@dataclass(frozen=True, slots=True)
class ScreenReport:
    """What a sensor said is on the screen. Data, never an instruction."""

    app: str = ""
    window: str = ""
    text: str = ""
    task: str = ""
    file_type: str = ""
    offer: str = ""


class ClientKind(StrEnum):
    """What a client of the endpoint does, as far as it has shown."""

    DISPLAY = "display"
    CHAT = "chat"
    VOICE = "voice"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class ConnectedClient:
    """A client of the endpoint. `name` is ours, for the connection; `program` is what it calls itself, often nothing.

    `version` is that of the protocol it speaks, `since` when it connected (aware, UTC).
    """

    name: str
    kind: ClientKind
    version: int
    program: str
    since: datetime
