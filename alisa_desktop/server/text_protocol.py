"""Version 1 of the endpoint's language: text frames, frozen; every client of the original Alisa speaks it.

A pure state machine for one client; it knows no socket and no loop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from alisa_desktop.conversation.commands import ModeSet, Refused, Said, Stopped, Submission
from alisa_desktop.core.events import (
    EmotionChanged,
    Event,
    ModeChanged,
    Remarked,
    ReplyFinished,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
)
from alisa_desktop.core.messages import ClientKind, Emotion, ScreenReport, Turn
from alisa_desktop.server.ports import Command, Nothing, Presence, Screen, Speech, Submit
from alisa_desktop.server.scene import shown_at_end

END = "[END]"
MODE_CHANGED = "[MODE CHANGED]"
SPEECH_START = "[SPEECH_START]"
SPEECH_END = "[SPEECH_END]"
_REPORT = "[VISION_"
_BRACKETS = re.compile(r"(?:\s*\[)+(?=.)", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[a-z]{1,32}")


class TextProtocol:
    """What one client of version 1 is told, and what it says.

    `name` is the sender its words carry, `emotion` the face at the moment it connects; `vision` false spares it
    `[VISION]` frames.
    """

    version = 1
    program = ""
    keep_alive = ""

    def __init__(self, name: str, emotion: Emotion, vision: bool = True) -> None:
        self._name = name
        self._emotion = emotion
        self._vision = vision
        self.kind = ClientKind.DISPLAY
        self._met = False
        self._watched = (
            False  # a whole reply without a word of its own: it is a display, no chat that waits for its user
        )
        self._owed: dict[str, None] = {}  # turns, in order, whose end this client waits for
        self._faced = ""  # the turn whose face this client has seen
        self._answers: list[str] = []  # wait for the end of a reply, so as not to fall inside it
        self._sight = ""  # likewise, the latest only

    @property
    def listens(self) -> bool:
        """False for a sensor: it never reads, so frames would only pile up."""
        return self.kind is not ClientKind.SENSOR

    def greet(self) -> Sequence[str]:
        """Nothing: the first frame is the first thing that happens."""
        return ()

    def receive(self, frame: str) -> Command:
        """What a frame asks for. A client whose first words are a sensor's report is a sensor from then on."""
        command = parse_frame(frame)
        if not self._met and frame.strip():
            self._met = True
            if frame.lstrip().startswith(_REPORT):
                self.kind = ClientKind.SENSOR
        if self.listens:
            self._show_kind(command)
        return command

    def _show_kind(self, command: Command) -> None:
        if isinstance(command, Speech):
            self.kind = ClientKind.VOICE
        elif isinstance(command, Submit) and self.kind is ClientKind.DISPLAY:
            self.kind = ClientKind.CHAT
        self._watched = self._watched and self.kind is ClientKind.DISPLAY

    def took(self, command: Command) -> Sequence[str]:
        """Nothing: reports are not answered."""
        return ()

    def again(self, turn: str | None) -> Sequence[str]:
        """Nothing: version 1 has no such wish."""
        return ()

    def recall(self, turns: Sequence[Turn] | None, more: bool) -> Sequence[str]:
        """Nothing: version 1 has no such wish."""
        return ()

    def answer(self, submission: Submission) -> Sequence[str]:
        """A turn begun owes its `[END]`; a mode set or refused is answered now, or after the reply under way."""
        if not self.listens:
            return ()
        match submission:
            case Said(turn):
                self._owed[turn] = None
            case ModeSet():
                self._answers.append(END)
            case Refused(sentence):
                self._answers.extend((*text_frames(sentence), END))
            case Stopped():
                pass  # the reply's own end is the answer
        return () if self._owed else tuple(self._between_replies())

    def tell(self, event: Event) -> Sequence[str]:
        """The frames for an event, often none."""
        if not self.listens:
            return ()
        if isinstance(event, ReplyText) and event.turn == self._faced:  # nearly all there is to tell
            return text_frames(event.text)
        return tuple(self._frames(event))

    def see(self, update: Mapping[str, object]) -> Sequence[str]:
        """One `[VISION]` frame; during a reply it waits for the end, and a later one takes its place."""
        if not (self.listens and self._vision):
            return ()
        self._sight = f"[VISION]{json.dumps(update, separators=(',', ':'))}"
        return () if self._owed else tuple(self._between_replies())

    def farewell(self) -> Sequence[str]:
        """Every reply this client waits for ends now, and what waited for that is said."""
        if not self.listens:
            return ()
        ends = [frame for _ in self._owed for frame in (_face(self._emotion), END)]
        self._owed.clear()
        return (*ends, *self._between_replies())

    def _frames(self, event: Event) -> Iterator[str]:
        match event:
            case EmotionChanged():
                yield self._show(event.turn, event.emotion)
            case ReplyText():
                if event.turn != self._faced:  # connected when the reply was under way already
                    yield self._show(event.turn, self._emotion)
                yield from text_frames(event.text)
            case ReplyFinished():
                yield from self._finish(event)
            case Remarked() if self._watched:
                self._emotion = event.emotion
                yield from (_face(event.emotion), *text_frames(event.text), _face(event.emotion), END)
            case ModeChanged():
                yield MODE_CHANGED
            case SpeechStarted(sender) if sender != self._name:
                yield SPEECH_START
            case SpeechEnded(sender) if sender != self._name:
                yield SPEECH_END

    def _show(self, turn: str, emotion: Emotion) -> str:
        self._owed[turn] = None
        self._faced = turn
        self._emotion = emotion
        return _face(emotion)

    def _finish(self, event: ReplyFinished) -> Iterator[str]:
        self._emotion = shown_at_end(event)
        self._faced = ""
        if event.turn in self._owed:
            del self._owed[event.turn]
            yield _face(self._emotion)
            yield END
            yield from self._between_replies()
            self._watched = self.kind is ClientKind.DISPLAY

    def _between_replies(self) -> Iterator[str]:
        yield from self._answers
        self._answers.clear()
        if self._sight and not self._owed:
            yield self._sight
            self._sight = ""


