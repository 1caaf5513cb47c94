"""What she saw as a table for views: a heading for each day, below it the looks, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from alisa_desktop.core.sight import Look
from alisa_desktop.ui.eyes_words import DEPTHS, look_times, one_line
from alisa_desktop.ui.times import day_words

COLUMNS = ("When", "Application", "Window", "Depth", "Told")
LookRole = Qt.ItemDataRole.UserRole
AnyIndex = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
Role = Qt.ItemDataRole


class LookList(QAbstractItemModel):
    """Days at the root, looks below them; an index holds the number of its day plus one, zero for a day itself.

    Words from the screen are cut and shown as they are, never read as anything. GUI thread only.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.looks: Sequence[Look] = ()
        """All of them, newest first."""
        self.days: list[tuple[date, list[Look]]] = []
        self._heading = QFont()
        self._heading.setWeight(QFont.Weight.DemiBold)

    def show_looks(self, looks: Sequence[Look]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.looks = looks
        self.days = [(day, list(some)) for day, some in groupby(looks, key=lambda look: look.at.astimezone().date())]
        self.endResetModel()

    def look(self, index: AnyIndex) -> Look | None:
        """The look of a row; None for a heading."""
        return self.days[index.internalId() - 1][1][index.row()] if index.isValid() and index.internalId() else None

    def place(self, position: int) -> QModelIndex:
        """The index of the look at this position of all."""
        for number, (_, looks) in enumerate(self.days):
            if position < len(looks):
                return self.createIndex(position, 0, number + 1)
            position -= len(looks)
        return QModelIndex()

    def position(self, look_id: str) -> int:
        """The position of a look among all, -1 when it is gone."""
        return next((number for number, look in enumerate(self.looks) if look.id == look_id), -1)

    # what views ask for

    def index(self, row: int, column: int, parent: AnyIndex = ROOT) -> QModelIndex:
        """The index of a day, or of a look below it."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: AnyIndex = ROOT) -> QModelIndex:  # type: ignore[override]  # QObject has one, too
        """The day of a look."""
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: AnyIndex = ROOT) -> int:
        """How many days there are, or looks on one."""
        if not parent.isValid():
            return len(self.days)
        return 0 if parent.internalId() or parent.column() else len(self.days[parent.row()][1])

    def columnCount(self, parent: AnyIndex = ROOT) -> int:
        """The same everywhere."""
        return len(COLUMNS)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Headings can't be chosen."""
        if not self.look(index):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:
        """The name of a column."""
        return COLUMNS[section] if role == Role.DisplayRole and orientation is Qt.Orientation.Horizontal else None

    def data(self, index: AnyIndex, role: int = Role.DisplayRole) -> object:
        """The look itself (`LookRole`), or a cell of it."""
        look = self.look(index)
        if not look:
            return self._day(index, role)
        if role == LookRole:
            return look
        if role == Role.AccessibleTextRole and index.column() == 0:
            return f"{day_words(look.at.astimezone().date())}, {_cell(look, 0)}"
        return _cell(look, index.column()) if role == Role.DisplayRole else None

    def _day(self, index: AnyIndex, role: int) -> object:
        if not index.isValid() or index.column():
            return None
        if role == Role.FontRole:
            return self._heading
        return day_words(self.days[index.row()][0]) if role == Role.DisplayRole else None


def _cell(look: Look, column: int) -> str:
    match column:
        case 0:
            return look_times(look)
        case 1:
            return one_line(look.app)
        case 2:
            return one_line(look.title)
        case 3:
            return DEPTHS[look.depth]
    return "Told" if look.told else "Kept ready"
