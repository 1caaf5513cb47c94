"""The chooser: offers, what is here, other programs, servers, and a file of the user's."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from offered_models import BROKEN, HUGE, LINKED, OFFERS, OTHERS, OWN, PLAIN, SEEING, SERVER, SMALL, fetch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from alisa_desktop.core.brains import FetchState
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.brain_lists import LOOKING, NONE_FOUND, RowsPage
from alisa_desktop.ui.brain_row import BrainRow
from alisa_desktop.ui.brain_window import BrainWindow
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.theme import ThemeWatcher

FILE = Settings(model_source=ModelSource.FILE)


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher) -> BrainWindow:
    window = BrainWindow(bridge, watcher, FILE)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    return window


def titles(page: RowsPage) -> list[str]:
    return [row.title.words for row in page.rows.widgets]


def row(page: RowsPage, title: str) -> BrainRow:
    return next(row for row in page.rows.widgets if row.title.words == title)


def answer(window: BrainWindow, words: str) -> None:
    box = window.findChild(QMessageBox)
    assert box is not None
    next(button for button in box.findChildren(QPushButton) if button.text() == words).click()


def test_it_asks_for_what_there_is_when_it_opens(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher) -> None:
    window = BrainWindow(bridge, watcher, FILE)
    qtbot.addWidget(window)
    with qtbot.waitSignals([bridge.offers_requested, bridge.brains_requested]):
        window.show()
    assert (window.minimumWidth(), window.minimumHeight()) == (560, 420)
    assert (window.width(), window.height()) == (700, 560)


def test_while_offers_are_worked_out_there_is_a_place_for_them(window: BrainWindow, bridge: Bridge) -> None:
    page = window.offers
    assert page.placeholder.isVisible() and not page.heading.isVisible() and not page.other_heading.isVisible()
    bridge.show_offers(OFFERS, "This computer: 8 cores.")
    assert not page.placeholder.isVisible()
    assert page.machine.text() == "This computer: 8 cores."
    assert [card.offer for card in page.recommended.widgets] == [SMALL, SEEING]
    assert [card.offer for card in page.others.widgets] == [PLAIN, HUGE]


def test_no_offers_at_all_are_no_endless_wait(window: BrainWindow, bridge: Bridge) -> None:
    bridge.show_offers((), "")
    assert window.offers.placeholder.sentence.text() == "There is nothing to offer at the moment."


def test_a_card_stays_itself_with_keyboard_and_scroll_while_the_lists_change(
    window: BrainWindow, bridge: Bridge, qtbot: QtBot
) -> None:
    many = tuple(replace(PLAIN, id=f"plain-{number}", title=f"Plain {number}") for number in range(12))
    bridge.show_offers((*OFFERS, *many), "")
    bar = window.offers.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 200)
    card = window.offers.others.widgets[5]
    card.get.setFocus()
    window.offers.ensureWidgetVisible(card)
    qtbot.wait(1)
    before = bar.value()
    assert before
    bridge.show_fetches((fetch(),))
    bridge.show_offers((*OFFERS, *(replace(offer, tokens_per_second=9.5) for offer in many)), "")
    assert window.focusWidget() is card.get
    assert window.offers.others.widgets[5] is card
    assert bar.value() == before


def test_a_download_stays_in_place(window: BrainWindow, bridge: Bridge) -> None:
    bridge.show_offers(OFFERS, "")
    bridge.show_fetches((fetch(),))
    shown = [card.offer.id for card in window.offers.recommended.widgets if card.fetch.isVisible()]
    assert shown == ["small"]
    bridge.show_fetches((fetch(FetchState.DONE),))
    assert not any(card.fetch.isVisible() for card in window.offers.recommended.widgets)


def test_what_is_here_can_be_used_and_removed(window: BrainWindow, bridge: Bridge, qtbot: QtBot) -> None:
    window.show_here()
    bridge.show_brains((OWN, LINKED, BROKEN), "small")
    page = window.here
    assert titles(page) == ["Starter brain", "Small & quick", "Mine", "half.gguf"]
    present = row(page, "Small & quick")
    assert present.present.isVisible() and not present.use.isVisible()
    assert present.detail.words == "2.0 GB · llama 4B Q4_K_M · Apache-2.0"
    with qtbot.waitSignal(bridge.use_brain_requested) as asked:
        row(page, "Mine").use.click()
    assert asked.args == ["mine"]
    with qtbot.waitSignal(bridge.use_brain_requested) as asked:
        row(page, "Starter brain").use.click()
    assert asked.args == [""]
    assert not row(page, "half.gguf").use.isEnabled()
    assert row(page, "half.gguf").trouble.text() == "half.gguf ends too early."


def test_removing_asks_and_a_file_of_others_is_only_forgotten(
    window: BrainWindow, bridge: Bridge, qtbot: QtBot
) -> None:
    window.show_here()
    bridge.show_brains((OWN, LINKED), "small")
    assert row(window.here, "Mine").remove.text() == "Forget…"
    row(window.here, "Mine").remove.click()
    box = window.findChild(QMessageBox)
    assert box is not None and "stays where it is" in box.informativeText()
    with qtbot.waitSignal(bridge.remove_brain_requested) as asked:
        answer(window, "Forget it")
    assert asked.args == ["mine"]
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    row(window.here, "Small & quick").remove.click()
    box = window.findChild(QMessageBox)
    assert box is not None and "frees 2.0 GB" in box.informativeText() and "starter brain" in box.informativeText()
    with qtbot.assertNotEmitted(bridge.remove_brain_requested):
        answer(window, "Cancel")


def test_when_the_row_with_the_keyboard_goes_the_next_one_has_it(
    window: BrainWindow, bridge: Bridge, qtbot: QtBot
) -> None:
    window.show_here()
    bridge.show_brains((OWN, LINKED), "")
    row(window.here, "Small & quick").use.setFocus()
    bridge.show_brains((LINKED,), "")
    assert window.focusWidget() is row(window.here, "Mine").use
    bridge.show_brains((replace(OWN, id="new", title="New"), LINKED), "")
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is row(window.here, "New").remove  # in the order in which they are seen


def test_the_starter_brain_is_the_present_one_only_where_it_thinks(window: BrainWindow, bridge: Bridge) -> None:
    window.show_here()
    bridge.settings_changed.emit(Settings())
    assert row(window.here, "Starter brain").present.isVisible()
    bridge.settings_changed.emit(Settings(model_source=ModelSource.SERVER))
    assert not row(window.here, "Starter brain").present.isVisible()


def test_other_programs_are_looked_at_only_when_asked(window: BrainWindow, bridge: Bridge, qtbot: QtBot) -> None:
    page = window.found
    with qtbot.assertNotEmitted(bridge.scan_requested):
        window.tabs.setCurrentWidget(page)
    assert not page.empty.isVisible()
    with qtbot.waitSignal(bridge.scan_requested):
        page.scan.click()
    assert page.empty.text() == LOOKING
    bridge.show_found(())
    assert page.empty.text() == NONE_FOUND and not page.card.isVisible()
    bridge.show_found((OTHERS,))
    assert page.card.isVisible() and not page.empty.isVisible()
    assert row(page, "gemma3:4b").detail.words.startswith("Ollama · 2.0 GB")
    assert not row(page, "gemma3:4b").remove.isVisible()
    with qtbot.waitSignal(bridge.use_brain_requested) as asked:
        row(page, "gemma3:4b").use.click()
    assert asked.args == ["ollama-gemma"]


def test_servers_are_looked_for_when_the_page_opens(window: BrainWindow, bridge: Bridge, qtbot: QtBot) -> None:
    page = window.servers
    with qtbot.waitSignal(bridge.servers_requested):
        window.tabs.setCurrentWidget(page)
    assert page.empty.text() == LOOKING
    bridge.show_servers((SERVER, replace(SERVER, program="Empty", url="http://127.0.0.1:1/v1", models=())))
    assert titles(page) == ["gemma3:4b", "tiny", "Empty"]
    assert not row(page, "Empty").use.isEnabled()
    with qtbot.waitSignal(bridge.use_server_requested) as asked:
        row(page, "tiny").use.click()
    assert asked.args == [SERVER.url, "tiny"]
    used = Settings(model_source=ModelSource.SERVER, server_url=SERVER.url, server_model="tiny")
    bridge.settings_changed.emit(used)
    assert row(page, "tiny").present.isVisible() and not row(page, "gemma3:4b").present.isVisible()


def test_a_file_is_imported_by_the_dialog(window: BrainWindow, bridge: Bridge, qtbot: QtBot) -> None:
    next(button for button in window.findChildren(QPushButton) if "Import" in button.text()).click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None and "*.gguf" in dialog.nameFilters()[0]
    with qtbot.waitSignal(bridge.import_requested) as asked:
        dialog.fileSelected.emit("/home/me/mine.gguf")
    dialog.close()
    assert asked.args == ["/home/me/mine.gguf"]
    assert window.tabs.currentWidget() is window.here


def test_what_came_of_a_wish_is_said_here_too(window: BrainWindow, bridge: Bridge) -> None:
    assert not window.said.isVisible()
    bridge.notice_raised.emit("mine.gguf is not a model.")
    assert window.said.text() == "mine.gguf is not a model." and window.said.isVisible()
    window.close()
    window.show()
    assert not window.said.isVisible()


@pytest.mark.parametrize("find", [lambda w: w.here, lambda w: w.found, lambda w: w.servers])
def test_everything_has_a_name(window: BrainWindow, bridge: Bridge, find: Callable[[BrainWindow], RowsPage]) -> None:
    bridge.show_brains((OWN, LINKED), "small")
    bridge.show_found((OTHERS,))
    bridge.show_servers((SERVER,))
    page = find(window)
    assert page.card.accessibleName()
    for one in page.rows.widgets:
        assert one.use.accessibleName() == f"Use {one.title.words}"
        assert one.accessibleName() and one.accessibleDescription()


def test_names_of_others_are_plain_text_on_one_line(window: BrainWindow, bridge: Bridge) -> None:
    bridge.show_brains((replace(LINKED, title="<b>bold</b>\nsecond " + "x" * 400, licence="a\nb"),), "")
    shown = window.here.rows.widgets[1]
    assert "\n" not in shown.title.words and len(shown.title.words) <= 120
    assert shown.title.textFormat() is Qt.TextFormat.PlainText and "a b" in shown.detail.words
    assert window.minimumSizeHint().width() <= 560


def test_the_tab_key_goes_down_the_cards_and_then_to_the_buttons_below(
    window: BrainWindow, bridge: Bridge, qtbot: QtBot
) -> None:
    bridge.show_offers(OFFERS, "")
    bridge.show_fetches((fetch(),))
    window.tabs.tabBar().setFocus()
    first, *others = [*window.offers.recommended.widgets, *window.offers.others.widgets]
    wanted = [first.licence, first.fetch.pause, first.fetch.cancel]
    for card in others:
        wanted += [card.get, card.licence] if card.get.isEnabled() else [card.licence]
    seen = []
    for _ in wanted:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        seen.append(window.focusWidget())
    assert seen == wanted
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert "Import" in window.focusWidget().text()
