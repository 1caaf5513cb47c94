"""The list of what she saw, against a bridge that answers from a list of looks."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import EyesChanged, LedgerChanged
from alisa_desktop.core.sight import Consent, Depth, EyesStatus, Gaze, Look
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.eyes_words import MOST_TITLE
from alisa_desktop.ui.ledger_window import EMPTY, LedgerWindow
from alisa_desktop.ui.look_list import LookList
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.times import clock_time, day_words

NOON = datetime.combine(datetime.now().date(), datetime.min.time()).astimezone() + timedelta(hours=12)
HOSTILE = '<b>Bank</b> & <a href="http://example.org">click</a>\n\u202eline two'


def look(number: int, *, hours: float = 0, minutes: float = 0, **more: object) -> Look:
    at = (NOON - timedelta(hours=hours)).astimezone(UTC)
    values: dict[str, object] = {
        "id": str(number), "at": at, "until": at + timedelta(minutes=minutes), "count": 1, "app": "Firefox",
        "title": f"Page {number}", "depth": Depth.WINDOW, "note": f"Note {number}", "told": True, **more,
    }  # fmt: skip
    return Look(**values)  # type: ignore[arg-type]


class Ledger:
    """Answers the bridge as the engine would."""

    def __init__(self, bridge: Bridge, looks: list[Look]) -> None:
        self.looks = looks
        self.asked = 0
        self.bridge = bridge
        bridge.looks_requested.connect(self.tell)
        bridge.delete_look_requested.connect(lambda gone: self.keep([it for it in self.looks if it.id != gone]))
        bridge.forget_hour_requested.connect(lambda: self.keep(self.looks[1:]))
        bridge.forget_looks_requested.connect(lambda: self.keep([]))

    def tell(self) -> None:
        self.asked += 1
        self.bridge.looks_loaded.emit(list(self.looks))

    def keep(self, looks: list[Look]) -> None:
        self.looks = looks
        self.bridge.deliver(LedgerChanged())


@pytest.fixture
def ledger(bridge: Bridge) -> Ledger:
    return Ledger(
        bridge,
        [
            look(1, depth=Depth.TEXT),
            look(2, hours=1, minutes=31, count=5, told=False),
            look(3, hours=2, depth=Depth.PICTURE, app="GIMP"),
            look(4, hours=24),
            look(5, hours=24 * 40, note=HOSTILE, title=HOSTILE, app=HOSTILE),
        ],
    )


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge, ledger: Ledger, watcher: ThemeWatcher) -> LedgerWindow:
    window = LedgerWindow(bridge, watcher)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
    return window


def cells(model: QAbstractItemModel, index: QModelIndex) -> list[str]:
    return [index.siblingAtColumn(column).data() for column in range(model.columnCount())]


def chosen(window: LedgerWindow) -> str:
    current = window._current()
    return current.id if current else ""


def choose(window: LedgerWindow, look_id: str) -> None:
    window.view.setCurrentIndex(window.looks.place(window.looks.position(look_id)))


def button(window: LedgerWindow, words: str) -> QPushButton:
    return next(it for it in window.findChildren(QPushButton) if it.text().replace("&", "").startswith(words))


def test_days_are_headings_and_looks_have_all_they_need(window: LedgerWindow) -> None:
    days = [window.looks.index(row, 0).data() for row in range(window.looks.rowCount())]
    assert days[:2] == ["Today", "Yesterday"]
    assert days[2] == day_words((NOON - timedelta(hours=24 * 40)).date())
    assert cells(window.looks, window.looks.place(0)) == [clock_time(NOON), "Firefox", "Page 1", "Text", "Told"]
    second = cells(window.looks, window.looks.place(1))
    begin, end = NOON - timedelta(hours=1), NOON - timedelta(minutes=29)
    assert second[0] == f"{clock_time(begin)} – {clock_time(end)} · 5 looks"
    assert second[3:] == ["Window", "Kept ready"]


def test_the_model_keeps_the_rules_of_views(qapp: QApplication, ledger: Ledger) -> None:
    model = LookList()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_looks(ledger.looks)
    model.show_looks([])
    model.show_looks(ledger.looks[2:])
    assert tester.model() is model


def test_it_opens_on_the_newest_and_shows_what_she_was_told(window: LedgerWindow, qtbot: QtBot) -> None:
    assert chosen(window) == "1"
    assert window.view.hasFocus()
    assert window.note.toPlainText() == "Note 1"
    assert window.heading.text() == "She was told · Firefox — Page 1"
    qtbot.keyClick(window.view, Qt.Key.Key_Down)
    assert window.note.toPlainText() == "Note 2"
    assert window.heading.text().startswith("Kept ready for her")


def test_the_keyboard_passes_over_the_headings(window: LedgerWindow, qtbot: QtBot) -> None:
    seen = []
    for _ in range(5):
        seen.append(chosen(window))
        qtbot.keyClick(window.view, Qt.Key.Key_Down)
    assert seen == ["1", "2", "3", "4", "5"]


def test_words_from_the_screen_are_only_words(window: LedgerWindow, qtbot: QtBot) -> None:
    choose(window, "5")
    assert window.note.toPlainText() == HOSTILE
    assert isinstance(window.note, QPlainTextEdit)
    assert window.heading.textFormat() is Qt.TextFormat.PlainText
    assert "<b>Bank</b>" in window.heading.text()
    assert "\n" not in cells(window.looks, window.looks.place(4))[2]
    assert window.looks.place(4).data(Qt.ItemDataRole.ToolTipRole) is None
    assert not window.note.textInteractionFlags() & Qt.TextInteractionFlag.TextEditable


def test_an_endless_title_is_cut(window: LedgerWindow, bridge: Bridge) -> None:
    bridge.looks_loaded.emit([look(1, title="x" * 100_000)])
    assert len(cells(window.looks, window.looks.place(0))[2]) == MOST_TITLE


@pytest.mark.parametrize("by_key", [True, False])
def test_one_look_is_forgotten_and_the_next_is_chosen(window: LedgerWindow, qtbot: QtBot, by_key: bool) -> None:
    choose(window, "2")
    if by_key:
        qtbot.keyClick(window.view, Qt.Key.Key_Delete)
    else:
        button(window, "Delete").click()
    assert [it.id for it in window.looks.looks] == ["1", "3", "4", "5"]
    assert chosen(window) == "3"
    choose(window, "5")
    button(window, "Delete").click()
    assert chosen(window) == "4"


def test_the_last_hour_is_forgotten_at_once(window: LedgerWindow, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.forget_hour_requested):
        button(window, "Forget the last hour").click()
    assert len(window.looks.looks) == 4


def test_forgetting_everything_asks_and_the_default_is_no(window: LedgerWindow, ledger: Ledger) -> None:
    button(window, "Forget everything").click()
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "All 5 entries" in box.text()
    assert box.defaultButton().text() == box.escapeButton().text() == "Cancel"
    assert ledger.looks
    next(it for it in box.buttons() if it.text() == "Forget everything").click()
    box.deleteLater()
    assert not ledger.looks
    assert not button(window, "Forget the last hour").isEnabled()


def test_nothing_seen_is_said_and_how_to_allow_it(window: LedgerWindow, ledger: Ledger, qtbot: QtBot) -> None:
    ledger.keep([])
    said = {label.text() for label in window.findChildren(QLabel) if label.isVisible()}
    assert EMPTY in said
    assert any("Allow it" in sentence for sentence in said)
    disabled = ("Forget everything", "Forget the last hour", "Export", "Delete")
    assert not any(button(window, words).isEnabled() for words in disabled)
    with qtbot.waitSignal(window.permission_requested):
        button(window, "Let her look").click()
    ledger.bridge.deliver(EyesChanged(EyesStatus(Consent.ASK, Gaze.OPEN)))
    assert not button(window, "Let her look").isVisible()
    assert any("Look now" in label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_it_stays_where_it_is_when_there_is_more(window: LedgerWindow, ledger: Ledger) -> None:
    ledger.keep([look(number, hours=number / 100) for number in range(500)])
    choose(window, "200")
    window.view.scrollTo(window.view.currentIndex(), window.view.ScrollHint.PositionAtCenter)
    window.note.selectAll()
    before = window.view.visualRect(window.view.currentIndex()).top()
    ledger.keep([look(number, hours=-1) for number in (1001, 1002, 1003)] + ledger.looks)
    assert chosen(window) == "200"
    assert window.view.visualRect(window.view.currentIndex()).top() == before
    assert window.note.textCursor().hasSelection()


def test_at_the_top_it_stays_at_the_top(window: LedgerWindow, ledger: Ledger) -> None:
    ledger.keep([look(number, hours=number / 100) for number in range(100)])
    ledger.keep([look(1000, hours=-1), *ledger.looks])
    assert window.view.verticalScrollBar().value() == 0


def test_a_closed_window_asks_for_nothing_and_looks_again_when_it_opens(
    window: LedgerWindow, ledger: Ledger, qtbot: QtBot
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    asked = ledger.asked
    ledger.bridge.deliver(LedgerChanged())
    assert ledger.asked == asked
    window.show()
    assert ledger.asked == asked + 1


def test_thousands_of_looks_are_drawn_as_few_as_can_be_seen(
    window: LedgerWindow, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.keep([look(number, hours=number / 10) for number in range(6_000)])
    read: list[int] = []
    data = LookList.data
    monkeypatch.setattr(LookList, "data", lambda self, index, role=0: read.append(1) or data(self, index, role))
    choose(window, "3000")
    window.grab()
    assert len(read) < 4_000
    assert chosen(window) == "3000"


# export


def written(window: LedgerWindow) -> str:
    return window._said.text()


def test_the_list_is_exported_as_json(window: LedgerWindow, tmp_path: Path) -> None:
    button(window, "Export").click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert dialog.defaultSuffix() == "json"
    file = tmp_path / "ä.json"
    dialog.fileSelected.emit(str(file))
    dialog.close()
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert [entry["id"] for entry in stored] == ["1", "2", "3", "4", "5"]
    assert stored[4]["note"] == HOSTILE
    assert datetime.fromisoformat(stored[0]["from"]) == NOON
    assert (stored[2]["depth"], stored[1]["looks"], stored[1]["told"]) == ("picture", 5, False)
    assert written(window) == f"5 entries written to {file}."


def test_an_export_that_fails_leaves_the_old_file_and_says_so(window: LedgerWindow, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("old")
    window._export_to(str(tmp_path / "taken" / "looks.json"))
    assert written(window).startswith("I can't write looks.json there (")
    assert (tmp_path / "taken").read_text() == "old"


def test_everything_has_a_name_and_can_be_heard(window: LedgerWindow) -> None:
    assert window.view.accessibleName()
    assert window.note.accessibleName()
    heard = window.looks.place(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard.startswith("Yesterday, ")
