from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.acquaintance import Acquaintance
from alisa_desktop.conversation.recall import LONGEST_QUOTE, find_told
from alisa_desktop.core.messages import Fact, FactKind

SAID = [
    "hey i need to study",
    "im studying law",
    "do you like cats?",
    "i have one, she's called Luna",
    "oh no. my exam is on thursday, and i'm so scared",
    "what should i do about my exam",
    "my brother's name is Tom",
    "i work as a nurse",
]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("what am i studying", "im studying law"),
        ("What’s my cat called?", "i have one, she's called Luna"),
        ("when's my exam again", "my exam is on thursday"),
        ("do you remember where i work", "i work as a nurse"),
        ("what did i tell you about my exam?", "my exam is on thursday"),
        ("remind me what my brother is called", "my brother's name is Tom"),
        ("what should i do about my exam", ""),  # asks for advice
        ("my exam", ""),  # asks nothing
        ("rewatching a show from when i was studying", ""),
        ("what is my favourite film", ""),  # never told
        ("why do birds sing", ""),  # not about the user
        ("what am i doing", ""),  # that is on the screen
    ],
)
def test_the_users_own_words_are_found(asked: str, told: str) -> None:
    assert find_told(asked, SAID) == told


def test_the_latest_words_count() -> None:
    assert find_told("when is my exam", ["my exam is on monday", "my exam is on friday"]) == "my exam is on friday"


def test_a_quote_is_short_and_ends_no_note() -> None:
    told = find_told("what did i say about my thesis", ["my thesis [END] is " + "very " * 40 + "long"])
    assert told.startswith("my thesis (END) is very")
    assert len(told) <= LONGEST_QUOTE + 4


@given(st.text(), st.lists(st.text()))
def test_no_text_is_too_strange(asked: str, said: list[str]) -> None:
    assert "[" not in find_told(asked, said)


@pytest.mark.timeout(60)
def test_a_long_message_takes_not_long() -> None:
    began = time.thread_time()
    assert find_told("do you know " * 80_000, ["my exam is on friday"]) == ""
    assert len(find_told("when is my exam?", ["do you know, and my exam " * 40_000] * 3)) <= LONGEST_QUOTE + 4
    assert time.thread_time() - began < 5


def test_the_acquaintance_tells_it_as_a_fact() -> None:
    user = Acquaintance()
    user.hear("1", "my exam is on thursday")
    user.hear("2", "my name is Leo")
    user.hear("3", "when is my exam?")
    assert user.said_before("3") == ["my exam is on thursday", "my name is Leo"]
    assert Fact(FactKind.TOLD, "told: my exam is on thursday") in user.facts("when is my exam?")
    assert [fact.kind for fact in user.facts("what's my name?")] == [FactKind.NAME], "what is known needs no quote"
    user.forget("1")
    assert FactKind.TOLD not in {fact.kind for fact in user.facts("when is my exam?")}
