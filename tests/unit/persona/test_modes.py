"""A persona file is understood whoever wrote it, or refused with a sentence that names the line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alisa_desktop.core.errors import UnknownMode
from alisa_desktop.core.messages import Emotion, Sampling
from alisa_desktop.persona.modes import Mode, Modes, PersonaBroken, parse_mode

FULL = """title: Pirate
description: Talks like one.
# a remark
emotion: teasing
temperature: 1.2
top_p: 0.9
min_p: 0.1
repeat_penalty: 1.1
max_tokens: 300
---
You are a pirate.

---
You like rum.
"""
PIRATE = Mode(
    "pirate",
    "Pirate",
    "Talks like one.",
    "You are a pirate.\n\n---\nYou like rum.",
    Emotion.TEASING,
    Sampling(1.2, 0.9, 0.1, 1.1, 300),
)


def test_every_key_is_read() -> None:
    assert parse_mode("pirate", FULL) == PIRATE


@pytest.mark.parametrize(
    "text",
    [
        FULL.replace("\n", "\r\n"),
        FULL.replace("\n", "\r"),
        "\ufeff" + FULL,
        "\ufeff" + FULL.replace("\n", "\r\n"),
        FULL.replace("---\n", "---  \n", 1),
        FULL.replace("---\n", "-----\n", 1),
        FULL.replace("title: Pirate", "  TITLE :   Pirate  "),
        "\n\n" + FULL,
        FULL.replace("emotion: teasing", "emotion: Smug"),
    ],
)
def test_editors_of_all_kinds_may_write_it(text: str) -> None:
    assert parse_mode("pirate", text) == PIRATE


def test_everything_may_be_left_out_but_the_prompt() -> None:
    plain = Mode("my_friend", "My friend", "", "You are kind.", Emotion.NEUTRAL, Sampling())
    assert parse_mode("my_friend", "You are kind.") == plain
    assert parse_mode("my_friend", "---\nYou are kind.") == plain
    assert parse_mode("my_friend", "# nothing here\n---\nYou are kind.\n") == plain


@pytest.mark.parametrize(
    "text", ["", "  \n ", "\ufeff", "---", "---\n", "title: Empty\n---\n  \n", "title: Empty\n---"]
)
def test_a_file_without_a_prompt_is_broken(text: str) -> None:
    with pytest.raises(PersonaBroken, match="“empty” has no text"):
        parse_mode("empty", text)


@pytest.mark.parametrize(
    "line",
    [
        "colour: red", "just words", "temperature: hot", "temperature: 2.1", "temperature: -1", "temperature: nan",
        "temperature: inf", "top_p: 0", "top_p: 1.1", "min_p: -0.1", "min_p: 1.5", "repeat_penalty: 0.4",
        "repeat_penalty: 3", "max_tokens: -1", "max_tokens: 100001", "max_tokens: many", "max_tokens: 1.5",
        "max_tokens: 1e400", "emotion: hungry", "emotion:", "title:", ": x", "temperature:",
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_named(line: str) -> None:
    with pytest.raises(PersonaBroken) as caught:
        parse_mode("pirate", f"title: Pirate\n{line}\n---\nYou are a pirate.")
    assert "“pirate”" in caught.value.sentence
    assert f"“{line}”" in caught.value.sentence


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("temperature: 0", "temperature", 0.0), ("temperature: 2", "temperature", 2.0), ("top_p: 0.01", "top_p", 0.01),
        ("top_p: 1", "top_p", 1.0), ("min_p: 0", "min_p", 0.0), ("max_tokens: 0", "max_tokens", 0),
        ("max_tokens: 100000", "max_tokens", 100_000), ("repeat_penalty: 0.5", "repeat_penalty", 0.5),
    ],
)  # fmt: skip
def test_the_ends_of_a_range_belong_to_it(line: str, name: str, value: float) -> None:
    assert getattr(parse_mode("pirate", f"{line}\n---\nArr.").sampling, name) == value


KEYS = st.sampled_from(
    ["title", "emotion", "temperature", "top_p", "max_tokens", "#", "---", "\n---\n", ":", "\r\n", "1"]
)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=80), st.lists(st.one_of(KEYS, st.text(max_size=6)), max_size=12).map("".join)))
@example("max_tokens: 1e999\n---\nx")
@example("\x00---\n")
def test_any_text_is_a_mode_or_broken(text: str) -> None:
    try:
        mode = parse_mode("any", text)
    except PersonaBroken as error:
        assert error.sentence
    else:
        assert mode.prompt.strip()
        assert mode.title


@pytest.fixture(scope="module")
def modes() -> Modes:
    return Modes({name: parse_mode(name, "x") for name in ("default", "study", "chill", "creative", "Jérôme")})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("study", "study"), (" Study ", "study"), ("CHILL", "chill"), ("teasing", "default"), ("Serious", "study"),
        ("calm", "chill"), ("jérôme", "Jérôme"), (unicodedata.normalize("NFD", "Jérôme"), "Jérôme"),
    ],
)  # fmt: skip
def test_a_mode_is_found_by_name_and_alias(modes: Modes, asked: str, found: str) -> None:
    assert modes.find(asked).name == found


def test_a_mode_of_the_users_own_wins_over_an_alias() -> None:
    modes = Modes({name: parse_mode(name, "x") for name in ("default", "calm")})
    assert modes.find("calm").name == "calm"
    with pytest.raises(UnknownMode):
        modes.find("serious")  # stands for study, which is not there


@pytest.mark.parametrize("asked", ["angry", "study hard", "x" * 5000, "[END]"])
def test_an_unknown_mode_is_answered_with_those_there_are(modes: Modes, asked: str) -> None:
    with pytest.raises(UnknownMode) as caught:
        modes.find(asked)
    assert "default, study, chill, creative, Jérôme" in caught.value.sentence
    assert f"“{asked[:40]}" in caught.value.sentence
    assert len(caught.value.sentence) < 200


@pytest.mark.parametrize("asked", ["", "  "])
def test_no_name_asks_for_the_modes(modes: Modes, asked: str) -> None:
    with pytest.raises(UnknownMode) as caught:
        modes.find(asked)
    assert "default, study, chill, creative, Jérôme" in caught.value.sentence
    assert "“" not in caught.value.sentence


def test_the_built_in_ones_are_read_and_differ(builtin_modes: dict[str, Mode]) -> None:
    assert len({mode.prompt for mode in builtin_modes.values()}) == 4
    assert len({mode.title for mode in builtin_modes.values()}) == 4
    assert all(mode.description for mode in builtin_modes.values())
    assert builtin_modes["study"].sampling.temperature < builtin_modes["creative"].sampling.temperature


def test_modes_are_a_mapping_in_menu_order(modes: Modes) -> None:
    assert list(modes)[:2] == ["default", "study"]
    assert modes["study"].name == "study"
    assert len(modes) == 5
