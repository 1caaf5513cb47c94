"""What a model too small to find its own words may say: written lines by topic and mode, and written talks.

A model file `name.gguf` that has a file `name.repertoire` beside it gets one note with every message, `[line: ...]`: an
exchange of the corpus it was trained with that fits the message, what was said before, and the facts. The model has
learned to speak such a line. Its reply is thus as good as what was written, and it never makes up a fact.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from alisa_desktop.core.messages import Fact, FactKind, Occasion
from alisa_desktop.model.topics import UNKNOWN, Topics

ANY = "any"
"""Stands in the place of a mode for lines that fit all of them."""
DEFAULT = "default"
"""The mode whose lines are used in modes of the user's own."""
RECENT = 10
"""How many of her latest replies are not said again while there is another."""

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
            app, _, title = tail.partition(" - ")
            return {"app": app, "title": title or app}
    return {str(fact.kind): tail}


def filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with its slots filled; raises `KeyError` for a slot that no fact fills."""
    said = _SLOT.sub(lambda match: known[match[1]], text)
    return said[:1].upper() + said[1:] if text.startswith("{") else said


def line_note(emotion: str, text: str) -> str:
    """The note that hands a line to the model; the space at its end keeps the tokens of the line as they are spoken."""
    plain = text.translate({ord("["): "(", ord("]"): ")"})
    return f"line: <emotion={emotion}> {plain} "


class Repertoire:
    """Lines and talks, and the classifier that finds the topic of a message. One thread."""

    def __init__(
        self,
        topics: Topics,
        lines: Mapping[str, Sequence[Line]],
        talks: Sequence[Sequence[Step]],
        chance: random.Random | None = None,
    ) -> None:
        self._topics = topics
        self._lines = lines
        self._chance = chance or random.SystemRandom()
        self._next: dict[str, list[Step]] = {}
        for talk in talks:
            for step, following in pairwise(talk):
                self._next.setdefault(step.line.text, []).append(following)

    @classmethod
    def load(cls, path: Path) -> Repertoire:
        """Read a file that `training/starter` wrote. Raises `OSError`, and `ValueError` for what is no such file."""
        topics, told = Topics.load(path)
        try:
            lines = {name: [Line(*one) for one in listed] for name, listed in told["lines"].items()}
            talks = [[Step(topic, Line(*line)) for topic, *line in talk] for talk in told["talks"]]
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} has no lines: {error!r}") from error
        return cls(topics, lines, talks)

    def notes(self, occasion: Occasion) -> list[str]:
        """The line for this occasion, as a note."""
        topic = self._topics.choose(occasion.text, occasion.facts)
        known = {slot: value for fact in occasion.facts for slot, value in values(fact).items()}
        recent = set(occasion.replies[-RECENT:])
        for candidates in (
            self._going_on(topic.name, occasion),
            self._of(topic.name, occasion),
            self._of(UNKNOWN, occasion),
        ):
            fitting = [one for one in candidates if slots_of(one.text) <= known.keys()]
            if not fitting:
                continue
            fresh = [one for one in fitting if filled(one.text, known) not in recent] or fitting
            line = self._chance.choice(self._most_filled(fresh))
            return [line_note(line.emotion, filled(line.text, known))]
        return []

    def _going_on(self, topic: str, occasion: Occasion) -> list[Line]:
        """The written answers to a message about `topic` right after what she said last."""
        said = self._next.get(occasion.replies[-1], []) if occasion.replies else []
        return [step.line for step in said if step.topic == topic and step.line.text not in occasion.replies]

    def _of(self, topic: str, occasion: Occasion) -> list[Line]:
        lines = self._lines.get(topic, ())
        mode = occasion.mode if any(one.mode == occasion.mode for one in lines) else DEFAULT
        return [one for one in lines if one.mode in (mode, ANY)]

    def _most_filled(self, lines: list[Line]) -> list[Line]:
        """Half of the time only those lines that tell a fact, where there are such."""
        telling = [one for one in lines if slots_of(one.text)]
        return telling if telling and self._chance.random() < 0.5 else lines
