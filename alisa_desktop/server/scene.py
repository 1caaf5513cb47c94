"""How things stand between the events: what a client that comes late is told. It only listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alisa_desktop.core.events import (
    EmotionChanged,
    Event,
    EyesChanged,
    PresenceReported,
    Remarked,
    ReplyFinished,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
    UserSpoke,
)
from alisa_desktop.core.messages import Emotion, Outcome
from alisa_desktop.core.sight import Gaze
from alisa_desktop.server.ports import Talk


@dataclass(slots=True)
class Running:
    """The reply under way, as far as it was said; `emotion` is none before her face is chosen."""

    turn: str
    user_text: str
    again: bool = False
    emotion: Emotion | None = None
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self.parts)


@dataclass(slots=True)
class Scene:
    """The present beside what the talk itself tells: face, reply, whose speech is on, and what was seen last."""

    emotion: Emotion
    reply: Running | None = None
    speaking: set[str] = field(default_factory=set)
    presence: str = ""
    vision: Mapping[str, object] | None = None

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case UserSpoke():
                self.reply = Running(event.turn, event.text, event.again)
            case EmotionChanged():
                self.emotion = event.emotion
                if self.reply:
                    self.reply.emotion = event.emotion
            case ReplyText() if self.reply:
                self.reply.parts.append(event.text)
            case ReplyFinished():
                self.reply = None
                self.emotion = shown_at_end(event)
            case Remarked():
                self.emotion = event.emotion
            case SpeechStarted():
                self.speaking.add(event.sender)
            case SpeechEnded():
                self.speaking.discard(event.sender)
            case PresenceReported():
                self.presence = event.value
            case EyesChanged() if event.status.gaze in (Gaze.CLOSED, Gaze.PAUSED):
                self.vision = None  # what she knows no more is not told either


def listening_scene(talk: Talk) -> Scene:
    """How things stand in `talk`, from now on."""
    scene = Scene(talk.emotion)
    talk.bus.subscribe(scene.hear)
    return scene


def shown_at_end(event: ReplyFinished) -> Emotion:
    """The face that clients show when a reply is over: a failed one is told sadly."""
    return Emotion.SAD if event.outcome is Outcome.FAILED else event.emotion
