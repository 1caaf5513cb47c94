"""What a message is about, found out for a model that is too small to understand by itself.

A linear classifier over the words and letter groups of a message, trained beside the model (`training/starter`). Pure
Python: the 150 features of a short message take a few milliseconds.
"""

from __future__ import annotations

import json
import math
import re
import sys
import unicodedata
import zlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from alisa_desktop.core.messages import Fact

UNKNOWN = "unknown"
"""The topic of everything the model was not made for."""

_SHORT = {
    "u": "you", "ur": "your", "r": "are", "y": "why", "n": "and", "im": "i'm", "ive": "i've",
    "idk": "i don't know", "dunno": "don't know", "wanna": "want to", "gonna": "going to", "gotta": "got to",
    "gimme": "give me", "lemme": "let me", "thx": "thanks", "ty": "thank you", "tysm": "thank you so much",
    "pls": "please", "plz": "please", "rn": "right now", "tbh": "to be honest", "ngl": "not gonna lie",
    "bc": "because", "cuz": "because", "coz": "because", "b4": "before", "2day": "today", "tmrw": "tomorrow",
    "tmr": "tomorrow", "tmw": "tomorrow", "2nite": "tonight", "tn": "tonight", "gn": "good night",
    "gm": "good morning", "hbu": "how about you", "wbu": "what about you", "hru": "how are you",
    "wyd": "what are you doing", "ily": "i love you", "brb": "be right back", "bf": "boyfriend",
    "gf": "girlfriend", "bday": "birthday", "ppl": "people", "abt": "about", "w": "with", "wat": "what",
    "wut": "what", "wot": "what", "whats": "what's", "thats": "that's", "dont": "don't", "cant": "can't",
    "didnt": "didn't", "doesnt": "doesn't", "isnt": "isn't", "wont": "won't", "youre": "you're", "hes": "he's",
    "shes": "she's", "theyre": "they're", "fav": "favourite", "fave": "favourite", "favorite": "favourite",
    "color": "colour", "mom": "mother", "mum": "mother", "dad": "father", "grandma": "grandmother",
    "granny": "grandmother", "nana": "grandmother", "grandpa": "grandfather",
}  # fmt: skip
"""Chat spellings and near twins, said in one way."""

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]")
_MANY = re.compile(r"(.)\1{2,}")


def features(text: str) -> set[str]:
    """The features of a message: its words, pairs of words, and groups of three to five letters within words."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    plain = _MANY.sub(r"\1\1", plain)
    words = [word for one in _WORDS.findall(plain) for word in _SHORT.get(one, one).split()]
    words = ["0" if word.isdecimal() else word for word in words]
    found = {f"w {word}" for word in words}
    edged = ["<", *words, ">"]
    found |= {f"p {one} {other}" for one, other in pairwise(edged)}
    for word in words:
        marked = f"<{word}>"
        for size in (3, 4, 5):
            found |= {f"g {marked[at : at + size]}" for at in range(len(marked) - size + 1)}
    return found


def bucket(feature: str, buckets: int) -> int:
    """The row of a feature: a hash that is the same on every machine."""
    return zlib.crc32(feature.encode(errors="surrogatepass")) % buckets


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and the kinds of facts it depends on: all of `needs`, none of `lacks`."""

    name: str
    needs: frozenset[str]
    lacks: frozenset[str]

    def fits(self, known: Collection[str]) -> bool:
        """Whether she can talk about it with the facts there are."""
        return self.needs <= set(known) and not self.lacks & set(known)


def _topic(told: Any) -> Topic:
    needs, lacks = (frozenset(told.get(kinds, ())) for kinds in ("needs", "lacks"))
    return Topic(told["name"], needs, lacks)


class Topics:
    """The classifier: a row of signed bytes a bucket; a row times its scale is its share in the score of each topic."""

    def __init__(
        self,
        topics: Sequence[Topic],
        weights: bytes,
        idf: Sequence[float],
        scales: Sequence[float],
        bias: Sequence[float],
        least: float,
    ) -> None:
        self._topics = list(topics)
        self._unknown = next(topic for topic in topics if topic.name == UNKNOWN)
        self._weights = memoryview(weights).cast("b")
        self._idf = idf
        self._scales = scales
        self._bias = list(bias)
        self._least = least

    @classmethod
    def load(cls, path: Path) -> tuple[Topics, Any]:
        """Read a file that `training/starter` wrote; returns its header too, which holds more than topics.

        Raises `OSError`, and `ValueError` for what is no such file.
        """
        header, _, body = path.read_bytes().partition(b"\n")
        try:
            told = json.loads(header)
            topics = [_topic(one) for one in told["topics"]]
            buckets, least = int(told["buckets"]), float(told["least"])
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no list of topics: {error!r}") from error
        if not any(topic.name == UNKNOWN and topic.fits(()) for topic in topics):
            raise ValueError(f"{path} has no topic {UNKNOWN!r} that is always open")
        room = 4 * (2 * buckets + len(topics))
        if buckets <= 0 or len(body) != room + buckets * len(topics):
            raise ValueError(f"{path} is cut short or damaged")
        numbers = array("f", body[:room])
        if sys.byteorder == "big":
            numbers.byteswap()
        idf, scales, bias = numbers[:buckets], numbers[buckets : 2 * buckets], numbers[2 * buckets :]
        return cls(topics, body[room:], idf, scales, bias, least), told

    def scores(self, text: str) -> dict[str, float]:
        """How well each topic fits: above 0 is likely, the thresholds of training apply below."""
        width = len(self._topics)
        rows = {bucket(one, len(self._idf)) for one in features(text)}
        length = math.sqrt(sum(self._idf[row] ** 2 for row in rows)) or 1.0
        totals = self._bias
        for row in rows:
            share = self._idf[row] * self._scales[row] / length
            values = self._weights[row * width : (row + 1) * width]
            totals = [total + share * value for total, value in zip(totals, values, strict=True)]
        return {topic.name: total for topic, total in zip(self._topics, totals, strict=True)}

    def choose(self, text: str, facts: Iterable[Fact]) -> Topic:
        """What `text` is about; a fact that code found in it decides, else the likeliest topic that has its facts."""
        facts = list(facts)
        known = {fact.kind for fact in facts}
        found = {fact.kind for fact in facts if fact.found}
        scores = self.scores(text)
        open_to = [topic for topic in self._topics if topic.fits(known)]
        decided = [topic for topic in open_to if topic.needs & found]
        best = max(decided or open_to, key=lambda topic: scores[topic.name])
        if not decided and scores[best.name] < self._least:
            return self._unknown
        return best
