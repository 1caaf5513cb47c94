"""The talk of today, newest at the bottom; grows with her words and can be scrolled back."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QWidget

from alisa_desktop.core.events import Remarked, ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.core.messages import Turn
from alisa_desktop.ui.afterwards import Afterwards
from alisa_desktop.ui.column import Fitting, stack
from alisa_desktop.ui.exchange import Exchange
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.passages import ProsePassage
from alisa_desktop.ui.soft_edge import HEIGHT as SOFT
from alisa_desktop.ui.soft_edge import SoftEdge

FRAME = 33
"""Milliseconds between two paints of words that come: at most 30 a second."""
PAGE = 8
"""How many exchanges are built at once when the user scrolls back."""
MOST = 40
"""Exchanges that stay built while the talk goes on; earlier ones are built again when the user scrolls back."""
EDGE = 2
"""Pixels around the view for its focus ring."""
PAD = 4
"""Pixels between the words and the ring at their left (the style sheet says the same)."""
BAR = 10
"""Pixels for the scroll bar, kept free while there is none, so that nothing wraps anew when it comes."""
NEAR = 4
"""Pixels from the end that still count as "at the end"."""


class Transcript(QScrollArea):
    """Shows exchanges in a column. It follows her words unless the user scrolled up. GUI thread only."""

    grew = Signal()
    """The height that would show the latest exchange has changed."""
    regenerate_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._exchanges: list[Exchange] = []
        self._earlier: list[Turn] = []
        self._following = True
        self._dirty = False
        self.setObjectName("transcript")
        self.setAccessibleName("Today's talk")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._column = QWidget(self)
        self._column.setObjectName("column")
        self.setWidget(self._column)
        self.afterwards = Afterwards(look, self._column)
        """Copy and answer again: the row below the last reply."""
        self.afterwards.copy.clicked.connect(self.copy_last_reply)
        self.afterwards.again.clicked.connect(self.regenerate_requested)
        self.new_words = QPushButton("New words ↓", self)
        """Leads to the end when words came while the user was reading further up."""
        self.new_words.setObjectName("newWords")
        self.new_words.hide()
        self.new_words.clicked.connect(self.follow)
        self.edge = SoftEdge(look.theme.surface, self)
        """Covers the top while something is scrolled out there."""
        self.frame_timer = QTimer(self, singleShot=True, interval=FRAME)
        """Runs only between words that came and their paint, while the transcript can be seen."""
        self.frame_timer.timeout.connect(self._paint_words)
        self.verticalScrollBar().setSingleStep(24)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    # what happens

    def show_today(self, turns: list[Turn]) -> None:
        """Show these finished turns, oldest first, above the exchange that is under way and among her remarks.

        Remarks are stored nowhere, so they stay until all that was said is forgotten.
        """
        forgotten = not turns and any(not one.running and not one.is_remark for one in self._exchanges)
        kept = [one for one in self._exchanges if one.running or (one.is_remark and not forgotten)]
        for exchange in self._exchanges:
            if exchange not in kept:
                exchange.hide()
                exchange.deleteLater()
        self._exchanges = kept
        self._earlier = [turn for turn in turns if turn.id not in {exchange.turn for exchange in kept}]
        self._build_earlier()
        self.follow()

    def begin(self, event: UserSpoke) -> None:
        """The user spoke; the same turn again starts its reply anew in its place."""
        exchange = self._find(event.turn)
        if exchange:
            exchange.restart()
        else:
            exchange = Exchange.begun(self._look, event, self._column)
            self._adopt(exchange)
            self._exchanges.append(exchange)
        self._following = True
        self._let_go()
        self._lay_out()

    def add_words(self, event: ReplyText) -> None:
        """Words came; they are painted with the next frame."""
        if exchange := self._find(event.turn):
            exchange.reply.add(event.text)
            self._dirty = True
            if self.isVisible() and not self.frame_timer.isActive():
                self.frame_timer.start()

    def add_remark(self, event: Remarked) -> None:
        """She said something unasked; it stands above what is under way."""
        remark = Exchange.remarked(self._look, event, self._column)
        self._adopt(remark)
        done = next((at for at, exchange in enumerate(self._exchanges) if exchange.running), len(self._exchanges))
        self._exchanges.insert(done, remark)
        self._lay_out()

    def finish(self, event: ReplyFinished) -> None:
        """The reply is over."""
        self.frame_timer.stop()
        self._dirty = False
        if exchange := self._find(event.turn):
            exchange.finish(event)
            self._lay_out()

    def restyle(self, look: Look) -> None:
        """Draw everything again in this look."""
        self._look = look
        self.afterwards.restyle(look)
        self.edge.surface = look.theme.surface
        for exchange in self._exchanges:
            exchange.restyle(look)
        self._lay_out()

    # what the user does

    def follow(self) -> None:
        """Go to the end and stay there while words come."""
        self._following = True
        self._lay_out()

    def copy_last_reply(self) -> None:
        """Put the text of the last reply on the clipboard, as she wrote it."""
        if self._exchanges:
            QGuiApplication.clipboard().setText(self._exchanges[-1].reply.text)

    def walk(self, step: int) -> bool:
        """Move the keyboard to the passage `step` places on (negative: up); False where there is none."""
        passages = [found for found in self._column.findChildren(ProsePassage) if not found.isHidden()]
        passages.sort(key=lambda found: found.mapTo(self._column, found.rect().topLeft()).y())
        at = next((index for index, found in enumerate(passages) if found.hasFocus()), len(passages))
        if not 0 <= at + step < len(passages):
            return False
        chosen = passages[at + step]
        chosen.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._show_rect(chosen, chosen.rect())
        return True

    # what the bubble asks

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges that are built so far, oldest first."""
        return list(self._exchanges)

    def wanted_height(self, width: int, least: int) -> int:
        """The height that shows the latest exchange at `width`, and at least `least` px of the talk; 0 without talk."""
        if not self._exchanges:
            return 0
        if self._column.width() != width:
            self._lay_out(width)
        latest = self._column.height() - self._exchanges[-1].y()
        return min(max(latest, least), self._column.height()) + 2 * EDGE

    def place(self, column: QRect) -> None:
        """Put the column of words here; focus ring and scroll bar lie around it."""
        self.setGeometry(column.adjusted(-EDGE - PAD, 0, EDGE + BAR, 0))

    # inside

    def showEvent(self, event: QShowEvent) -> None:
        """Paint what came while nobody could see it."""
        super().showEvent(event)
        self._paint_words()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        self.frame_timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column as wide as the view, and the end in sight."""
        super().resizeEvent(event)
        self.edge.setGeometry(EDGE + PAD, 0, self._own_width(), SOFT)
        if self._column.width() != self._own_width():
            self._lay_out()
        elif self._following:
            self._to_end()
        if self._earlier and self._column.height() < self.height():
            self._build_earlier()  # where nothing can be scrolled, scrolling back can't ask for more
        self._place_button()

    def _paint_words(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        for exchange in self._exchanges:
            if exchange.running:
                exchange.reply.refresh()
        self._lay_out()

    def _lay_out(self, width: int = 0) -> None:
        self.afterwards.setVisible(bool(self._exchanges) and not self._exchanges[-1].running)
        self.afterwards.copy.setVisible(bool(self._exchanges) and bool(self._exchanges[-1].reply.text))
        self.afterwards.again.setVisible(bool(self._exchanges) and not self._exchanges[-1].is_remark)
        rows: list[Fitting] = [*self._exchanges, self.afterwards]
        width = width or self._own_width()
        height = stack(rows, width, self._look.theme.space_m)
        grew = height > self._column.height()
        self._column.resize(width, height)
        if self._following:
            self._to_end()
        elif grew:
            self.new_words.show()
        self._place_button()
        self.grew.emit()

    def _to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.new_words.hide()

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        self._following = value >= bar.maximum() - NEAR
        self.edge.setVisible(value > NEAR)
        if self._following:
            self.new_words.hide()
        if value <= NEAR and self._earlier and self.isVisible():
            self._build_earlier()

    def _build_earlier(self) -> None:
        turns, self._earlier = self._earlier[-PAGE:], self._earlier[:-PAGE]
        built = [Exchange.stored(self._look, turn, self._column) for turn in turns]
        for exchange in built:
            self._adopt(exchange)
        self._exchanges = sorted([*built, *self._exchanges], key=lambda one: (one.running, one.at))
        before = self._column.height()
        self._lay_out()
        if not self._following:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + self._column.height() - before)

    def _let_go(self) -> None:
        """Take down what is far above: a long talk would cost memory and time with every word."""
        for exchange in self._exchanges[: max(0, len(self._exchanges) - MOST)]:
            if exchange.past:
                self._exchanges.remove(exchange)
                self._earlier.append(exchange.past)
                exchange.hide()
                exchange.deleteLater()

    def _adopt(self, exchange: Exchange) -> None:
        exchange.caret_moved.connect(self._show_rect)
        exchange.show()

    def _find(self, turn: str) -> Exchange | None:
        return next((exchange for exchange in reversed(self._exchanges) if exchange.turn == turn), None)

    def _show_rect(self, widget: QWidget, rect: QRect) -> None:
        top = widget.mapTo(self._column, rect.topLeft())
        self.ensureVisible(top.x(), top.y(), 0, self._look.theme.space_l)

    def _place_button(self) -> None:
        size = self.new_words.sizeHint()
        x = (self.width() - size.width()) // 2
        self.new_words.setGeometry(x, self.height() - size.height() - 6, size.width(), size.height())
        self.new_words.raise_()

    def _own_width(self) -> int:
        return max(1, self.width() - 2 * EDGE - PAD - BAR)
