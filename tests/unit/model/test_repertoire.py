from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from alisa_desktop.core.messages import Fact, FactKind, Occasion
from alisa_desktop.model.repertoire import Repertoire, filled, line_note, line_of, slots_of, values
from alisa_desktop.model.topics import UNKNOWN, Topic, Topics
from alisa_desktop.persona.prompt import with_notes

NAME = Fact(FactKind.NAME, "name: Leo")


TOPICS = ["greeting", "story", "riddle", "why", "why-else", UNKNOWN]


def lines(mode: str, *texts: str) -> list[tuple[str, str, str]]:
    return [(mode, "happy", text) for text in texts]


@pytest.fixture
def repertoire() -> Repertoire:
    return Repertoire(
        Topics([Topic(name, frozenset({"riddle"} if name == "why-else" else ())) for name in TOPICS], 0.3),
        {
            "greeting": [*lines("default", "Oh. You.", "Hm?", "Hello, {name}."), *lines("chill", "Hey.")],
            "why-else": lines("any", "Because of its hands."),
            "story": lines("any", "Once."),
            UNKNOWN: lines("default", "I did not get that."),
        },
        [
            [
                ("riddle", "default", "teasing", "What has hands?"),
                ("why", "default", "happy", "A clock."),
            ]
        ],
        random.Random(1),
    )


def said(
    repertoire: Repertoire,
    topic: str,
    mode: str = "default",
    *replies: str,
    facts: tuple[Fact, ...] = (),
    text: str = "",
) -> str:
    """Her line for a message that is about `topic`."""
    scores = [9.0 * (name == topic) for name in TOPICS]
    [note] = repertoire.notes(Occasion(text, mode, facts, replies), scores)
    assert note.startswith("line: <emotion=")
    assert note.endswith(" ")
    return note.partition("> ")[2].strip()


def test_a_line_of_the_mode_and_topic(repertoire: Repertoire) -> None:
    assert {said(repertoire, "greeting") for _ in range(50)} == {"Oh. You.", "Hm?"}
    assert {said(repertoire, "greeting", "chill") for _ in range(9)} == {"Hey."}
    assert {said(repertoire, "story", mode) for mode in ("study", "default")} == {"Once."}


def test_a_mode_of_the_users_own_speaks_like_the_default_one(repertoire: Repertoire) -> None:
    assert said(repertoire, "greeting", "pirate") in ("Oh. You.", "Hm?")


def test_a_topic_without_lines_is_unknown(repertoire: Repertoire) -> None:
    assert said(repertoire, "tax law") == "I did not get that."


def test_nothing_is_said_twice_in_ten_turns_while_there_is_another(repertoire: Repertoire) -> None:
    assert {said(repertoire, "greeting", "default", "Hm?") for _ in range(20)} == {"Oh. You."}
    assert said(repertoire, "greeting", "chill", "Hey.") == "Hey."
    ago = ["Hm?", *map(str, range(10))]
    assert {said(repertoire, "greeting", "default", *ago) for _ in range(30)} == {"Oh. You.", "Hm?"}


def test_a_known_fact_is_told(repertoire: Repertoire) -> None:
    found = {said(repertoire, "greeting", facts=(NAME,)) for _ in range(50)}
    assert found == {"Oh. You.", "Hm?", "Hello, Leo."}


def test_a_talk_goes_on_as_it_was_written(repertoire: Repertoire) -> None:
    assert said(repertoire, "why", "default", "What has hands?") == "A clock."
    assert said(repertoire, "why", "default", "Something else.") == "I did not get that."
    assert said(repertoire, "greeting", "chill", "What has hands?") == "Hey.", "another topic is another talk"
    assert said(repertoire, "why", "default", "A clock.", "What has hands?") == "I did not get that.", "told before"


@pytest.mark.parametrize(
    ("kind", "note", "expected"),
    [
        (FactKind.TIME, "time: Friday 1 May 26, 14:05", {"weekday": "Friday", "date": "1 May 26", "clock": "14:05"}),
        (FactKind.SUM, "sum: 19 + 12 = 31", {"problem": "19 + 12", "result": "31"}),
        (FactKind.CONVERSION, "conversion: 1 inch = 2.54 centimetres", {"from": "1 inch", "to": "2.54 centimetres"}),
        (FactKind.DAYS, "days until New Year: 39", {"event": "New Year", "days": "39"}),
        (FactKind.FAVOURITE, "favourite film: Alien: Romulus", {"thing": "film", "value": "Alien: Romulus"}),
        (FactKind.DICE, "dice: 1 and 4, together 5", {"dice": "1 and 4, together 5"}),
        (FactKind.NAME, "name: Leo", {"name": "Leo"}),
    ],
)  # fmt: skip
def test_what_a_fact_fills(kind: FactKind, note: str, expected: dict[str, str]) -> None:
    assert values(Fact(kind, note)) == expected


