"""The talk as the model sees it: cut rarely, in whole turns, and never more than there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.conversation.transcript import HISTORY_TOKENS, KEPT_TURNS, Transcript
from alisa_desktop.core.errors import MessageTooLong
from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.persona.prompt import Exchange

SYSTEM = 100
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Scales:
    """Measures one token a letter, and remembers how often it was asked."""

    def __init__(self, message: int = 10) -> None:
        self.asked = 0
        self.message = message

    async def __call__(self, past: Sequence[Exchange]) -> int:
        self.asked += 1
        return SYSTEM + self.message + sum(len(one.sent) + len(one.answered) for one in past)


def exchange(number: int, tokens: int) -> Exchange:
    return Exchange(f"t{number}", "q" * (tokens // 2), "a" * (tokens - tokens // 2))


def filled(sizes: Sequence[int]) -> Transcript:
    transcript = Transcript()
    for number, tokens in enumerate(sizes):
        transcript.add(exchange(number, tokens))
    return transcript


def loaded(sizes: Sequence[int]) -> Transcript:
    """From storage, where a reply gets its tag back; `sizes` count the tokens with it."""
    tag = len("<emotion=calm> ")
    transcript = Transcript()
    transcript.load(
        [
            Turn(f"t{number}", "q" * 5, "a" * (tokens - 5 - tag), Emotion.CALM, "default", "m", NOON)
            for number, tokens in enumerate(sizes)
        ]
    )
    return transcript


async def test_what_has_room_stays_and_is_measured_once() -> None:
    scales = Scales()
    assert len(await filled([100] * 20).fit("new", scales, 4000)) == 20
    assert scales.asked == 1


async def test_the_first_prompt_after_a_start_takes_the_last_3000_tokens() -> None:
    scales = Scales()
    past = await loaded([100] * 300).fit("new", scales, 10_000)
    assert [one.turn for one in past] == [f"t{number}" for number in range(270, 300)]
    assert scales.asked <= 14


async def test_a_cut_goes_down_to_a_block_and_the_next_turns_need_none() -> None:
    transcript, scales = filled([100] * 31), Scales()
    past = await transcript.fit("new", scales, 10_000)
    assert [one.turn for one in past] == [f"t{number}" for number in range(13, 31)]
    assert len(transcript) == 18
    for number in range(31, 43):
        transcript.add(exchange(number, 100))
        scales.asked = 0
        assert (await transcript.fit("new", scales, 10_000))[0].turn == "t13"
        assert scales.asked <= 3


async def test_a_small_context_bounds_it_too() -> None:
    past = await filled([100] * 30).fit("new", Scales(), 1110)
    assert 5 <= len(past) <= 6
    assert past[-1].turn == "t29"


async def test_the_last_ten_messages_stay_as_long_as_the_context_holds_them() -> None:
    assert len(await filled([1000] * 8).fit("new", Scales(), 10_000)) == KEPT_TURNS
    assert len(await filled([1000] * 8).fit("new", Scales(), 4200)) == 4
    assert len(await filled([5000] * 8).fit("new", Scales(), 4000)) == 0


@pytest.mark.parametrize("turns", [0, 3])
async def test_a_message_too_long_for_the_context_is_refused_and_nothing_is_lost(turns: int) -> None:
    transcript = filled([10] * turns)
    with pytest.raises(MessageTooLong, match="5100 tokens, and I have room for 4000"):
        await transcript.fit("new", Scales(5000), 4000)
    assert len(transcript) == turns


async def test_the_turn_that_is_answered_again_is_no_past_but_is_not_lost() -> None:
    transcript = filled([10, 10, 10])
    assert [one.turn for one in await transcript.fit("t1", Scales(), 4000)] == ["t0", "t2"]
    assert len(transcript) == 3
    transcript = filled([1000] * 6)
    assert "t5" not in [one.turn for one in await transcript.fit("t5", Scales(), 3000)]
    assert "t5" in [one.turn for one in transcript.before("")]


def test_a_turn_is_replaced_found_and_forgotten() -> None:
    transcript = filled([10, 10])
    transcript.add(Exchange("t1", "other", "words"))
    assert (len(transcript), [one.sent for one in transcript.before("t0")]) == (2, ["other"])
    transcript.forget("t0")
    assert len(transcript) == 1
    transcript.forget()
    assert len(transcript) == 0


@settings(max_examples=200)
@given(st.lists(st.integers(2, 900), max_size=40), st.integers(1, 3000), st.integers(200, 9000), st.booleans())
async def test_the_prompt_always_fits_and_keeps_the_latest_turns(
    sizes: list[int], message: int, room: int, fresh: bool
) -> None:
    sizes = [size + 20 for size in sizes]
    transcript = loaded(sizes) if fresh else filled(sizes)
    scales = Scales(message)
    try:
        past = await transcript.fit("new", scales, room)
    except MessageTooLong:
        assert SYSTEM + message > room
        return
    assert [one.turn for one in past] == [f"t{number}" for number in range(len(sizes) - len(past), len(sizes))]
    asked = scales.asked
    assert asked <= 20
    taken = await scales(past)
    assert taken <= room
    assert taken - SYSTEM - message <= HISTORY_TOKENS or len(past) <= KEPT_TURNS
    assert len(transcript) == len(past)


def test_her_words_are_known_without_their_tags() -> None:
    transcript = filled([])
    for turn, answered in (("a", "<emotion=sad> Oh."), ("b", "Well > then."), ("c", "<emotion=happy> Ha!")):
        transcript.add(Exchange(turn, "hi", answered))
    assert transcript.replies("") == ("Oh.", "Well > then.", "Ha!")
    assert transcript.replies("c") == ("Oh.", "Well > then.")
