"""Everybody hears everything, in one order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import Event, NoticeRaised, SpeechEnded, SpeechStarted

ONE, TWO, THREE = SpeechStarted("one"), SpeechEnded("two"), NoticeRaised("three")


def test_all_hear_all_in_order() -> None:
    bus = EventBus()
    left: list[Event] = []
    right: list[Event] = []
    bus.subscribe(left.append)
    bus.subscribe(right.append)
    for event in (ONE, TWO):
        bus.publish(event)
    assert left == right == [ONE, TWO]


def test_what_a_subscriber_publishes_comes_after_for_everybody() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(lambda event: bus.publish(TWO) if event is ONE else None)
    bus.subscribe(heard.append)
    bus.publish(ONE)
    bus.publish(THREE)
    assert heard == [ONE, TWO, THREE]


def test_a_subscriber_that_fails_silences_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise ValueError("bug")

    bus.subscribe(fail)
    bus.subscribe(heard.append)
    bus.publish(ONE)
    assert heard == [ONE]
    assert "SpeechStarted" in caplog.text


def test_who_leaves_hears_no_more_not_even_the_event_under_way() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(lambda _: leave())
    leave = bus.subscribe(heard.append)
    bus.publish(ONE)
    bus.publish(TWO)
    assert heard == []


def test_leaving_twice_takes_nobody_elses_place() -> None:
    bus = EventBus()
    heard: list[Event] = []
    leave = bus.subscribe(heard.append)
    bus.subscribe(heard.append)
    leave()
    leave()
    bus.publish(ONE)
    assert heard == [ONE]


def test_who_comes_during_an_event_hears_the_next() -> None:
    bus = EventBus()
    heard: list[Event] = []
    bus.subscribe(lambda event: bus.subscribe(heard.append) and None if event is ONE else None)
    bus.publish(ONE)
    bus.publish(TWO)
    assert heard == [TWO]


def test_an_interruption_loses_no_event() -> None:
    bus = EventBus()
    heard: list[Event] = []

    def interrupt(event: Event) -> None:
        if event is ONE:
            bus.publish(TWO)
            raise KeyboardInterrupt

    bus.subscribe(interrupt)
    bus.subscribe(heard.append)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(ONE)
    bus.publish(THREE)
    assert heard == [TWO, THREE]


@given(st.lists(st.integers(0, 3), max_size=12))
def test_one_order_for_all_however_events_cause_events(script: list[int]) -> None:
    bus = EventBus()
    left: list[Event] = []
    right: list[Event] = []
    waiting = list(script)

    def cause(_: Event) -> None:
        for _ in range(waiting.pop() if waiting else 0):
            bus.publish(NoticeRaised(str(len(waiting))))

    for handler in (left.append, cause, right.append):
        bus.subscribe(handler)
    bus.publish(ONE)
    assert left == right
