"""The corpus keeps its own style sheet, and what was trained from it still belongs to it."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from alisa_desktop.model.topics import UNKNOWN, Topics
from training.starter.corpus import HERE, MODES, Corpus, CorpusBroken, findings, read, slots_of
from training.starter.dialogues import Generator, kinds_of, needs_and_may
from training.starter.slots import KIND_OF_SLOT, LACKS

MODELS = HERE.parents[1] / "resources" / "models"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read()


def test_it_is_as_large_as_promised(corpus: Corpus) -> None:
    messages = {text.lower() for topic in corpus.topics.values() for text in topic.messages}
    replies = {reply.text for topic in corpus.topics.values() for reply in topic.replies}
    assert len(messages) >= 6000
    assert len(replies) >= 4000
    assert {talk.mode for talk in corpus.talks} == set(MODES)
    assert len(corpus.talks) >= 200


def test_it_keeps_the_style_sheet(corpus: Corpus) -> None:
    about_replies = [one for one in findings(corpus, 38, 6) if not one.startswith("message stands")]
    assert about_replies == []


def test_every_mode_has_a_reply_for_every_topic_without_a_fact(corpus: Corpus) -> None:
    for topic in corpus.topics.values():
        needs, _ = needs_and_may(topic)
        for mode in MODES:
            fitting = [one for one in topic.replies if one.mode in (mode, "any") and kinds_of(one) <= needs]
            assert fitting, (topic.name, mode)


def test_a_topic_that_lacks_a_fact_names_none(corpus: Corpus) -> None:
    for name in (*LACKS, UNKNOWN):
        assert needs_and_may(corpus.topics[name]) == (frozenset(), frozenset())


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    for text in ("nothing", "== a :: b\n> hi\ndefault glad | no such feeling", "== a :: b\n> {nonsense}", "-- loud"):
        (tmp_path / "bad.txt").write_text(text, encoding="utf-8")
        with pytest.raises(CorpusBroken, match=r"bad\.txt:\d"):
            read([tmp_path / "bad.txt"])


def test_conversations_are_made_of_it(corpus: Corpus) -> None:
    written = {reply.text for topic in corpus.topics.values() for reply in topic.replies}
    written |= {text for talk in corpus.talks for _, (_, text) in talk.exchanges}
    exchanges = [one for dialogue in islice(Generator(corpus, 1).dialogues(), 400) for one in dialogue.exchanges]
    for one in exchanges:
        assert one.sent.startswith(f"[line: <emotion={one.emotion}> {one.reply} ] "), one.sent
        assert not slots_of(one.reply)
    drilled = sum(one.reply not in written for one in exchanges) / len(exchanges)
    assert 0.25 < drilled < 0.45, "words in any order, and lines with a fact"


def test_every_slot_has_a_note() -> None:
    assert set(KIND_OF_SLOT) >= {"name", "value", "clock", "result", "to", "choice", "days", "app"}


def test_what_is_shipped_was_made_from_this_corpus(corpus: Corpus) -> None:
    header = json.loads((MODELS / "alisa-starter.repertoire").read_bytes().partition(b"\n")[0])
    assert header["lines"] == {
        topic.name: [[one.mode, one.emotion, one.text] for one in topic.replies] for topic in corpus.topics.values()
    }
    for topic in header["topics"]:
        assert set(topic["needs"]) == needs_and_may(corpus.topics[topic["name"]])[0], topic["name"]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("hi there", "greeting"),
        ("my grandma died last night", "grief-person"),
        ("tell me a joke", "joke"),
        ("who are you", "who-are-you"),
        ("goodnight", "good-night"),
        ("thx", "thanks"),
        ("what is the capital of mongolia", "fact-question"),
        ("write a python function that sorts a list", "code"),
    ],
)
def test_the_shipped_classifier_understands(text: str, topic: str) -> None:
    assert Topics.load(MODELS / "alisa-starter.repertoire")[0].choose(text, []).name == topic
