"""What a model too small to find its own words may say: written lines by topic and mode, and written talks.

A model file `name.gguf` that has `name.repertoire` and the classifier `name.topics.gguf` beside it gets one note with
every message, `[line: ...]`: a line of the corpus it was trained with that fits the message, what was said before, and
the facts. The model has learned to speak such a line. Its reply is thus as good as what was written, and it never makes
up a fact.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from alisa_desktop.core.messages import Fact, FactKind, Occasion
from alisa_desktop.core.sight import AppKind
from alisa_desktop.model.topics import UNKNOWN, Topic, Topics

ANY = "any"
"""Stands in the place of a mode for lines that fit all of them."""
DEFAULT = "default"
"""The mode whose lines are used in modes of the user's own."""
RECENT = 10
"""How many of her latest replies are not said again while there is another."""
BEFORE = 2
"""How many of her latest replies a follow-up may follow."""
SCREEN = "screen-"
"""Begins the names of the topics about the screen."""
SCREEN_TOPICS: Mapping[str, str] = {
    AppKind.CODE: "code",
    AppKind.BROWSER: "browser",
    AppKind.VIDEO: "video",
    AppKind.GAME: "game",
    AppKind.DOCUMENT: "document",
    AppKind.CHAT: "chat",
    AppKind.FILES: "files",
}
"""The topic for each kind of application that has one; for the others `screen-asked` will do."""
SHORTEST, LONGEST_STEM = 4, 6
"""Letters of a word that may connect a message and a line."""

