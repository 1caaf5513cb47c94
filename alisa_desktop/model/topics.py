"""What a message is about, decided for a model that is too small to understand by itself.

The scores come from a classifier beside the model file (`training/starter`), computed by llama.cpp in the runner. Here
they meet what is known: topics that need facts are open only with these, and topics that follow others only after them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from alisa_desktop.core.messages import Fact

UNKNOWN = "unknown"
"""The topic of everything the model was not made for."""

READ = 1000
"""Characters read of either end of a text; the classifier takes no more."""
FOLLOWS_ON = 0.5
"""The share of belief in all follow-ups together from which a message is one of them."""

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
    "sup": "what's up", "wassup": "what's up", "wazzup": "what's up", "ttyl": "talk to you later", "cya": "see you",
    "gtg": "got to go", "g2g": "got to go", "nvm": "never mind", "jk": "just kidding", "ofc": "of course",
    "srsly": "seriously", "omw": "on my way", "granny": "grandmother", "nana": "grandmother", "grandpa": "grandfather",
}  # fmt: skip
"""Chat spellings and near twins, said in one way."""

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]|_+")
_MANY = re.compile(r"(.)\1{2,}")


def plain(text: str) -> str:
    """`text` as the classifier reads it: lower case, no letter three times in a row, chat spellings written
    out; of a very long one both ends."""
    if len(text) > 2 * READ:
        text = f"{text[:READ]} {text[-READ:]}"
    lowered = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return " ".join(_SHORT.get(word, word) for word in _WORDS.findall(_MANY.sub(r"\1\1", lowered)))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and when it is open: right after one of `after` (if it names any), with all facts of the kinds `needs`,
    and with none of the kinds `lacks`."""

    name: str
    after: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()

    def is_open(self, known: Collection[str], before: Collection[str]) -> bool:
        """Whether she can talk about it with facts of these kinds, after these topics."""
        follows = not self.after or not self.after.isdisjoint(before)
        return follows and self.needs <= set(known) and self.lacks.isdisjoint(known)


class Topics:
    """All topics in the order of the classifier's scores.

    `least` is the probability under which a topic is not believed. Raises `ValueError` when `UNKNOWN` is not always
    open.
    """

    def __init__(self, topics: Sequence[Topic], least: float) -> None:
        self._topics = list(topics)
        self._least = least
        unknown = [topic for topic in topics if topic.name == UNKNOWN and topic.is_open((), ())]
        if not unknown:
            raise ValueError(f"there is no topic {UNKNOWN!r} that is always open")
        self._unknown = unknown[0]

    def __len__(self) -> int:
        return len(self._topics)

    def choose(self, scores: Sequence[float], facts: Iterable[Fact], before: Collection[str]) -> Topic:
        """What a message with these `scores` is about, said after the topics `before`.

        A fact that code found in it decides. Else it is the likeliest topic of those that are open. Where none is
        likely enough (by a softmax over the open ones) it is unknown, unless it surely follows on, whichever way.
        """
        facts = list(facts)
        known = {fact.kind for fact in facts}
        found = {fact.kind for fact in facts if fact.found}
        rated = zip(scores, self._topics, strict=True)
        open_to = [(score, topic) for score, topic in rated if topic.is_open(known, before)]
        decided = [(score, topic) for score, topic in open_to if topic.needs & found]
        best, topic = max(decided or open_to, key=_score)
        if decided:
            return topic
        beliefs = [(math.exp(score - best), topic) for score, topic in open_to]
        total = sum(map(_score, beliefs))
        if 1 / total >= self._least:
            return topic
        following = [pair for pair in beliefs if pair[1].after]
        if sum(map(_score, following)) / total < FOLLOWS_ON:
            return self._unknown
        return max(following, key=_score)[1]


def _score(rated: tuple[float, Topic]) -> float:
    return rated[0]
