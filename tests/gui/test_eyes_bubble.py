"""The eye beside the send button."""

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QRect, Qt
from pytestqt.qtbot import QtBot

from alisa_desktop.conversation.commands import Refused
from alisa_desktop.core.events import EyesChanged
from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.times import clock_time

LATER = datetime.now(UTC) + timedelta(hours=1)


def eyes(bridge: Bridge, *status: object) -> None:
    bridge.deliver(EyesChanged(EyesStatus(*status)))  # type: ignore[arg-type]


@pytest.fixture
def opened(bubble: Bubble, bridge: Bridge, qtbot: QtBot) -> Bubble:
    eyes(bridge, Consent.ASK, Gaze.OPEN)
    with qtbot.waitActive(bubble):
        bubble.open_for_typing()
    return bubble


def test_it_is_there_when_she_may_look(bubble: Bubble, bridge: Bridge) -> None:
    eye = bubble.composer.eye
    assert eye.isHidden()
    eyes(bridge, Consent.ASK, Gaze.OPEN)
    assert not eye.isHidden()
    assert (eye.accessibleName(), eye.toolTip()) == (
        "Look at my screen and answer",
        "Look at my screen and answer (Ctrl+L)",
    )
    eyes(bridge, Consent.OFF, Gaze.CLOSED)
    assert eye.isHidden()


def test_it_stands_between_the_words_and_the_send_button(opened: Bubble, bridge: Bridge) -> None:
    composer = opened.composer
    field, eye, send = composer.field.geometry(), composer.eye.geometry(), composer.button.geometry()
    assert field.right() < eye.left() < eye.right() < send.left()
    assert eye.top() == send.top()
    eyes(bridge, Consent.OFF, Gaze.CLOSED)
    assert composer.field.geometry().right() > field.right()
    assert not composer.field.geometry().intersects(QRect(send))


def test_a_click_looks_with_what_is_written(opened: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    qtbot.keyClicks(opened.composer.field, " what is this? ")
    with qtbot.waitSignal(bridge.look_requested) as look, qtbot.assertNotEmitted(bridge.submitted):
        qtbot.mouseClick(opened.composer.eye, Qt.MouseButton.LeftButton)
    assert look.args == ["what is this?"]
    assert opened.composer.text == ""
    qtbot.keyClick(opened.composer.field, Qt.Key.Key_Up)
    assert opened.composer.text == "what is this?"


def test_nothing_need_be_written(opened: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.look_requested) as look:
        qtbot.mouseClick(opened.composer.eye, Qt.MouseButton.LeftButton)
    assert look.args == [""]


def test_the_keys_do_the_same(opened: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.look_requested):
        qtbot.keyClick(opened.composer.field, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)


def test_the_keys_ask_for_the_permission_where_there_is_none(opened: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    eyes(bridge, Consent.OFF, Gaze.CLOSED)
    with qtbot.waitSignal(opened.permission_requested), qtbot.assertNotEmitted(bridge.look_requested):
        opened.look()


def test_words_of_a_look_that_is_refused_stay(opened: Bubble, bridge: Bridge) -> None:
    bridge.look_requested.connect(lambda _: bridge.answer(Refused("Not while I'm asleep.")))
    opened.composer.field.insertPlainText("look")
    opened.look()
    assert opened.composer.text == "look"
    assert opened.notice.text() == "Not while I'm asleep."


def test_while_paused_it_is_off_and_says_until_when(opened: Bubble, bridge: Bridge, qtbot: QtBot) -> None:
    eyes(bridge, Consent.ASK, Gaze.PAUSED, LATER)
    eye = opened.composer.eye
    assert not eye.isEnabled()
    assert eye.toolTip() == eye.accessibleDescription() == f"Her eyes are paused until {clock_time(LATER)}"
    with qtbot.assertNotEmitted(bridge.look_requested):
        opened.look()


def test_a_trouble_is_its_tip_where_she_sees_nothing(opened: Bubble, bridge: Bridge) -> None:
    eyes(bridge, Consent.ASK, Gaze.CLOSED, None, "I can't see this desktop.")
    eye = opened.composer.eye
    assert (eye.isEnabled(), eye.toolTip()) == (False, "I can't see this desktop.")


def test_each_state_has_its_own_picture(opened: Bubble, bridge: Bridge) -> None:
    eye = opened.composer.eye
    pictures = []
    for gaze in (Gaze.OPEN, Gaze.PAUSED, Gaze.LOOKING):
        eyes(bridge, Consent.ASK, gaze, LATER)
        pictures.append(eye.icon().pixmap(18, 18).toImage())
    assert pictures[0] != pictures[1] != pictures[2] != pictures[0]


def test_tab_goes_from_the_words_to_the_eye_and_to_send(opened: Bubble, qtbot: QtBot) -> None:
    opened.composer.field.insertPlainText("x")
    qtbot.keyClick(opened.composer.field, Qt.Key.Key_Tab)
    assert opened.composer.eye.hasFocus()
    qtbot.keyClick(opened.composer.eye, Qt.Key.Key_Tab)
    assert opened.composer.button.hasFocus()
