"""What the user told about themselves: name, favourite things and the rest, read out of their own words, never stored
twice.

The stored talk is the only memory: what is forgotten there is not known here after the next start.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import partial

from alisa_desktop.conversation.recall import find_told
from alisa_desktop.conversation.vocabulary import any_of, words
from alisa_desktop.core.messages import Fact, FactKind

SAID_WITH = (
    "name", "call me", "calls me", "i go by", "i'm called", "i am called", "know me as",
    "favourite", "favorite", "fav ", "fave ",
)  # fmt: skip
"""Words that come with what the user tells for good; the memory is searched for them (not for a bare "I'm Leo")."""

_regex = partial(re.compile, flags=re.IGNORECASE)

# names

_LETTERS = r"[^\W\d_][\w\u0300-\u036f\u0900-\u0fff'’-]{0,29}"  # with the marks that belong to them, as in प्रिया
_CAPITAL = r"(?-i:(?![a-zß-ÿ]))"
_TITLE = r"(?:(?:mr|mrs|ms|dr)\.? )?"
_MORE = rf"(?: {_CAPITAL}{_LETTERS}){{0,2}}"
_NAME = rf"(?P<name>{_TITLE}{_LETTERS}{_MORE})"
_PROPER_NAME = rf"(?P<name>{_TITLE}{_CAPITAL}{_LETTERS}{_MORE})"

_GREETING = any_of("hi hey hello hiya yo heya ok okay well so oh no and good.(?:morning|evening|afternoon) alisa")
_FIRST = rf"(?:^|[.!?\n]\s{{0,3}})(?:{_GREETING}\b[ ,.!]{{0,3}}){{0,4}}"
_MY_NAME_IS = (
    r"my (?:(?:first|real|full|actual|new|own) )?(?:name|nickname|nick|gamertag)(?:(?:'s|’s| is|s):?|\??,? it'?s|:)"
)
_CALLED = r"call me|i go by|i'?m called|i am called"
_BY_OTHERS = r"(?:calls|named) me|knows? me as"
_TOLD = _regex(rf"\b(?:{_MY_NAME_IS}|{_CALLED})\s+(?:(?:actually|just|really|also) )?{_NAME}")
_TOLD_BY_OTHERS = _regex(rf"\b(?:{_BY_OTHERS})\s+{_PROPER_NAME}")
_THE_NAME_IS = _regex(rf"{_FIRST}(?:(?:the )?name(?:'s|’s| is|:)|names) {_NAME}")
_REST = (
    r"(?:nice to meet (?:you|u)|pleased to meet you|by the way|btw|now|here|speaking|what'?s yours|and you"
    r"|who are you|(?:and|but|from)\b.*|\d.*)"
)
_I_AM = rf"(?:{_FIRST}|, (?:and |but )?)(?:i['’]?m|i am)|{_FIRST}(?:this is|it['’]?s|it is)"
_INTRODUCED = _regex(rf"(?:{_I_AM})\s+{_PROPER_NAME}(?:[ ,.!]{{1,3}}{_REST})?[?.! )]*$")
_HERE = _regex(rf"{_FIRST}{_PROPER_NAME} here[.!]*$")
_NOT_TOLD = _regex(r"(?:n['’]?t|not|never|stop|why|do you|(?:did|would|will|should) \w+(?: just| ever)?)\s+$")
_NO_NAME = frozenset(
    words(
        # what follows "my name is" and "call me" besides names
        "a an the not no it is was are too so just very really quite kind pretty rather also still always never being"
        " what whatever when where why how who if because in on at by for from after of with without like as than to"
        " my your you his her he she we they me i and or but that this these those names name nothing none nobody"
        " anything something someone anyone everyone later back maybe again soon tomorrow today tonight now sometime"
        " anytime asap please pls plz right up out over off down here there old new crazy stupid dumb ugly fat idiot"
        " lazy weird unique common boring long short hard easy important irrelevant secret private classified spelled"
        " spelt spelling pronounced written wrong missing taken mentioned sir lol haha all only same another ambulance"
        " taxi cab bus train car bike foot doctor alisa master daddy mommy"
        # what follows "I'm", "it's" and stands before "here"
        " tired sad happy fine ok okay good great sorry home sick bored hungry thirsty done ready alone lonely"
        " depressed anxious scared angry confused excited nervous single married pregnant gay straight bi trans"
        " busy late free drunk cold hot freezing dying sure serious kidding joking going trying feeling getting"
        " nearly almost amazing awesome awful terrible raining snowing early time nice bad true false come get look"
        " stay wait finally newbie student teacher dad mom mum boy girl man woman guy human batman"
        " monday tuesday wednesday thursday friday saturday sunday january february march april june july august"
        " september october november december christmas easter halloween summer winter spring autumn german french"
        " english american british italian spanish polish russian dutch japanese chinese korean indian canadian"
        " mexican brazilian australian irish scottish welsh swedish norwegian danish finnish swiss austrian belgian"
        " portuguese greek turkish ukrainian czech hungarian romanian european african asian arab arabic latino"
        " latina hispanic egyptian nigerian pakistani filipino vietnamese thai indonesian israeli iranian christian"
        " muslim jewish catholic hindu buddhist aries taurus gemini virgo libra scorpio sagittarius capricorn"
        " aquarius pisces"
    )
)
_ASKS_NAME = _regex(
    r"\b(?:my name|who am i|who i am|what (?:am i called|do you call me)|what you call me|remember me)\b"
)

# favourites

_FAVOURITE = r"(?:favou?rite|fav|fave)\b"
_NO_THING = any_of(
    "is are was has must would from when where i that which who because cuz to you my it its and but or if one ever now"
    " right again please pls then rn too lol haha tbh btw ngl no these in at since so wbu"
)
_THING = rf"(?P<thing>(?!{_NO_THING}\b)[a-z]{{2,20}}(?:[ -](?!{_NO_THING}\b)[a-z]{{1,20}}){{0,3}})\b"
_MY_FAVOURITE = rf"\bmy (?:(?:absolute|all[- ]time|most|very|new|current) ){{0,2}}{_FAVOURITE} {_THING}"
_LATELY = r"(?: (?:right now|now|ever|these days|at the moment|in the world))?"
_IS = r"(?:'s|’s| is| are| was| has to be| must be| would be|:)"
_SURELY = r"(?:(?:probably|definitely|still|always|def|obviously|currently|now) )?"
_VALUE = rf"(?P<value>(?:(?! (?:and|but) my {_FAVOURITE})[^.!?,;\n\[\]]){{1,60}})(?=[ .!?,;\n\[\]]|$)"
_TOLD_FAVOURITE = _regex(rf"{_MY_FAVOURITE}{_LATELY}{_IS}\s+{_SURELY}{_VALUE}")
_TOLD_BACKWARDS = _regex(
    rf"(?:^|[.!?,;:]\s|\n)(?P<value>[\w'’&-]{{1,30}}(?: [\w'’&-]{{1,30}}){{0,6}}?)"
    rf"(?: is| are| has to be| must be|'s) {_SURELY}{_MY_FAVOURITE}"
)
_ASKED_FAVOURITE = _regex(
    r"\b(?:what|whats|which|who|whos|remember|recall|know|tell me|guess)\b[^.?!]{0,60}?"
    rf"{_MY_FAVOURITE}(?: (?:is|are|was|again|now|then|please|pls))*\s*(?:[?.!]|$)"
)
_NO_VALUE = _regex(
    rf"{any_of('what which who where not gone ruined broken over out on off back so too very really just being')}\b"
    rf"|{any_of('closed dead dirty lost missing cancelled coming playing winning losing ending if when because')}\b"
    rf"|{any_of('this that it he she they these those there here you i we one')}$"
)
_LEADING = _regex(r"^(?:(?:i think|i guess|well|honestly|yeah|yes|so|ok|and|but|because|actually|probably|btw)\s+)+")
_TRAILING = _regex(
    r"\s+(?:btw|by the way|lol|haha|tbh|ngl|actually|i think|i guess|though|for sure|remember that|right now|these days"
    r"|for some reason|wbu|hbu|(?:and|what about|how about) (?:you|yours|u)|what'?s yours"
    r"|and (?:i|it|my|he|she|we|they|that|this|what|who|is|also|so)\b.*|(?:but|because|cuz|bc|since|when|i) .*)$"
)
_ALL_TIME = re.compile(r" of all(?: times?)?$")
_SAME_THING = {"color": "colour", "movie": "film", "meal": "food", "dish": "food", "dishe": "food", "hobbie": "hobby"}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one message tells."""

    name: str = ""
    favourites: dict[str, str] = field(default_factory=dict)


