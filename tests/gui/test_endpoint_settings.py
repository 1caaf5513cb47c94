"""The page of the settings for overlays: where she is reached, the token, the pages, and who is connected."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import ClientsChanged
from alisa_desktop.core.messages import ClientKind, ConnectedClient
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui import client_list
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.client_list import ClientList
from alisa_desktop.ui.client_row import MOST_NAME, ClientRow, client_title, client_words
from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.endpoint_editors import Origins, Token
from alisa_desktop.ui.endpoint_status import NOT_NOW, NOT_YET, EndpointStatus
from alisa_desktop.ui.origins import OBS, allows_obs, origins_mistake, split_origins, with_obs
from alisa_desktop.ui.overlay_address import overlay_page
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.times import clock_time

ADDRESS = "ws://127.0.0.1:8000/ws/chat"
PAGE = "http://127.0.0.1:8000/overlay"
MOVED = "Port 8000 is taken by another program, so I use 8001."
FAILED = "I can't find a free port near 8000."
NOW = datetime.now(UTC)
Opener = Callable[..., SettingsWindow]
Button = QDialogButtonBox.StandardButton


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.show_endpoint(ADDRESS)
    return bridge


@pytest.fixture
def opened(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher) -> Opener:
    def open_window(**settings: object) -> SettingsWindow:
        window = SettingsWindow(bridge, watcher, Settings.model_validate(settings))
        qtbot.addWidget(window)
        window.show_group("Overlays")
        window.show()
        return window

    return open_window


def found(window: QWidget, kind: type[QWidget]) -> QWidget:
    widget = window.findChild(kind)
    assert widget is not None
    return widget


def status(window: SettingsWindow) -> EndpointStatus:
    widget = found(window, EndpointStatus)
    assert isinstance(widget, EndpointStatus)
    return widget


def people(window: SettingsWindow) -> ClientList:
    widget = found(window, ClientList)
    assert isinstance(widget, ClientList)
    return widget


def token(window: SettingsWindow) -> Token:
    editor = window.rows["endpoint_token"].editor
    assert isinstance(editor, Token)
    return editor


def origins(window: SettingsWindow) -> Origins:
    editor = window.rows["endpoint_origins"].editor
    assert isinstance(editor, Origins)
    return editor


def line(editor: QWidget) -> QLineEdit:
    widget = editor.findChild(QLineEdit)
    assert widget is not None
    return widget


def press(window: SettingsWindow, which: Button) -> None:
    box = window.findChild(QDialogButtonBox)
    assert box is not None
    box.button(which).click()


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def said(window: SettingsWindow) -> list[str]:
    return [label.text() for label in status(window).findChildren(QLabel) if not label.isHidden()]


# where she is reached


def test_the_address_is_shown_and_copied(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    assert said(window) == [ADDRESS, PAGE]
    status(window).copier.click()
    assert clipboard() == ADDRESS
    bridge.show_endpoint("ws://127.0.0.1:8003/ws/chat")
    assert said(window) == ["ws://127.0.0.1:8003/ws/chat", "http://127.0.0.1:8003/overlay"]


def test_another_port_than_wished_is_explained(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    bridge.show_endpoint("ws://127.0.0.1:8001/ws/chat", MOVED)
    assert said(window) == ["ws://127.0.0.1:8001/ws/chat", "http://127.0.0.1:8001/overlay", MOVED]
    bridge.show_endpoint(ADDRESS)
    assert said(window) == [ADDRESS, PAGE]


def test_a_failure_is_told_with_nothing_to_copy(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    bridge.show_endpoint("", FAILED)
    assert said(window) == [FAILED]
    assert status(window).trouble.property("danger")
    assert status(window).copier.isHidden()
    assert status(window).page_copier.isHidden()


def test_before_it_is_applied_nothing_is_served(opened: Opener, bridge: Bridge) -> None:
    bridge.show_endpoint("")
    window = opened(endpoint_on=False)
    assert not status(window).isVisible()
    assert not people(window).isVisible()
    window.rows["endpoint_on"].editor.set_value(True)
    assert status(window).isVisible()
    assert people(window).isVisible()
    assert said(window) == [NOT_YET]
    bridge.settings_changed.emit(Settings())
    assert said(window) == [NOT_NOW]


def test_the_overlay_page_is_copied_with_the_token_that_counts(opened: Opener, bridge: Bridge) -> None:
    window = opened(endpoint_token="Grüße?>")
    status(window).page_copier.click()
    page, _, fragment = clipboard().partition("#token=")
    assert page == "http://127.0.0.1:8000/overlay"
    assert "=" not in fragment
    assert urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)).decode() == "Grüße?>"
    token(window).set_value("not applied")
    status(window).page_copier.click()
    assert clipboard() == f"{page}#token={fragment}"
    bridge.settings_changed.emit(Settings())
    status(window).page_copier.click()
    assert clipboard() == page


@given(st.text(min_size=1))
def test_every_token_fits_into_the_fragment(secret: str) -> None:
    try:
        raw = secret.encode()
    except UnicodeEncodeError:  # half a surrogate pair: no keyboard writes it
        return
    fragment = overlay_page(ADDRESS, secret).partition("#token=")[2]
    assert set(fragment) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4)) == raw


def test_a_copy_button_says_that_it_copied_and_keeps_its_width(qtbot: QtBot) -> None:
    button = CopyButton("Copy", "Copy it", lambda: "it")
    qtbot.addWidget(button)
    width = button.sizeHint().width()
    button.click()
    assert (clipboard(), button.text(), button.sizeHint().width()) == ("it", "Copied", width)
    assert button.accessibleName() == "Copy it"
    qtbot.waitUntil(lambda: button.text() == "Copy")


# the token


def test_a_token_is_dots_until_it_is_shown(opened: Opener) -> None:
    editor = token(opened(endpoint_token="sesame"))
    assert line(editor).echoMode() is QLineEdit.EchoMode.Password
    editor.eye.click()
    assert (line(editor).echoMode(), editor.eye.text()) == (QLineEdit.EchoMode.Normal, "Hide")
    editor.set_value("other")
    assert line(editor).echoMode() is QLineEdit.EchoMode.Password


def test_a_token_is_made_copied_and_applied(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    editor = token(window)
    assert not editor.copier.isEnabled()
    editor.maker.click()
    made = str(editor.value())
    assert len(made) == 32
    editor.maker.click()
    assert editor.value() != made
    editor.copier.click()
    assert clipboard() == editor.value()
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(endpoint_token=str(editor.value()))]


def test_going_back_to_the_defaults_opens_no_door(opened: Opener) -> None:
    window = opened(endpoint_token="sesame", endpoint_origins="http://a")
    press(window, Button.RestoreDefaults)
    assert (token(window).value(), origins(window).value()) == ("sesame", "")


def test_space_around_a_token_does_not_count(opened: Opener) -> None:
    editor = token(opened())
    line(editor).setText("  two words ")
    assert editor.value() == "two words"
    line(editor).setText("   ")
    assert editor.value() == ""
    assert not editor.copier.isEnabled()


def test_a_token_that_is_too_long_is_refused_in_words(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    token(window).set_value("x" * 201)
    with qtbot.assertNotEmitted(bridge.settings_edited):
        press(window, Button.Apply)
    assert window.rows["endpoint_token"].mistake == "Write 200 characters or fewer."


# pages that may connect


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://localhost:3000",
        "http://localhost:3000/",
        "https://example.org, http://[::1]:8080,null",
        "file://",
        "chrome-extension://abcdefgh",
        "tauri://localhost",
        ", ,",
    ],
)
def test_good_pages(text: str) -> None:
    assert origins_mistake(split_origins(text)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "http://*.example.org",
        "localhost:3000",
        "example.org",
        "http://",
        "http:///",
        "http://:80",
        "http://host:",
        "http://host:port",
        "http://host:70000",
        "http://host:0",
        "http://[::1",
        "http://me@host",
        "http://two words",
        "http://bücher.example",
        "http://localhost:3000/overlay",
        "http://localhost:3000//",
        "http://localhost:3000?a=b",
        "file:///home/me/overlay.html",
        "null/",
        "x" * 3000,
        f"http://host/{'x' * 3000}",
    ],
)
def test_bad_pages(text: str) -> None:
    sentence = origins_mistake(split_origins(f"http://localhost:3000, {text}"))
    assert sentence.endswith(".")
    assert 20 < len(sentence) < 200


def test_a_path_is_refused_with_what_to_write(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    line(origins(window)).setText("http://localhost:3000/overlay")
    with qtbot.assertNotEmitted(bridge.settings_edited):
        press(window, Button.Apply)
    row = window.rows["endpoint_origins"]
    assert "write “http://localhost:3000” for" in row.mistake
    line(origins(window)).setText("http://localhost:3000")
    assert row.mistake == ""
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(endpoint_origins="http://localhost:3000")]


@given(st.text())
def test_whatever_is_written_gets_an_answer(text: str) -> None:
    assert isinstance(origins_mistake(split_origins(text)), str)
    assert split_origins(", ".join(split_origins(text))) == split_origins(text)
    assert allows_obs(with_obs(text))


def test_obs_is_allowed_by_one_press_and_once(opened: Opener) -> None:
    editor = origins(opened(endpoint_origins="http://localhost:3000, NULL"))
    assert editor.obs.isEnabled()
    editor.obs.click()
    assert editor.value() == "http://localhost:3000, NULL, file://, http://absolute"
    assert editor.mistake() == ""
    assert not editor.obs.isEnabled()
    line(editor).setText("")
    editor.obs.click()
    assert editor.value() == ", ".join(OBS)


def test_a_list_is_tidied_when_it_was_written_and_only_then(opened: Opener, qtbot: QtBot) -> None:
    window = opened(endpoint_origins="http://a,http://b/")
    editor = origins(window)
    line(editor).editingFinished.emit()
    assert editor.value() == "http://a,http://b/"
    line(editor).end(False)
    qtbot.keyClicks(line(editor), ",,http://c/ , HTTP://a")
    line(editor).editingFinished.emit()
    assert editor.value() == "http://a, http://b, http://c"


def test_that_her_own_page_needs_nothing_is_said(opened: Opener) -> None:
    assert "needs none of this" in origins(opened()).spec.help


# who is connected


def client(name: str = "1", program: str = "Overlay", kind: ClientKind = ClientKind.DISPLAY) -> ConnectedClient:
    return ConnectedClient(name, kind, 2, program, NOW)


def come(bridge: Bridge, *clients: ConnectedClient) -> None:
    bridge.deliver(ClientsChanged(clients))


def listed(window: SettingsWindow) -> list[tuple[str, str]]:
    return [(row.program.words, row.detail.words.partition(" ·")[0]) for row in people(window).rows]


def test_nobody_is_connected(opened: Opener) -> None:
    assert people(opened()).empty.isVisible()


def test_clients_come_and_are_named(opened: Opener, bridge: Bridge) -> None:
    come(bridge, client())
    window = opened()
    assert listed(window) == [("Overlay", "Display")]
    assert not people(window).empty.isVisible()
    come(bridge, client(kind=ClientKind.CHAT), client("2", "", ClientKind.SENSOR), client("3", "Mic", ClientKind.VOICE))
    assert listed(window) == [("Overlay", "Chat"), ("Unnamed sensor", "Sensor"), ("Mic", "Voice")]
    assert people(window).rows[0].detail.words == f"Chat · protocol 2 · since {clock_time(NOW)}"


def test_a_client_is_sent_away(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    come(bridge, client("1"), client("2", "Mic"))
    button = people(window).rows[1].button
    assert button.accessibleName() == "Disconnect Mic"
    with qtbot.waitSignal(bridge.disconnect_requested) as wish:
        button.click()
    assert wish.args == ["2"]
    come(bridge, client("1"))
    with qtbot.assertNotEmitted(bridge.disconnect_requested):
        button.click()


def test_the_keyboard_reaches_the_buttons_between_the_fields_and_ok(
    opened: Opener, bridge: Bridge, qtbot: QtBot
) -> None:
    window = opened()
    come(bridge, client("1", "A"), client("2", "B"))
    window.activateWindow()
    origins(window).obs.setFocus()
    qtbot.waitUntil(origins(window).obs.hasFocus)
    reached = []
    for _ in range(3):
        focus = QApplication.focusWidget()
        assert focus is not None
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert isinstance(focus, QPushButton)
        reached.append(focus.accessibleName() or focus.text().replace("&", ""))
    assert reached == ["Disconnect A", "Disconnect B", "Reset to defaults"]
    with qtbot.waitSignal(bridge.disconnect_requested) as wish:
        qtbot.keyClick(people(window).rows[0].button, Qt.Key.Key_Space)
    assert wish.args == ["1"]


def test_one_that_comes_back_takes_its_row_and_nothing_moves(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    come(bridge, client("1", "A"), client("2", "B"))
    rows = list(people(window).rows)
    come(bridge, client("2", "B"))
    assert listed(window) == [("A", "Disconnected"), ("B", "Display")]
    assert [row.button.isEnabled() for row in rows] == [False, True]
    come(bridge, client("2", "B"), client("3", "A"), client("4", "C"))
    assert listed(window) == [("A", "Display"), ("B", "Display"), ("C", "Display")]
    assert people(window).rows[:2] == rows
    assert rows[0].button.isEnabled()
    assert rows[0].client.name == "3"


def test_the_keyboard_stays_where_it_is(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    come(bridge, client("1", "A"), client("2", "B"))
    window.activateWindow()
    button = people(window).rows[1].button
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    come(bridge, client("3", "C"))
    assert button.hasFocus()
    come(bridge, client("3", "C"), client("2", "B"), client("4", "D"))
    assert button.hasFocus()
    assert listed(window)[1] == ("B", "Display")


def test_those_who_went_leave_after_a_while_but_never_under_the_hand(
    opened: Opener, bridge: Bridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_list, "LINGER", 0)
    window = opened()
    shown = people(window)
    shown.linger.setInterval(0)
    come(bridge, client("1", "A"), client("2", "B"))
    window.activateWindow()
    shown.rows[0].button.setFocus()
    qtbot.waitUntil(shown.rows[0].button.hasFocus)
    come(bridge)
    qtbot.waitUntil(lambda: listed(window) == [("A", "Disconnected")])
    line(token(window)).setFocus()
    qtbot.waitUntil(lambda: not shown.rows)
    assert shown.empty.isVisible()
    qtbot.waitUntil(lambda: not shown.linger.isActive())


def test_out_of_sight_it_rests_and_seen_again_it_is_right(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    come(bridge, client("1", "A"))
    window.show_group("Model")
    come(bridge, client("2", "B"))
    assert listed(window) == [("A", "Display")]
    window.show_group("Overlays")
    assert listed(window) == [("B", "Display")]


def test_it_has_no_part_in_applying(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    come(bridge, client())
    box = window.findChild(QDialogButtonBox)
    assert box is not None
    assert not box.button(Button.Apply).isEnabled()
    assert set(window.rows) == {name for name, info in Settings.model_fields.items() if info.json_schema_extra}


def test_many_clients_reuse_their_rows(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    many = [client(str(number), f"Program {number}") for number in range(200)]
    come(bridge, *many)
    rows = list(people(window).rows)
    come(bridge, *many[1:], client("new", "Program 0"))
    assert people(window).rows == rows
    assert len(window.findChildren(ClientRow)) == 200


def test_words_of_others_are_one_plain_line(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    come(bridge, client(program="<b>Bold</b>\nand \u202eup\0" + "x" * 500))
    row = people(window).rows[0]
    assert row.program.words.startswith("<b>Bold</b> and up xxx")
    assert len(row.program.words) == MOST_NAME
    assert row.program.textFormat() is Qt.TextFormat.PlainText
    assert window.width() <= 700


@given(st.text())
def test_any_name_is_one_line(program: str) -> None:
    title = client_title(client(program=program))
    assert title
    assert len(title) <= MOST_NAME
    assert title.isprintable()


def test_one_that_is_there_since_another_day_says_so() -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    words = client_words(ConnectedClient("1", ClientKind.CHAT, 1, "", since))
    assert words == f"Chat · protocol 1 · since Yesterday, {clock_time(since)}"


def test_a_label_is_cut_where_there_is_no_room(qtbot: QtBot) -> None:
    label = ElidedLabel("Some words that need a lot of room")
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.show()
    assert label.text().endswith("…")
    assert label.toolTip() == label.words
    label.resize(600, 20)
    qtbot.waitUntil(lambda: label.text() == label.words)
    assert label.toolTip() == ""
