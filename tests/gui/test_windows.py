"""All windows together: where new ones open, who makes way, and what typing on her does."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.host.paths import resources
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.brain_window import BrainWindow
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.consent_window import ConsentWindow
from alisa_desktop.ui.model_window import ModelWindow
from alisa_desktop.ui.setting_extras import BrainDoor
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.welcome_window import WelcomeWindow
from alisa_desktop.ui.windows import Windows


@pytest.fixture
def windows(qapp: QApplication, bridge: Bridge) -> Iterator[Windows]:
    windows = Windows(qapp, bridge, Settings(avatar_height=96), resources(), None)
    windows.show_avatar({})
    windows.furnish()
    yield windows
    windows.close()
    windows.deleteLater()


def opened(windows: Windows) -> QWidget:
    known = (windows.avatar, windows.bubble)
    return next(window for window in QApplication.topLevelWidgets() if window.isVisible() and window not in known)


@pytest.mark.parametrize("name", ["settings", "history", "about", "model"])
def test_a_window_opens_inside_of_the_screen(windows: Windows, name: str) -> None:
    getattr(windows, f"open_{name}")()
    screen = QGuiApplication.primaryScreen().availableGeometry()
    assert screen.contains(opened(windows).geometry())


def test_settings_of_the_model_open_there_also_when_they_are_open_elsewhere(windows: Windows) -> None:
    windows.open_settings()
    settings = opened(windows)
    groups = settings.findChild(QListWidget)
    assert groups is not None
    groups.setCurrentRow(groups.count() - 1)
    windows.open_settings()
    assert groups.currentRow() == groups.count() - 1
    windows.choose_model()
    assert groups.currentItem().text() == "Model"
    assert opened(windows) is settings


def test_model_status_leads_to_the_chooser(windows: Windows) -> None:
    windows.bubble.model_requested.emit()
    window = opened(windows)
    assert isinstance(window, ModelWindow)
    window.choose_requested.emit()
    assert is_open(BrainWindow)


def is_open(kind: type[QWidget]) -> bool:
    return any(isinstance(other, kind) and other.isVisible() for other in QApplication.topLevelWidgets())


def test_the_hint_leads_to_the_chooser_and_the_chooser_to_the_settings_of_a_server(windows: Windows) -> None:
    windows.bubble.settings_requested.emit()
    window = opened(windows)
    assert isinstance(window, BrainWindow)
    window.servers.elsewhere.click()
    assert is_open(SettingsWindow)


def test_the_settings_lead_to_the_chooser(windows: Windows) -> None:
    windows.choose_model()
    door = opened(windows).findChild(BrainDoor)
    assert door is not None and door.isVisible()
    door.button.click()
    assert is_open(BrainWindow)


def test_the_welcome_leads_on_and_is_seen_once(windows: Windows, bridge: Bridge) -> None:
    seen: list[bool] = []
    bridge.welcome_seen.connect(lambda: seen.append(True))
    windows.welcome()
    window = opened(windows)
    assert isinstance(window, WelcomeWindow)
    window.brain.have.click()
    assert not window.isVisible() and is_open(BrainWindow)
    windows.welcome()
    welcomes = [other for other in QApplication.topLevelWidgets() if isinstance(other, WelcomeWindow)]
    another = next(welcome for welcome in welcomes if welcome.isVisible())
    another.eyes.allow.click()
    assert is_open(ConsentWindow)
    assert seen == [True, True]


def test_the_bubble_makes_way_for_a_window(windows: Windows) -> None:
    windows.bubble.appear()
    windows.open_history()
    assert not windows.bubble.isVisible()


def test_a_bubble_with_words_in_it_stays(windows: Windows, qtbot: QtBot) -> None:
    windows.bubble.open_for_typing()
    qtbot.keyClicks(windows.bubble.composer.field, "wait")
    windows.open_history()
    assert windows.bubble.isVisible()


def test_a_bubble_that_is_not_in_the_way_stays(windows: Windows) -> None:
    windows.bubble.appear()
    windows.bubble.make_way(QRect(windows.bubble.geometry().bottomRight() + QPoint(5, 5), windows.bubble.size()))
    assert windows.bubble.isVisible()


def test_words_typed_on_her_go_into_the_bubble(windows: Windows, qtbot: QtBot) -> None:
    qtbot.keyClicks(windows.avatar, "Hi")
    assert windows.bubble.isVisible()
    assert windows.bubble.composer.text == "Hi"
    qtbot.keyClick(windows.avatar, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert windows.bubble.composer.text == "Hi"


def test_the_bubble_stands_beside_where_she_was_put_not_where_qt_thinks_she_is(windows: Windows) -> None:
    place = windows.avatar.pos()
    windows.avatar.hide()
    windows.avatar.show()  # she is just appearing, however long ago she was made
    told: list[QRect] = []
    windows.avatar.outline_changed.connect(told.append)
    windows.avatar.move(0, 0)  # what Qt is told now and then while a window manager takes the window over
    assert told
    assert {rect.topLeft().toTuple() for rect in told} == {place.toTuple()}


@pytest.fixture
def hidden(qapp: QApplication, bridge: Bridge) -> Iterator[Windows]:
    windows = Windows(qapp, bridge, Settings(avatar_height=96), resources(), None, hidden=True)
    windows.show_avatar({})
    windows.furnish()
    yield windows
    windows.close()
    windows.deleteLater()


def test_started_hidden_the_first_click_in_the_tray_shows_her(hidden: Windows, qtbot: QtBot) -> None:
    assert not hidden.avatar.isVisible()
    assert not hidden.bubble.isVisible()
    with qtbot.waitSignal(hidden.appeared):
        hidden.tray.toggled.emit()
    assert hidden.avatar.isVisible()
    assert hidden.bubble.isVisible()
    hidden.tray.toggled.emit()
    assert not hidden.bubble.isVisible()
    assert hidden.avatar.isVisible()


def test_started_hidden_without_a_tray_she_is_not_lost(hidden: Windows, qtbot: QtBot) -> None:
    with qtbot.waitSignal(hidden.appeared):
        hidden.tray.missed.emit()
    assert hidden.avatar.isVisible()
    assert hidden.menu.actions()[-2].text() == "Hide &Alisa"
    assert not hidden.bubble.isVisible(), "nobody asked for it"


def test_who_is_called_before_there_is_a_bubble_comes_as_soon_as_there_is(qapp: QApplication, bridge: Bridge) -> None:
    windows = Windows(qapp, bridge, Settings(avatar_height=96), resources(), None, hidden=True)
    windows.show_avatar({})
    windows.come_forward()
    windows.furnish()
    assert windows.avatar.isVisible()
    assert windows.bubble.isVisible()
    windows.close()
    windows.deleteLater()