_WORD = re.compile(r"[a-z]+")
_COMMON = frozenset(
    _WORD.findall(
        "about after again alisa also always another anything because been before being better both came come could"
        " does doing done down each even ever every everything feel feeling find first from give going good gonna"
        " gotta great hard have having hello help here into just keep kind know last least leave left less like little"
        " long look made make many maybe mean might mind more most much must name need never next nice nothing okay"
        " once only open other over part people please pretty quite rather really right said same seem should since"
        " some somebody someone something soon still stop such sure take talk tell than thank thanks that their them"
        " then there these they thing things think this those though three through time today told tomorrow tonight"
        " turn very wait want wanted well went were what when where which while will with without word words work"
        " would yeah year your yours"
    )
)
_LINE = re.compile(r"\[line: <emotion=\w+> ([^\]]*) \]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """Something she may say, with the feeling she says it with; `{slots}` are filled from facts."""

    mode: str
    emotion: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a written talk: a message about `topic`, answered with `line`."""

    topic: str
    line: Line


def slots_of(text: str) -> frozenset[str]:
    """The names of the slots in `text`."""
    return frozenset(_SLOT.findall(text))


def values(fact: Fact) -> dict[str, str]:
    """The slots that a fact fills."""
    head, _, tail = fact.text.partition(": ")
    match fact.kind:
        case FactKind.TIME:
            weekday, _, rest = tail.partition(" ")
            date, _, clock = rest.rpartition(", ")
            return {"weekday": weekday, "date": date, "clock": clock}
        case FactKind.SUM:
            problem, _, result = tail.rpartition(" = ")
            return {"problem": problem, "result": result}
        case FactKind.CONVERSION:
            source, _, target = tail.rpartition(" = ")
            return {"from": source, "to": target}
        case FactKind.DAYS:
            return {"event": head.removeprefix("days until "), "days": tail}
        case FactKind.FAVOURITE:
            return {"thing": head.removeprefix("favourite "), "value": tail}
        case FactKind.SCREEN:
            return dict(fact.values)
    return {str(fact.kind): tail}


def filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with its slots filled; raises `KeyError` for a slot that no fact fills."""
    said = _SLOT.sub(lambda match: known[match[1]], text)
    return said[:1].upper() + said[1:] if text.startswith("{") else said


def line_note(emotion: str, text: str) -> str:
    """The note that hands a line to the model; the space at its end keeps the tokens of the line as they are spoken."""
    plain = text.translate({ord("["): "(", ord("]"): ")"})
    return f"line: <emotion={emotion}> {plain} "


def line_of(sent: str) -> str:
    """The words of the line that stands in front of a message; empty where none does."""
    match = _LINE.match(sent)
    return match[1] if match else ""


class Repertoire:
    """Lines and talks by topic. Loaded in any thread, then used in one.

    `lines` holds (mode, emotion, text) by the name of the topic; `talks` (topic, mode, emotion, text) step by step.
    """

    def __init__(
        self,
        topics: Topics,
        lines: Mapping[str, Sequence[Sequence[str]]],
        talks: Sequence[Sequence[Sequence[str]]],
        chance: random.Random | None = None,
    ) -> None:
        self.topics = topics
        self._lines = lines
        self._chance = chance or random.SystemRandom()
        self._topic_of = {text: name for name, listed in lines.items() for _, _, text in listed}
        self._next: dict[str, list[Step]] = {}
        for talk in talks:
            steps = [Step(topic, Line(*line)) for topic, *line in talk]
            for step, following in pairwise(steps):
                self._next.setdefault(step.line.text, []).append(following)
            for step in steps:
                self._topic_of.setdefault(step.line.text, step.topic)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """What lines with slots look like when they are filled, and their topics."""
        found = []
        for text, topic in self._topic_of.items():
            if slots_of(text):
                parts = (re.escape(part) for part in _SLOT.split(text)[::2])
                found.append((re.compile("(?s:.+)".join(parts), re.IGNORECASE), topic))
        return found

    @classmethod
    def load(cls, path: Path) -> Repertoire:
        """Read a file that `training/starter` wrote. Raises `OSError`, and `ValueError` for what is no such file."""
        try:
            told = json.loads(path.read_text("utf-8"))
            topics = Topics([_topic(one) for one in told["topics"]], float(told["least"]))
            return cls(topics, told["lines"], told["talks"])
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no repertoire: {error!r}") from error

    def notes(self, occasion: Occasion, scores: Sequence[float]) -> list[str]:
        """The line for this occasion, as a note; `scores` tell how well the message fits each topic.

        Raises `ValueError` when there are not as many scores as topics.
        """
        before = set(filter(None, map(self.topic_of, occasion.replies[-BEFORE:])))
        topic = self._in_front(self.topics.choose(scores, occasion.facts, before).name, occasion)
        known = {slot: value for fact in occasion.facts for slot, value in values(fact).items()}
        recent = set(occasion.replies[-RECENT:])
        for candidates in (self._going_on(topic, occasion), self._of(topic, occasion), self._of(UNKNOWN, occasion)):
            fitting = [one for one in candidates if slots_of(one.text) <= known.keys()]
            if not fitting:
                continue
            fresh = [one for one in fitting if filled(one.text, known) not in recent] or fitting
            line = self._chance.choice(_nearest(self._most_filled(fresh), occasion.text))
            return [line_note(line.emotion, filled(line.text, known))]
        return []

    def _in_front(self, topic: str, occasion: Occasion) -> str:
        """Of the topics about the screen the one for the kind of application in front, which is known for sure."""
        if not topic.startswith(SCREEN):
            return topic
        kinds = [fact.values.get("kind", "") for fact in occasion.facts if fact.kind is FactKind.SCREEN]
        if not kinds:
            return topic
        fitting = [f"{SCREEN}{SCREEN_TOPICS[kind]}" for kind in kinds if kind in SCREEN_TOPICS]
        return next((name for name in (*fitting, f"{SCREEN}asked") if name in self._lines), topic)

    def topic_of(self, reply: str) -> str:
        """What a reply of hers was about; empty when it is none of our lines."""
        if topic := self._topic_of.get(reply):
            return topic
        return next((topic for pattern, topic in self._patterns if pattern.fullmatch(reply)), "")

    def _going_on(self, topic: str, occasion: Occasion) -> list[Line]:
        """The written answers to a message about `topic` right after what she said last."""
        said = self._next.get(occasion.replies[-1], []) if occasion.replies else []
        return [step.line for step in said if step.topic == topic and step.line.text not in occasion.replies]

    def _of(self, topic: str, occasion: Occasion) -> list[Line]:
        lines = [Line(*one) for one in self._lines.get(topic, ())]
        mode = occasion.mode if any(one.mode == occasion.mode for one in lines) else DEFAULT
        return [one for one in lines if one.mode in (mode, ANY)]

    def _most_filled(self, lines: list[Line]) -> list[Line]:
        """Half of the time only those lines that tell a fact, where there are such."""
        telling = [one for one in lines if slots_of(one.text)]
        return telling if telling and self._chance.random() < 0.5 else lines


def _topic(told: Any) -> Topic:
    after, needs, lacks = (frozenset(told.get(kinds, ())) for kinds in ("after", "needs", "lacks"))
    return Topic(told["name"], after, needs, lacks)


def _nearest(lines: list[Line], text: str) -> list[Line]:
    """Those of the lines that take up a word of the message, if there are such."""
    said = set(_stems(text))
    return [one for one in lines if not said.isdisjoint(_stems(one.text))] or lines


def _stems(text: str) -> Iterator[str]:
    """The beginnings of the words that carry a meaning of their own, so that "exam" meets "exams"."""
    for word in _WORD.findall(text.lower()):
        if len(word) >= SHORTEST and word not in _COMMON:
            yield word[:LONGEST_STEM]
