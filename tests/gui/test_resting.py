"""A model that rests, a download under way and words that leave: what tray, menu, bubble and her face say of it."""

from collections.abc import Iterator

import pytest
from offered_models import fetch
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from alisa_desktop.core.brains import FetchState
from alisa_desktop.core.events import ModelChanged
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus
from alisa_desktop.host.paths import resources
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.composer import TYPING_PAUSE
from alisa_desktop.ui.mood import Mood
from alisa_desktop.ui.setting_extras import Away
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.tray import Tray

FAR = Settings(model_source=ModelSource.SERVER, server_url="https://api.example.org/v1/chat/completions")
GETTING = "Getting Small & quick: 43 %, 3 min left"


@pytest.fixture
def menu(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher) -> AlisaMenu:
    menu = AlisaMenu(bridge, watcher)
    qtbot.addWidget(menu)
    return menu


@pytest.fixture
def tray(bridge: Bridge, menu: AlisaMenu) -> Iterator[Tray]:
    tray = Tray(bridge, menu, resources() / "icons", available=lambda: False)
    yield tray
    tray.close()


def entry(menu: AlisaMenu, begin: str) -> QAction | None:
    return next((one for one in menu.actions() if one.isVisible() and one.text().startswith(begin)), None)


def model_is(bridge: Bridge, state: ModelState) -> None:
    bridge.deliver(ModelChanged(ModelStatus(state, "Qwen3 4B")))


def tip(tray: Tray) -> str:
    icon = tray.findChild(QSystemTrayIcon)
    assert icon is not None
    return icon.toolTip()


def test_tray_and_menu_tell_of_a_download_while_it_runs(tray: Tray, menu: AlisaMenu, bridge: Bridge) -> None:
    assert entry(menu, "Getting") is None and "\n" not in tip(tray)
    bridge.show_fetches((fetch(),))
    line = entry(menu, "Getting")
    assert line is not None and line.text() == GETTING.replace("&", "&&") and not line.isEnabled()
    assert tip(tray).splitlines()[1] == GETTING
    bridge.show_fetches((fetch(FetchState.DONE),))
    assert entry(menu, "Getting") is None and "Getting" not in tip(tray)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (FetchState.WAITING, "Getting Small & quick: about to begin"),
        (FetchState.STALLED, "Getting Small & quick: waiting for the net"),
        (FetchState.CHECKING, "Checking Small & quick"),
        (FetchState.PAUSED, None),
        (FetchState.FAILED, None),
    ],
)
def test_one_line_for_every_state(tray: Tray, bridge: Bridge, state: FetchState, words: str | None) -> None:
    bridge.show_fetches((fetch(state),))
    assert tip(tray).splitlines()[1:] == ([words] if words else [])


def test_the_bubble_has_a_small_line_of_it(bubble: Bubble, bridge: Bridge) -> None:
    bubble.open_for_typing()
    before = bubble.height()
    bridge.show_fetches((fetch(),))
    line = bubble.model_line
    assert line.isVisible() and line.sentence.text() == GETTING
    assert line.bar.isVisible() and line.bar.value() == 430 and not line.button.isVisible()
    assert bubble.height() > before
    bridge.show_fetches(())
    assert not line.isVisible() and bubble.height() == before


def test_a_long_name_leaves_room_for_how_long_it_takes(menu: AlisaMenu, bridge: Bridge) -> None:
    bridge.show_fetches((fetch(title="A model\nwith a name " + "x" * 300),))
    line = entry(menu, "Getting")
    assert line is not None and line.text().endswith("43 %, 3 min left") and "\n" not in line.text()


def test_trouble_with_the_model_goes_before_a_download(bubble: Bubble, bridge: Bridge) -> None:
    bubble.open_for_typing()
    bridge.show_fetches((fetch(),))
    model_is(bridge, ModelState.MISSING)
    assert bubble.model_line.sentence.text() == "I have no model to think with."
    assert bubble.model_line.button.isVisible() and not bubble.model_line.bar.isVisible()


def test_resting_is_said_in_words_and_is_no_error(tray: Tray, menu: AlisaMenu, bubble: Bubble, bridge: Bridge) -> None:
    bubble.open_for_typing()
    model_is(bridge, ModelState.RESTING)
    assert entry(menu, "Qwen3 4B: resting; type and she wakes up") is not None
    assert "resting; type and she wakes up" in tip(tray)
    assert tray._mark() == ""
    line = bubble.model_line
    assert line.isVisible() and line.sentence.text() == "Resting; type and she wakes up."
    assert not line.button.isVisible() and not line.bar.isVisible()


def test_her_face_is_calm_while_she_rests() -> None:
    mood = Mood(Emotion.TEASING)
    mood.model_is(ModelState.RESTING)
    assert (mood.emotion, mood.state, mood.pendant(0.0)) == (Emotion.CALM, "", "idle")
    mood.finished(Emotion.HAPPY, 10.0)
    assert mood.emotion is Emotion.HAPPY
    mood.advance(1000.0)
    assert mood.emotion is Emotion.CALM
    mood.model_is(ModelState.READY)
    assert mood.emotion is Emotion.TEASING
    mood.model_is(ModelState.MISSING)
    assert (mood.state, mood.pendant(0.0)) == ("missing", "missing")


def test_a_resting_model_hears_of_the_first_key_and_not_of_each(
    bubble: Bubble, bridge: Bridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[bool] = []
    bridge.typing_began.connect(lambda: began.append(True))
    bubble.open_for_typing()
    qtbot.keyClick(bubble.composer.field, Qt.Key.Key_Shift)
    assert not began
    qtbot.keyClicks(bubble.composer.field, "Hello")
    assert began == [True]
    monkeypatch.setattr("alisa_desktop.ui.composer.TYPING_PAUSE", 0)  # as if it were over
    qtbot.keyClick(bubble.composer.field, Qt.Key.Key_X)
    assert began == [True, True]
    assert TYPING_PAUSE == 10_000


def test_words_typed_on_her_count_and_recalled_or_cleared_ones_do_not(bubble: Bubble, bridge: Bridge) -> None:
    began: list[bool] = []
    bridge.typing_began.connect(lambda: began.append(True))
    bubble.composer.field.replace("recalled")
    bubble.composer.clear()
    assert not began
    bubble.write("H")
    assert began == [True]


def test_the_menu_says_where_words_go_when_they_leave(menu: AlisaMenu, bridge: Bridge) -> None:
    assert entry(menu, "Your words go to") is None
    bridge.settings_changed.emit(FAR)
    line = entry(menu, "Your words go to")
    assert line is not None and line.text() == "Your words go to api.example.org"
    bridge.settings_changed.emit(FAR.model_copy(update={"server_url": "http://[::1]:8080/v1"}))
    assert entry(menu, "Your words go to") is None


def test_the_settings_say_so_while_the_address_is_being_written(
    qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher
) -> None:
    window = SettingsWindow(bridge, watcher, FAR)
    qtbot.addWidget(window)
    window.show_group("Model")
    window.show()
    sentence = next(extra.widget for extra in window._extras if isinstance(extra, Away))
    assert isinstance(sentence, QLabel)
    assert sentence.isVisible() and "Your words go to api.example.org" in sentence.text()
    window.rows["server_url"].editor.set_value("http://localhost:8080/v1/chat/completions")
    assert not sentence.isVisible()
    window.rows["server_url"].editor.set_value("http://192.168.1.7:8080/v1/chat/completions")
    assert sentence.isVisible() and "192.168.1.7" in sentence.text()
    window.rows["model_source"].editor.set_value("builtin")
    assert not sentence.isVisible()
