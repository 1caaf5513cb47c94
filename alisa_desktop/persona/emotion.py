"""Clean words out of whatever a model writes: emotion tags become feelings, reasoning and markers disappear.

A pure state machine: feed it text cut anywhere and it returns feelings and words. It never raises and drops nothing
but tags, the reasoning in front of a reply and white space around it; the joined words do not depend on the cuts.
"""

from __future__ import annotations

import re

from alisa_desktop.core.messages import Choice, Emotion

FORCED_TAG = Choice("<emotion=", tuple(Emotion), ">")
"""The beginning of every reply where a model can be forced: the feeling is chosen, never parsed."""

SYNONYMS: dict[str, Emotion] = {
    **{emotion.value: emotion for emotion in Emotion},
    "joy": Emotion.HAPPY,
    "joyful": Emotion.HAPPY,
    "excited": Emotion.HAPPY,
    "cheerful": Emotion.HAPPY,
    "relaxed": Emotion.CALM,
    "gentle": Emotion.CALM,
    "smug": Emotion.TEASING,
    "playful": Emotion.TEASING,
    "embarrassed": Emotion.SHY,
    "flustered": Emotion.SHY,
    "angry": Emotion.SERIOUS,
    "annoyed": Emotion.SERIOUS,
    "focused": Emotion.SERIOUS,
    "worried": Emotion.SAD,
    "disappointed": Emotion.SAD,
    "shocked": Emotion.SURPRISED,
    "confused": Emotion.SURPRISED,
}
"""What models call the eight feelings."""


def _prefix_of(word: str) -> str:
    """A regular expression for every beginning of `word`, the empty one and itself included."""
    pattern = ""
    for letter in reversed(word):
        pattern = f"(?:{re.escape(letter)}{pattern})?"
    return pattern


_LABELS = "|".join(SYNONYMS)
_LABEL_PREFIX = "|".join(_prefix_of(word) for word in SYNONYMS)
_SPACE = r"\s{0,2}"
_EMOTION = rf"<{_SPACE}/?{_SPACE}emotion(?!\w)"
_INSIDE = r"[\w \t,;/|\"'=:+&-]{0,32}"
_THINK = rf"think(?:ing)?{_SPACE}"

_TAG = re.compile(
    rf"{_EMOTION}(?:({_INSIDE})>|(?:{_SPACE}[=:]{_SPACE}[\"']?([a-z-]{{0,24}})[\"']?)?{_SPACE}/?)"
    rf"|</?{_SPACE}{_THINK}/?>"
    r"|<\|\w{1,32}\|>",
    re.IGNORECASE,
)
"""An emotion tag, whole or unclosed; a mark of reasoning; a template's own marker that a server let slip."""

_TAG_PREFIX = re.compile(
    rf"<{_SPACE}/?{_SPACE}{_prefix_of('emotion')}"
    rf"|{_EMOTION}{_INSIDE}"
    rf"|</?{_SPACE}{_prefix_of('thinking')}{_SPACE}/?"
    r"|<\|\w{0,32}\|?",
    re.IGNORECASE,
)
"""What may still become a `_TAG` when more text comes."""

_MARKS = r"[*_#>\"'`\s-]{0,16}"
_GAP = r"\s{0,4}"
_NAMED = rf"(?:emotion{_GAP}[:=]{_GAP})?"
_HEAD_TAG = re.compile(  # [happy] but no [happy](link)
    rf"{_MARKS}[\[(]{_GAP}{_NAMED}({_LABELS}){_GAP}(?:\](?!\()|\))[*_]{{0,4}}", re.IGNORECASE
)
_HEAD_LINE = re.compile(rf"{_MARKS}{_NAMED}({_LABELS})[*_:.]{{0,4}}[ \t]{{0,4}}\r?\n", re.IGNORECASE)
_HEAD_PREFIX = re.compile(
    rf"{_MARKS}(?:"
    rf"[\[(]?{_GAP}{_prefix_of('emotion')}"
    rf"|[\[(]?{_GAP}(?:emotion{_GAP}[:=]?{_GAP})?(?:{_LABEL_PREFIX})"
    rf"|[\[(]{_GAP}{_NAMED}(?:{_LABELS}){_GAP}[\])]?[*_]{{0,4}}"
    rf"|{_NAMED}(?:{_LABELS})[*_:.]{{0,4}}[ \t]{{0,4}}\r?"
    rf")",
    re.IGNORECASE,
)
_REASONING = re.compile(rf"<{_SPACE}{_THINK}>", re.IGNORECASE)
_REASONING_END = re.compile(rf"</{_SPACE}{_THINK}>", re.IGNORECASE)
_LONGEST_REASONING_END = 20
_LONGEST_HELD = 80
"""Characters of unfinished tags, one in the other, that are held back; a model that writes more of them means them."""


