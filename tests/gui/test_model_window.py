"""The Model status window: name, state and place of the model, and the starter brain's card."""

from collections.abc import Callable
from pathlib import Path

import pytest
from offered_models import LINKED, OWN
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from alisa_desktop.core.brains import BrainUse
from alisa_desktop.core.events import ModelChanged
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.model_window import ModelWindow
from alisa_desktop.ui.theme import ThemeWatcher, dark

CARD = """# The starter brain

It is *small* and
quick.

- Good for small talk
- [More](https://example.org/models)
"""
FAR = Settings(model_source=ModelSource.SERVER, server_url="https://api.example.org/v1/chat/completions")
Opener = Callable[..., ModelWindow]


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "alisa-starter.md"
    path.write_text(CARD, encoding="utf-8")
    return path


@pytest.fixture
def opened(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher, card: Path) -> Opener:
    def open_window(settings: Settings | None = None, path: Path = card) -> ModelWindow:
        window = ModelWindow(bridge, watcher, settings or Settings(), path)
        qtbot.addWidget(window)
        window.show()
        return window

    return open_window


def test_it_says_what_thinks_where_and_how_it_is_doing(opened: Opener) -> None:
    window = opened()
    assert [label.text() for label in (window.name, window.state, window.place)] == ["test", "Ready", "On this machine"]
    assert not window.detail.isVisible()


