"""The field that takes a key combination."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.key_field import KeyField
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.theme import ThemeWatcher

Key, Held = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> Iterator[SettingsWindow]:
    window = SettingsWindow(bridge, ThemeWatcher(qapp), Settings())
    qtbot.addWidget(window)
    window.show_group("Eyes")
    with qtbot.waitActive(window):
        window.show()
    field(window).setFocus()
    return window


def field(window: SettingsWindow) -> KeyField:
    found = window.rows["look_hotkey"].editor.findChild(KeyField)
    assert found is not None
    return found


def value(window: SettingsWindow) -> object:
    return window.rows["look_hotkey"].editor.value()


def test_pressed_keys_become_portable_text(window: SettingsWindow, qtbot: QtBot) -> None:
    assert value(window) == "Ctrl+Alt+L"
    qtbot.keyClick(field(window), Key.Key_F9, Held.ControlModifier | Held.ShiftModifier)
    assert value(window) == "Ctrl+Shift+F9"
    qtbot.keyClick(field(window), Key.Key_K, Held.AltModifier)
    assert value(window) == "Alt+K"


@pytest.mark.parametrize("key", [Key.Key_Backspace, Key.Key_Delete])
def test_it_can_be_cleared(window: SettingsWindow, bridge: Bridge, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(field(window), key)
    assert value(window) == ""
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        window.apply()
    assert edited.args == [Settings(look_hotkey="")]


@pytest.mark.parametrize(
    ("key", "held", "refused"),
    [
        (Key.Key_L, Held.NoModifier, True),
        (Key.Key_L, Held.ShiftModifier, True),
        (Key.Key_L, Held.MetaModifier, False),
        (Key.Key_F12, Held.NoModifier, False),
    ],
)
def test_plain_keys_are_refused_with_a_sentence(
    window: SettingsWindow, qtbot: QtBot, key: Qt.Key, held: Qt.KeyboardModifier, refused: bool
) -> None:
    qtbot.keyClick(field(window), key, held)
    assert window.apply() is not refused
    assert window.rows["look_hotkey"].mistake.startswith("Hold") is refused


def test_escape_enter_and_tab_belong_to_the_window(window: SettingsWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(field(window), Key.Key_Tab)
    assert not field(window).hasFocus()
    field(window).setFocus()
    qtbot.keyClick(field(window), Key.Key_Escape)
    assert not window.isVisible()
    assert value(window) == "Ctrl+Alt+L"


def test_it_says_what_to_do_when_it_has_the_keyboard(window: SettingsWindow, qtbot: QtBot) -> None:
    line = field(window).findChild(QLineEdit)
    assert line is not None
    assert line.placeholderText() == "Press the keys…"
    assert line.property("ring")
    qtbot.keyClick(field(window), Key.Key_Tab)
    assert line.placeholderText() == "None"
    assert not line.property("ring")


def test_text_that_spells_no_keys_shows_none(window: SettingsWindow) -> None:
    window.rows["look_hotkey"].editor.set_value("Ctrl+Nonsense")
    assert value(window) == ""