def emotion_of(label: str) -> Emotion | None:
    """The feeling a label stands for, or None for a word that is none."""
    return SYNONYMS.get(label.strip().casefold())


class ReplyParser:
    """Turns the raw text of one reply, in pieces, into feelings (`Emotion`) and clean words (`str`).

    `named` says that the reply's feeling is known already: then a first line "Happy" is a word like any other.
    """

    def __init__(self, *, named: bool = False) -> None:
        self._buffer = ""
        self._at_head = True
        self._reasoning = False
        self._named = named

    def feed(self, text: str) -> list[Emotion | str]:
        """Take more raw text; return what is certain by now."""
        found: list[Emotion | str] = []
        for letter in text:  # one by one, so that it can't matter how the reply was cut
            self._buffer += letter
            found += self._drain(final=False)
        return _joined(found)

    def finish(self) -> list[Emotion | str]:
        """The reply is over; return what was held back, without half tags."""
        return _joined(self._drain(final=True))

    def _drain(self, *, final: bool) -> list[Emotion | str]:
        found: list[Emotion | str] = []
        while self._step(found, final):
            pass
        return found

    def _step(self, found: list[Emotion | str], final: bool) -> bool:
        """Do one thing to the buffer; False when nothing more can be done without more text."""
        if self._reasoning:
            return self._skip_reasoning()
        if self._at_head:
            self._buffer = self._buffer.lstrip()
            if self._begin_reasoning() or self._take_head(found, final):
                return True
            if not final and _HEAD_PREFIX.fullmatch(self._buffer):
                return False
        return self._take_tag(found, final)

    def _begin_reasoning(self) -> bool:
        match = _REASONING.match(self._buffer)
        if match is None:
            return False
        self._buffer = self._buffer[match.end() :]
        self._reasoning = True
        return True

    def _skip_reasoning(self) -> bool:
        match = _REASONING_END.search(self._buffer)
        if match is None:
            self._buffer = self._buffer[-_LONGEST_REASONING_END:]
            return False
        self._buffer = self._buffer[match.end() :]
        self._reasoning = False
        return True

    def _take_head(self, found: list[Emotion | str], final: bool) -> bool:
        match = _HEAD_TAG.match(self._buffer)
        if match and not final and match.end() == len(self._buffer):
            return False  # it may become a link
        if match is None and not self._named:
            match = _HEAD_LINE.match(self._buffer)
        if match is None:
            return False
        self._buffer = self._buffer[match.end() :]
        self._find(found, match[1])
        return True

    def _take_tag(self, found: list[Emotion | str], final: bool) -> bool:
        match = _TAG.search(self._buffer)
        if match is None:
            self._release(found, self._buffer, "", final)
            return False
        before, after = self._buffer[: match.start()], self._buffer[match.end() :]
        if not final and _TAG_PREFIX.fullmatch(self._buffer, match.start()):
            self._release(found, before, self._buffer[match.start() :], False)
            return False
        self._release(found, before, after, False)
        for label in re.split(r"[^a-z]+", (match[1] or match[2] or "").casefold()):
            if self._find(found, label):
                break
        return True

    def _find(self, found: list[Emotion | str], label: str) -> bool:
        if emotion := emotion_of(label):
            self._named = True
            found.append(emotion)
        return emotion is not None

    def _release(self, found: list[Emotion | str], text: str, rest: str, final: bool) -> None:
        """Let `text` go but for what may still become a tag or is trailing white space; keep that and `rest`."""
        if final:
            text = _without_half_tag(text)
        held = len(text.rstrip()) if final else _hold_from(text)
        self._buffer = ("" if final else text[held:]) + rest
        if words := text[:held]:
            self._at_head = False
            found.append(words)


def _joined(found: list[Emotion | str]) -> list[Emotion | str]:
    """`found` with neighbouring words in one piece."""
    pieces: list[Emotion | str] = []
    words: list[str] = []
    for item in found:
        if isinstance(item, str) and not isinstance(item, Emotion):
            words.append(item)
            continue
        pieces += ["".join(words)] if words else []
        pieces.append(item)
        words = []
    return [*pieces, "".join(words)] if words else pieces


def _hold_from(text: str) -> int:
    """Where the end of `text` begins that may yet become a tag (also one with a tag inside) or is white space."""
    end = len(text)
    while True:
        start = text.rfind("<", max(0, len(text) - _LONGEST_HELD), end)
        if start < 0 or not _TAG_PREFIX.fullmatch(text, start, end):
            break
        end = start
    return len(text[:end].rstrip())


def _without_half_tag(text: str) -> str:
    """`text` without tags that were begun at its end; a lone `<` or `< e` is kept, it is more likely a word."""
    while (start := text.rfind("<")) >= 0 and _TAG_PREFIX.fullmatch(text, start):
        if sum(map(str.isalpha, text[start:])) < 2:
            break
        text = text[:start]
    return text
