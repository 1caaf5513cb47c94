"""The turns of a day or of a search as a list for views, newest page first in hand, earlier ones on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QDate, QLocale, QModelIndex, QObject, QPersistentModelIndex, Qt, QTime

from alisa_desktop.core.messages import Outcome, Turn

PAGE = 200
"""How many turns are laid out at once; a long day opens as fast as a short one."""
TurnRole = Qt.ItemDataRole.UserRole
AnyIndex = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class TurnList(QAbstractListModel):
    """Oldest first; begins with the last `PAGE` turns. GUI thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.with_date = False
        """Whether turns say their day too (search results come from many)."""
        self.titles: Mapping[str, str] = {}
        """What people call the modes."""
        self._turns: Sequence[Turn] = ()
        self._first = 0

    def show_turns(self, turns: Sequence[Turn], *, with_date: bool) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._turns, self.with_date = turns, with_date
        self._first = max(0, len(turns) - PAGE)
        self.endResetModel()

    @property
    def turns(self) -> Sequence[Turn]:
        """All turns, also those not laid out yet."""
        return self._turns

    @property
    def earlier(self) -> int:
        """How many turns are before the first row."""
        return self._first

    def show_earlier(self) -> int:
        """Put one more page before the first row, and say how many rows came."""
        count = min(PAGE, self._first)
        if count:
            self.beginInsertRows(QModelIndex(), 0, count - 1)
            self._first -= count
            self.endInsertRows()
        return count

    def row_of(self, turn_id: str) -> int:
        """The row of a turn, -1 if it is not laid out."""
        rows = (row for row, turn in enumerate(self._turns[self._first :]) if turn.id == turn_id)
        return next(rows, -1)

    def rowCount(self, parent: AnyIndex = ROOT) -> int:
        """How many turns are laid out."""
        return 0 if parent.isValid() else len(self._turns) - self._first

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The turn itself (`TurnRole`), or its text."""
        if not index.isValid():
            return None
        turn = self._turns[self._first + index.row()]
        if role == TurnRole:
            return turn
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return self.text(turn) if role in texts else None

    def heading(self, turn: Turn) -> str:
        """When, in which mode, with which feeling, and whether it went wrong."""
        return _heading(turn, self.titles.get(turn.mode, turn.mode), with_date=self.with_date)

    def text(self, turn: Turn) -> str:
        """One turn as plain text, for the clipboard and for screen readers."""
        said = [f"You: {turn.user_text}", f"Alisa: {turn.reply}" if turn.reply else "", turn.notice]
        return "\n".join([self.heading(turn), *filter(None, said)])


def _heading(turn: Turn, mode: str, *, with_date: bool) -> str:
    at, locale, short = turn.at.astimezone(), QLocale(), QLocale.FormatType.ShortFormat
    time = locale.toString(QTime(at.hour, at.minute), short)
    day = f"{locale.toString(QDate(at.year, at.month, at.day), short)} " if with_date else ""
    ends = {Outcome.DONE: "", Outcome.STOPPED: " · stopped", Outcome.FAILED: " · failed"}
    return f"{day}{time} · {mode} · {turn.emotion}{ends[turn.outcome]}"
