"""Timing without Qt: breath, blink, mouth, fade, and the mood that lasts."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint

from alisa_desktop.core.messages import Emotion, ModelState
from alisa_desktop.ui.glance import REST_SECONDS, Glance
from alisa_desktop.ui.mood import HOLD_SECONDS, Mood
from alisa_desktop.ui.motion import (
    BLINK_WAIT,
    BREATH_SECONDS,
    FADE_SECONDS,
    MOUTH_AHEAD,
    Blink,
    Breath,
    Fade,
    Mouth,
    openings,
)


def breaths(start: float, seconds: float) -> list[tuple[float, int]]:
    breath, now, seen = Breath(3), start, []
    while now < start + seconds:
        seen.append((now, breath.step(now)))
        now = breath.next_change(now) + 1e-6
    return seen


@given(st.floats(0, 1e6))
def test_breath_goes_up_and_down_in_single_steps(start: float) -> None:
    steps = [step for _, step in breaths(start, 3 * BREATH_SECONDS)]
    assert all(abs(one - other) == 1 for one, other in pairwise(steps))
    assert set(steps) == {0, 1, 2, 3}


def test_a_breath_changes_six_times() -> None:
    assert len(breaths(0.0, 10 * BREATH_SECONDS)) == pytest.approx(60, abs=1)


def blinks(seed: int, seconds: float) -> list[tuple[float, str]]:
    blink, now, seen = Blink(Random(seed)), 0.0, []
    blink.restart(now)
    while now < seconds:
        moment = blink.next_change()
        assert moment is not None
        now = moment
        blink.advance(now)
        seen.append((now, blink.lids))
    return seen


@given(st.integers())
def test_blinks_close_the_eyes_for_a_moment_every_few_seconds(seed: int) -> None:
    seen = blinks(seed, 120)
    closed = [at for at, lids in seen if lids == "closed"]
    assert 120 / (BLINK_WAIT[1] + 1) <= len(closed) <= 120
    assert all(after - at < 0.2 for (at, lids), (after, _) in pairwise(seen) if lids)


def test_some_blinks_come_twice() -> None:
    closed = [at for at, lids in blinks(1, 600) if lids == "closed"]
    gaps = [after - at for at, after in pairwise(closed)]
    assert any(gap < 0.5 for gap in gaps)
    assert sum(gap > BLINK_WAIT[0] for gap in gaps) > len(gaps) / 2


def test_a_long_sleep_does_not_make_her_blink_for_all_of_it() -> None:
    blink = Blink(Random(1))
    blink.restart(0)
    blink.advance(3600)
    assert blink.lids == ""
    assert (blink.next_change() or 0) > 3600


def play(mouth: Mouth, now: float) -> list[str]:
    shapes = []
    while (moment := mouth.next_change()) is not None:
        now = max(now, moment)
        mouth.advance(now)
        shapes.append(mouth.shape)
    return shapes


def test_the_mouth_follows_the_vowels_and_closes() -> None:
    mouth = Mouth(Random(1))
    mouth.feed("Hello, baka!", 0)
    shapes = play(mouth, 0)
    assert shapes[:3] == ["small", "open", ""]
    assert shapes[-1] == ""
    assert len(shapes) == 6


def test_equal_vowels_still_move() -> None:
    mouth = Mouth(Random(1))
    mouth.feed("banana", 0)
    assert all(one != other for one, other in pairwise(play(mouth, 0)))


def test_a_fast_stream_does_not_make_her_talk_on_forever() -> None:
    mouth = Mouth(Random(1))
    mouth.feed("banana " * 1000, 0)
    assert len(play(mouth, 0)) <= MOUTH_AHEAD + 1


def test_the_end_of_the_reply_closes_the_mouth() -> None:
    mouth = Mouth(Random(1))
    mouth.feed("banana", 0)
    mouth.advance(0)
    assert mouth.shape
    mouth.close()
    assert (mouth.shape, mouth.next_change()) == ("", None)


def test_speech_without_words_moves_the_mouth_until_it_ends() -> None:
    mouth = Mouth(Random(1))
    mouth.speak(True, 0)
    now, shapes = 0.0, set()
    for _ in range(50):
        now = mouth.next_change() or now
        mouth.advance(now)
        shapes.add(mouth.shape)
    assert len(shapes) > 2
    mouth.speak(False, now)
    assert (mouth.shape, mouth.next_change()) == ("", None)


@given(st.text())
def test_any_text_has_openings(text: str) -> None:
    assert set(openings(text)) <= {"", "small", "open", "wide"}


def test_a_fade_takes_its_time_and_ends() -> None:
    fade = Fade()
    fade.start(10)
    assert fade.progress(10) == 0
    assert fade.progress(10 + FADE_SECONDS / 2) == pytest.approx(0.5)
    fade.advance(10.001 + FADE_SECONDS)
    assert not fade.running
    assert fade.next_change(11) is None


def test_thinking_lasts_from_the_question_to_the_first_sign_of_an_answer() -> None:
    mood = Mood()
    mood.spoke(0)
    assert mood.state == "thinking"
    mood.feel(Emotion.SHY)
    assert (mood.state, mood.emotion) == ("", Emotion.SHY)


def test_a_feeling_outlasts_its_reply_and_then_goes() -> None:
    mood = Mood(Emotion.CALM)
    mood.spoke(0)
    mood.finished(Emotion.HAPPY, 5)
    assert mood.next_change(5) == 5 + HOLD_SECONDS
    mood.advance(5 + HOLD_SECONDS - 1)
    assert mood.emotion is Emotion.HAPPY
    mood.advance(5 + HOLD_SECONDS)
    assert (mood.emotion, mood.next_change(100)) == (Emotion.CALM, None)


def test_the_next_question_keeps_the_feeling_until_the_answer() -> None:
    mood = Mood()
    mood.finished(Emotion.HAPPY, 0)
    mood.spoke(1)
    mood.advance(1000)
    assert mood.emotion is Emotion.HAPPY


def test_a_new_mode_changes_the_face_at_rest_only() -> None:
    mood = Mood()
    mood.rest_at(Emotion.SERIOUS)
    assert mood.emotion is Emotion.SERIOUS
    mood.finished(Emotion.HAPPY, 0)
    mood.rest_at(Emotion.CALM)
    assert mood.emotion is Emotion.HAPPY


def test_the_pendant_pulses_while_she_thinks_and_is_grey_without_a_model() -> None:
    mood = Mood()
    mood.spoke(0)
    seen, now = [], 0.0
    for _ in range(4):
        seen.append(mood.pendant(now))
        now = mood.next_change(now) or now
    assert seen == ["thinking", "idle", "thinking", "idle"]
    assert mood.pendant(now, still=True) == "thinking"
    assert mood.next_change(now, still=True) is None
    mood.model_is(ModelState.MISSING)
    assert mood.pendant(now) == "missing"


@pytest.mark.parametrize("state", [ModelState.MISSING, ModelState.FAILED])
def test_a_missing_model_shows_when_she_rests(state: ModelState) -> None:
    mood = Mood()
    mood.model_is(state)
    mood.listen(True)
    assert mood.state == "missing"
    mood.finished(Emotion.SAD, 0)
    assert mood.state == ""


def test_she_listens_while_the_user_writes() -> None:
    mood = Mood()
    mood.listen(True)
    assert mood.state == "listening"
    mood.listen(False)
    assert mood.state == ""


def test_eyes_follow_a_near_pointer_until_it_rests() -> None:
    place = [QPoint(5000, 0)]
    glance = Glance(lambda: place[0])
    glance.advance(QPoint(0, 0), 0)
    assert (glance.look, glance.next_change(0)) == ((0, 0), None)
    place[0] = QPoint(200, 0)
    glance.advance(QPoint(0, 0), 2)
    assert glance.look == (6, 0)
    assert glance.next_change(2) is not None
    assert glance.next_change(2 + REST_SECONDS) is None
    assert glance.look == (6, 0)


def test_a_far_pointer_is_not_asked_for_again_at_once() -> None:
    asked = []

    def pointer() -> QPoint:
        asked.append(1)
        return QPoint(5000, 0)

    glance = Glance(pointer)
    for tenth in range(20):
        glance.advance(QPoint(0, 0), tenth / 10)
    assert len(asked) == 2