class Acquaintance:
    """Who the user is, as far as they said; the latest word counts."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        self._said: dict[str, str] = {}

    def hear(self, turn: str, text: str) -> None:
        """Keep what the user said in this turn, and what it tells about them."""
        self.forget(turn)
        self._said[turn] = text
        told = _told(text)
        if told.name or told.favourites:
            self._told[turn] = told

    def forget(self, turn: str | None = None) -> None:
        """Know nothing of this turn any more, or nothing at all."""
        if turn is None:
            self._told.clear()
            self._said.clear()
        else:
            self._told.pop(turn, None)
            self._said.pop(turn, None)

    def said_before(self, turn: str) -> list[str]:
        """What the user said in other turns than this one, oldest first."""
        return [text for other, text in self._said.items() if other != turn]

    @property
    def name(self) -> str:
        """What the user wants to be called; empty when they did not say."""
        return next((told.name for told in reversed(self._told.values()) if told.name), "")

    def favourite(self, thing: str) -> str:
        """The user's favourite of these things (singular, lower case); empty when they did not say."""
        told = (told.favourites[thing] for told in reversed(self._told.values()) if thing in told.favourites)
        return next(told, "")

    def facts(self, text: str) -> list[Fact]:
        """What is known about the user that belongs to `text`; call `hear` with it first."""
        told = _told(text)
        facts = []
        if name := self.name:
            asked = bool(told.name or _ASKS_NAME.search(text))
            facts.append(Fact(FactKind.NAME, f"name: {name}", asked, bool(told.name)))
        thing = _asked_favourite(text) or next(iter(told.favourites), "")
        if value := self.favourite(thing):
            facts.append(Fact(FactKind.FAVOURITE, f"favourite {thing}: {value}"))
        known = any(fact.asked for fact in facts)
        if not known and (words := find_told(text, list(self._said.values()))):
            facts.append(Fact(FactKind.TOLD, f"told: {words}"))
        return facts