def test_it_follows_the_model_and_the_settings(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    bridge.deliver(ModelChanged(ModelStatus(ModelState.LOADING, "", progress=0.4)))
    assert (window.name.text(), window.state.text()) == ("No model yet", "Waking up, 40%")
    detail = "The server can't be reached. Start it, or choose another model."
    bridge.deliver(ModelChanged(ModelStatus(ModelState.FAILED, "llama", detail)))
    bridge.settings_changed.emit(FAR)
    assert (window.name.text(), window.state.text()) == ("llama", "Model failed")
    assert window.place.text() == "By the server at api.example.org"
    assert window.detail.isVisible() and window.detail.text() == detail


def test_the_card_is_shown_while_the_starter_brain_is_chosen(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    assert window.card.isVisible() and window.card.isReadOnly()
    words = window.card.toPlainText()
    assert words.splitlines()[:2] == ["The starter brain", "It is small and quick."]
    bridge.settings_changed.emit(FAR)
    assert not window.card.isVisible()
    bridge.settings_changed.emit(Settings())
    assert window.card.isVisible()


def test_a_long_card_is_shown_from_its_beginning(opened: Opener, card: Path, qtbot: QtBot) -> None:
    card.write_text("A paragraph.\n\n" * 100, encoding="utf-8")
    window = opened()
    window.card.setFocus()
    bar = window.card.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert bar.value() == 0


def test_the_keyboard_begins_at_the_way_out(opened: Opener, qtbot: QtBot) -> None:
    window = opened()
    window.activateWindow()
    qtbot.waitUntil(lambda: isinstance(window.focusWidget(), QPushButton))
    assert window.focusWidget().text() == "Close"


def test_no_card_with_another_model_or_where_there_is_none(opened: Opener, tmp_path: Path) -> None:
    assert not opened(FAR).card.isVisible()
    assert not opened(path=tmp_path / "nothing.md").card.isVisible()


def test_links_open_in_the_browser_only(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: followed.append(url.toString()) or True)
    window = opened()
    for address in ("https://example.org/models", "file:///etc/passwd"):
        window.card.anchorClicked.emit(QUrl(address))
    assert followed == ["https://example.org/models"]
    assert "The starter brain" in window.card.toPlainText()


def test_the_card_wears_the_theme(opened: Opener, watcher: ThemeWatcher) -> None:
    window = opened()
    watcher.changed.emit(dark)
    link = window.card.document().find("More")
    assert isinstance(link, QTextCursor)
    assert link.charFormat().foreground().color() == QColor(dark.link)


def test_choosing_is_asked_for_and_escape_closes(opened: Opener, qapp: QApplication, qtbot: QtBot) -> None:
    window = opened()
    choose = next(button for button in window.findChildren(QPushButton) if "Choose" in button.text())
    with qtbot.waitSignal(window.choose_requested):
        choose.click()
    assert window.card.accessibleName()
    qtbot.keyClick(window.card, Qt.Key.Key_Escape)
    assert not window.isVisible()


def rows(window: ModelWindow) -> dict[str, str]:
    """What the form shows, by the words before it."""
    form = window.facts._form
    shown = {}
    for row in range(form.rowCount()):
        if form.isRowVisible(row):
            name = form.itemAt(row, form.ItemRole.LabelRole).widget()
            field = form.itemAt(row, form.ItemRole.FieldRole).widget()
            assert isinstance(name, QLabel)
            label = field if isinstance(field, QLabel) else field.findChild(QLabel)
            shown[name.text()] = label.words if isinstance(label, ElidedLabel) else label.text()
    return shown


def test_the_facts_on_a_model_file(opened: Opener, bridge: Bridge) -> None:
    bridge.show_brains((OWN, LINKED), "small")
    window = opened(Settings(model_source=ModelSource.FILE))
    bridge.show_use(BrainUse(1840, 4096, 7.9, 0.93, 3_720_000_000))
    assert rows(window) == {
        "State": "Ready",
        "Where": "On this machine",
        "Kind": "llama 4B Q4_K_M",
        "Size": "2.0 GB",
        "Licence": "Apache-2.0",
        "Context": "1,840 of 4,096 tokens",
        "Speed": "7.9 tokens/s, about as fast as you read",
        "Prompt reused": "93 %",
        "Memory": "3.7 GB",
        "File": str(OWN.path),
    }
    assert window.facts.bar.value() == 449


def test_what_is_not_known_has_no_row(opened: Opener, bridge: Bridge) -> None:
    assert set(rows(opened())) == {"State", "Where"}
    bridge.show_use(BrainUse(10, 1024, 50.0, 0.5, 1_000_000_000))
    assert set(rows(opened(FAR))) == {"State", "Where"}  # nothing of that is about the server


def test_resting_is_said_with_what_it_gave_back(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    assert window.unload.isEnabled()
    bridge.deliver(ModelChanged(ModelStatus(ModelState.RESTING, "test")))
    shown = rows(window)
    assert shown["State"] == "Resting; type and she wakes up"
    assert shown["Memory"] == "Given back while she rests"
    assert not window.unload.isEnabled()


def test_it_asks_how_the_model_does_only_while_it_is_seen(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignals([bridge.use_requested, bridge.brains_requested]):
        window = opened()
    assert window.timer.isActive() and window.timer.interval() == 2000
    with qtbot.waitSignal(bridge.use_requested):
        window.timer.timeout.emit()
    window.close()
    assert not window.timer.isActive()


def test_its_buttons_ask_for_what_they_say(
    opened: Opener, bridge: Bridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda url: shown.append(url.toLocalFile()) or True)
    bridge.show_brains((OWN, LINKED), "small")
    window = opened(Settings(model_source=ModelSource.FILE))
    with qtbot.waitSignal(bridge.unload_requested):
        window.unload.click()
    with qtbot.waitSignal(bridge.log_requested):
        next(button for button in window.findChildren(QPushButton) if "log" in button.text()).click()
    window.facts.show_folder.click()
    assert [Path(one) for one in shown] == [OWN.path.parent]
    window.facts.copy.click()
    assert QApplication.clipboard().text() == str(OWN.path)
    window.remove.click()
    box = window.findChild(QMessageBox)
    assert box is not None and "She goes back to her starter brain." in box.informativeText()
    with qtbot.waitSignal(bridge.remove_brain_requested) as asked:
        next(button for button in box.findChildren(QPushButton) if button.text() == "Remove it").click()
    assert asked.args == ["small"]


def test_nothing_to_remove_of_the_starter_brain_or_a_server(opened: Opener, bridge: Bridge) -> None:
    bridge.show_brains((OWN,), "")
    assert not opened().remove.isVisible()
    bridge.show_brains((OWN,), "small")
    window = opened(FAR)
    assert not window.remove.isVisible() and not window.unload.isVisible()


def test_it_says_plainly_when_words_leave(opened: Opener, bridge: Bridge) -> None:
    window = opened(FAR)
    assert window.away.isVisible()
    assert window.away.text() == "Your words go to api.example.org, which is not this computer."
    bridge.settings_changed.emit(Settings(model_source=ModelSource.SERVER))  # on this machine
    assert not window.away.isVisible()
