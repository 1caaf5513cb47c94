"""The bubble's hint at bigger models: once, quietly, and never again."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import ReplyFinished, UserSpoke
from alisa_desktop.core.messages import Emotion, Outcome
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.theme import ThemeWatcher

Opener = Callable[..., Bubble]


@pytest.fixture
def kept(bridge: Bridge) -> list[Settings]:
    """What was handed on to be kept; it comes back to the windows as from the engine."""
    edited: list[Settings] = []
    bridge.settings_edited.connect(edited.append)
    bridge.settings_edited.connect(bridge.settings_changed)
    return edited


@pytest.fixture
def opened(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher, icons: Icons) -> Opener:
    def open_bubble(settings: Settings) -> Bubble:
        bubble = Bubble(bridge, watcher, icons, settings)
        qtbot.addWidget(bubble)
        return bubble

    return open_bubble


def talk(bridge: Bridge, turn: str = "1", outcome: Outcome = Outcome.DONE, tokens: int = 5) -> None:
    bridge.deliver(UserSpoke(turn, "Hello", datetime(2026, 5, 4, tzinfo=UTC)))
    bridge.deliver(ReplyFinished(turn, Emotion.HAPPY, outcome, "Hmph.", "", tokens, 1.0))


def test_it_comes_after_the_first_reply_and_that_is_kept(bubble: Bubble, bridge: Bridge, kept: list[Settings]) -> None:
    bubble.open_for_typing()
    assert not bubble.hint.isVisible()
    before = bubble.height()
    talk(bridge)
    assert bubble.hint.isVisible()
    assert kept == [Settings(starter_hint_shown=True)]
    assert bubble.transcript.geometry().bottom() < bubble.hint.y() < bubble.composer.y()
    assert bubble.height() > before


def test_it_stays_while_she_answers_and_goes_when_she_has(bubble: Bubble, bridge: Bridge, kept: list[Settings]) -> None:
    talk(bridge)
    talk(bridge)  # the same words once more
    assert bubble.hint.isVisible()
    bridge.deliver(UserSpoke("2", "And?", datetime(2026, 5, 4, tzinfo=UTC)))
    assert bubble.hint.isVisible()
    talk(bridge, "2")
    assert not bubble.hint.isVisible()
    talk(bridge, "3")
    assert not bubble.hint.isVisible()
    assert len(kept) == 1


@pytest.mark.parametrize("way", ["choose", "explain", "cross"])
def test_every_way_out_is_for_good_and_leaves_the_keyboard_in_the_line(
    bubble: Bubble, bridge: Bridge, kept: list[Settings], qtbot: QtBot, way: str
) -> None:
    bubble.open_for_typing()
    talk(bridge)
    button = getattr(bubble.hint, way)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert not bubble.hint.isVisible()
    qtbot.waitUntil(bubble.composer.field.hasFocus)
    talk(bridge, "2")
    assert not bubble.hint.isVisible()


def test_its_buttons_lead_to_the_settings_and_to_the_model(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    talk(bridge)
    with qtbot.waitSignal(bubble.settings_requested), qtbot.assertNotEmitted(bubble.model_requested):
        bubble.hint.choose.click()
    bridge.settings_changed.emit(Settings())
    talk(bridge, "2")
    with qtbot.waitSignal(bubble.model_requested), qtbot.assertNotEmitted(bubble.settings_requested):
        bubble.hint.explain.click()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(starter_hint_shown=True),
        Settings(model_source=ModelSource.FILE),
        Settings(model_source=ModelSource.SERVER),
    ],
)
def test_not_when_it_was_shown_nor_with_another_model(
    opened: Opener, bridge: Bridge, kept: list[Settings], settings: Settings
) -> None:
    bubble = opened(settings)
    talk(bridge)
    assert not bubble.hint.isVisible()
    assert kept == []


@pytest.mark.parametrize(("outcome", "tokens"), [(Outcome.FAILED, 5), (Outcome.STOPPED, 5), (Outcome.DONE, 0)])
def test_not_after_words_that_are_not_a_whole_reply_of_the_model(
    bubble: Bubble, bridge: Bridge, kept: list[Settings], outcome: Outcome, tokens: int
) -> None:
    talk(bridge, outcome=outcome, tokens=tokens)  # no tokens: the answer in a crisis is not the model's
    assert not bubble.hint.isVisible()
    assert kept == []


def test_it_goes_when_another_model_is_chosen(bubble: Bubble, bridge: Bridge) -> None:
    talk(bridge)
    bridge.settings_changed.emit(Settings(starter_hint_shown=True, model_source=ModelSource.FILE))
    assert not bubble.hint.isVisible()


def test_the_pin_keeps_that_it_was_shown(bubble: Bubble, bridge: Bridge, kept: list[Settings]) -> None:
    talk(bridge)
    bubble.header.pin.click()
    assert kept[-1] == Settings(starter_hint_shown=True, bubble_pinned=True)


def test_tab_reaches_it_between_the_talk_and_the_line(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    talk(bridge)
    bubble.open_for_typing()
    qtbot.waitUntil(bubble.composer.field.hasFocus)
    bubble.transcript.afterwards.again.setFocus()
    seen = []
    for _ in range(4):
        qtbot.keyClick(bubble.focusWidget(), Qt.Key.Key_Tab)
        seen.append(bubble.focusWidget())
    assert seen == [bubble.hint.choose, bubble.hint.explain, bubble.hint.cross, bubble.composer.field]


def test_everything_in_it_has_a_name(bubble: Bubble) -> None:
    hint = bubble.hint
    assert hint.accessibleName() and hint.cross.accessibleName()
    for button in (hint.choose, hint.explain):
        assert button.text() and button.accessibleDescription() == hint.sentence.text()


def test_it_fits_into_the_narrowest_bubble(bubble: Bubble) -> None:
    assert bubble.hint.minimumSizeHint().width() <= 280 - 2 * bubble.theme.space_m
    assert bubble.hint.fit(256) >= bubble.hint.fit(500)
