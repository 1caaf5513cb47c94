"""Version 2 of the endpoint's language: JSON messages, as a pure state machine for one client.

It knows no socket and no loop; the messages themselves are in `json_frames`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from alisa_desktop import __version__
from alisa_desktop.conversation.commands import ModeSet, Refused, Said, Stopped, Submission
from alisa_desktop.core import events
from alisa_desktop.core.events import Event
from alisa_desktop.core.messages import ClientKind, ModelStatus, Outcome, ScreenReport, Turn
from alisa_desktop.server import json_frames as frames
from alisa_desktop.server.ports import (
    Command,
    NamedMode,
    Presence,
    Recall,
    Regenerate,
    Reply,
    Screen,
    Speech,
    Submit,
    Talk,
)
from alisa_desktop.server.scene import Scene, shown_at_end
from alisa_desktop.server.text_protocol import well_formed

REASONS: Mapping[Outcome, frames.Reason] = {Outcome.DONE: "done", Outcome.STOPPED: "stopped", Outcome.FAILED: "error"}
NOT_JSON = "That was no JSON object. Every message is one object with a “type”."
NEVER_SAID = "There is nothing to answer again yet."
NOT_READ = "I can't read my memory just now; it may be damaged or in use. Alisa's own window says more."
OTHER_VERSION = "I speak version {ours} of this protocol and you asked for {theirs}."
NO_SUCH_TYPE = "I know no message of the type {type!r}. GET /schema lists the ones I know."


class JsonProtocol:
    """What one client of version 2 is told, and what it says. `name` is the sender its words carry."""

    version = frames.VERSION
    listens = True
    keep_alive = '{"type":"keep_alive"}'

    def __init__(self, name: str, talk: Talk, scene: Scene, lines: Lines) -> None:
        self.program = ""
        self.kind = ClientKind.DISPLAY
        self._name = name
        self._talk = talk
        self._scene = scene
        self._lines = lines
        self._wishes = frames.Hello(type="hello")
        self._asked: frames.Request = self._wishes
        self._does: Mapping[type[frames.Request], Callable[[Any], Command]] = {
            frames.Hello: self._meet,
            frames.Say: self._say,
            frames.Stop: lambda _: Submit("/stop"),
            frames.Regenerate: lambda _: Regenerate(),
            frames.SetMode: lambda asked: Submit(f"/mode {asked.mode}"),
            frames.GetHistory: lambda asked: Recall(asked.limit, asked.before),
            frames.SpeechOf: self._speak,
            frames.PresenceReport: lambda asked: self._sense(Presence(asked.value)),
            frames.ScreenReported: lambda asked: self._sense(Screen(_report(asked))),
        }

    def greet(self) -> Sequence[str]:
        """How everything stands."""
        return (self._welcome(),)

    # what it says

    def receive(self, frame: str) -> Command:
        """What a message asks for; one that can't be understood is answered by an error."""
        try:
            self._asked = frames.CLIENT.validate_json(frame)
        except ValidationError as error:
            return Reply((_misunderstood(frame, error),))
        return self._does[type(self._asked)](self._asked)

    def _meet(self, hello: frames.Hello) -> Command:
        if hello.version != frames.VERSION:
            return self._refuse("unsupported_version", OTHER_VERSION.format(ours=frames.VERSION, theirs=hello.version))
        self.program = hello.client.strip() or self.program
        self._wishes = hello
        return Reply((self._welcome(hello.id),))

    def _say(self, asked: frames.Say) -> Command:
        self._becomes(ClientKind.CHAT)
        return Submit(asked.text)

    def _speak(self, asked: frames.SpeechOf) -> Command:
        self._becomes(ClientKind.VOICE)
        return Speech(asked.active)

    def _sense(self, report: Command) -> Command:
        self._becomes(ClientKind.SENSOR)
        return report

    def _becomes(self, kind: ClientKind) -> None:
        if self.kind in (ClientKind.DISPLAY, ClientKind.SENSOR) or kind is ClientKind.VOICE:
            self.kind = kind

    # what it is answered

    def answer(self, submission: Submission) -> Sequence[str]:
        """What became of the last message, if it bore an id; a refusal is told in any case."""
        match submission:
            case Said(turn):
                return self._accept(turn)
            case ModeSet() | Stopped():
                return self._accept()
            case Refused(sentence):
                code: frames.ErrorCode = "unknown_mode" if isinstance(self._asked, frames.SetMode) else "refused"
                return (self._error(code, sentence),)

    def took(self, command: Command) -> Sequence[str]:
        """A report was taken."""
        return self._accept() if isinstance(command, Speech | Presence | Screen) else ()

    def again(self, turn: str | None) -> Sequence[str]:
        """The last message is answered again as this turn, or there is none."""
        return self._accept(turn) if turn else (self._error("nothing_to_regenerate", NEVER_SAID),)

    def recall(self, turns: Sequence[Turn] | None, more: bool) -> Sequence[str]:
        """A page of the history."""
        if turns is None:
            return (self._error("history_failed", NOT_READ),)
        page = frames.History(id=self._asked.id, turns=tuple(map(_past, turns)), more=more)
        return (_line(page),)

    def _accept(self, turn: str = "") -> Sequence[str]:
        return (_line(frames.Accepted(id=self._asked.id, turn=turn)),) if self._asked.id else ()

    def _error(self, code: frames.ErrorCode, message: str) -> str:
        return _line(frames.Error(id=self._asked.id, code=code, message=message))

    def _refuse(self, code: frames.ErrorCode, message: str) -> Command:
        return Reply((self._error(code, message),))

    # what it is told

    def tell(self, event: Event) -> Sequence[str]:
        """The message for an event, often none."""
        match event:
            case events.Remarked() if not self._wishes.unsolicited:
                return ()
            case events.PresenceReported() if not self._wishes.presence:
                return ()
            case events.SpeechStarted(self._name) | events.SpeechEnded(self._name):
                return ()
        line = self._lines.of(event)
        return (line,) if line else ()

    def see(self, update: Mapping[str, object]) -> Sequence[str]:
        """One message about what Alisa sees."""
        return (_line(frames.Vision.model_validate(update)),) if self._wishes.vision else ()

    def farewell(self) -> Sequence[str]:
        """The reply under way ends here for this client."""
        if not (running := self._scene.reply):
            return ()
        end = frames.End(turn=running.turn, reason="stopped", emotion=self._scene.emotion, text=running.text)
        return (_line(end),)

    def _welcome(self, answers: str = "") -> str:
        talk, scene, wishes = self._talk, self._scene, self._wishes
        return _line(
            frames.Welcome(
                id=answers,
                app_version=__version__,
                mode=talk.mode.name,
                modes=tuple(map(_mode, talk.modes.values())),
                emotion=scene.emotion,
                model=_model(talk.model_status),
                capabilities=frames.CAPABILITIES,
                speaking=bool(scene.speaking - {self._name}),
                presence=scene.presence if wishes.presence else "",
                vision=frames.Vision.model_validate(scene.vision) if scene.vision and wishes.vision else None,
                reply=_running(scene),
            )
        )


