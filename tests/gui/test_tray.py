"""The tray icon and the menu that it shares with the figure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import EmotionChanged, ModeChanged, ModelChanged, ReplyFinished, UserSpoke
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus, Outcome
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.tray import NO_TRAY, RETRIES_MS, Tray
from alisa_desktop.ui.tray_icon import MARKS, SIZES, TrayFaces

ICONS = Path(__file__).parents[2] / "resources" / "icons"
READY = ModelStatus(ModelState.READY, "starter brain")
MODES = [("default", "Tsundere", "Proud."), ("study", "Study & more", "Patient.")]


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.model = READY
    bridge.show_modes(MODES, "study")
    bridge.show_endpoint("ws://127.0.0.1:8000/ws/chat")
    return bridge


@pytest.fixture
def menu(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> AlisaMenu:
    menu = AlisaMenu(bridge, ThemeWatcher(qapp))
    qtbot.addWidget(menu)
    return menu


class Panel:
    """A desktop on which a tray may come up."""

    present = True

    def __call__(self) -> bool:
        return self.present


@pytest.fixture
def panel() -> Panel:
    return Panel()


@pytest.fixture
def tray(bridge: Bridge, menu: AlisaMenu, panel: Panel) -> Iterator[Tray]:
    tray = Tray(bridge, menu, ICONS, available=panel)
    yield tray
    tray.close()


def shown(tray: Tray) -> QSystemTrayIcon:
    icon = tray.findChild(QSystemTrayIcon)
    assert icon is not None
    return icon


def action(menu: AlisaMenu, words: str) -> QAction:
    return next(action for action in menu.actions() if words in action.text().replace("&", ""))


def modes(menu: AlisaMenu) -> dict[str, bool]:
    return {action.text(): action.isChecked() for action in menu.mode_menu.actions()}


def picture(tray: Tray) -> QImage:
    return shown(tray).icon().pixmap(64, 64).toImage()


def test_the_tooltip_says_mode_and_state(tray: Tray, bridge: Bridge) -> None:
    assert shown(tray).toolTip() == "Alisa · Study & more · ready"
    bridge.deliver(UserSpoke("1", "hi", datetime.now(UTC)))
    assert shown(tray).toolTip().endswith("thinking")
    bridge.deliver(ReplyFinished("1", Emotion.HAPPY, Outcome.DONE, "", "", 1, 1.0))
    bridge.deliver(ModeChanged("default", "Tsundere"))
    assert shown(tray).toolTip() == "Alisa · Tsundere · ready"
    bridge.deliver(ModelChanged(ModelStatus(ModelState.LOADING, "llama", progress=0.4)))
    assert shown(tray).toolTip().endswith("waking up, 40%")


def test_the_icon_shows_the_feeling_and_the_state(tray: Tray, bridge: Bridge) -> None:
    seen = [picture(tray)]
    bridge.deliver(UserSpoke("1", "hi", datetime.now(UTC)))
    seen.append(picture(tray))
    bridge.deliver(EmotionChanged("1", Emotion.SAD))
    seen.append(picture(tray))
    bridge.deliver(ModelChanged(ModelStatus(ModelState.FAILED, "llama")))
    seen.append(picture(tray))
    assert all(one != other for i, one in enumerate(seen) for other in seen[i + 1 :])


def test_the_face_at_rest_is_that_of_the_mode(tray: Tray) -> None:
    before = picture(tray)
    tray.set_resting(Emotion.CALM)
    assert picture(tray) != before


@pytest.mark.parametrize("emotion", Emotion)
def test_every_feeling_has_an_icon_in_every_size(qapp: QApplication, emotion: Emotion) -> None:
    icon = TrayFaces(ICONS, monochrome=False).icon(emotion, "")
    assert {size.width() for size in icon.availableSizes()} == set(SIZES)
    assert icon.pixmap(16, 16).toImage().pixelColor(8, 10).alpha() > 200


@pytest.mark.parametrize("state", MARKS)
def test_the_mark_has_its_colour_and_a_gap_around_it(qapp: QApplication, state: str) -> None:
    faces = TrayFaces(ICONS, monochrome=False)
    with_mark, without = (faces.icon(Emotion.NEUTRAL, mark).pixmap(64, 64).toImage() for mark in (state, ""))
    colours = {with_mark.pixelColor(x, y).name() for x in range(36, 64) for y in range(36, 64)}
    assert QColor(MARKS[state]).name() in colours
    gaps = [(x, y) for x in range(30, 64) for y in range(30, 64) if not with_mark.pixelColor(x, y).alpha()]
    assert any(without.pixelColor(x, y).alpha() for x, y in gaps)


def test_the_menu_bar_of_a_mac_gets_a_mask(qapp: QApplication) -> None:
    assert TrayFaces(ICONS, monochrome=True).icon(Emotion.HAPPY, "").isMask()


def test_a_click_asks_for_the_bubble_and_nothing_else_does(tray: Tray, qtbot: QtBot) -> None:
    reasons = QSystemTrayIcon.ActivationReason
    with qtbot.waitSignal(tray.toggled):
        shown(tray).activated.emit(reasons.Trigger)
    with qtbot.assertNotEmitted(tray.toggled):
        shown(tray).activated.emit(reasons.DoubleClick)
        shown(tray).activated.emit(reasons.Context)


def test_without_a_tray_the_user_is_told_once_and_a_late_tray_is_taken(
    tray: Tray, bridge: Bridge, panel: Panel, menu: AlisaMenu
) -> None:
    notices: list[str] = []
    bridge.notice_raised.connect(notices.append)
    panel.present = False
    tray.start()
    for _ in range(5):
        tray._look_again()
    assert notices == [NO_TRAY]
    assert not tray.present
    panel.present = True
    menu.aboutToShow.emit()
    assert tray.present


def test_at_the_log_in_a_tray_has_a_minute_to_come(tray: Tray, bridge: Bridge, panel: Panel, qtbot: QtBot) -> None:
    panel.present = False
    told: list[str] = []
    bridge.notice_raised.connect(told.append)
    tray.start(patient=True)
    for _ in RETRIES_MS[:-1]:
        tray._look_again()
    assert not told
    with qtbot.waitSignal(tray.missed):
        tray._look_again()
    assert told == [NO_TRAY]


def test_a_tray_that_comes_up_a_little_later_is_no_matter(tray: Tray, bridge: Bridge, panel: Panel) -> None:
    notices: list[str] = []
    bridge.notice_raised.connect(notices.append)
    panel.present = False
    tray.start()
    tray._look_again()
    panel.present = True
    tray._look_again()
    assert (tray.present, notices) == (True, [])


def test_the_mode_menu_follows_the_modes(menu: AlisaMenu, bridge: Bridge) -> None:
    assert modes(menu) == {"Tsundere": False, "Study && more": True}
    bridge.deliver(ModeChanged("default", "Tsundere"))
    assert modes(menu) == {"Tsundere": True, "Study && more": False}
    bridge.show_modes([*MODES, ("chill", "Chill", "")], "chill")
    assert modes(menu)["Chill"]


def test_choosing_a_mode_is_a_wish_until_it_is_true(menu: AlisaMenu, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.mode_requested) as wish:
        menu.mode_menu.actions()[0].trigger()
    assert wish.args == ["default"]
    assert modes(menu) == {"Tsundere": False, "Study && more": True}


def test_the_model_is_named_with_its_state_and_what_is_wrong(menu: AlisaMenu, bridge: Bridge) -> None:
    line = action(menu, "starter brain")
    assert (line.text(), line.isEnabled()) == ("starter brain: ready", False)
    detail = "I can't find my model file somewhere very far away in a folder. Choose another one in Settings."
    bridge.deliver(ModelChanged(ModelStatus(ModelState.MISSING, "llama", detail)))
    assert action(menu, "llama").text() == "llama: no model"
    shown_detail = action(menu, "I can't find")
    assert (len(shown_detail.text()), shown_detail.toolTip()) == (64, detail)


def test_the_overlay_address_is_copied(menu: AlisaMenu, bridge: Bridge) -> None:
    action(menu, "overlay address").trigger()
    assert QGuiApplication.clipboard().text() == "ws://127.0.0.1:8000/ws/chat"
    bridge.show_endpoint("")
    assert not action(menu, "overlay address").isVisible()


@pytest.mark.parametrize(
    ("words", "signal"),
    [
        ("Talk", "talk_requested"),
        ("Settings", "settings_requested"),
        ("History", "history_requested"),
        ("About", "about_requested"),
        ("Model status", "model_requested"),
    ],
)
def test_every_entry_asks_for_its_window(menu: AlisaMenu, qtbot: QtBot, words: str, signal: str) -> None:
    with qtbot.waitSignal(getattr(menu, signal)):
        action(menu, words).trigger()


def test_every_entry_has_a_key_of_its_own(menu: AlisaMenu) -> None:
    keys = [QKeySequence.mnemonic(action.text()).toString() for action in menu.actions() if action.isEnabled()]
    keys = [key for key in keys if key]
    assert len(keys) == len(set(keys)) >= 8


def test_quit_goes_through_the_bridge(menu: AlisaMenu, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.quit_requested):
        action(menu, "Quit").trigger()


def test_show_and_hide_say_what_they_do(menu: AlisaMenu, qtbot: QtBot) -> None:
    with qtbot.waitSignal(menu.visibility_requested) as wish:
        action(menu, "Hide Alisa").trigger()
    assert wish.args == [False]
    menu.show_visibility(False)
    with qtbot.waitSignal(menu.visibility_requested) as wish:
        action(menu, "Show Alisa").trigger()
    assert wish.args == [True]


def test_another_port_and_no_port_are_explained(menu: AlisaMenu, bridge: Bridge) -> None:
    assert not any(action.isVisible() and "port" in action.text().lower() for action in menu.actions())
    moved = "Port 8000 is taken by another program, so I use 8001."
    bridge.show_endpoint("ws://127.0.0.1:8001/ws/chat", moved)
    line = action(menu, "Port 8000")
    assert (line.text(), line.isEnabled(), line.isVisible()) == (moved, False, True)
    bridge.show_endpoint("", "I can't find a free port near 8000.")
    failed = action(menu, "Overlays can't connect")
    assert failed is line
    assert "I can't find a free port" in failed.text()
    assert not action(menu, "overlay address").isVisible()
    bridge.show_endpoint("")
    assert not line.isVisible()


def test_the_endpoint_is_told_when_anything_of_it_changed(bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.endpoint_changed) as told:
        bridge.show_endpoint(bridge.endpoint, "Moved.")
    assert told.args == ["ws://127.0.0.1:8000/ws/chat"]
    with qtbot.assertNotEmitted(bridge.endpoint_changed):
        bridge.show_endpoint(bridge.endpoint, "Moved.")