def _told(text: str) -> _Told:
    plain = unicodedata.normalize("NFC", text).strip()
    return _Told(_told_name(plain), _told_favourites(plain))


def _told_name(text: str) -> str:
    for pattern in (_TOLD, _TOLD_BY_OTHERS, _THE_NAME_IS, _INTRODUCED, _HERE):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 30) : match.start()]
            if not _NOT_TOLD.search(before) and (name := _name(match["name"], sure=pattern is _TOLD)):
                return name
    return ""


def _name(written: str, *, sure: bool) -> str:
    """The name as it is to be said; empty for what is none, judged more strictly where nobody spoke of a name."""
    first, *more = written.rstrip("'’-").split()
    if first.lower() in _NO_NAME or (not sure and len(first) > 2 and first.isupper()):
        return ""
    kept = [first]
    for word in more:
        if word.lower() in _NO_NAME or word[0].islower():
            break
        kept.append(word)
    name = " ".join(kept)
    return name[0].upper() + name[1:]


def _asked_favourite(text: str) -> str:
    match = _ASKED_FAVOURITE.search(text)
    return _thing(match["thing"]) if match else ""


def _told_favourites(text: str) -> dict[str, str]:
    forwards = [(match["thing"], match["value"]) for match in _TOLD_FAVOURITE.finditer(text)]
    backwards = [(match["thing"], _LEADING.sub("", match["value"])) for match in _TOLD_BACKWARDS.finditer(text)]
    told = ((thing, _TRAILING.sub("", value).strip(" \"'")) for thing, value in forwards + backwards)
    return {_thing(thing): value for thing, value in told if value and not _NO_VALUE.match(value)}


def _thing(written: str) -> str:
    """The kind of thing in one spelling, in the singular: "favorite colors" are a favourite colour."""
    plain = _ALL_TIME.sub("", " ".join(written.lower().split()))
    if plain.endswith("s") and not plain.endswith(("ss", "us", "is", "series")):
        plain = plain.removesuffix("s")
    return _SAME_THING.get(plain, plain)