def _face(emotion: Emotion) -> str:
    return f"[EMOTION]{emotion}"


@lru_cache(maxsize=64)  # every client is told the same
def text_frames(text: str) -> Sequence[str]:
    """Cut text into frames of which none is, or begins with, a control frame: they are cut after leading brackets."""
    text = well_formed(text)
    brackets = _BRACKETS.match(text)
    return (text[: brackets.end()], text[brackets.end() :]) if brackets else (text,)


def well_formed(text: str) -> str:
    """`text` without halves of surrogate pairs, which JSON may hold and UTF-8 may not."""
    return _SURROGATES.sub("\ufffd", text)


def parse_frame(frame: str) -> Command:
    """What a client's frame asks for; whatever is no control word or report is chat."""
    frame = well_formed(frame)
    match frame.strip():
        case "":
            return Nothing()
        case "[SPEECH_START]":
            return Speech(True)
        case "[SPEECH_END]":
            return Speech(False)
        case words if words.startswith(_REPORT):
            return _parse_report(words)
    return Submit(_message(frame))


def _message(frame: str) -> str:
    """The text of `{"message": "text"}`; any other frame is its own text."""
    if not frame.lstrip().startswith("{"):
        return frame
    try:
        content = json.loads(frame)
    except (ValueError, RecursionError):
        return frame
    text = content.get("message")
    return well_formed(text) if isinstance(text, str) else frame


def _parse_report(frame: str) -> Command:
    tag, _, report = frame.partition("]")
    match tag:
        case "[VISION_FACE" if _WORD.fullmatch(value := report.strip().lower()):
            return Presence(value)
        case "[VISION_DESKTOP" if report:
            return Screen(_desktop(report))
        case "[VISION_SCREEN" if report:
            window, _, text = report.partition("|")
            return Screen(ScreenReport(window=window.strip(), text=text.strip()))
    return Nothing()


def _desktop(report: str) -> ScreenReport:
    """Seven fields, of which only the last may hold bars; an offer that is not to be made is left out."""
    fields = [field.strip() for field in report.split("|", 6)]
    task, app, file_type, offered, offer, window, text = (*fields, *[""] * (7 - len(fields)))
    offer = offer if offered.lower() == "true" else ""
    return ScreenReport(app=app, window=window, text=text, task=task, file_type=file_type, offer=offer)
