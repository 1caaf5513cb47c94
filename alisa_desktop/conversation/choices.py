"""This or that: the options of a choice that the user leaves to her. Words in, options out."""

from __future__ import annotations

import re
from functools import partial

from alisa_desktop.conversation.vocabulary import any_of

_regex = partial(re.compile, flags=re.IGNORECASE)

_LONGEST_MESSAGE = 600
"""Characters: nobody asks for tea or coffee in an essay."""
_MOST_OPTIONS = 10
_LONGEST_OPTION = 6
"""Words."""
_LONGEST_BARE = 8
"""Words: a bare "tea or coffee" without a verb that asks is only taken for a choice up to this length."""

_SENTENCE_ENDS = _regex(r"[.?!]+(?= |$)|\n")
_OPENERS = _regex(
    r"(?:(?:hey|hi|hello|ok|okay|so|well|and|now|alisa|please|pls|quick|question|serious|honestly|hm+|um+"
    r"|tell me|i(?: just)? (?:can'?t|cannot) (?:decide|choose)|i'?m torn)\b[ ,:]*+)*+"
)

# ways to ask

_VERBS = any_of("get have eat drink order buy watch play wear take pick choose use cook")
_ADVERBS = any_of("in out up off on down over back it him her them now later or")
_SHOULD = (
    r"(?:(?:(?:should|shall) (?:i|we)|do you think (?:i|we) should)(?: (?:go for|go with|just))?"
    rf"|(?:do|can|could) (?:i|we)(?= {_VERBS}\b))"
)
_TAKEN = rf"(?: {_VERBS}(?! {_ADVERBS}\b))?"
_DECIDE = r"(?:help me |can you |could you )?(?:choose|pick|decide|select)(?: for me| one)?"
_WHICH = (
    r"(?:which|what)(?: one)?(?:'?s| is| are)?(?: (?:better|best|nicer|cooler|tastier))?"
    rf"(?: should (?:i|we) (?:{_VERBS}|do))?"
)
_TORN = r"(?:torn|deciding|choosing|stuck)"
_ASKS = _regex(
    rf"(?P<among>(?:(?:{_DECIDE}|{_WHICH}|{_TORN}),? )?(?:between|from|one of|among) |{_DECIDE}: ?)"
    rf"|{_SHOULD}{_TAKEN} |{_DECIDE},? |{_WHICH}[,:] |(?:which|what)(?:'?s| is) (?:better|best) |which one "
)
_LEFT_TO_HER = _regex(
    r"[ ,.!?:;-]+(?:(?:please|pls|you|just|can you|u|help me) ){0,3}(?:(?:choose|pick|decide)(?: for me| one)?"
    r"|which(?: one)?(?: is better| should i (?:pick|take|choose|get))?|your (?:pick|choice|call)|help(?: me)?)[ ?!.]*$"
)
_TAIL = _regex(r"(?:,? (?:for (?:(?:my|the|a) )?\w+|tonight|today|now|rn|first|lol|haha|please|pls|alisa))+$")
_OR = _regex(r",? *\b(?:or|vs|versus)\b\.? *|, *")
_AMONG = _regex(r",? *\b(?:or|and|vs|versus)\b\.? *|, *")
_OR_WORD = _regex(r"\b(?:or|vs|versus)\b")

# what is no choice for her to make

_QUESTION = any_of(
    "is are was were am do does did will would can have has why how what whats when where who which if because"
)
_NO_THING = any_of("not no nah nope yes something anything whatever smth so else nothing neither this that either t d")
_PERSON = any_of("you your u ur yours she he they i i'm im it's lets let's")
_NO_OPTION = _regex(rf"{_NO_THING}$|{_QUESTION}\b|.*\b{_PERSON}\b")
_ABOUT_HER = any_of(
    "human robot bot ai machine person real fake alive lad lady gentleman miss mister mrs male female boy girl man"
    " woman guy dude"
)
_SAYINGS = any_of(
    r"trick.or.treat\w* truth dare dair heads tails true.or.false dead.or.alive more.or.less sooner.or.later"
    " all.or.nothing make.or.break rain.or.shine win.or.lose friend.or.foe for.or.against good.or.bad right.or.wrong"
    " or.two either"
)
_ABOUT_NOTHING = _regex(rf"\b(?:{_ABOUT_HER}|{_SAYINGS})\b")
_STATES = any_of(
    "we my there here with have had has is are was were be been no any some more give want need play without trying"
    " going love hate ask make round game said says because up"
)
_STATEMENT = _regex(rf"\b{_STATES}\b")
_DANGERS = any_of(
    "die dying dead death live.or or.live kill killing suicide hurt harm cut.myself cutting overdose gun knife jump"
    " drunk end.it end.my give.up meds? medications? medicine pills? dose antidepressants? insulin therapy surgery"
    " doctor hospital ambulance emergency abortion pregnan.* police"
)
_GRAVE = _regex(rf"\b{_DANGERS}\b")
"""Where no chance may decide."""


def find_options(text: str) -> list[str]:
    """The options that `text` asks to choose from, in the user's words; none when it leaves her no choice to make."""
    if len(text) > _LONGEST_MESSAGE or _GRAVE.search(text):
        return []
    plain = text.replace("’", "'").translate({ord("["): "(", ord("]"): ")"})
    said = _LEFT_TO_HER.sub("", plain)
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE_ENDS.split(said) if sentence.strip()]
    asked = [_asked(sentence) for sentence in sentences]
    if sentences and not asked[-1]:
        asked[-1] = _bare(sentences[-1], left_to_her=said != plain)
    return next(filter(None, asked), [])


def _asked(sentence: str) -> list[str]:
    """The options after words that ask for one of them ("should i ...", "pick between ...")."""
    rest = _OPENERS.sub("", sentence, count=1)
    asks = _ASKS.match(rest)
    if not asks:
        return []
    return _split(rest[asks.end() :], _AMONG if asks["among"] else _OR)


def _bare(sentence: str, *, left_to_her: bool) -> list[str]:
    """The options of "tea or coffee", short or with a "you choose" behind it."""
    rest = _TAIL.sub("", _OPENERS.sub("", sentence, count=1))
    if not left_to_her and (len(rest.split()) > _LONGEST_BARE or _STATEMENT.search(rest)):
        return []
    return _split(rest, _OR)


def _split(listed: str, separator: re.Pattern[str]) -> list[str]:
    if _ABOUT_NOTHING.search(listed) or (separator is _OR and not _OR_WORD.search(listed)):
        return []
    parts = separator.split(_TAIL.sub("", listed))
    options = [option for part in parts if (option := part.strip(" ,:;\"'()-"))]
    fits = 2 <= len(options) <= _MOST_OPTIONS and not any(map(_is_none, options))
    return options if fits else []


def _is_none(option: str) -> bool:
    return len(option.split()) > _LONGEST_OPTION or bool(_NO_OPTION.match(option))
