from __future__ import annotations

import json
import logging
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.messages import Fact, FactKind, Occasion
from alisa_desktop.model.llama import LlamaModel
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.topics import UNKNOWN, Topics, bucket, features

BUCKETS = 4096
LEAST = 0.1
TOPICS: list[dict[str, Any]] = [
    {"name": "greeting"},
    {"name": "name-asked", "needs": ["name"]},
    {"name": "name-unknown", "lacks": ["name"]},
    {"name": "sum", "needs": ["sum"]},
    {"name": "dice", "needs": ["dice"]},
    {"name": UNKNOWN},
]
SAYS = {
    "hello": ["greeting"],
    "name": ["name-asked", "name-unknown"],
    "what's": ["name-asked", "name-unknown", "sum"],
    "dice": ["dice"],
    "19": [],
}

TIME = Fact(FactKind.TIME, "time: Monday", found=False)
NAME = Fact(FactKind.NAME, "name: Leo", asked=False, found=False)
SUM = Fact(FactKind.SUM, "sum: 1 + 1 = 2")
DICE = Fact(FactKind.DICE, "dice: 4")


def written(path: Path, **changes: Any) -> Path:
    """A classifier that knows some words, one weight for each topic that they speak for."""
    header = {"format": 1, "buckets": BUCKETS, "topics": TOPICS, "least": LEAST} | changes
    names = [topic["name"] for topic in TOPICS]
    weights = bytearray(BUCKETS * len(TOPICS))
    for word, topics in SAYS.items():
        for topic in topics:
            weights[bucket(f"w {word}", BUCKETS) * len(TOPICS) + names.index(topic)] = 127
    numbers = [array("f", [1.0] * BUCKETS), array("f", [0.1] * BUCKETS), array("f", [-0.5] * len(TOPICS))]
    path.write_bytes(json.dumps(header).encode() + b"\n" + b"".join(one.tobytes() for one in numbers) + weights)
    return path


@pytest.fixture
def topics(tmp_path: Path) -> Topics:
    return Topics.load(written(tmp_path / "a.topics"))[0]


@pytest.mark.parametrize(
    ("text", "facts", "topic"),
    [
        ("hello", [], "greeting"),
        ("HELLOOOO hello", [NAME], "greeting"),
        ("name", [NAME], "name-asked"),
        ("name", [], "name-unknown"),
        ("name", [TIME, SUM, NAME], "sum"),  # a sum was found in it: that decides
        ("hello", [DICE], "dice"),
        ("dice", [DICE, SUM], "dice"),
        ("what's", [DICE, SUM], "sum"),
        ("dice", [], UNKNOWN),  # what it needs was not found
        ("wibble wobble", [], UNKNOWN),
        ("", [], UNKNOWN),
    ],
)
def test_a_topic_is_chosen(topics: Topics, text: str, facts: list[Fact], topic: str) -> None:
    assert topics.choose(text, facts).name == topic


def test_a_message_is_unknown_below_the_least_score(tmp_path: Path) -> None:
    scores = Topics.load(written(tmp_path / "a.topics"))[0].scores("hello")
    assert max(scores, key=lambda name: scores[name]) == "greeting"
    for least, topic in ((scores["greeting"] - 0.01, "greeting"), (scores["greeting"] + 0.01, UNKNOWN)):
        assert Topics.load(written(tmp_path / "a.topics", least=least))[0].choose("hello", []).name == topic
    assert Topics.load(written(tmp_path / "a.topics", least=1e9))[0].choose("hello", [SUM]).name == "sum"


def test_scores_grow_with_the_share_of_known_words(topics: Topics) -> None:
    assert set(topics.scores("")) == {topic["name"] for topic in TOPICS}
    assert (
        topics.scores("hello")["greeting"] > topics.scores("hello wibble")["greeting"] > topics.scores("")["greeting"]
    )


def test_features_are_words_pairs_and_groups_of_letters() -> None:
    assert features("Hi u 42!") >= {"w hi", "w you", "w 0", "w !", "p < hi", "p hi you", "p ! >", "g <hi", "g <you>"}
    assert features("sooooo") == features("soo")
    assert features("don’t") == features("dont")
    assert features("") == {"p < >"}


def test_buckets_are_the_same_on_every_machine() -> None:
    assert [bucket(one, 1 << 15) for one in ("w hello", "p hi you", "g <hé")] == [25974, 24916, 29445]


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_is_too_strange(text: str) -> None:
    assert all(0 <= bucket(feature, BUCKETS) < BUCKETS for feature in features(text))


def test_a_lone_surrogate_has_a_bucket() -> None:
    assert bucket("w \ud83d", BUCKETS) in range(BUCKETS)


def cut(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(written(path).read_bytes()))
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:50],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[: data.index(b"\n") + 1],
        lambda data: b"\x00" * 5000,
        lambda data: b"[1]\n" + data,
        lambda data: b"{}\n" + data,
        lambda data: b"[" * 100_000 + b"\n",
        lambda data: b'{"topics": [], "buckets": 0, "least": 0}\n',
    ],
)
def test_a_file_that_is_cut_or_no_classifier_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="topics"):
        Topics.load(cut(tmp_path / "a.topics", change))


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": TOPICS[:-1]},
        {"topics": [*TOPICS[:-1], {"name": UNKNOWN, "needs": ["sum"]}]},
        {"topics": ["greeting"]},
        {"topics": None},
        {"buckets": "many"},
        {"buckets": -1},
        {"buckets": BUCKETS // 2},
        {"least": None},
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="topics"):
        Topics.load(written(tmp_path / "a.topics", **changes))[0]


def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Topics.load(tmp_path / "a.topics")


def model(folder: Path) -> LlamaModel:
    safe_list = SafeList(folder / "safe.json")
    return LlamaModel(folder / "a.gguf", command=["no"], context_tokens=512, safe_models=safe_list, cwd=folder)


OCCASION = Occasion("hello", "default", (TIME, NAME, SUM))
LINES = {"sum": [["default", "calm", "That is {result}."]]}


def test_a_model_with_topics_gets_a_line_for_them(tmp_path: Path) -> None:
    written(tmp_path / "a.repertoire", lines=LINES, talks=[])
    assert model(tmp_path).notes(OCCASION) == ["line: <emotion=calm> That is 2. "]


def test_a_model_without_topics_gets_all_that_is_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert model(tmp_path).notes(OCCASION) == ["time: Monday", "sum: 1 + 1 = 2"]
    assert not caplog.records


def test_a_model_goes_without_broken_topics_and_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cut(tmp_path / "a.repertoire", lambda data: data[:-1])
    alisa = model(tmp_path)
    for _ in range(2):
        assert alisa.notes(OCCASION) == ["time: Monday", "sum: 1 + 1 = 2"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "a.repertoire" in caplog.text
