"""The prompt: append-only, with everything volatile inside the last user message.

The KV cache of a local model keeps the longest common beginning of two prompts. So the system prompt comes first and
never changes within a mode, then the talk word for word as it was sent and answered, then the new message with the
notes of the moment (time, screen). What was sent stays as it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alisa_desktop.core.messages import Emotion, Message, Prompt, Role
from alisa_desktop.core.sight import AppKind, Sight
from alisa_desktop.persona.emotion import FORCED_TAG
from alisa_desktop.persona.modes import Mode

NO_WORDS = "…"
"""Stands for a reply that has no words (stopped or failed before the first): chat templates want roles to alternate."""

_LONGEST_TITLE = 120
_LONGEST_SCREEN_TEXT = 1200
_HARMLESS = {ord("["): "(", ord("]"): ")"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of the talk as the model saw it: `sent` with its notes, `answered` with its tag.

    `said` is what the user said alone, for the day when the notes are to be forgotten; empty where there were none.
    """

    turn: str
    sent: str
    answered: str
    said: str = ""


def system_prompt(character: str, mode: Mode) -> str:
    """Who she is, in this mode. The line `Mode: name` is what the starter brain's chat template looks for."""
    feelings = ", ".join(Emotion)
    return (
        f"{character.strip()}\n\nMode: {mode.name}\n{mode.prompt}\n\n"
        f"Begin every reply with a tag that names your feeling, one of: {feelings}. "
        f"Example: <emotion={mode.resting}> Hello. Write the tag once, then only your words."
    )


def messages_for(system: str, past: Sequence[Exchange], sent: str) -> tuple[Message, ...]:
    """The whole prompt as messages: system, the talk so far, and the new message."""
    messages = [Message(Role.SYSTEM, system)]
    for exchange in past:
        messages.append(Message(Role.USER, exchange.sent))
        messages.append(Message(Role.ASSISTANT, exchange.answered or NO_WORDS))
    messages.append(Message(Role.USER, sent))
    return tuple(messages)


def build_prompt(mode: Mode, messages: tuple[Message, ...], picture: str = "") -> Prompt:
    """A prompt whose reply begins with a chosen feeling; `picture` is a `data:` address, to be seen with it."""
    return Prompt(messages, mode.sampling, FORCED_TAG, picture=picture)


def with_notes(text: str, notes: Sequence[str]) -> str:
    """The user's words with the notes of the moment in front, each in square brackets."""
    return " ".join([*(f"[{note}]" for note in notes), text])


def answered(text: str, emotion: Emotion) -> str:
    """A stored reply as the model would have written it."""
    return f"<emotion={emotion}> {text}" if text else ""


def words(answered: str) -> str:
    """A reply as the model wrote it, without its tag."""
    return answered.partition(FORCED_TAG.after)[2].strip() if answered.startswith(FORCED_TAG.before) else answered


def time_note(now: datetime) -> str:
    """The user's local time, to the minute."""
    return f"time: {now:%A} {now.day} {now:%B %Y, %H:%M}"


def screen_note(sight: Sight, *, with_text: bool = True) -> str:
    """What is on the screen, or nothing when nothing is known.

    Brackets, line ends and the beginnings of tags are taken out, so that it can't pretend to be another note.
    """
    if sight.reason:
        return f"screen: you did not look, because {_plain(sight.reason, _LONGEST_TITLE)}"
    app, title = _plain(sight.app, _LONGEST_TITLE), _plain(sight.title, _LONGEST_TITLE)
    kind = f" ({sight.kind})" if app and sight.kind is not AppKind.OTHER else ""
    place = " - ".join(filter(None, (f"{app}{kind}" if app else "", title)))
    text = _plain(sight.text, _LONGEST_SCREEN_TEXT) if with_text else ""
    seen = "; ".join(filter(None, (place, f"text: “{text}”" if text else "")))
    return f"screen: {seen}" if seen else ""


def eyes_note(reason: str) -> str:
    """Why she does not see the screen, with what the user can do about it."""
    return f"your eyes: {_plain(reason, _LONGEST_SCREEN_TEXT)}"


def _plain(text: str, longest: int) -> str:
    text = text[: 8 * longest]  # a sensor may send a megabyte
    return " ".join(text.translate(_HARMLESS).replace("<emotion", "‹emotion").split())[:longest]
