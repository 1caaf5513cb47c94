"""What the user told about themselves: name and favourite things, read out of their own words, never stored twice.

The stored talk is the only memory: what is forgotten there is not known here after the next start.
"""

from __future__ import annotations

import re

from alisa_desktop.core.messages import Fact, FactKind

SAID_WITH = ("name", "call me", "favourite", "favorite", "fav ", "fave ")
"""Words without which nothing can be learned from a message; the memory is searched for them."""

_MORE = r"(?-i:(?: [A-ZÀ-Þ][\w'’-]{1,29}){0,2})"
_NAME = rf"(?P<name>[^\W\d_][\w'’.-]{{0,29}}{_MORE})"
_GREETING = r"(?i:hi|hey|hello|hiya|yo|heya|good (?:morning|evening|afternoon)|nice to meet you|greetings)"
_TOLD_NAME = re.compile(
    rf"\b(?:my (?:first |real |full |actual )?name(?:'s|’s| is|s|\??,? it'?s)|(?:the )?name's|(?:you can )?call me"
    rf"|i go by|i'm called|i am called)\s+(?:actually |just |really )?{_NAME}",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    rf"^{_GREETING}?[ ,.!]*(?i:alisa)?[ ,.!]*(?:[Ii]['’]?m|[Ii] am|[Tt]his is|[Ii]t['’]?s)\s+"
    rf"(?P<name>[A-ZÀ-Þ][\w'’-]{{1,29}}{_MORE.replace('(?-i:', '(?:')})"
    rf"(?:[ ,.!]+(?:nice to meet (?:you|u)|by the way|btw|here|what'?s yours|and you|who are you))?[?.! )]*$"
    rf"|^(?P<here>[A-ZÀ-Þ]\w{{1,29}}) here[.!]*$"
)
_NO_NAME = frozenset(
    ["a", "an", "the", "not", "no", "it", "is", "was", "too", "so", "just", "very", "really", "what", "whatever", "when", "if", "in", "on", "my", "your", "back", "later", "maybe", "crazy", "stupid", "an", "ambulance", "tomorrow", "today", "now", "again", "anything", "something", "old", "out", "for", "and", "but", "that", "this", "names", "sir", "dumb", "lazy", "weird", "unique", "common", "boring", "long", "weird", "hard", "easy", "important", "on", "here", "there", "tired", "sad", "happy", "fine", "ok", "okay", "good", "great", "sorry", "home", "sick", "bored", "hungry", "german", "french", "english", "american", "british", "italian", "spanish", "polish", "russian", "dutch", "japanese", "chinese", "korean", "christian", "muslim", "jewish", "alisa", "your", "master", "daddy", "mommy"]
)  # fmt: skip
_ASKS_NAME = re.compile(
    r"\b(?:my name|who am i|who i am|what (?:am i called|do you call me)|what you call me|remember me)\b", re.IGNORECASE
)

_FAVOURITE = r"(?:favou?rite|fav|fave)"
_TOLD_FAVOURITE = re.compile(
    rf"\bmy (?:absolute |all[- ]time |most )?{_FAVOURITE} (?P<thing>[a-z][a-z -]{{1,30}}?)(?:'s|’s| is| are| was| has to be| must be| would be|:)\s+"
    rf"(?:probably |definitely |still |always |def |obviously )?(?P<value>[^.!?,;\n]{{1,60}})",
    re.IGNORECASE,
)
_TOLD_BACKWARDS = re.compile(
    rf"(?:^|[.!?,;] )(?P<value>[\w' -]{{2,40}}?) (?:is|are|has to be|must be|'s) (?:definitely |probably |still |always )?my {_FAVOURITE} (?P<thing>[a-z][a-z -]{{1,30}}?)(?=[.!?,;]|$)",
    re.IGNORECASE,
)
_ASKED_FAVOURITE = re.compile(
    rf"\b(?:what|whats|which|who|whos|remember|recall|know|tell me|guess)\b[^.?!]*?\bmy {_FAVOURITE} (?P<thing>[a-z][a-z -]{{1,30}}?)(?:\s+(?:is|are|was|again|now|then|please|pls))*[?.! ]*$",
    re.IGNORECASE,
)
_SAME_THING = {"color": "colour", "movie": "film", "meal": "food", "dish": "food"}
_NO_VALUE = re.compile(r"^(?:what|which|not|gone|ruined|broken|over|out of|closed|dead)\b", re.IGNORECASE)
_TRAILING = re.compile(
    r"\s+(?:btw|by the way|lol|haha|tbh|ngl|actually|i think|i guess|though|for sure|remember that|and .*|but .*|because .*|cuz .*)$",
    re.IGNORECASE,
)


class Acquaintance:
    """Who the user is, as far as they said; the latest word counts."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def hear(self, turn: str, text: str) -> None:
        """Keep what the message of this turn tells about the user, if it does."""
        if _told_name(text) or _told_favourites(text):
            self._said.pop(turn, None)
            self._said[turn] = text

    def forget(self, turn: str | None = None) -> None:
        """Know nothing of this turn any more, or nothing at all."""
        if turn is None:
            self._said.clear()
        else:
            self._said.pop(turn, None)

    @property
    def name(self) -> str:
        """What the user wants to be called; empty when they did not say."""
        return next(filter(None, map(_told_name, reversed(self._said.values()))), "")

    def favourite(self, thing: str) -> str:
        """The user's favourite of these things (singular, lower case); empty when they did not say."""
        told = (
            value for text in reversed(self._said.values()) for one, value in _told_favourites(text) if one == thing
        )
        return next(told, "")

    def facts(self, text: str) -> list[Fact]:
        """What is known about the user that belongs to `text`; call `hear` with it first."""
        facts = []
        if name := self.name:
            told = bool(_told_name(text))
            facts.append(Fact(FactKind.NAME, f"name: {name}", told or bool(_ASKS_NAME.search(text)), told))
        asked = _ASKED_FAVOURITE.search(text)
        things = [_thing(asked["thing"])] if asked else [thing for thing, _ in _told_favourites(text)][:1]
        facts += [
            Fact(FactKind.FAVOURITE, f"favourite {thing}: {value}")
            for thing in things
            if (value := self.favourite(thing))
        ]
        return facts


def _told_name(text: str) -> str:
    if match := _TOLD_NAME.search(text):
        name = match["name"]
    elif match := _INTRODUCED.match(text.strip()):
        name = match["name"] or match["here"]
    else:
        return ""
    first, *rest = name.rstrip(".'’-").split()
    if first.lower() in _NO_NAME:
        return ""
    kept = " ".join([first, *(part for part in rest if part.lower() not in _NO_NAME)])
    return kept if kept[:1].isupper() else kept[:1].upper() + kept[1:]


def _told_favourites(text: str) -> list[tuple[str, str]]:
    if _ASKED_FAVOURITE.search(text):
        return []
    matches = [*_TOLD_FAVOURITE.finditer(text), *_TOLD_BACKWARDS.finditer(text)]
    told = [(_thing(match["thing"]), _TRAILING.sub("", match["value"]).strip(" \"'")) for match in matches]
    return [(thing, value) for thing, value in told if thing and value and not _NO_VALUE.match(value)]


def _thing(words: str) -> str:
    plain = " ".join(words.lower().split())
    plain = re.sub(r"\b(?:ever|in the world|of all time|of all)$", "", plain).strip()
    return _SAME_THING.get(plain, plain)
