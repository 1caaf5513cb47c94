"""What she saw, look by look, and what she was told about it; to read, keep, and forget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from alisa_desktop.core.sight import Consent, Look
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.eyes_words import one_line
from alisa_desktop.ui.look_export import export_looks
from alisa_desktop.ui.look_list import LookList
from alisa_desktop.ui.theme import ThemeWatcher

PROMISE = "Everything she was told of your screen. No pictures are kept."
EMPTY = "She has not looked at anything."
HOW_TO_LOOK = "To have her look, press the eye in the bubble, or choose “Look now” in her menu."
HOW_TO_ALLOW = "Her eyes are shut. Allow it here, or in her menu under “Eyes”."
WIDTHS = {0: 190, 1: 150, 3: 80, 4: 100}
"""Widths of the columns in px; the window's title has the rest."""


class LedgerWindow(QDialog):
    """Asks the bridge for looks and shows what comes, as plain text only. GUI thread only."""

    permission_requested = Signal()

    def __init__(self, bridge: Bridge, watcher: ThemeWatcher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — What she saw")
        self.resize(860, 600)
        Dress(self, watcher)
        self._bridge = bridge
        self.looks = LookList(self)
        self._build_list()
        self._build_note()
        self._build_empty()
        self._lay_out()
        self._connect()
        self._show_looks([])

    def _build_list(self) -> None:
        self.view = view = QTreeView()
        view.setAccessibleName("What she saw")
        view.setModel(self.looks)
        view.setUniformRowHeights(True)
        view.setRootIsDecorated(False)
        view.setItemsExpandable(False)
        view.setExpandsOnDoubleClick(False)
        view.setIndentation(0)
        view.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        header = view.header()
        header.setSectionsMovable(False)
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in WIDTHS.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._delete = QAction("&Delete", view, shortcut=QKeySequence(QKeySequence.StandardKey.Delete))
        self._delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._delete.triggered.connect(self._delete_one)
        view.addAction(self._delete)

    def _build_note(self) -> None:
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)
        self.note = QPlainTextEdit(readOnly=True)
        self.note.setAccessibleName("What she was told about it")
        self.note.setPlaceholderText("Choose a look to read what she was told about it.")
        self.note.setTabChangesFocus(True)
        flags = Qt.TextInteractionFlag
        self.note.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)

    def _build_empty(self) -> None:
        nothing, self._how = QLabel(EMPTY), QLabel()
        nothing.setProperty("title", True)
        self._how.setProperty("muted", True)
        self._allow = _button("&Let her look…", self.permission_requested.emit)
        self._empty = QWidget()
        column = QVBoxLayout(self._empty)
        column.setSpacing(10)
        column.addStretch(2)
        for part in (nothing, self._how, self._allow):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def _lay_out(self) -> None:
        below = QWidget()
        note = QVBoxLayout(below)
        note.setContentsMargins(0, 4, 0, 0)
        note.addWidget(self.heading)
        note.addWidget(self.note, 1)
        parts = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        parts.addWidget(self.view)
        parts.addWidget(below)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._with_promise(parts))
        self._pages.addWidget(self._empty)
        self._said = QLabel(wordWrap=True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.addWidget(self._pages, 1)
        column.addWidget(self._said)
        column.addLayout(self._button_row())

    def _with_promise(self, parts: QWidget) -> QWidget:
        promise, page = QLabel(PROMISE), QWidget()
        promise.setProperty("muted", True)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(promise)
        column.addWidget(parts, 1)
        return page

    def _button_row(self) -> QHBoxLayout:
        self._forget_all = _button("Forget &everything…", self._ask_forget_all)
        self._forget_all.setProperty("danger", True)
        self._forget_hour = _button("Forget the last &hour", self._bridge.forget_hour_requested.emit)
        self._export = _button("E&xport…", self._ask_where)
        self._delete_button = _button(self._delete.text(), self._delete.trigger)
        row = QHBoxLayout()
        row.addWidget(self._forget_all)
        row.addWidget(self._forget_hour)
        row.addStretch(1)
        row.addWidget(self._export)
        row.addWidget(self._delete_button)
        row.addWidget(_button("&Close", self.reject))
        return row

    def _connect(self) -> None:
        self._bridge.looks_loaded.connect(self._show_looks)
        self._bridge.ledger_changed.connect(self._refresh)
        self._bridge.eyes_changed.connect(self._show_page)
        self.view.selectionModel().currentChanged.connect(self._show_note)

    # showing

    def showEvent(self, event: QShowEvent) -> None:
        """Look again whenever the window opens."""
        super().showEvent(event)
        self._say("")
        self._refresh()

    def _refresh(self) -> None:
        if self.isVisible():
            self._bridge.looks_requested.emit()

    def _show_looks(self, looks: list[Look]) -> None:
        before, top, offset = self.view.currentIndex(), *self._top()
        chosen, place = self._current(), self._place_of(before)
        self.looks.show_looks(looks)
        for row in range(len(self.looks.days)):
            self.view.setFirstColumnSpanned(row, QModelIndex(), True)
        self.view.expandAll()
        self._choose(self.looks.position(chosen.id) if chosen else -1, place)
        self._scroll_back(top, offset)
        self._show_note()
        self._show_page()

    def _choose(self, position: int, before: int) -> None:
        """Stay on the look that was chosen; if it is gone, on the one that took its place."""
        position = position if position >= 0 else min(before, len(self.looks.looks) - 1)
        self.view.setCurrentIndex(self.looks.place(position) if position >= 0 else QModelIndex())

    def _place_of(self, index: QModelIndex) -> int:
        look = self.looks.look(index)
        return self.looks.position(look.id) if look else 0

    def _top(self) -> tuple[str, int]:
        """The look at the upper edge and where it begins, in px; nothing where the list is at its beginning."""
        if not self.view.verticalScrollBar().value():
            return "", 0
        index = self.view.indexAt(self.view.viewport().rect().topLeft())
        while index.isValid() and not self.looks.look(index):  # a heading
            index = self.view.indexBelow(index)
        look = self.looks.look(index)
        return (look.id, self.view.visualRect(index).top()) if look else ("", 0)

    def _scroll_back(self, look_id: str, offset: int) -> None:
        position = self.looks.position(look_id) if look_id else -1
        if position < 0:
            return
        self.view.scrollTo(self.looks.place(position), QTreeView.ScrollHint.PositionAtTop)
        bar = self.view.verticalScrollBar()
        bar.setValue(bar.value() - offset)

    def _show_note(self) -> None:
        look = self._current()
        self.heading.setText(_heading(look) if look else "")
        self.heading.setVisible(look is not None)
        note = look.note if look else ""
        if note != self.note.toPlainText():
            self.note.setPlainText(note)
        self._delete.setEnabled(look is not None)
        self._delete_button.setEnabled(look is not None)

    def _show_page(self) -> None:
        some, off = bool(self.looks.looks), self._bridge.eyes.consent is Consent.OFF
        turned = self._pages.currentIndex() != (0 if some else 1)
        self._pages.setCurrentIndex(0 if some else 1)
        self._how.setText(HOW_TO_ALLOW if off else HOW_TO_LOOK)
        self._allow.setVisible(off)
        for part in (self._forget_all, self._forget_hour, self._export):
            part.setEnabled(some)
        if turned and some:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _current(self) -> Look | None:
        return self.looks.look(self.view.currentIndex())

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))

    # doing

    def _delete_one(self) -> None:
        if look := self._current():
            self._bridge.delete_look_requested.emit(look.id)

    def _ask_forget_all(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, self.windowTitle(), self._question(), parent=self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText("This can't be undone. What she said about it stays in the history.")
        go = box.addButton("Forget everything", QMessageBox.ButtonRole.DestructiveRole)
        go.setProperty("danger", True)
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        go.clicked.connect(self._bridge.forget_looks_requested)
        box.open()

    def _question(self) -> str:
        count = len(self.looks.looks)
        entries = "The one entry" if count == 1 else f"All {count} entries"
        return f"Forget everything she saw? {entries} will be gone for good."

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export what she saw", str(Path.home()), "JSON (*.json)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"alisa-saw-{date.today().isoformat()}.json")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._export_to)
        dialog.open()

    def _export_to(self, file: str) -> None:
        path, count = Path(file), len(self.looks.looks)
        trouble = export_looks(path, self.looks.looks)
        self._say(trouble or f"{count} {'entry' if count == 1 else 'entries'} written to {path}.")


def _heading(look: Look) -> str:
    told = "She was told" if look.told else "Kept ready for her"
    return f"{told} · {' — '.join(filter(None, (one_line(look.app), one_line(look.title))))}"


def _button(text: str, do: Callable[[], object]) -> QPushButton:
    button = QPushButton(text, autoDefault=False)
    button.clicked.connect(lambda: do())
    return button
