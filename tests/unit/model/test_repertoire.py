from __future__ import annotations

import json
import random
from array import array
from pathlib import Path

import pytest

from alisa_desktop.core.messages import Fact, FactKind, Occasion
from alisa_desktop.model.repertoire import Line, Repertoire, Step, filled, slots_of, values
from alisa_desktop.model.topics import UNKNOWN, Topic, Topics

NAME = Fact(FactKind.NAME, "name: Leo")


class Told(Topics):
    """Finds the topic that the message names."""

    def __init__(self) -> None:
        pass

    def choose(self, text: str, facts: object) -> Topic:
        return Topic(text, frozenset(), frozenset())


def lines(mode: str, *texts: str) -> list[Line]:
    return [Line(mode, "happy", text) for text in texts]


@pytest.fixture
def repertoire() -> Repertoire:
    return Repertoire(
        Told(),
        {
            "greeting": [*lines("default", "Oh. You.", "Hm?", "Hello, {name}."), *lines("chill", "Hey.")],
            "story": lines("any", "Once."),
            UNKNOWN: lines("default", "I did not get that."),
        },
        [
            [
                Step("riddle", Line("default", "teasing", "What has hands?")),
                Step("why", Line("default", "happy", "A clock.")),
            ]
        ],
        random.Random(1),
    )


def said(repertoire: Repertoire, text: str, mode: str = "default", *replies: str, facts: tuple[Fact, ...] = ()) -> str:
    [note] = repertoire.notes(Occasion(text, mode, facts, replies))
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
        (FactKind.SCREEN, "screen: Code - a - b.py", {"app": "Code", "title": "a - b.py"}),
        (FactKind.SCREEN, "screen: Code", {"app": "Code", "title": "Code"}),
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


def written(path: Path, **changes: object) -> Path:
    header = {
        "buckets": 2, "topics": [{"name": UNKNOWN}], "least": 0, "talks": [],
        "lines": {UNKNOWN: [["default", "sad", "Hm."]]},
    } | changes  # fmt: skip
    path.write_bytes(json.dumps(header).encode() + b"\n" + array("f", [1, 1, 0, 0, 0]).tobytes() + bytes(2))
    return path


def test_it_is_read_from_its_file(tmp_path: Path) -> None:
    loaded = Repertoire.load(written(tmp_path / "a.repertoire"))
    assert loaded.notes(Occasion("anything", "default")) == ["line: <emotion=sad> Hm. "]


def test_a_file_without_lines_is_refused(tmp_path: Path) -> None:
    for changes in ({"lines": []}, {"lines": {"a": [1]}}, {"talks": [[["a"]]]}, {"talks": None}):
        with pytest.raises(ValueError, match="has no lines"):
            Repertoire.load(written(tmp_path / "a.repertoire", **changes))
