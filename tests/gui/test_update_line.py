"""Whether there is a newer version, as windows and menu tell it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.update_line import UpdateLine

LINK = "https://github.com/someone/alisa/releases/tag/v0.2.0"
NEWER = Update(Freshness.NEWER, "0.2.0", LINK, "Hats.\n<b>More</b> hats.")


@pytest.fixture
def updates(qtbot: QtBot, bridge: Bridge) -> UpdateLine:
    shown = UpdateLine(bridge)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_every_state_has_words_of_its_own(updates: UpdateLine, bridge: Bridge) -> None:
    assert updates.sentence.text() == "Not asked yet."
    bridge.show_update(Update(Freshness.CHECKING))
    assert updates.sentence.text() == "Asking…"
    assert not updates.check.isEnabled()
    bridge.show_update(Update(Freshness.CURRENT))
    assert updates.sentence.text() == "This is the latest version."
    assert updates.check.isEnabled()
    bridge.show_update(Update(Freshness.FAILED, trouble="I couldn't ask {version}. Try again later."))
    assert updates.sentence.text() == "I couldn't ask {version}. Try again later."
    assert updates.link.isHidden()
    assert updates.notes.isHidden()


def test_a_newer_version_has_a_link_and_notes_that_are_plain(
    updates: UpdateLine, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: opened.append(url.toString()) or True)
    bridge.show_update(NEWER)
    assert updates.sentence.text() == "Version 0.2.0 is out."
    assert updates.notes.text() == NEWER.notes
    assert updates.notes.textFormat() is Qt.TextFormat.PlainText
    assert updates.sentence.textFormat() is Qt.TextFormat.PlainText
    updates.link.click()
    assert opened == [LINK]
    bridge.show_update(Update(Freshness.NEWER, "0.2.0"))
    assert updates.link.isHidden()


def test_the_button_asks(updates: UpdateLine, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.update_requested):
        updates.check.click()


def test_the_menu_leads_to_a_newer_version(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> None:
    menu = AlisaMenu(bridge, ThemeWatcher(qapp))
    qtbot.addWidget(menu)
    assert not [action for action in menu.actions() if action.isVisible() and "is out" in action.text()]
    bridge.show_update(NEWER)
    (action,) = [action for action in menu.actions() if action.isVisible() and "is out" in action.text()]
    assert action.text() == "Version 0.2.0 is out…"
    with qtbot.waitSignal(menu.about_requested):
        action.trigger()
