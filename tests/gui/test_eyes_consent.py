"""Her eyes open only after it was explained what they see: the explanation, and every way to it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import EyesChanged
from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.host.paths import resources
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.consent_window import EXPLANATION, ConsentWindow, away_words
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.ledger_window import LedgerWindow
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.theme import ThemeWatcher, dark
from alisa_desktop.ui.windows import Windows


@pytest.fixture
def window(qtbot: QtBot, watcher: ThemeWatcher, icons: Icons) -> ConsentWindow:
    window = ConsentWindow(watcher, icons, Settings())
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def windows(qapp: QApplication, bridge: Bridge) -> Iterator[Windows]:
    windows = Windows(qapp, bridge, Settings(avatar_height=96), resources(), None)
    windows.show_avatar({})
    windows.furnish()
    yield windows
    windows.close()
    windows.deleteLater()


class Eyes:
    """Answers the bridge as the engine would, and remembers what was wanted."""

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        self.granted: list[Consent] = []
        self.looks: list[str] = []
        self._bridge = bridge
        self._settings = settings
        bridge.consent_requested.connect(self._grant)
        bridge.look_requested.connect(self.looks.append)

    def _grant(self, consent: Consent) -> None:
        self.granted.append(consent)
        settings = self._settings.model_copy(update={"vision": consent, "vision_explained": True})
        self._bridge.settings_changed.emit(settings)
        gaze = Gaze.CLOSED if consent is Consent.OFF else Gaze.OPEN
        self._bridge.deliver(EyesChanged(EyesStatus(consent, gaze)))


@pytest.fixture
def eyes(windows: Windows, bridge: Bridge) -> Eyes:
    return Eyes(bridge, Settings(avatar_height=96))


def explanation() -> ConsentWindow | None:
    shown = (window for window in QApplication.topLevelWidgets() if window.isVisible())
    return next((window for window in shown if isinstance(window, ConsentWindow)), None)


def answer(consent: Consent) -> None:
    window = explanation()
    assert window is not None
    window.options[consent].click()
    press(window, "OK")


def press(window: ConsentWindow, words: str) -> None:
    next(button for button in window.findChildren(QPushButton) if button.text() == words).click()


def entry(windows: Windows, words: str) -> QAction:
    actions = [*windows.menu.actions(), *windows.menu.eyes.actions()]
    return next(action for action in actions if words in action.text().replace("&", ""))


def picker(window: SettingsWindow) -> QComboBox:
    combo = window.rows["vision"].editor.findChild(QComboBox)
    assert combo is not None
    return combo


def pick(window: SettingsWindow, consent: Consent) -> None:
    combo = picker(window)
    row = combo.findData(consent.value)
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


# the window


def test_it_tells_in_three_lines_and_offers_one_look_at_a_time_first(window: ConsentWindow) -> None:
    said = [label.text() for label in window.findChildren(QLabel)]
    assert len(EXPLANATION) == 3
    assert all(line in said and len(line) < 90 for _, line in EXPLANATION)
    assert window.focusWidget() is window.options[Consent.ASK]
    assert [consent for consent, option in window.options.items() if option.isChecked()] == [Consent.ASK]


@pytest.mark.parametrize("consent", Consent)
def test_the_choice_is_told_and_the_window_is_gone(window: ConsentWindow, qtbot: QtBot, consent: Consent) -> None:
    window.options[consent].click()
    with qtbot.waitSignal(window.chosen) as told:
        press(window, "OK")
    assert told.args == [consent]
    assert not window.isVisible()


def test_keys_choose_and_enter_is_ok(window: ConsentWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Down)
    assert window.focusWidget() is window.options[Consent.AWARE]
    with qtbot.waitSignal(window.chosen) as told:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    assert told.args == [Consent.AWARE]


@pytest.mark.parametrize("way", ["Escape", "Cancel", "close"])
def test_leaving_it_tells_nothing(window: ConsentWindow, qtbot: QtBot, way: str) -> None:
    with qtbot.assertNotEmitted(window.chosen), qtbot.waitSignal(window.rejected):
        if way == "Escape":
            qtbot.keyClick(window, Qt.Key.Key_Escape)
        elif way == "Cancel":
            press(window, "Cancel")
        else:
            window.close()
    assert not window.isVisible()


def test_a_choice_can_be_heard(window: ConsentWindow) -> None:
    assert all(option.text() and option.accessibleDescription() for option in window.options.values())


def test_a_server_elsewhere_is_told(qtbot: QtBot, watcher: ThemeWatcher, icons: Icons) -> None:
    far = Settings(model_source=ModelSource.SERVER, server_url="https://models.example.org/v1")
    near = Settings(model_source=ModelSource.SERVER, server_url="http://127.0.0.1:8080/v1")
    assert "models.example.org" in away_words(far)
    assert not away_words(near)
    assert not away_words(Settings())
    window = ConsentWindow(watcher, icons, far)
    qtbot.addWidget(window)
    assert away_words(far) in [label.text() for label in window.findChildren(QLabel)]


def test_it_changes_with_the_theme(window: ConsentWindow, watcher: ThemeWatcher) -> None:
    before = window.options[Consent.ASK].grab().toImage()
    watcher.theme = dark
    watcher.changed.emit(dark)
    assert window.options[Consent.ASK].grab().toImage() != before


# the ways to it


def test_the_menu_explains_the_first_time_and_not_again(windows: Windows, eyes: Eyes) -> None:
    entry(windows, "Stay aware").trigger()
    window = explanation()
    assert window is not None
    assert window.options[Consent.AWARE].isChecked()
    assert eyes.granted == []
    answer(Consent.ASK)
    assert eyes.granted == [Consent.ASK]
    entry(windows, "Stay aware").trigger()
    assert explanation() is None
    assert eyes.granted == [Consent.ASK, Consent.AWARE]


def test_never_where_it_is_never_is_no_answer_to_what_was_not_explained(windows: Windows, eyes: Eyes) -> None:
    entry(windows, "Never").trigger()
    assert eyes.granted == []
    entry(windows, "Only when I ask").trigger()
    assert explanation() is not None


def test_shutting_her_eyes_needs_no_explanation(windows: Windows, bridge: Bridge, eyes: Eyes) -> None:
    bridge.deliver(EyesChanged(EyesStatus(Consent.ASK, Gaze.OPEN)))
    entry(windows, "Never").trigger()
    assert explanation() is None
    assert eyes.granted == [Consent.OFF]


def test_look_now_asks_first_and_then_looks(windows: Windows, eyes: Eyes) -> None:
    entry(windows, "Look now").trigger()
    assert eyes.looks == []
    answer(Consent.ASK)
    assert (eyes.granted, eyes.looks) == ([Consent.ASK], [""])
    entry(windows, "Look now").trigger()
    assert explanation() is None
    assert eyes.looks == ["", ""]


def test_a_look_waits_for_eyes_that_open_later(windows: Windows, bridge: Bridge) -> None:
    looks: list[str] = []
    bridge.look_requested.connect(looks.append)
    entry(windows, "Look now").trigger()
    answer(Consent.ASK)
    assert looks == []
    bridge.deliver(EyesChanged(EyesStatus(Consent.ASK, Gaze.OPEN)))
    assert looks == [""]


@pytest.mark.parametrize("way", ["never", "cancel", "no sight"])
def test_a_look_that_was_not_allowed_never_happens_later(windows: Windows, bridge: Bridge, way: str) -> None:
    looks: list[str] = []
    bridge.look_requested.connect(looks.append)
    entry(windows, "Look now").trigger()
    window = explanation()
    assert window is not None
    if way == "cancel":
        window.reject()
    else:
        answer(Consent.OFF if way == "never" else Consent.ASK)
    if way == "no sight":
        bridge.deliver(EyesChanged(EyesStatus(Consent.ASK, Gaze.CLOSED, None, "I can't see this desktop.")))
    bridge.deliver(EyesChanged(EyesStatus(Consent.ASK, Gaze.OPEN)))
    assert looks == []


def test_the_keys_of_the_bubble_ask_first_and_then_look_with_what_is_written(windows: Windows, eyes: Eyes) -> None:
    windows.bubble.write("what is this?")
    windows.bubble.look()
    assert eyes.looks == []
    answer(Consent.AWARE)
    assert eyes.looks == ["what is this?"]
    assert windows.bubble.composer.text == ""


def test_the_ledger_leads_to_it(windows: Windows, eyes: Eyes) -> None:
    entry(windows, "What she saw").trigger()
    ledger = next(it for it in QApplication.topLevelWidgets() if isinstance(it, LedgerWindow) and it.isVisible())
    ledger.permission_requested.emit()
    answer(Consent.ASK)
    assert eyes.granted == [Consent.ASK]


# the settings


def opened_settings(windows: Windows) -> SettingsWindow:
    windows.open_settings("Eyes")
    return next(it for it in QApplication.topLevelWidgets() if isinstance(it, SettingsWindow) and it.isVisible())


def test_the_settings_explain_too_and_show_what_is_true(windows: Windows, bridge: Bridge, eyes: Eyes, qtbot: QtBot):
    window = opened_settings(windows)
    window.rows["avatar_height"].editor.set_value(160)
    with qtbot.assertNotEmitted(bridge.settings_edited):
        pick(window, Consent.AWARE)
    assert picker(window).currentText() == "Never"
    answer(Consent.AWARE)
    assert picker(window).currentText() == "Stay aware"
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        window.apply()
    assert edited.args == [Settings(avatar_height=160, vision=Consent.AWARE, vision_explained=True)]


def test_leaving_the_explanation_changes_nothing_in_the_settings(windows: Windows, eyes: Eyes) -> None:
    window = opened_settings(windows)
    pick(window, Consent.ASK)
    shown = explanation()
    assert shown is not None
    shown.reject()
    assert picker(window).currentText() == "Never"
    assert eyes.granted == []


def test_choosing_what_is_true_is_no_wish(windows: Windows, eyes: Eyes) -> None:
    pick(opened_settings(windows), Consent.OFF)
    assert (explanation(), eyes.granted) == (None, [])


def test_going_back_to_the_defaults_shuts_her_eyes_when_it_is_applied(
    windows: Windows, bridge: Bridge, eyes: Eyes, qtbot: QtBot
) -> None:
    bridge.consent_requested.emit(Consent.AWARE)
    window = opened_settings(windows)
    window._load_defaults()
    assert eyes.granted == [Consent.AWARE]
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        window.apply()
    assert edited.args[0].vision is Consent.AWARE
    assert eyes.granted == [Consent.AWARE, Consent.OFF]
    assert picker(window).currentText() == "Never"
