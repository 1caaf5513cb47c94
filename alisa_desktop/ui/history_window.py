"""What was said, by day or by search; to read, copy, and forget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from alisa_desktop.core.messages import Turn
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.theme import Theme, ThemeWatcher
from alisa_desktop.ui.times import day_words
from alisa_desktop.ui.turn_delegate import TurnDelegate
from alisa_desktop.ui.turn_list import TurnList, TurnRole

SEARCH_WAIT_MS = 250
DayRole = Qt.ItemDataRole.UserRole


class HistoryWindow(QDialog):
    """Asks the bridge for days and turns, and shows what comes. GUI thread only."""

    def __init__(self, bridge: Bridge, watcher: ThemeWatcher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — History")
        self.resize(860, 600)
        Dress(self, watcher)
        self._bridge = bridge
        self._total = 0
        self._keep: str | None = None
        self._build_days()
        self._build_turns(watcher)
        self._build_buttons()
        self._lay_out()
        self._connect(watcher)
        self._show_turns([])

    def _build_days(self) -> None:
        self.search = QLineEdit(placeholderText="Search what was said", clearButtonEnabled=True)
        self.search.setAccessibleName("Search what was said")
        self._search_wait = QTimer(self, singleShot=True, interval=SEARCH_WAIT_MS)
        self.days = QListWidget()
        self.days.setAccessibleName("Days")
        self.days.setFixedWidth(220)

    def _build_turns(self, watcher: ThemeWatcher) -> None:
        self._title = QLabel()
        self._title.setProperty("title", True)
        self._earlier = QPushButton(autoDefault=False)
        self.turns = TurnList(self)
        self.view = QListView()
        self.view.setAccessibleName("What was said")
        self.view.setModel(self.turns)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._delegate = TurnDelegate(self.view, self.turns, watcher.theme)
        self.view.setItemDelegate(self._delegate)

    def _build_buttons(self) -> None:
        keys = QKeySequence.StandardKey
        self._copy = self._action("&Copy", keys.Copy, self._copy_one)
        self._delete = self._action("&Delete…", keys.Delete, self._ask_delete_one)
        self._copy_all_button = _button("Copy &all", self._copy_all)
        self._delete_all_button = _button("Delete &everything…", self._ask_delete_all)
        self._delete_all_button.setProperty("danger", True)
        self._find = QAction("Search", self, shortcut=QKeySequence(keys.Find))
        self.addAction(self._find)

    def _action(self, text: str, key: QKeySequence.StandardKey, do: Callable[[], None]) -> QAction:
        action = QAction(text, self.view, shortcut=QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: do())
        self.view.addAction(action)
        return action

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.days, 1)
        right = QVBoxLayout()
        for widget in (self._title, self._earlier):
            right.addWidget(widget)
        right.addWidget(self.view, 1)
        top = QHBoxLayout()
        top.addLayout(left)
        top.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.addLayout(top, 1)
        column.addLayout(self._button_row())

    def _button_row(self) -> QHBoxLayout:
        self._copy_button = _button(self._copy.text(), self._copy.trigger)
        self._delete_button = _button(self._delete.text(), self._delete.trigger)
        row = QHBoxLayout()
        row.addWidget(self._delete_all_button)
        row.addStretch(1)
        for button in (self._copy_button, self._copy_all_button, self._delete_button):
            row.addWidget(button)
        row.addWidget(_button("C&lose", self.reject))
        return row

    def _connect(self, watcher: ThemeWatcher) -> None:
        bridge = self._bridge
        bridge.days_loaded.connect(self._show_days)
        bridge.turns_loaded.connect(self._show_turns)
        bridge.history_changed.connect(self._refresh)
        bridge.reply_finished.connect(self._refresh)
        self.search.textChanged.connect(self._search_wait.start)
        self._search_wait.timeout.connect(self._ask)
        self.search.returnPressed.connect(self._ask)
        self._find.triggered.connect(self.search.setFocus)
        self.days.currentItemChanged.connect(self._day_chosen)
        self._earlier.clicked.connect(self._show_earlier)
        self.view.selectionModel().currentChanged.connect(self._enable_buttons)
        watcher.changed.connect(self._wear)

    # asking

    def showEvent(self, event: QShowEvent) -> None:
        """Look again whenever the window opens."""
        super().showEvent(event)
        self._refresh()

    def _refresh(self, _event: object = None) -> None:
        if self.isVisible():
            self._bridge.days_requested.emit()

    def _ask(self) -> None:
        words = self.search.text().strip()
        day = self._day()
        if words:
            self._bridge.search_requested.emit(words)
        elif day:
            self._bridge.day_requested.emit(day)
        else:
            self._show_turns([])

    def _day(self) -> date | None:
        item = self.days.currentItem()
        day: date | None = item.data(DayRole) if item else None
        return day

    def _day_chosen(self) -> None:
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self._search_wait.stop()
        self._ask()

    # showing

    def _show_days(self, days: list[tuple[date, int]]) -> None:
        chosen = self._day()
        current = self._current()
        self._keep = current.id if current else None
        self._total = sum(count for _, count in days)
        self.days.blockSignals(True)
        self.days.clear()
        for day, count in days:
            item = QListWidgetItem(f"{day_words(day)}  ({count})")
            item.setData(DayRole, day)
            self.days.addItem(item)
        rows = [row for row, (day, _) in enumerate(days) if day == chosen]
        self.days.setCurrentRow(rows[0] if rows else 0)
        self.days.blockSignals(False)
        self._ask()

    def _show_turns(self, turns: list[Turn]) -> None:
        words = self.search.text().strip()
        self.turns.titles = {name: title for name, title, _ in self._bridge.modes}
        self.turns.show_turns(turns, with_date=bool(words))
        self._title.setText(self._heading(words, len(turns)))
        self._offer_earlier()
        row = self.turns.row_of(self._keep) if self._keep else -1
        self._keep = None
        self.view.setCurrentIndex(self.turns.index(row if row >= 0 else self.turns.rowCount() - 1))
        self.view.scrollTo(self.view.currentIndex(), QListView.ScrollHint.EnsureVisible)
        self._enable_buttons()

    def _heading(self, words: str, count: int) -> str:
        day = self._day()
        if words:
            return f"“{words}”: {count or 'nothing'} found"
        return day_words(day) if day and count else "Nothing here yet"

    def _show_earlier(self) -> None:
        first = self.view.indexAt(self.view.viewport().rect().topLeft())
        rows = self.turns.show_earlier()
        self.view.scrollTo(self.turns.index(first.row() + rows), QListView.ScrollHint.PositionAtTop)
        self._offer_earlier()

    def _offer_earlier(self) -> None:
        self._earlier.setVisible(self.turns.earlier > 0)
        self._earlier.setText(f"Show earlier ({self.turns.earlier} more)")

    def _enable_buttons(self) -> None:
        one, some = self._current() is not None, self.turns.rowCount() > 0
        for part in (self._copy, self._delete, self._copy_button, self._delete_button):
            part.setEnabled(one)
        self._copy_all_button.setEnabled(some)
        self._delete_all_button.setEnabled(self._total > 0)

    def _wear(self, theme: Theme) -> None:
        self._delegate.wear(theme)
        self.view.doItemsLayout()

    def _current(self) -> Turn | None:
        index: QModelIndex = self.view.currentIndex()
        turn: Turn | None = index.data(TurnRole) if index.isValid() else None
        return turn

    # doing

    def _copy_one(self) -> None:
        turn = self._current()
        if turn:
            QGuiApplication.clipboard().setText(self.turns.text(turn))

    def _copy_all(self) -> None:
        texts = (self.turns.text(turn) for turn in self.turns.turns)
        QGuiApplication.clipboard().setText("\n\n".join(texts))

    def _ask_delete_one(self) -> None:
        turn = self._current()
        if turn:
            words = turn.user_text if len(turn.user_text) <= 80 else f"{turn.user_text[:79]}…"
            question = f"Forget “{words}” and the answer to it?"
            self._confirm(question, "Delete", lambda: self._bridge.delete_turn_requested.emit(turn.id))

    def _ask_delete_all(self) -> None:
        question = f"Forget everything? All {self._total} turns of {self.days.count()} days will be gone for good."
        self._confirm(question, "Delete everything", self._bridge.delete_all_requested.emit)

    def _confirm(self, question: str, verb: str, do: Callable[[], None]) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, self.windowTitle(), question, parent=self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText("This can't be undone.")
        go = box.addButton(verb, QMessageBox.ButtonRole.DestructiveRole)
        go.setProperty("danger", True)
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        go.clicked.connect(lambda: do())
        box.open()


def _button(text: str, do: Callable[[], object]) -> QPushButton:
    button = QPushButton(text, autoDefault=False)
    button.clicked.connect(lambda: do())
    return button
