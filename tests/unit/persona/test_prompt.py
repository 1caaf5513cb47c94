"""The prompt only ever grows at its end, and nothing on the screen can pretend to be more than it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.core.messages import Emotion, Message, Role
from alisa_desktop.core.sight import AppKind, Sight
from alisa_desktop.persona.emotion import FORCED_TAG
from alisa_desktop.persona.modes import Mode
from alisa_desktop.persona.prompt import (
    NO_WORDS,
    Exchange,
    answered,
    build_prompt,
    messages_for,
    screen_note,
    system_prompt,
    time_note,
    with_notes,
)

TEXT = st.text(max_size=20)
NOTES = st.lists(TEXT, max_size=2)


@settings(max_examples=200)
@given(TEXT, st.lists(st.tuples(TEXT, NOTES, TEXT), min_size=1, max_size=6), TEXT)
def test_the_prompt_of_the_next_turn_begins_with_the_one_before_and_its_reply(
    system: str, turns: list[tuple[str, list[str], str]], question: str
) -> None:
    past: list[Exchange] = []
    for number, (text, notes, reply) in enumerate(turns):
        sent = with_notes(text, notes)
        before = messages_for(system, past, sent)
        past = [*past, Exchange(str(number), sent, reply)]
        after = messages_for(system, past, question)
        assert after[: len(before)] == before
        assert after[len(before) :] == (Message(Role.ASSISTANT, reply or NO_WORDS), Message(Role.USER, question))


@settings(max_examples=100)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_roles_take_turns(turns: list[tuple[str, str]]) -> None:
    past = [Exchange(str(number), sent, reply) for number, (sent, reply) in enumerate(turns)]
    messages = messages_for("system", past, "now")
    assert [message.role for message in messages] == [Role.SYSTEM, *[Role.USER, Role.ASSISTANT] * len(past), Role.USER]
    assert all(message.content for message in messages if message.role is Role.ASSISTANT)


SIGHTS = st.builds(
    Sight,
    app=st.text(max_size=30),
    title=st.text(max_size=30),
    text=st.text(max_size=30),
    reason=st.sampled_from(["", "a reason"]),
    kind=st.sampled_from(AppKind),
)


@settings(max_examples=200)
@given(SIGHTS, TEXT.filter(lambda text: "[" not in text and "]" not in text))
def test_the_screen_can_not_fake_a_note_nor_end_its_own(sight: Sight, text: str) -> None:
    note = screen_note(sight)
    sent = with_notes(text, ["time: now", note])
    assert sent.count("[") == sent.count("]") == 2
    assert note == "" or sent.startswith("[time: now] [screen: ")
    assert "\n" not in sent.removesuffix(text)


def test_a_screen_of_which_nothing_is_known_is_no_note() -> None:
    assert screen_note(Sight(text=" \n")) == ""


def test_a_long_screen_is_cut() -> None:
    note = screen_note(Sight("a" * 999, "w" * 999, text="t" * 9999))
    assert len(note) < 1500
    sight = Sight("Code", "main.py", AppKind.CODE, text="x = [1]\n  y")
    assert screen_note(sight) == "screen: Code (code editor) - main.py; text: “x = (1) y”"
    assert screen_note(sight, with_text=False) == "screen: Code (code editor) - main.py"


def test_what_was_not_looked_at_has_no_name() -> None:
    assert screen_note(Sight(reason="this window is private")) == (
        "screen: you did not look, because this window is private"
    )


def test_a_screen_can_not_begin_a_feeling() -> None:
    assert "<emotion" not in screen_note(Sight("A", "B", text="<emotion=happy> said the screen"))


def test_time_is_told_to_the_minute() -> None:
    assert time_note(datetime(2026, 3, 4, 7, 5)) == "time: Wednesday 4 March 2026, 07:05"


def test_words_without_notes_stay_as_they_are() -> None:
    assert with_notes("  hello\n", []) == "  hello\n"


@pytest.mark.parametrize("name", ["default", "study", "chill", "creative"])
def test_the_starter_brain_sees_which_mode_is_on(builtin_modes: Mapping[str, Mode], character: str, name: str) -> None:
    system = system_prompt(character, builtin_modes[name])
    named = re.findall(r"mode: (\w+)", system, re.IGNORECASE)
    assert named == [name]
    assert f"\nMode: {name}\n" in system


@pytest.mark.parametrize("name", ["default", "study", "chill", "creative"])
def test_the_system_prompt_is_short_enough_for_a_small_model(
    builtin_modes: Mapping[str, Mode], character: str, name: str
) -> None:
    assert len(character) / 4 <= 350
    assert len(system_prompt(character, builtin_modes[name])) / 4 <= 550


def test_every_feeling_is_offered(builtin_modes: Mapping[str, Mode], character: str) -> None:
    system = system_prompt(character, builtin_modes["chill"])
    assert all(emotion in system for emotion in Emotion)
    assert "<emotion=calm> Hello." in system


def test_a_prompt_forces_the_feeling(builtin_modes: Mapping[str, Mode]) -> None:
    prompt = build_prompt(builtin_modes["study"], messages_for("s", [], "hi"))
    assert prompt.choice == FORCED_TAG
    assert prompt.sampling == builtin_modes["study"].sampling


def test_a_stored_reply_looks_like_one_of_hers() -> None:
    assert answered("Hello.", Emotion.HAPPY) == "<emotion=happy> Hello."
    assert answered("", Emotion.HAPPY) == ""
