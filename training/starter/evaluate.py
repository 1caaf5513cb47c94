"""Asks the starter brain what it has never seen, through the whole app, and prints how it did.

    python -m training.starter.evaluate ask       writes evaluation/answers.jsonl
    python -m training.starter.evaluate report    counts the judgements of those who read the answers
    python -m training.starter.evaluate manners   30 turns in a row: repetition, tags, time to the first token

Judgements are made by reading and lie in `evaluation/judgements.jsonl`, each with the very words it is about; an answer
that has changed since counts as not judged. `held-out.txt` and `factual.txt` were written without sight of the corpus,
and nothing is chosen by looking at them; the `validation*.txt` are for that. Two of these were held out once: a file
whose answers were read for what to mend can't judge any more, and a new one is written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from alisa_desktop.core.events import EmotionChanged, Event, ReplyFinished, ReplyText
from alisa_desktop.core.messages import Emotion, Outcome
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.model.llama import LlamaModel
from alisa_desktop.model.topics import plain
from alisa_desktop.options import Options
from training.starter.corpus import HERE, MODES, Corpus, read

FOLDER = HERE / "evaluation"
KINDS = ("first-hour", "out-of-domain", "factual", "multi-turn")
SEED = 1
VERDICTS = {
    "first-hour": ("on-topic", "deflected", "off"),
    "out-of-domain": ("deflected", "fitting", "wrong"),
    "factual": ("no-fact", "invented"),
    "multi-turn": ("on-topic", "deflected", "off"),
}
"""What a reader may say of an answer. first-hour: it answers this message in a way that makes sense; she says that she
does not understand; it misses. out-of-domain: she honestly passes; an answer that is right to give all the same (an
opinion, a joke); an answer that pretends. factual: nothing claimed about the world, or something."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Messages that follow each other."""

    id: str
    kind: str
    mode: str
    messages: tuple[str, ...]


def talks(held_out: Path, factual: Path) -> Iterator[Talk]:
    """The questions, each single one or conversation as a talk."""
    open_talk: list[str] = []
    mode = ""
    number = Counter[str]()

    def made(kind: str, mode: str, messages: list[str]) -> Talk:
        number[kind] += 1
        return Talk(f"{kind}-{number[kind]}", kind, mode, tuple(messages))

    for line in filter(None, map(str.strip, held_out.read_text("utf-8").splitlines())):
        if line.startswith("#"):
            continue
        if line.startswith("> "):
            open_talk.append(line[2:])
            continue
        if open_talk:
            yield made("multi-turn", mode, open_talk)
            open_talk = []
        head, _, text = line.partition(" | ")
        kind, mode = head.split()
        if kind != "multi-turn":
            yield made(kind, mode, [text])
    if open_talk:
        yield made("multi-turn", mode, open_talk)
    if factual.exists():
        for index, line in enumerate(filter(None, map(str.strip, factual.read_text("utf-8").splitlines()))):
            yield made("factual", MODES[index % len(MODES)], [line])


def features(text: str) -> set[str]:
    """The words of a message, its pairs of words, and the groups of three to five letters within its words."""
    words = plain(text).split()
    found = {f"w {word}" for word in words} | {f"p {one} {other}" for one, other in pairwise(["<", *words, ">"])}
    for marked in (f"<{word}>" for word in words):
        found |= {f"g {marked[at : at + size]}" for size in (3, 4, 5) for at in range(len(marked) - size + 1)}
    return found


class Nearest:
    """The baseline: a reply to the message of the corpus that shares most features with the question (cosine)."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._known = [(features(text), topic.name) for topic in corpus.topics.values() for text in topic.messages]
        counts = Counter(feature for found, _ in self._known for feature in found)
        self._idf = {feature: math.log((1 + len(self._known)) / (1 + count)) + 1 for feature, count in counts.items()}
        self._norms = [self._norm(found) for found, _ in self._known]

    def _norm(self, found: set[str]) -> float:
        return math.sqrt(sum(self._idf.get(feature, 0) ** 2 for feature in found)) or 1.0

    def reply(self, text: str, mode: str) -> str:
        """What stands first in the corpus for the nearest message."""
        asked = features(text)
        scores = (
            sum(self._idf[one] ** 2 for one in asked & found) / norm
            for (found, _), norm in zip(self._known, self._norms, strict=True)
        )
        best = max(enumerate(scores), key=lambda pair: pair[1])[0]
        replies = self._corpus.topics[self._known[best][1]].replies
        return next((one.text for one in replies if one.mode in (mode, "any")), "")


class Listener:
    """Hears one engine's replies."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[str, asyncio.Future[ReplyFinished]] = {}
        self.first_word = 0.0
        self.feelings = 0
        engine.bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, EmotionChanged | ReplyText) and not self.first_word:
            self.first_word = time.perf_counter()
        self.feelings += isinstance(event, EmotionChanged)
        if isinstance(event, ReplyFinished) and event.turn in self._waiting:
            self._waiting.pop(event.turn).set_result(event)

    async def ask(self, text: str) -> tuple[ReplyFinished, float]:
        """The whole reply, and the seconds to its first sign."""
        self.first_word = 0.0
        begun = time.perf_counter()
        turn = self._engine.conversation.say(text)
        self._waiting[turn] = asyncio.get_running_loop().create_future()
        finished = await self._waiting[turn]
        return finished, (self.first_word or time.perf_counter()) - begun

    def sent(self) -> str:
        """The last message as the model got it."""
        past = self._engine.conversation._desk.transcript._past
        return past[-1].sent if past else ""


