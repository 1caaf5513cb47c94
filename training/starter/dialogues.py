"""Endless different conversations out of the corpus, for training: deterministic for a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from alisa_desktop.core.messages import Fact, FactKind
from alisa_desktop.model.repertoire import filled, line_note, values
from alisa_desktop.persona.prompt import with_notes
from training.starter.corpus import EMOTIONS, MODES, Corpus, Reply, Talk, Topic, slots_of
from training.starter.slots import KIND_OF_SLOT, Facts

LONGEST = 13
"""Exchanges of a conversation."""

DRILLED = 0.3
"""The share of lines that are words in any order: a line is to be spoken whatever it says."""

STRANGE = 0.12
"""The share of messages that are words in any order, so that the line is what counts."""

_TYPOS = "qwertyuiopasdfghjklzxcvbnm"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message as it is sent, and her answer."""

    sent: str
    emotion: str
    reply: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation in one mode."""

    mode: str
    exchanges: tuple[Exchange, ...]


def kinds_of(reply: Reply) -> frozenset[FactKind]:
    """The kinds of facts that a reply repeats."""
    return frozenset(KIND_OF_SLOT[slot] for slot in slots_of(reply.text))


def needs_and_may(topic: Topic) -> tuple[frozenset[FactKind], frozenset[FactKind]]:
    """The facts that every reply of a topic repeats, and those that only some do."""
    each = [kinds_of(reply) for reply in topic.replies]
    needs = frozenset.intersection(*each) if each else frozenset()
    return needs, frozenset().union(*each) - needs


class Generator:
    """Makes conversations from `corpus`."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self._rng = random.Random(seed)
        self._corpus = corpus
        self._topics = [topic for topic in corpus.topics.values() if topic.messages and topic.replies]
        self._weights = [self._weight(topic) for topic in self._topics]
        self._facts_of = {topic.name: needs_and_may(topic) for topic in self._topics}
        words = {word for topic in self._topics for text in topic.messages for word in re.findall(r"[a-z]{3,9}", text)}
        self._words = sorted(words)
        self._facts = Facts(self._rng, self._words)
        self._talks: dict[str, list[Talk]] = {mode: [t for t in corpus.talks if t.mode == mode] for mode in MODES}

    @staticmethod
    def _weight(topic: Topic) -> float:
        weight = len(topic.messages) ** 0.5
        if topic.name == "unknown":
            return 3 * weight
        return weight * (2 if needs_and_may(topic)[0] else 1)

    def dialogues(self) -> Iterator[Dialogue]:
        """Conversations without end."""
        while True:
            mode = self._rng.choice(MODES)
            yield Dialogue(mode, tuple(self._exchanges(mode)))

    def _exchanges(self, mode: str) -> Iterator[Exchange]:
        length = self._rng.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, LONGEST))
        name = self._facts.name() if self._rng.random() < 0.3 else ""
        told: set[str] = set()
        made = 0
        while made < length:
            if self._rng.random() < 0.25 and self._talks[mode]:
                exchanges = list(self._from_talk(self._rng.choice(self._talks[mode]), told))
            else:
                topic = self._rng.choices(self._topics, self._weights)[0]
                known = Fact(FactKind.NAME, f"name: {name}") if name else None
                exchanges = [one for one in [self._from_topic(topic, mode, known, told)] if one]
                if topic.name == "story" or (topic.name.startswith("story-") and topic.name != "story-continue"):
                    more = self._corpus.topics.get("story-continue")
                    for _ in range(self._rng.randint(0, 3) if more else 0):
                        if more and (another := self._from_topic(more, mode, known, told)):
                            exchanges.append(another)
            yield from exchanges
            made += max(len(exchanges), 1)

    def _from_topic(self, topic: Topic, mode: str, name: Fact | None, told: set[str]) -> Exchange | None:
        needs, may = self._facts_of[topic.name]
        text = self._rng.choice(topic.messages)
        facts = []
        for kind in sorted(needs):
            facts.append(
                name
                if name and kind is FactKind.NAME and "told" not in topic.name
                else self._facts.make(kind, mode, text)
            )
        facts += [name for kind in may if kind is FactKind.NAME and name]
        facts += [
            self._facts.make(kind, mode, text)
            for kind in sorted(may)
            if kind is not FactKind.NAME and self._rng.random() < 0.5
        ]
        known = {slot: value for fact in facts for slot, value in values(fact).items()}
        have = {fact.kind for fact in facts}
        replies = [
            one for one in topic.replies if one.mode in (mode, "any") and one.text not in told and kinds_of(one) <= have
        ]
        if not replies:
            return None
        reply = self._rng.choice(replies)
        told.add(reply.text)
        for slot in slots_of(text) - known.keys():
            known[slot] = self._facts.phrase()
        return self._exchange(filled(text, known), reply.emotion, filled(reply.text, known))

    def _from_talk(self, talk: Talk, told: set[str]) -> Iterator[Exchange]:
        for (_, text), (emotion, reply) in talk.exchanges:
            if reply in told:
                return
            told.add(reply)
            yield self._exchange(text, emotion, reply)

    def _exchange(self, text: str, emotion: str, reply: str) -> Exchange:
        if self._rng.random() < DRILLED:
            emotion, reply = self._rng.choice(EMOTIONS), self._facts.drill()
        said = typed(text, self._rng)
        if self._rng.random() < STRANGE:
            said = " ".join(self._rng.choice(self._words) for _ in range(self._rng.randint(1, 9)))
        return Exchange(with_notes(said, [line_note(emotion, reply)]), emotion, reply)


def typed(text: str, rng: random.Random) -> str:
    """`text` as somebody else might type it."""
    if rng.random() < 0.25:
        text = text.lower()
    if rng.random() < 0.15:
        text = text.rstrip(".!?") or text
    if rng.random() < 0.1:
        text += rng.choice(("!", "?", "...", " :)", " lol", " alisa", " please"))
    if rng.random() < 0.08:
        text = rng.choice(("hey ", "alisa ", "so ", "ok ", "um ", "hi! ", "btw ")) + text
    if rng.random() < 0.15 and len(text) > 4:
        at = rng.randrange(1, len(text) - 1)
        text = rng.choice(
            (
                text[:at] + text[at + 1 :],
                text[:at] + rng.choice(_TYPOS) + text[at:],
                text[:at] + text[at] + text[at:],
            )
        )
    return text