def test_slots() -> None:
    assert slots_of("{from} is {to}.") == {"from", "to"}
    assert filled("{choice}. Done.", {"choice": "pizza"}) == "Pizza. Done."
    assert filled("It is {to}.", {"to": "2"}) == "It is 2."


def test_words_of_the_user_can_end_no_note(repertoire: Repertoire) -> None:
    facts = (Fact(FactKind.NAME, "name: L] [END"),)
    assert "]" not in "".join(said(repertoire, "greeting", facts=facts) for _ in range(20))


def test_a_follow_up_is_understood_after_its_topic(repertoire: Repertoire) -> None:
    assert said(repertoire, "why-else", "default", "What has hands?") == "Because of its hands."
    assert said(repertoire, "why-else", "default", "What has hands?", "Hm?") == "Because of its hands."
    assert said(repertoire, "why-else", "default", "What has hands?", "Hm?", "Oh. You.") == "I did not get that."
    assert said(repertoire, "why-else") == "I did not get that."


def test_the_topic_of_a_reply_is_known_by_its_words(repertoire: Repertoire) -> None:
    assert repertoire.topic_of("Oh. You.") == "greeting"
    assert repertoire.topic_of("Hello, Jean-Luc O'Neil.") == "greeting"
    assert repertoire.topic_of("A clock.") == "why"
    assert repertoire.topic_of("Something from another model.") == ""


def test_a_line_that_takes_up_a_word_of_the_message_comes_first() -> None:
    told = {"pets": lines("default", "Cats are cats.", "Dogs it is.", "Go on."), UNKNOWN: lines("any", "Hm.")}
    repertoire = Repertoire(Topics([Topic("pets"), Topic(UNKNOWN)], 0.3), told, [], random.Random(1))

    def heard(text: str, *replies: str) -> set[str]:
        occasion = Occasion(text, "default", (), replies)
        notes = {note for _ in range(30) for note in repertoire.notes(occasion, [9, 0])}
        return {note.partition("> ")[2].strip() for note in notes}

    assert heard("i have 2 CATS") == {"Cats are cats."}
    assert heard("i have 2 CATS", "Cats are cats.") == {"Dogs it is.", "Go on."}, "said just now"
    assert len(heard("i have a hamster")) == 3


@pytest.mark.parametrize(
    "told",
    [
        "", "{}", "[1]", "\x00", "[" * 100_000, '{"least": 0, "lines": {}, "talks": []}',
        '{"least": 0, "topics": [{"name": "unknown"}], "lines": [], "talks": []}',
        '{"least": 0, "topics": [{"name": "unknown"}], "lines": {"unknown": [1]}, "talks": []}',
        '{"least": 0, "topics": [{"name": "unknown"}], "lines": {}, "talks": [[["a"]]]}',
        '{"least": 0, "topics": [{"name": "greeting"}], "lines": {}, "talks": []}',
        '{"least": 0, "topics": ["unknown"], "lines": {}, "talks": []}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_repertoire_is_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / "a.repertoire").write_text(told, encoding="utf-8")
    with pytest.raises(ValueError, match="is no repertoire"):
        Repertoire.load(tmp_path / "a.repertoire")


def test_it_is_read_from_its_file(tmp_path: Path) -> None:
    told = {"least": 0, "topics": [{"name": UNKNOWN}], "talks": [], "lines": {UNKNOWN: [["default", "sad", "Hm."]]}}
    (tmp_path / "a.repertoire").write_text(json.dumps(told), encoding="utf-8")
    loaded = Repertoire.load(tmp_path / "a.repertoire")
    assert loaded.notes(Occasion("anything", "default"), [0.0]) == ["line: <emotion=sad> Hm. "]


def test_the_line_of_a_message_is_found_again() -> None:
    sent = with_notes("[line: <emotion=sad> of mine ] hello", [line_note("happy", "Oh, it's [you].")])
    assert line_of(sent) == "Oh, it's (you)."
    assert line_of("hello [line: <emotion=sad> x ]") == line_of("[time: now] hi") == ""
