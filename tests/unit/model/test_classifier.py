"""The classifier that belongs to a model with a repertoire: alone, and through the whole runner."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import llama_cpp
import pytest
from tiny_gguf import write_tiny_classifier, write_tiny_gguf

from alisa_desktop.core.errors import ModelBroken
from alisa_desktop.core.messages import Fact, FactKind, ModelState, Occasion
from alisa_desktop.model.classifier import Classifier
from alisa_desktop.model.native import LoadFailed
from alisa_desktop.model.topics import UNKNOWN

Start = Callable[..., Awaitable[Any]]

LABELS = ["greeting", "joke", "joke-again", UNKNOWN]
WORDS = {"hello": ["greeting"], "joke": ["joke"], "again": ["joke-again"], "wibble": []}
TOPICS: list[dict[str, object]] = [
    {"name": "greeting"}, {"name": "joke"}, {"name": "joke-again", "after": ["joke"]}, {"name": UNKNOWN},
]  # fmt: skip
LINES = {
    "greeting": [["default", "happy", "Oh. You."]],
    "joke": [["default", "teasing", "A duck walks in."]],
    "joke-again": [["default", "teasing", "It walks in again."]],
    UNKNOWN: [["default", "sad", "What?"]],
}
SUM = Fact(FactKind.SUM, "sum: 1 + 1 = 2")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_classifier(tmp_path_factory.mktemp("classifier") / "tiny.gguf", LABELS, WORDS)


@pytest.fixture
def classifier(file: Path) -> Iterator[Classifier]:
    opened = Classifier(llama_cpp, file, safe=True)
    yield opened
    opened.close()


def best(classifier: Classifier, text: str) -> str:
    scores = classifier.scores(text)
    assert len(scores) == len(LABELS)
    return LABELS[scores.index(max(scores))]


def test_a_text_is_scored_by_its_words(classifier: Classifier) -> None:
    assert [best(classifier, text) for text in ("hello", "joke", "wibble joke", "again")] == [
        "greeting", "joke", "joke", "joke-again",
    ]  # fmt: skip
    assert classifier.scores("hello") == classifier.scores("hello"), "nothing of the last text is left"
    assert classifier.scores("hello")[0] > classifier.scores("hello wibble wibble")[0]


@pytest.mark.parametrize("text", ["", " ", "never seen", "日本 \ud83d é", "[CLS] [SEP]", "x" * 5000])
def test_every_text_has_scores(classifier: Classifier, text: str) -> None:
    assert len(classifier.scores(text)) == len(LABELS)


def test_of_a_long_text_beginning_and_end_count(classifier: Classifier) -> None:
    filler = " wibble" * 40
    assert best(classifier, f"joke joke{filler}") == "joke"
    assert best(classifier, f"{filler} again again") == "joke-again"


def test_a_file_that_is_no_classifier_is_refused(tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    for path in (tiny, broken):
        with pytest.raises(LoadFailed):
            Classifier(llama_cpp, path, safe=True)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A model with a repertoire and its classifier beside it."""
    (tmp_path / "a.repertoire").write_text(json.dumps({"least": 0.3, "topics": TOPICS, "lines": LINES, "talks": []}))
    write_tiny_classifier(tmp_path / "a.topics.gguf", LABELS, WORDS)
    return write_tiny_gguf(tmp_path / "a.gguf")


async def test_a_model_with_a_repertoire_gets_a_line(start: Start, model_file: Path) -> None:
    model = (await start(model_file)).model
    assert await model.notes(Occasion("HELLO", "default", (SUM,))) == ["line: <emotion=happy> Oh. You. "]
    after = Occasion("again", "default", (), ("A duck walks in.",))
    assert await model.notes(after) == ["line: <emotion=teasing> It walks in again. "]
    assert await model.notes(Occasion("again", "default")) == ["line: <emotion=sad> What? "]


async def test_notes_wait_for_the_model(start: Start, model_file: Path) -> None:
    model = (await start(model_file, ready=False)).model
    assert await model.notes(Occasion("joke", "default")) == ["line: <emotion=teasing> A duck walks in. "]


@pytest.mark.parametrize("missing", ["a.repertoire", "a.topics.gguf"])
async def test_a_model_without_gets_all_that_is_asked_for(
    start: Start, model_file: Path, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    model_file.with_name(missing).unlink()
    model = (await start(model_file)).model
    assert await model.notes(Occasion("hello", "default", (SUM,))) == ["sum: 1 + 1 = 2"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "told",
    [
        "", "[]", "{", "[" * 100_000, json.dumps({"least": 0.3, "topics": TOPICS[:-1], "lines": LINES, "talks": []}),
        json.dumps({"least": 0.3, "topics": TOPICS[1:], "lines": LINES, "talks": []}),
        json.dumps({"least": 0.3, "topics": TOPICS, "lines": {"greeting": [["x"]]}, "talks": []}),
        json.dumps({"least": "x", "topics": TOPICS, "lines": LINES, "talks": []}),
        json.dumps({"least": 0.3, "topics": TOPICS, "lines": LINES, "talks": [[["x"]]]}),
    ],
)  # fmt: skip
async def test_a_model_goes_without_what_is_broken_and_says_so_once(
    start: Start, model_file: Path, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    model_file.with_suffix(".repertoire").write_text(told)
    model = (await start(model_file)).model
    for _ in range(2):
        assert await model.notes(Occasion("hello", "default", (SUM,))) == ["sum: 1 + 1 = 2"]
    assert [record.levelno for record in caplog.records if record.levelno >= logging.WARNING] == [logging.WARNING]


async def test_a_broken_classifier_is_told(start: Start, model_file: Path) -> None:
    model_file.with_suffix(".topics.gguf").write_bytes(b"GGUF")
    started = await start(model_file, ready=False)
    with pytest.raises(ModelBroken, match=r"a\.topics\.gguf, which belongs to my model"):
        await started.model.notes(Occasion("hello", "default"))
    assert started.model.status.state is ModelState.FAILED
