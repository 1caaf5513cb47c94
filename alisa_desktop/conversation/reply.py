"""A reply as it grows: stream parts in, events out. Pure; knows no model, no memory and no loop."""

from __future__ import annotations

from collections.abc import Iterator

from alisa_desktop.core.events import EmotionChanged, Event, ReplyText
from alisa_desktop.core.messages import Chosen, Chunk, Emotion, Outcome, StreamPart, Usage
from alisa_desktop.persona.emotion import FORCED_TAG, ReplyParser, emotion_of
from alisa_desktop.persona.prompt import answered


class Reply:
    """Collects one reply of the turn with this id; `resting` is the face of a reply that names no feeling."""

    def __init__(self, turn: str, resting: Emotion) -> None:
        self.question = ""
        """The user's words as the model got them; empty when it never got them."""
        self.source = ""
        """Who gave the reply: the model's name, or the crisis rule; empty when nobody did."""
        self.readable = True
        """Whether the user's words fit the model at all; what does not fit is no part of the talk."""
        self.emotion = resting
        self.text = ""
        self.notice = ""
        self.outcome = Outcome.DONE
        self.tokens = 0
        self._turn = turn
        self._raw = ""
        self._faced = False
        self._parser = ReplyParser()

    @property
    def as_sent(self) -> str:
        """The reply for the next prompt, word for word as generated; but no tag alone, and no reasoning again."""
        if not self.text:
            return ""
        return answered(self.text, self.emotion) if "<think" in self._raw.lower() else self._raw

    def take(self, part: StreamPart) -> Iterator[Event]:
        """Take the next part of the model's stream."""
        match part:
            case Chosen():
                self._raw += f"{FORCED_TAG.before}{part.option}{FORCED_TAG.after}"
                self._parser = ReplyParser(named=True)
                yield from self._show(emotion_of(part.option) or self.emotion)
            case Chunk():
                self._raw += part.text
                yield from self._tell(self._parser.feed(part.text))
            case Usage():
                self.tokens = part.reply

    def end(self) -> Iterator[Event]:
        """No more parts come; what the parser held back is told."""
        yield from self._tell(self._parser.finish())

    def fail(self, sentence: str) -> Iterator[Event]:
        """The reply can't go on; the user is told why, after the words that came."""
        self.outcome = Outcome.FAILED
        self.notice = sentence
        yield from self._show(Emotion.SAD)
        yield ReplyText(self._turn, f"\n\n{sentence}" if self.text else sentence)

    def _tell(self, found: list[Emotion | str]) -> Iterator[Event]:
        for item in found:
            if isinstance(item, Emotion):
                yield from self._show(item)
                continue
            if not self._faced:
                yield from self._show(self.emotion)
            self.text += item
            yield ReplyText(self._turn, item)

    def _show(self, emotion: Emotion) -> Iterator[Event]:
        if not self._faced or emotion is not self.emotion:
            self._faced = True
            self.emotion = emotion
            yield EmotionChanged(self._turn, emotion)
