"""Version 2 as a machine: messages in, commands out; events in, messages out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.commands import ModeSet, Refused, Said, Stopped
from alisa_desktop.core import events
from alisa_desktop.core.messages import ClientKind, Emotion, ModelState, ModelStatus, Outcome, ScreenReport, Turn
from alisa_desktop.core.sight import EyesStatus, Gaze
from alisa_desktop.server.json_frames import SERVER
from alisa_desktop.server.json_protocol import JsonProtocol, Lines
from alisa_desktop.server.ports import Presence, Recall, Regenerate, Reply, Screen, Speech, Submit
from alisa_desktop.server.scene import Scene

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAILED = events.ReplyFinished("t", Emotion.HAPPY, Outcome.FAILED, "Once", "My model stopped.", 1, 1.0)


class Stage:
    """A machine, and what it knows of the world."""

    def __init__(self) -> None:
        mode = SimpleNamespace(name="study", title="Study", resting=Emotion.SERIOUS)
        self.talk: Any = SimpleNamespace(
            mode=mode, modes={"study": mode}, model_status=ModelStatus(ModelState.READY, "Tiny")
        )
        self.scene = Scene(Emotion.CALM)
        self.machine = JsonProtocol("me", self.talk, self.scene, Lines())

    def hear(self, *happened: events.Event) -> list[dict[str, Any]]:
        told = []
        for event in happened:
            self.scene.hear(event)
            told += self.machine.tell(event)
        return read(told)

    def ask(self, **message: Any) -> Any:
        return self.machine.receive(json.dumps(message))

    def hello(self, **wishes: Any) -> dict[str, Any]:
        command = self.ask(type="hello", **wishes)
        assert isinstance(command, Reply)
        return read(command.frames)[0]


def read(frames: Any) -> list[dict[str, Any]]:
    for frame in frames:
        SERVER.validate_json(frame)
    return [json.loads(frame) for frame in frames]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_welcome_tells_how_things_stand(stage: Stage) -> None:
    (welcome,) = read(stage.machine.greet())
    assert welcome["version"] == "2.0"
    assert (welcome["mode"], welcome["emotion"]) == ("study", "calm")
    assert welcome["modes"] == [{"name": "study", "title": "Study", "emotion": "serious"}]
    assert welcome["model"] == {"name": "Tiny", "state": "ready"}
    assert "regenerate" in welcome["capabilities"]
    assert welcome["reply"] is None


def test_who_comes_late_is_told_what_was_missed(stage: Stage) -> None:
    stage.hear(
        events.UserSpoke("t", "tell me", AT),
        events.EmotionChanged("t", Emotion.SHY),
        events.ReplyText("t", "Once "),
        events.ReplyText("t", "upon"),
        events.SpeechStarted("voice"),
    )
    late = JsonProtocol("late", stage.talk, stage.scene, Lines())
    (welcome,) = read(late.greet())
    assert welcome["reply"] == {
        "turn": "t",
        "user_text": "tell me",
        "emotion": "shy",
        "text": "Once upon",
        "again": False,
    }
    assert welcome["speaking"] is True
    stage.hear(FAILED, events.SpeechEnded("voice"))
    (welcome,) = read(late.greet())
    assert (welcome["reply"], welcome["emotion"], welcome["speaking"]) == (None, "sad", False)


def test_a_turn_from_the_first_word_to_the_end(stage: Stage) -> None:
    told = stage.hear(
        events.UserSpoke("t", "hi", AT, "bubble"),
        events.EmotionChanged("t", Emotion.HAPPY),
        events.ReplyText("t", "[END] \ud800 is text"),
        events.ReplyFinished("t", Emotion.HAPPY, Outcome.STOPPED, "[END] \ud800 is text", "", 3, 0.1),
    )
    assert told[0] == {
        "type": "user_spoke", "turn": "t", "text": "hi", "at": "2026-01-02T03:04:05Z", "again": False
    }  # fmt: skip
    assert told[1:3] == [
        {"type": "emotion", "turn": "t", "emotion": "happy"},
        {"type": "text", "turn": "t", "text": "[END] \ufffd is text"},
    ]
    assert (told[3]["type"], told[3]["reason"]) == ("end", "stopped")


def test_a_failed_turn_says_what_the_user_was_told(stage: Stage) -> None:
    (end,) = stage.hear(FAILED)
    assert (end["reason"], end["emotion"], end["message"]) == ("error", "sad", "My model stopped.")


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"type": "say", "text": "hi"}, Submit("hi")),
        ({"type": "stop"}, Submit("/stop")),
        ({"type": "regenerate"}, Regenerate()),
        ({"type": "set_mode", "mode": "serious"}, Submit("/mode serious")),
        ({"type": "get_history", "before": "t", "limit": 7}, Recall(7, "t")),
        ({"type": "get_history"}, Recall(20)),
        ({"type": "speech", "active": True}, Speech(True)),
        ({"type": "presence", "value": "absent"}, Presence("absent")),
        ({"type": "screen", "app": "Editor", "text": "a|b"}, Screen(ScreenReport(app="Editor", text="a|b"))),
        ({"type": "say", "text": "hi", "colour": "from a later version"}, Submit("hi")),
    ],
)
def test_what_messages_ask_for(stage: Stage, message: dict[str, Any], command: Any) -> None:
    assert stage.ask(**message) == command


@pytest.mark.parametrize(
    ("frame", "code", "of", "says"),
    [
        ("hello", "bad_json", "", "object"),
        ("", "bad_json", "", "object"),
        ("[1]", "bad_json", "", "object"),
        ('"say"', "bad_json", "", "object"),
        ("[" * 100_000, "bad_json", "", "object"),
        ('{"type":"say","text":"\\ud800"}', "bad_json", "", "object"),
        ('{"type":"dance","id":"7"}', "unknown_type", "7", "dance"),
        ('{"id":"7"}', "unknown_type", "7", "type"),
        ('{"type":"say","id":"7"}', "bad_message", "7", "text"),
        ('{"type":"say","text":5}', "bad_message", "", "text"),
        ('{"type":"get_history","limit":1000}', "bad_message", "", "limit"),
        ('{"type":"presence","value":"<b>"}', "bad_message", "", "value"),
        (f'{{"type":"stop","id":"{"x" * 65}"}}', "bad_message", "", "id"),
        ('{"type":"hello","version":3,"id":"7"}', "unsupported_version", "7", "3"),
    ],
)
def test_what_is_not_understood_is_answered(stage: Stage, frame: str, code: str, of: str, says: str) -> None:
    command = stage.machine.receive(frame)
    assert isinstance(command, Reply)
    (error,) = read(command.frames)
    assert (error["type"], error["code"], error["id"]) == ("error", code, of)
    assert says in error["message"]


@given(st.one_of(st.text(), st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps)))
def test_no_message_breaks_it(frame: str) -> None:
    command = Stage().machine.receive(frame)
    if isinstance(command, Reply):
        read(command.frames)


def test_a_message_with_an_id_gets_one_answer_with_it(stage: Stage) -> None:
    machine = stage.machine
    stage.ask(type="say", text="hi", id="1")
    assert read(machine.answer(Said("t"))) == [{"type": "accepted", "id": "1", "turn": "t"}]
    stage.ask(type="set_mode", mode="study", id="2")
    assert read(machine.answer(ModeSet("study"))) == [{"type": "accepted", "id": "2", "turn": ""}]
    stage.ask(type="stop", id="3")
    assert read(machine.answer(Stopped()))[0]["id"] == "3"
    command = stage.ask(type="presence", value="absent", id="4")
    assert read(machine.took(command))[0]["id"] == "4"
    stage.ask(type="regenerate", id="5")
    assert read(machine.again("t")) == [{"type": "accepted", "id": "5", "turn": "t"}]
    assert read(machine.again(None))[0]["code"] == "nothing_to_regenerate"
    assert stage.hello(id="6")["id"] == "6"
    stage.ask(type="set_mode", mode="pirate", id="7")
    (error,) = read(machine.answer(Refused("No.")))
    assert (error["code"], error["id"], error["message"]) == ("unknown_mode", "7", "No.")
    stage.ask(type="say", text=" ")
    assert read(machine.answer(Refused("Say something.")))[0]["code"] == "refused"
    stage.ask(type="say", text="without")
    assert machine.answer(Said("t")) == ()


def test_a_page_of_the_history(stage: Stage) -> None:
    stage.ask(type="get_history", id="1")
    turn = Turn("t", "hi", "Hello.", Emotion.SHY, "study", "Tiny", AT, Outcome.STOPPED, "Stopped.")
    (page,) = read(stage.machine.recall([turn], more=True))
    assert page == {
        "type": "history",
        "id": "1",
        "more": True,
        "turns": [
            {"turn": "t", "user_text": "hi", "text": "Hello.", "emotion": "shy", "mode": "study",
             "at": "2026-01-02T03:04:05Z", "reason": "stopped", "message": "Stopped."}
        ],
    }  # fmt: skip
    assert read(stage.machine.recall(None, more=False))[0]["code"] == "history_failed"


def test_some_things_are_told_only_to_who_wants_them(stage: Stage) -> None:
    seen = {"look": "window", "app": "Editor", "title": "main.py", "app_kind": "code editor"}
    remark, presence = events.Remarked("r", "Psst.", Emotion.SHY), events.PresenceReported("absent")
    assert stage.hear(remark, presence) == []
    assert read(stage.machine.see(seen))[0]["title"] == "main.py"
    stage.scene.vision = seen
    assert stage.hello()["vision"]["app"] == "Editor"
    assert stage.hello(vision=False)["vision"] is None
    assert stage.machine.see(seen) == ()
    assert stage.hello(unsolicited=True, presence=True)["presence"] == "absent"
    told = stage.hear(remark, presence)
    assert told == [
        {"type": "remark", "turn": "r", "emotion": "shy", "text": "Psst."},
        {"type": "presence", "value": "absent"},
    ]


def test_what_she_saw_is_not_told_any_more_when_her_eyes_are_shut(stage: Stage) -> None:
    stage.scene.vision = {"look": "window", "hidden": True}
    assert stage.hello()["vision"]["hidden"] is True
    stage.hear(events.EyesChanged(EyesStatus(gaze=Gaze.LOOKING)))
    assert stage.hello()["vision"]
    stage.hear(events.EyesChanged(EyesStatus(gaze=Gaze.CLOSED)))
    assert stage.hello()["vision"] is None


def test_speech_is_told_to_all_others(stage: Stage) -> None:
    assert stage.hear(events.SpeechStarted("me"), events.SpeechEnded("me")) == []
    assert stage.hear(events.SpeechStarted(""), events.SpeechEnded("other")) == [
        {"type": "speech", "active": True},
        {"type": "speech", "active": False},
    ]
    stage.hear(events.SpeechStarted("me"))
    assert stage.hello()["speaking"] is True  # the one without a name has not ended
    stage.hear(events.SpeechEnded(""))
    assert stage.hello()["speaking"] is False


def test_it_shows_what_it_is(stage: Stage) -> None:
    kinds = [stage.machine.kind]
    for message in (
        {"type": "screen", "app": "Editor"},
        {"type": "say", "text": "hi"},
        {"type": "presence", "value": "absent"},
        {"type": "speech", "active": True},
        {"type": "say", "text": "hi"},
    ):
        stage.ask(**message)
        kinds.append(stage.machine.kind)
    kind = ClientKind
    assert kinds == [kind.DISPLAY, kind.SENSOR, kind.CHAT, kind.CHAT, kind.VOICE, kind.VOICE]
    stage.hello(client="  My overlay ")
    stage.hello()
    assert stage.machine.program == "My overlay"


def test_closing_ends_the_reply(stage: Stage) -> None:
    assert stage.machine.farewell() == ()
    stage.hear(events.UserSpoke("t", "hi", AT), events.ReplyText("t", "Once"))
    (end,) = read(stage.machine.farewell())
    assert (end["turn"], end["reason"], end["text"]) == ("t", "stopped", "Once")


def test_events_that_are_no_business_of_clients(stage: Stage) -> None:
    assert stage.hear(events.NoticeRaised("x"), events.LedgerChanged(), events.ClientsChanged(())) == []
    assert stage.hear(events.HistoryChanged()) == [{"type": "history_changed"}]
    assert stage.hear(events.ModeChanged("chill", "Chill")) == [
        {"type": "mode_changed", "mode": "chill", "title": "Chill"}
    ]
    assert stage.hear(events.ModelChanged(ModelStatus(ModelState.FAILED, "Big", "secret path")))[0]["model"] == {
        "name": "Big",
        "state": "failed",
    }
    assert read([stage.machine.keep_alive]) == [{"type": "keep_alive"}]