class Lines:
    """The messages for events: the same for every client, so each is written once."""

    def __init__(self) -> None:
        self._event: Event | None = None
        self._line = ""

    def of(self, event: Event) -> str:
        """The message for `event`; empty when clients are not told of it."""
        if event is not self._event:
            frame = _frame(event)
            self._event, self._line = event, _line(frame) if frame else ""
        return self._line


def _frame(event: Event) -> frames.Frame | None:
    match event:
        case events.UserSpoke(turn, text, at, _, again):
            return frames.UserSpoke(turn=turn, text=text, at=at, again=again)
        case events.EmotionChanged(turn, emotion):
            return frames.EmotionShown(turn=turn, emotion=emotion)
        case events.ReplyText(turn, text):
            return frames.Text(turn=turn, text=text)
        case events.ReplyFinished(turn):
            return frames.End(
                turn=turn,
                reason=REASONS[event.outcome],
                emotion=shown_at_end(event),
                text=event.text,
                message=event.notice,
            )
        case events.Remarked(turn, text, emotion):
            return frames.Remark(turn=turn, emotion=emotion, text=text)
        case events.ModeChanged(mode, title):
            return frames.ModeChanged(mode=mode, title=title)
        case events.ModelChanged(status):
            return frames.ModelChanged(model=_model(status))
        case events.SpeechStarted() | events.SpeechEnded():
            return frames.Speech(active=isinstance(event, events.SpeechStarted))
        case events.PresenceReported(value):
            return frames.Presence(value=value)
        case events.HistoryChanged():
            return frames.HistoryChanged()
    return None


def _line(frame: frames.Frame) -> str:
    # not pydantic's own writer: it refuses halves of surrogate pairs, which titles of windows may hold
    return well_formed(json.dumps(frame.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")))


def _mode(mode: NamedMode) -> frames.Mode:
    return frames.Mode(name=mode.name, title=mode.title, emotion=mode.resting)


def _model(status: ModelStatus) -> frames.Model:
    return frames.Model(name=status.name, state=status.state)


def _running(scene: Scene) -> frames.RunningReply | None:
    if not (reply := scene.reply):
        return None
    return frames.RunningReply(
        turn=reply.turn, user_text=reply.user_text, emotion=reply.emotion, text=reply.text, again=reply.again
    )


def _past(turn: Turn) -> frames.PastTurn:
    return frames.PastTurn(
        turn=turn.id,
        user_text=turn.user_text,
        text=turn.reply,
        emotion=turn.emotion,
        mode=turn.mode,
        at=turn.at,
        reason=REASONS[turn.outcome],
        message=turn.notice,
    )


def _report(asked: frames.ScreenReported) -> ScreenReport:
    return ScreenReport(**asked.model_dump(exclude={"type", "id"}))


def _misunderstood(frame: str, error: ValidationError) -> str:
    """The error for a message that is none, says where it is wrong, and bears its id if it has one."""
    try:
        content = from_json(frame)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return _line(frames.Error(code="bad_json", message=NOT_JSON))
    asked = content.get("id")
    known = asked if isinstance(asked, str) and len(asked) <= frames.LONGEST_ID else ""
    mistake = error.errors()[0]
    if mistake["type"].startswith("union_tag"):
        message = NO_SUCH_TYPE.format(type=str(content.get("type"))[:40])
        return _line(frames.Error(id=known, code="unknown_type", message=message))
    place = ".".join(map(str, mistake["loc"][1:]))
    return _line(frames.Error(id=known, code="bad_message", message=f"“{place}” is wrong: {mistake['msg']}."))
