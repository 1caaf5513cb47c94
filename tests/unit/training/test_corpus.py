"""The corpus keeps its own style sheet, and what was trained from it still belongs to it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import llama_cpp
import pytest
from gguf import GGUFReader

from alisa_desktop.model.classifier import Classifier
from alisa_desktop.model.repertoire import Repertoire
from alisa_desktop.model.topics import UNKNOWN, plain
from alisa_desktop.model.variants import load_best
from training.starter.corpus import HERE, MODES, Corpus, CorpusBroken, findings, read, slots_of
from training.starter.dialogues import Generator, kinds_of, needs_and_may, typed
from training.starter.slots import KIND_OF_SLOT, LACKS

MODELS = HERE.parents[1] / "resources" / "models"
CLASSIFIER = MODELS / "alisa-starter.topics.gguf"


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
    about_replies = [one for one in findings(corpus) if not one.startswith("message stands")]
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


def test_a_follow_up_topic_follows_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("== coin :: a\n> flip\n\n== coin-again :: b\n^ coin coin-again\n> again\n^ dice\n")
    corpus = read([tmp_path / "a.txt"])
    assert corpus.topics["coin-again"].after == ["coin", "coin-again", "dice"]
    assert "coin-again: no topic dice to follow" in findings(corpus)


def test_messages_are_typed_by_many_hands() -> None:
    rng = random.Random(1)
    hands = {typed("Tell me a story.", rng) for _ in range(200)}
    assert len(hands) > 20
    assert "tell me a story." in hands


def test_what_is_shipped_was_made_from_this_corpus(corpus: Corpus) -> None:
    told = json.loads((MODELS / "alisa-starter.repertoire").read_text("utf-8"))
    assert told["lines"] == {
        topic.name: [[one.mode, one.emotion, one.text] for one in topic.replies] for topic in corpus.topics.values()
    }
    for topic in told["topics"]:
        assert set(topic["needs"]) == needs_and_may(corpus.topics[topic["name"]])[0], topic["name"]
        assert set(topic["after"]) == set(corpus.topics[topic["name"]].after), topic["name"]
    labels = GGUFReader(CLASSIFIER).fields["bert.classifier.output_labels"].contents()
    assert labels == [topic["name"] for topic in told["topics"]]


def test_it_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in MODELS.glob("alisa-starter.*")) <= 30_000_000


@pytest.fixture(scope="module")
def understood() -> Iterator[Callable[..., str]]:
    load_best(llama_cpp)
    classifier = Classifier(llama_cpp, CLASSIFIER, safe=True)
    topics = Repertoire.load(MODELS / "alisa-starter.repertoire").topics

    def choose(text: str, before: tuple[str, ...] = ()) -> str:
        return topics.choose(classifier.scores(plain(text)), [], before).name

    yield choose
    classifier.close()


@pytest.mark.parametrize(
    ("text", "before", "topic"),
    [
        ("hi there", (), "greeting"),
        ("my grandma died last night", (), "grief-person"),
        ("tell me a joke", (), "joke"),
        ("who are you", (), "who-are-you"),
        ("goodnight", (), "good-night"),
        ("thx", (), "thanks"),
        ("what is the capital of mongolia", (), "fact-question"),
        ("who wrote hamlet", (), "fact-question"),
        ("write a python function that sorts a list", (), "code"),
        ("because i forgot her birthday", ("quarrel",), "quarrel-more"),
    ],
)
def test_the_shipped_classifier_understands(
    understood: Callable[..., str], text: str, before: tuple[str, ...], topic: str
) -> None:
    assert understood(text, before) == topic
