from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.model.topics import UNKNOWN, Topic, Topics, plain

ALL = [
    Topic("greeting"),
    Topic("name-asked", needs=frozenset({"name"})),
    Topic("name-unknown", lacks=frozenset({"name"})),
    Topic("sum", needs=frozenset({"sum"})),
    Topic("sum-again", after=frozenset({"sum", "sum-again"}), needs=frozenset({"sum"})),
    Topic("joke-again", after=frozenset({"joke"})),
    Topic(UNKNOWN),
]

TIME = Fact(FactKind.TIME, "time: Monday", found=False)
NAME = Fact(FactKind.NAME, "name: Leo", asked=False, found=False)
SUM = Fact(FactKind.SUM, "sum: 1 + 1 = 2")


def scores(**said: float) -> list[float]:
    named = {name.replace("_", "-"): score for name, score in said.items()}
    return [named.get(topic.name, 0.0) for topic in ALL]


@pytest.mark.parametrize(
    ("rated", "facts", "before", "topic"),
    [
        (scores(greeting=9), [NAME], (), "greeting"),
        (scores(name_asked=9, name_unknown=9), [NAME], (), "name-asked"),
        (scores(name_asked=9, name_unknown=9), [TIME], (), "name-unknown"),
        (scores(greeting=9), [TIME, SUM, NAME], (), "sum"),  # a sum was found in it: that decides
        (scores(greeting=9, sum_again=1), [SUM], ("sum",), "sum-again"),
        (scores(joke_again=9, greeting=8), [], ("joke",), "joke-again"),
        (scores(joke_again=9, greeting=8), [], ("story", "sum"), "greeting"),  # not after this
        (scores(joke_again=9, greeting=8), [], ("story", "joke"), "joke-again"),
        (scores(sum=9), [], (), UNKNOWN),  # what it needs was not found, and nothing else is likely
        (scores(), [], (), UNKNOWN),
    ],
)
def test_a_topic_is_chosen(rated: list[float], facts: list[Fact], before: tuple[str, ...], topic: str) -> None:
    assert Topics(ALL, 0.5).choose(rated, facts, before).name == topic


def test_a_message_is_unknown_where_no_open_topic_is_likely_enough() -> None:
    three_open = math.log(6)  # e**it is 6 of 6 + 1 + 1: three quarters
    assert Topics(ALL, 0.74).choose(scores(greeting=three_open), [], ()).name == "greeting"
    assert Topics(ALL, 0.76).choose(scores(greeting=three_open), [], ()).name == UNKNOWN
    assert Topics(ALL, 1.0).choose(scores(), [SUM], ()).name == "sum", "what code found needs no belief"


def test_a_message_that_surely_follows_on_is_not_unknown() -> None:
    ways = [Topic(UNKNOWN), Topic("greeting"), *(Topic(f"joke-{n}", frozenset({"joke"})) for n in range(4))]
    torn = [1.0, 1.0, 2.0, 2.1, 2.0, 2.0]
    assert Topics(ways, 0.5).choose(torn, [], ("joke",)).name == "joke-1"
    assert Topics(ways, 0.5).choose([2.0, 2.1, *[1.0] * 4], [], ("joke",)).name == UNKNOWN
    assert Topics(ways, 0.6).choose(torn, [], ()).name == UNKNOWN


def test_scores_of_another_classifier_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Topics(ALL, 0.3).choose([1.0], [], ())


@pytest.mark.parametrize("topics", [[], ALL[:-1], [Topic(UNKNOWN, needs=frozenset({"sum"}))]])
def test_unknown_must_be_open_always(topics: list[Topic]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        Topics(topics, 0.3)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Hi u 42!", "hi you 42 !"),
        ("SOOOO good...", "soo good . ."),
        ("don’t", "don't"),
        ("dont know tbh", "don't know to be honest"),
        ("été", "été"),
        ("", ""),
    ],
)
def test_messages_are_read_in_one_spelling(typed: str, read: str) -> None:
    assert plain(typed) == read


def test_of_a_long_message_both_ends_are_read() -> None:
    read = plain("beginning " + "x " * 500_000 + "end")
    assert read.startswith("beginning") and read.endswith("end")
    assert len(read) < 2500


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_is_too_strange(text: str) -> None:
    assert plain(plain(text)) is not None
    assert "\n" not in plain(text)