async def settle(engine: Engine) -> None:
    """Make chance the same in every run, so that answers change only where the brain has changed."""
    model = engine.mind.model
    assert isinstance(model, LlamaModel)
    await model.ready()
    assert model._repertoire
    model._repertoire._chance = random.Random(SEED)
    engine.conversation._desk.chance = random.Random(SEED)


async def ask(held_out: Path, factual: Path, out: Path) -> None:
    """Put every question and write the answers."""
    nearest = Nearest(read())
    with tempfile.TemporaryDirectory() as profile, out.open("w", encoding="utf-8") as file:
        async with Engine(Options(Paths.of(Path(profile)), endpoint=False)) as engine:
            listener = Listener(engine)
            await settle(engine)
            for talk in talks(held_out, factual):
                await engine.forget()
                engine.conversation.set_mode(talk.mode)
                for index, text in enumerate(talk.messages):
                    finished, _ = await listener.ask(text)
                    row = {
                        "id": f"{talk.id}.{index}", "kind": talk.kind, "mode": talk.mode, "said": text,
                        "sent": listener.sent(), "emotion": finished.emotion, "reply": finished.text,
                        "nearest": nearest.reply(text, talk.mode),
                    }  # fmt: skip
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def report() -> None:
    """Print the shares of each verdict, hers and the baseline's."""
    answers = {row["id"]: row for row in _rows(FOLDER / "answers.jsonl")}
    counts: dict[tuple[str, str], Counter[str]] = {}
    for judged in _rows(FOLDER / "judgements.jsonl"):
        answer = answers.get(judged["id"])
        for who in ("reply", "nearest"):
            if answer and judged[who] == answer[who]:
                counts.setdefault((answer["kind"], who), Counter())[judged[f"{who}_verdict"]] += 1
    for kind in KINDS:
        asked = sum(row["kind"] == kind for row in answers.values())
        for who in ("reply", "nearest"):
            found = counts.get((kind, who), Counter())
            shares = ", ".join(f"{verdict} {found[verdict]}/{asked}" for verdict in VERDICTS[kind])
            missing = asked - sum(found.values())
            print(
                f"{kind:14} {'Alisa' if who == 'reply' else 'nearest neighbour':18} {shares}"
                + (f", not judged {missing}" if missing else "")
            )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, filter(None, path.read_text("utf-8").splitlines()))


THIRTY = [
    "hi",
    "hey",
    "hello again",
    "tell me a joke",
    "another one",
    "lol",
    "how are you",
    "im bored",
    "tell me a joke",
    "what can you do",
    "im bored again",
    "sing me a song",
    "tell me a joke please",
    "hi",
    "whats up",
    "ok",
    "why",
    "i'm tired",
    "so tired",
    "another joke",
    "hey",
    "what's the capital of peru",
    "who wrote hamlet",
    "what's the capital of chad",
    "how far is the moon",
    "thanks",
    "thank you",
    "how are you",
    "im bored",
    "bye",
]


async def manners() -> None:
    """Thirty turns in every mode, with both cores kept busy by others."""
    busy = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(2)]
    for one in busy:
        one.start()
    repeated = turns = tagged = 0
    seconds: list[float] = []
    try:
        with tempfile.TemporaryDirectory() as profile:
            async with Engine(Options(Paths.of(Path(profile)), endpoint=False)) as engine:
                listener = Listener(engine)
                for mode in MODES:
                    await engine.forget()
                    engine.conversation.set_mode(mode)
                    told: list[str] = []
                    for text in THIRTY:
                        finished, first = await listener.ask(text)
                        turns += 1
                        tagged += (
                            finished.outcome is Outcome.DONE
                            and finished.emotion in Emotion
                            and "<" not in finished.text
                        )
                        repeated += finished.text in told[-10:]
                        told.append(finished.text)
                        seconds.append(first)
    finally:
        for one in busy:
            one.terminate()
    ordered = sorted(seconds)
    print(f"{turns} turns: repeated within ten turns {repeated}, valid feeling {tagged}/{turns}")
    print(
        f"first sign of a reply on two busy cores: median {statistics.median(ordered) * 1000:.0f} ms, "
        f"95th percentile {ordered[int(len(ordered) * 0.95)] * 1000:.0f} ms, worst {ordered[-1] * 1000:.0f} ms"
    )


def _spin() -> None:
    while True:
        pass


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ask", "report", "manners"))
    parser.add_argument("--questions", type=Path, default=FOLDER / "held-out.txt")
    parser.add_argument("--factual", type=Path, default=FOLDER / "factual.txt")
    parser.add_argument("--out", type=Path, default=FOLDER / "answers.jsonl")
    options = parser.parse_args()
    if options.what == "ask":
        asyncio.run(ask(options.questions, options.factual, options.out))
    elif options.what == "report":
        report()
    else:
        asyncio.run(manners())


if __name__ == "__main__":
    main()
