"""How one turn is painted in the history: when and how, the user's words, her answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from PySide6.QtCore import QByteArray, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPalette,
    QPen,
    QTextDocument,
    QTextOption,
)
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from alisa_desktop.core.messages import Turn
from alisa_desktop.ui.document import fill
from alisa_desktop.ui.look import Lettering
from alisa_desktop.ui.theme import Theme
from alisa_desktop.ui.turn_list import TurnList, TurnRole

PAD = 12
GAP = 4
BETWEEN = 8
WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
LONG_WORD = re.compile(r"\S{30}")
ENDLESS = 1_000_000
MARKED = re.compile(r"[*_`#>|\[~]|^\s*(?:[-+]|\d+[.)])\s", re.MULTILINE)
"""What may be markdown; text without it is measured and painted many times faster."""
PAGES = 32
"""How many texts stay laid out: some more than can be seen at once."""


class Page(QTextDocument):
    """A text of hers that is laid out; nothing is ever loaded for it."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Load nothing."""
        return QByteArray()


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    font: QFont
    colour: str
    space: int
    marked: bool = False

    @property
    def breakable(self) -> str:
        """The text, with places to break in words that are longer than a line may be."""
        return LONG_WORD.sub("\\g<0>\u200b", self.text)


class TurnDelegate(QStyledItemDelegate):
    """Cards: what Alisa said is markdown, the rest plain text; heights are remembered. GUI thread only."""

    def __init__(self, view: QListView, turns: TurnList, theme: Theme) -> None:
        super().__init__(view)
        self._view = view
        self._turns = turns
        self._theme = theme
        self._heights: dict[tuple[Turn, int], int] = {}
        self.page = lru_cache(maxsize=PAGES)(self._lay_out)
        """A text in markdown, laid out for a width (px)."""

    def wear(self, theme: Theme) -> None:
        """Paint in another look from now on."""
        self._theme = theme
        self._heights.clear()
        self.page.cache_clear()

    def _parts(self, turn: Turn) -> Iterator[_Part]:
        theme, body = self._theme, QFont(self._view.font())
        small, strong = QFont(body), QFont(body)
        small.setPointSizeF(theme.font_small)
        strong.setBold(True)
        yield _Part(self._turns.heading(turn), small, theme.muted, 0)
        yield _Part("You", strong, theme.text, BETWEEN)
        yield _Part(turn.user_text, body, theme.text, GAP)
        if turn.reply or turn.notice:
            yield _Part("Alisa", strong, theme.link, BETWEEN)
        if turn.reply:
            yield _Part(turn.reply, body, theme.text, GAP, bool(MARKED.search(turn.reply)))
        if turn.notice:
            yield _Part(turn.notice, body, theme.muted, GAP)

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """As wide as the view, as high as the words need."""
        turn: Turn = index.data(TurnRole)
        width = self._view.viewport().width()
        key = (turn, width)
        if key not in self._heights:
            self._heights[key] = self._height(turn, width)
        return QSize(width, self._heights[key])

    def _height(self, turn: Turn, width: int) -> int:
        heights = (part.space + self._part_height(part, width - 2 * PAD) for part in self._parts(turn))
        return sum(heights) + 2 * PAD + BETWEEN

    def _part_height(self, part: _Part, width: int) -> int:
        if part.marked:
            return ceil(self.page(part.text, width).size().height())
        return QFontMetrics(part.font).boundingRect(QRect(0, 0, width, ENDLESS), WRAP, part.breakable).height()

    def _lay_out(self, markdown: str, width: int) -> Page:
        page = Page()
        page.setDocumentMargin(0)
        page.setDefaultTextOption(_wrapping())
        fill(page, markdown, Lettering(self._theme, self._view.font()))
        page.setTextWidth(width)
        return page

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A card, with a ring around the one that is chosen."""
        painter.save()
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        self._paint_card(painter, area, chosen)
        left, top = area.left() + PAD, area.top() + PAD
        for part in self._parts(index.data(TurnRole)):
            top += part.space
            top += self._paint_part(painter, part, QRect(left, top, area.width() - 2 * PAD, ENDLESS))
        painter.restore()

    def _paint_part(self, painter: QPainter, part: _Part, room: QRect) -> int:
        if part.marked:
            return self._paint_page(painter, self.page(part.text, room.width()), part.colour, room)
        painter.setFont(part.font)
        painter.setPen(QColor(part.colour))
        return painter.drawText(room, WRAP, part.breakable).height()

    @staticmethod
    def _paint_page(painter: QPainter, page: Page, colour: str, room: QRect) -> int:
        context = QAbstractTextDocumentLayout.PaintContext()
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Text, QColor(colour))
        context.palette = palette
        painter.translate(room.topLeft())
        page.documentLayout().draw(painter, context)
        painter.translate(-room.topLeft())
        return ceil(page.size().height())

    def _paint_card(self, painter: QPainter, area: QRect, chosen: bool) -> None:
        theme = self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.focus if chosen else theme.border), 2 if chosen else 1))
        painter.setBrush(QColor(theme.hover if chosen else theme.raised))
        card = QRectF(area).adjusted(1, 1, -1, -1 - BETWEEN)
        painter.drawRoundedRect(card, theme.radius_small, theme.radius_small)


def _wrapping() -> QTextOption:
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    return option
