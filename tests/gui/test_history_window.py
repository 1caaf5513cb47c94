"""The history window against a bridge that answers from a list of turns."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from alisa_desktop.core.messages import Emotion, Outcome, Turn
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.history_window import HistoryWindow
from alisa_desktop.ui.theme import ThemeWatcher, dark
from alisa_desktop.ui.turn_delegate import PAD, TurnDelegate
from alisa_desktop.ui.turn_list import PAGE, TurnList

TODAY = date.today()
YESTERDAY = TODAY - timedelta(days=1)
LONG_AGO = date(2024, 2, 29)
Opener = Callable[[dict[date, list[Turn]]], HistoryWindow]


def turn(number: int, text: str = "hi", reply: str = "Hmph.", **more: object) -> Turn:
    at = datetime(2024, 2, 29, 12, tzinfo=UTC) + timedelta(seconds=number)
    values: dict[str, object] = {
        "id": str(number), "user_text": text, "reply": reply, "emotion": Emotion.SHY, "mode": "study", "model": "m",
        "at": at, **more,
    }  # fmt: skip
    return Turn(**values)  # type: ignore[arg-type]


class Archive:
    """Answers the bridge as the engine would."""

    def __init__(self, bridge: Bridge, days: dict[date, list[Turn]]) -> None:
        self.days = days
        self.searched: list[str] = []
        self.bridge = bridge
        bridge.days_requested.connect(self.tell_days)
        bridge.day_requested.connect(lambda day: bridge.turns_loaded.emit(self.days.get(day, [])))
        bridge.search_requested.connect(self.search)
        bridge.delete_turn_requested.connect(self.forget)
        bridge.delete_all_requested.connect(self.forget_all)

    def tell_days(self) -> None:
        newest_first = sorted(self.days, reverse=True)
        self.bridge.days_loaded.emit([(day, len(self.days[day])) for day in newest_first])

    def search(self, words: str) -> None:
        self.searched.append(words)
        turns = [turn for day in sorted(self.days) for turn in self.days[day]]
        self.bridge.turns_loaded.emit([turn for turn in turns if words in turn.user_text + turn.reply])

    def forget(self, turn_id: str) -> None:
        kept = {day: [turn for turn in turns if turn.id != turn_id] for day, turns in self.days.items()}
        self.days = {day: turns for day, turns in kept.items() if turns}
        self.bridge.history_changed.emit()

    def forget_all(self) -> None:
        self.days = {}
        self.bridge.history_changed.emit()


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.show_modes([("study", "Study", "")], "study")
    return bridge


@pytest.fixture
def watcher(qapp: QApplication) -> ThemeWatcher:
    return ThemeWatcher(qapp)


@pytest.fixture
def archive(bridge: Bridge) -> Archive:
    return Archive(bridge, {TODAY: [turn(1, "one"), turn(2, "two")], LONG_AGO: [turn(3, "three", "A fox.")]})


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge, archive: Archive, watcher: ThemeWatcher) -> HistoryWindow:
    window = HistoryWindow(bridge, watcher)
    qtbot.addWidget(window)
    window.show()
    return window


def rows(window: HistoryWindow) -> list[str]:
    return [window.turns.index(row).data() for row in range(window.turns.rowCount())]


def press(window: HistoryWindow, words: str) -> None:
    next(b for b in window.findChildren(QPushButton) if b.text().replace("&", "").startswith(words)).click()


def question(window: HistoryWindow) -> QMessageBox:
    box = window.findChild(QMessageBox)
    assert box is not None
    return box


def answer(window: HistoryWindow, words: str) -> None:
    box = question(window)
    next(b for b in box.buttons() if b.text() == words).click()
    box.deleteLater()
    QApplication.sendPostedEvents(box, 52)  # DeferredDelete


def test_it_opens_on_the_newest_day_at_the_newest_turn(window: HistoryWindow) -> None:
    days = [window.days.item(row).text() for row in range(window.days.count())]
    assert days[0] == "Today  (2)"
    assert "29" in days[1]
    assert len(rows(window)) == 2
    assert window.view.currentIndex().row() == 1


def test_a_turn_says_when_how_and_what(window: HistoryWindow) -> None:
    heading, user, reply = rows(window)[0].split("\n")
    assert "Study · shy" in heading
    assert (user, reply) == ("You: one", "Alisa: Hmph.")


def test_ends_and_notices_are_told(window: HistoryWindow, bridge: Bridge) -> None:
    failed = turn(5, reply="", outcome=Outcome.FAILED, notice="I lost my model.")
    bridge.turns_loaded.emit([failed, turn(6, outcome=Outcome.STOPPED)])
    assert rows(window)[0].split("\n")[0].endswith("failed")
    assert rows(window)[0].endswith("I lost my model.")
    assert "stopped" in rows(window)[1]


def test_another_day_shows_its_turns(window: HistoryWindow) -> None:
    window.days.setCurrentRow(1)
    assert len(rows(window)) == 1
    assert "three" in rows(window)[0]


def test_search_waits_for_the_typing_to_end(window: HistoryWindow, archive: Archive, qtbot: QtBot) -> None:
    with qtbot.waitSignal(archive.bridge.search_requested):
        qtbot.keyClicks(window.search, "fox")
    assert archive.searched == ["fox"]
    assert len(rows(window)) == 1
    assert str(2024) in rows(window)[0] or "24" in rows(window)[0]


def test_leaving_the_search_shows_the_day_again(window: HistoryWindow, archive: Archive, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.search, "fox")
    qtbot.keyClick(window.search, Qt.Key.Key_Return)
    assert len(rows(window)) == 1
    window.search.clear()
    qtbot.waitUntil(lambda: len(rows(window)) == 2)


def test_choosing_a_day_ends_the_search(window: HistoryWindow, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.search, "nothing of that kind")
    qtbot.keyClick(window.search, Qt.Key.Key_Return)
    assert rows(window) == []
    window.days.setCurrentRow(1)
    assert window.search.text() == ""
    assert len(rows(window)) == 1


def test_one_turn_is_copied_by_key(window: HistoryWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window.view, Qt.Key.Key_Up)
    window.view.setFocus()
    press(window, "Copy")
    assert QGuiApplication.clipboard().text() == rows(window)[0]


def test_all_turns_are_copied(window: HistoryWindow) -> None:
    press(window, "Copy all")
    assert QGuiApplication.clipboard().text() == "\n\n".join(rows(window))


def test_deleting_one_asks_first_and_keeps_the_rest(window: HistoryWindow) -> None:
    press(window, "Delete…")
    assert "two" in question(window).text()
    answer(window, "Cancel")
    assert len(rows(window)) == 2
    press(window, "Delete…")
    answer(window, "Delete")
    assert [row.split("\n")[1] for row in rows(window)] == ["You: one"]


def test_deleting_everything_asks_clearly_and_the_default_is_no(window: HistoryWindow, qtbot: QtBot) -> None:
    press(window, "Delete everything…")
    box = question(window)
    assert "All 3 turns of 2 days" in box.text()
    assert box.defaultButton().text() == "Cancel"
    assert box.escapeButton().text() == "Cancel"
    answer(window, "Delete everything")
    assert rows(window) == []
    assert window.days.count() == 0
    buttons = {b.text().replace("&", ""): b.isEnabled() for b in window.findChildren(QPushButton)}
    assert not any(enabled for text, enabled in buttons.items() if text.startswith(("Copy", "Delete")))


def test_it_stays_on_day_and_turn_when_the_history_changes(window: HistoryWindow, archive: Archive) -> None:
    window.view.setCurrentIndex(window.turns.index(0))
    archive.days[TODAY].append(turn(9, "nine"))
    archive.bridge.history_changed.emit()
    assert len(rows(window)) == 3
    assert window.view.currentIndex().row() == 0
    window.days.setCurrentRow(1)
    archive.days[YESTERDAY] = [turn(8)]
    archive.bridge.history_changed.emit()
    assert (window.days.count(), window.days.currentRow()) == (3, 2)


def test_a_closed_window_asks_for_nothing(window: HistoryWindow, bridge: Bridge, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    with qtbot.assertNotEmitted(bridge.days_requested):
        bridge.history_changed.emit()


def test_a_long_day_lays_out_one_page_and_more_on_demand(window: HistoryWindow, bridge: Bridge) -> None:
    laid_out: list[int] = []
    height = window._delegate._height
    window._delegate._height = lambda turn, width: laid_out.append(1) or height(turn, width)  # type: ignore[method-assign,func-returns-value]
    bridge.turns_loaded.emit([turn(n) for n in range(10_000)])
    QApplication.processEvents()
    assert window.turns.rowCount() == PAGE
    assert len(laid_out) <= 2 * PAGE
    assert window.view.currentIndex().row() == PAGE - 1
    press(window, "Show earlier")
    assert window.turns.rowCount() == 2 * PAGE
    assert window.view.currentIndex().row() == 2 * PAGE - 1
    assert window.view.indexAt(window.view.viewport().rect().topLeft()).row() > 0


def test_pages_end_where_the_day_begins(qapp: QApplication) -> None:
    turns = TurnList()
    turns.show_turns([turn(n) for n in range(PAGE + 5)], with_date=False)
    assert (turns.show_earlier(), turns.show_earlier(), turns.earlier) == (5, 0, 0)
    assert turns.row_of("0") == 0
    assert turns.row_of("never") == -1


def test_cards_are_as_high_as_their_words_and_long_words_break(window: HistoryWindow, bridge: Bridge) -> None:
    bridge.turns_loaded.emit([turn(1, "short"), turn(2, "word " * 300), turn(3, "w" * 1500), turn(4, "<b>bold</b>")])
    QApplication.processEvents()
    heights = [window.view.visualRect(window.turns.index(row)).height() for row in range(4)]
    assert heights[0] == heights[3] < heights[1]
    assert heights[2] > 3 * heights[0]


def test_her_markdown_is_shown_as_what_it_means(window: HistoryWindow, bridge: Bridge) -> None:
    delegate = window.view.itemDelegate()
    assert isinstance(delegate, TurnDelegate)
    marked, plain = turn(1, reply="**Bold** words.\n\n- a\n- b"), turn(2, reply="Plain words.")
    bridge.turns_loaded.emit([marked, plain])
    window.view.grab()
    assert delegate.page.cache_info().currsize == 1
    page = delegate.page(marked.reply, window.view.viewport().width() - 2 * PAD)
    assert page.toPlainText() == "Bold words.\na\nb"
    assert window.turns.text(marked).count("**") == 2


def test_code_wraps_and_stands_together(window: HistoryWindow, bridge: Bridge) -> None:
    delegate = window.view.itemDelegate()
    assert isinstance(delegate, TurnDelegate)
    page = delegate.page("```python\n" + "word " * 80 + "\nx = 1\n```", 300)
    assert page.size().width() <= 300
    assert page.firstBlock().blockFormat().bottomMargin() == 0


def test_it_changes_with_the_theme(window: HistoryWindow, watcher: ThemeWatcher) -> None:
    before = window.grab().toImage()
    watcher.theme = dark
    watcher.changed.emit(dark)
    assert window.grab().toImage() != before


def test_everything_has_a_name(window: HistoryWindow) -> None:
    assert all(part.accessibleName() for part in (window.search, window.days, window.view))
