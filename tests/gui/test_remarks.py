"""What she says unasked: in the bubble, on her face, in the tray."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from alisa_desktop.core import events
from alisa_desktop.core.messages import Emotion, Outcome, Turn
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.mood import HOLD_SECONDS, Mood
from alisa_desktop.ui.motion import LONGEST_SAYING, MOUTH_AHEAD, MOUTH_SECONDS, Mouth
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.tray import Tray
from alisa_desktop.ui.tray_icon import TrayFaces

ICONS = Path(__file__).parents[2] / "resources" / "icons"
NOW = datetime.now(UTC) - timedelta(hours=1)
WORDS = "You have been at it for **two hours**. Not that I counted."


def remark(bridge: Bridge, text: str = WORDS, turn: str = "r1") -> None:
    bridge.deliver(events.Remarked(turn, text, Emotion.TEASING))


def speak(bridge: Bridge, turn: str = "1") -> None:
    bridge.deliver(events.UserSpoke(turn, "Hello", NOW))


def finish(bridge: Bridge, turn: str = "1", text: str = "Hmph.") -> None:
    bridge.deliver(events.ReplyFinished(turn, Emotion.HAPPY, Outcome.DONE, text, "", 1, 1.0))


def stored(number: int, at: datetime = NOW) -> Turn:
    return Turn(f"t{number}", f"Question {number}", f"Answer {number}", Emotion.CALM, "default", "m", at)


def shown(bubble: Bubble) -> list[str]:
    return [one.reply.text for one in bubble.transcript.exchanges]


# in the bubble


def test_it_is_a_reply_of_hers_with_no_words_of_the_user_above(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    remark(bridge)
    assert bubble.isVisible()
    assert not bubble.isActiveWindow()
    (one,) = bubble.transcript.exchanges
    assert one.is_remark
    assert one.words.words.isHidden()
    assert one.reply.passages[0].isVisible()
    assert one.reply.dots.isHidden()
    assert bridge.speaking_turn == ""
    assert bubble.composer.text == ""


def test_it_can_be_copied_but_not_answered_again(bubble: Bubble, bridge: Bridge) -> None:
    speak(bridge)
    finish(bridge)
    below = bubble.transcript.afterwards
    assert not below.again.isHidden()
    remark(bridge)
    assert not below.isHidden()
    assert not below.copy.isHidden()
    assert below.again.isHidden()
    speak(bridge, "2")
    finish(bridge, "2")
    assert not below.again.isHidden()


def test_the_last_reply_is_still_answered_again_in_its_place(bubble: Bubble, bridge: Bridge) -> None:
    speak(bridge)
    finish(bridge)
    remark(bridge)
    bridge.deliver(events.UserSpoke("1", "Hello", NOW, again=True))
    finish(bridge, text="Again.")
    assert shown(bubble) == ["Again.", WORDS]


def test_while_a_reply_streams_neither_is_lost(bubble: Bubble, bridge: Bridge) -> None:
    speak(bridge)
    bridge.deliver(events.ReplyText("1", "Well"))
    remark(bridge)
    bridge.deliver(events.ReplyText("1", ", then."))
    finish(bridge, text="Well, then.")
    assert shown(bubble) == [WORDS, "Well, then."]


def test_it_stays_in_its_place_when_the_day_is_shown_anew(bubble: Bubble, bridge: Bridge) -> None:
    remark(bridge)
    later = datetime.now(UTC) + timedelta(minutes=1)
    bridge.today_loaded.emit([stored(1), stored(2, later)])
    assert shown(bubble) == ["Answer 1", WORDS, "Answer 2"]
    bridge.today_loaded.emit([stored(1)])
    assert shown(bubble) == ["Answer 1", WORDS]


def test_it_goes_when_all_is_forgotten(bubble: Bubble, bridge: Bridge) -> None:
    remark(bridge)
    bridge.today_loaded.emit([])
    assert shown(bubble) == [WORDS], "the first look at an empty day forgets nothing"
    bridge.today_loaded.emit([stored(1)])
    bridge.today_loaded.emit([])
    assert shown(bubble) == []


def test_it_does_not_pull_the_reader_down(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    bridge.today_loaded.emit([stored(number) for number in range(30)])
    bubble.open_for_typing()
    bar = bubble.transcript.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 100)
    bar.setValue(bar.maximum() // 2)
    remark(bridge)
    qtbot.waitUntil(bubble.transcript.new_words.isVisible)


def test_it_is_drawn_in_the_other_theme_too(bubble: Bubble, bridge: Bridge, watcher: ThemeWatcher) -> None:
    from alisa_desktop.ui.theme import dark

    remark(bridge)
    watcher.changed.emit(dark)
    assert shown(bubble) == [WORDS]
    assert bubble.transcript.exchanges[0].words.words.isHidden()


# on her face and in the tray


@pytest.fixture
def tray(bridge: Bridge, watcher: ThemeWatcher, qtbot: QtBot) -> Iterator[Tray]:
    menu = AlisaMenu(bridge, watcher)
    qtbot.addWidget(menu)
    tray = Tray(bridge, menu, ICONS, available=lambda: False)
    yield tray
    tray.close()


def test_her_feeling_shows_for_a_while() -> None:
    mood = Mood(Emotion.CALM)
    mood.remarked(Emotion.TEASING, 100.0)
    assert (mood.emotion, mood.state) == (Emotion.TEASING, "")
    mood.advance(100.0 + HOLD_SECONDS)
    assert mood.emotion is Emotion.CALM


def test_a_reply_under_way_keeps_her_face() -> None:
    mood = Mood()
    mood.spoke(1.0)
    mood.feel(Emotion.SAD)
    mood.remarked(Emotion.TEASING, 2.0)
    mood.finished(Emotion.SAD, 3.0)
    assert mood.emotion is Emotion.SAD


def test_the_tray_shows_it_too(tray: Tray, bridge: Bridge) -> None:
    icon = tray.findChild(QSystemTrayIcon)
    assert icon is not None
    remark(bridge)
    teasing = TrayFaces(ICONS).icon(Emotion.TEASING, "")
    assert icon.icon().pixmap(64, 64).toImage() == teasing.pixmap(64, 64).toImage()


def moves(mouth: Mouth) -> tuple[int, float]:
    """How often it opens until it is done, and when that is (s)."""
    moved, now = 0, 0.0
    while (due := mouth.next_change()) is not None:
        now = due
        mouth.advance(now)
        moved += bool(mouth.shape)
    return moved, now


def test_her_mouth_says_all_of_it() -> None:
    mouth = Mouth(Random(1))
    mouth.say("banana " * 10, 0.0)
    moved, until = moves(mouth)
    assert moved == 30
    assert until > MOUTH_AHEAD * MOUTH_SECONDS * 2


def test_her_mouth_does_not_go_on_for_ever() -> None:
    mouth = Mouth(Random(1))
    mouth.say("a " * 5000, 0.0)
    assert moves(mouth)[0] == LONGEST_SAYING


def test_words_that_stream_still_keep_her_mouth_near_them() -> None:
    mouth = Mouth(Random(1))
    mouth.feed("banana " * 100, 0.0)
    assert moves(mouth)[0] == MOUTH_AHEAD
