"""A reply as it grows, without a model: parts in, events out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.conversation.reply import Reply
from alisa_desktop.core.events import EmotionChanged, Event, ReplyText
from alisa_desktop.core.messages import Chosen, Chunk, Emotion, Outcome, StreamPart, Usage


def told(reply: Reply, *parts: StreamPart) -> list[Event]:
    return [event for part in parts for event in reply.take(part)] + list(reply.end())


def test_the_face_comes_before_the_first_word() -> None:
    reply = Reply("t", Emotion.CALM)
    assert told(reply, Chunk("Hi")) == [EmotionChanged("t", Emotion.CALM), ReplyText("t", "Hi")]


def test_a_chosen_face_is_shown_at_once_and_only_once() -> None:
    reply = Reply("t", Emotion.CALM)
    events = told(reply, Chosen("happy"), Chunk(" <emotion=happy> Hi"), Usage(5, 4, 3))
    assert events == [EmotionChanged("t", Emotion.HAPPY), ReplyText("t", "Hi")]
    assert (reply.text, reply.tokens, reply.emotion) == ("Hi", 3, Emotion.HAPPY)
    assert reply.as_sent == "<emotion=happy> <emotion=happy> Hi"


def test_a_choice_that_is_no_feeling_leaves_the_resting_face() -> None:
    reply = Reply("t", Emotion.CALM)
    assert told(reply, Chosen("hungry"), Chunk("Hi"))[0] == EmotionChanged("t", Emotion.CALM)


def test_a_list_of_feelings_is_words_where_the_face_was_chosen() -> None:
    reply = Reply("t", Emotion.CALM)
    told(reply, Chosen("serious"), Chunk(" Happy\nSad"))
    assert (reply.text, reply.emotion) == ("Happy\nSad", Emotion.SERIOUS)


@pytest.mark.parametrize("parts", [(), (Chosen("happy"),), (Chosen("happy"), Chunk("  "))])
def test_a_reply_without_words_is_sent_as_nothing(parts: tuple[StreamPart, ...]) -> None:
    reply = Reply("t", Emotion.CALM)
    told(reply, *parts)
    assert (reply.text, reply.as_sent) == ("", "")


def test_a_failure_comes_after_the_words() -> None:
    reply = Reply("t", Emotion.CALM)
    told(reply, Chunk("So"))
    assert list(reply.fail("Broken.")) == [EmotionChanged("t", Emotion.SAD), ReplyText("t", "\n\nBroken.")]
    assert (reply.text, reply.notice, reply.outcome) == ("So", "Broken.", Outcome.FAILED)


@given(st.lists(st.one_of(st.text(max_size=12), st.sampled_from(["<emotion=sad>", "<think>", "</think>", "\n"]))))
def test_what_is_told_is_what_is_kept(pieces: list[str]) -> None:
    reply = Reply("t", Emotion.CALM)
    events = told(reply, *map(Chunk, pieces))
    assert "".join(event.text for event in events if isinstance(event, ReplyText)) == reply.text
    assert all(event.text for event in events if isinstance(event, ReplyText))
    if reply.text:
        assert isinstance(events[0], EmotionChanged)
