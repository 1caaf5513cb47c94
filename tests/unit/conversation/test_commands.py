from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.commands import Command, Say, SetMode, Stop, parse_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/mode study", SetMode("study")),
        ("  /MODE   Study \n", SetMode("Study")),
        ("/mode\tstudy", SetMode("study")),
        ("/mode\u00a0study", SetMode("study")),
        ("/mode\nstudy", SetMode("study")),
        ("/mode my own one", SetMode("my own one")),
        ("/mode", SetMode("")),
        ("/mode ", SetMode("")),
        ("/stop", Stop()),
        (" /Stop\r\n", Stop()),
        ("/modest proposal", Say("/modest proposal")),
        ("/stopwatch", Say("/stopwatch")),
        ("/home/me", Say("/home/me")),
        ("what does /mode do?", Say("what does /mode do?")),
        ("/", Say("/")),
        ("", Say("")),
        ("hello\n", Say("hello\n")),
    ],
)
def test_what_is_asked_for(text: str, command: Command) -> None:
    assert parse_command(text) == command


@given(st.text(max_size=30))
def test_any_text_is_understood_and_chat_stays_as_it_is(text: str) -> None:
    match parse_command(text):
        case Say(said):
            assert said == text
        case SetMode(name):
            assert name == name.strip()
