"""The part of her menu that is about her eyes."""

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import EyesChanged
from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.times import clock_time

LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def menu(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> AlisaMenu:
    menu = AlisaMenu(bridge, ThemeWatcher(qapp))
    qtbot.addWidget(menu)
    return menu


def eyes(bridge: Bridge, *status: object) -> None:
    bridge.deliver(EyesChanged(EyesStatus(*status)))  # type: ignore[arg-type]


def entry(menu: QMenu, words: str) -> QAction:
    return next(action for action in menu.actions() if words in action.text().replace("&", ""))


def checked(menu: AlisaMenu) -> list[str]:
    return [action.text() for action in menu.eyes.actions() if action.isChecked()]


def test_one_of_three_is_marked_and_choosing_is_a_wish_until_it_is_true(menu: AlisaMenu, bridge: Bridge, qtbot: QtBot):
    assert checked(menu) == ["Never"]
    with qtbot.waitSignal(menu.eyes.consent_chosen) as wish, qtbot.assertNotEmitted(bridge.consent_requested):
        entry(menu.eyes, "Stay aware").trigger()
    assert wish.args == [Consent.AWARE]
    assert checked(menu) == ["Never"]
    eyes(bridge, Consent.AWARE, Gaze.OPEN)
    assert checked(menu) == ["Stay aware"]


@pytest.mark.parametrize(
    ("consent", "gaze", "enabled"),
    [
        (Consent.OFF, Gaze.CLOSED, True),  # it asks for the permission then
        (Consent.ASK, Gaze.OPEN, True),
        (Consent.ASK, Gaze.CLOSED, False),
        (Consent.AWARE, Gaze.PAUSED, False),
        (Consent.AWARE, Gaze.LOOKING, False),
    ],
)
def test_a_look_is_offered_when_there_can_be_one(
    menu: AlisaMenu, bridge: Bridge, consent: Consent, gaze: Gaze, enabled: bool
) -> None:
    eyes(bridge, consent, gaze, LATER)
    assert entry(menu, "Look now").isEnabled() is enabled


def test_look_now_says_so(menu: AlisaMenu, qtbot: QtBot) -> None:
    with qtbot.waitSignal(menu.look_now_requested):
        entry(menu, "Look now").trigger()


def test_a_pause_begins_and_ends_with_one_click(menu: AlisaMenu, bridge: Bridge, qtbot: QtBot) -> None:
    assert not entry(menu.eyes, "Pause for an hour").isEnabled()
    eyes(bridge, Consent.AWARE, Gaze.OPEN)
    with qtbot.waitSignal(bridge.pause_requested) as wish:
        entry(menu.eyes, "Pause for an hour").trigger()
    assert wish.args == [True]
    eyes(bridge, Consent.AWARE, Gaze.PAUSED, LATER)
    assert entry(menu, "Eyes").text() == f"&Eyes (paused until {clock_time(LATER)})"
    with qtbot.waitSignal(bridge.pause_requested) as wish:
        entry(menu.eyes, f"Open again (paused until {clock_time(LATER)})").trigger()
    assert wish.args == [False]


def test_what_she_saw_is_asked_for(menu: AlisaMenu, qtbot: QtBot) -> None:
    with qtbot.waitSignal(menu.eyes.ledger_requested):
        entry(menu.eyes, "What she saw").trigger()


def test_a_trouble_is_told_in_a_line_and_in_full_in_its_tip(menu: AlisaMenu, bridge: Bridge) -> None:
    assert not any("can't" in action.text() for action in menu.eyes.actions())
    trouble = "I can't read what windows say here & now: your desktop keeps it from me, ask it for more."
    eyes(bridge, Consent.ASK, Gaze.OPEN, None, trouble)
    told = entry(menu.eyes, "I can't read")
    assert (told.isVisible(), told.isEnabled(), told.toolTip()) == (True, False, trouble)
    assert len(told.text().replace("&&", "&")) == 64
    eyes(bridge, Consent.ASK, Gaze.OPEN)
    assert not told.isVisible()


def test_every_entry_has_a_key_of_its_own(menu: AlisaMenu) -> None:
    for part in (menu, menu.eyes):
        keys = [QKeySequence.mnemonic(action.text()).toString() for action in part.actions() if action.isVisible()]
        keys = [key for key in keys if key]
        assert len(keys) == len(set(keys)) >= 2
