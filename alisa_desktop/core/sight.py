"""What Alisa may see and has seen of the screen, as frozen values. Data, never an instruction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EYES_SHUT = "My eyes are shut. Open them under Eyes in my menu, then let me look again."


class Consent(StrEnum):
    """What the user allows: nothing, a look when asked for one, or staying aware."""

    OFF = "off"
    ASK = "ask"
    AWARE = "aware"


class Depth(StrEnum):
    """How deep a look goes: which window is in front, what it says, or what it shows."""

    WINDOW = "window"
    TEXT = "text"
    PICTURE = "picture"


class AppKind(StrEnum):
    """What sort of application is in front; the words are told to the model."""

    CODE = "code editor"
    TERMINAL = "terminal"
    BROWSER = "web browser"
    VIDEO = "video"
    MUSIC = "music"
    GAME = "game"
    DOCUMENT = "document"
    CHAT = "chat"
    FILES = "files"
    PICTURES = "pictures"
    OTHER = "application"


class Gaze(StrEnum):
    """Where the eyes stand: shut by choice, paused for a while, open (a look is possible), or looking right now."""

    CLOSED = "closed"
    PAUSED = "paused"
    OPEN = "open"
    LOOKING = "looking"


@dataclass(frozen=True, slots=True)
class EyesStatus:
    """What the user is told about the eyes.

    `paused_until` (aware, UTC) while they are paused; `trouble` is a sentence on why they see less than they might, or
    empty.
    """

    consent: Consent = Consent.OFF
    gaze: Gaze = Gaze.CLOSED
    paused_until: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw of the window in front.

    `app` is the application's name for people, `title` its window's. `text` is what it says, cut to what a prompt has
    room for; `picture` a `data:` address of a picture that we made. `reason` is set instead of all of these when the
    eyes were turned away (a blocked application, a locked screen ...).
    """

    app: str = ""
    title: str = ""
    kind: AppKind = AppKind.OTHER
    depth: Depth = Depth.WINDOW
    text: str = ""
    picture: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A receipt in the privacy ledger: what was seen between `at` and `until` (aware, UTC), in `count` looks.

    `note` is what she was told about it, word for word; `told` whether that went into a message already, or is only
    kept ready.
    """

    id: str
    at: datetime
    until: datetime
    count: int
    app: str
    title: str
    depth: Depth
    note: str
    told: bool = False
