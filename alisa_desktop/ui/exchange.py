"""One exchange of the talk: the user's words, and her reply as it comes."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QLocale, QRect, QRectF, Qt, QTime, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from alisa_desktop.core.events import Remarked, ReplyFinished, UserSpoke
from alisa_desktop.core.messages import Outcome, Turn
from alisa_desktop.ui.column import stack
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.markdown import Piece, split
from alisa_desktop.ui.passages import CodePassage, ProsePassage, passage
from alisa_desktop.ui.thinking import ThinkingDots

LONGEST = 800
"""Characters of prose that are rendered anew with every paint while she speaks."""
WIDEST = 0.88
"""How much of the column the user's words may take."""


class Line(QLabel):
    """A quiet line of plain text that wraps."""

    def __init__(self, look: Look, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("muted", True)
        self.restyle(look)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self.setFont(look.small)

    def fit(self, width: int) -> int:
        """The height in px at `width`."""
        return self.heightForWidth(width)


class UserWords(QWidget):
    """What the user said, at the right, with the time above; only the time, at the left, where `text` is None."""

    def __init__(self, look: Look, text: str | None, at: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._box = QRectF()
        self.silent = text is None
        """Whether the user said nothing."""
        self._time = Line(look, _clock(at), self)
        self._time.setAlignment(Qt.AlignmentFlag.AlignLeft if self.silent else Qt.AlignmentFlag.AlignRight)
        self.words = ProsePassage(look, "You", self)
        """The passage that shows them."""
        self.words.show_plain(text or "")
        self.words.setHidden(self.silent)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._look = look
        self._time.restyle(look)
        self.words.restyle(look)
        self.words.show_plain(self.words.toPlainText())
        self.update()

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        if self.silent:
            self._time.setGeometry(0, 0, width, self._time.fit(width))
            return self._time.height()
        theme = self._look.theme
        wide = self.words.ideal_width(int(width * WIDEST) - 2 * theme.space_m)
        high = self.words.fit(wide)
        top = self._time.fit(width) + 2
        left = width - wide - 2 * theme.space_m
        self._time.setGeometry(0, 0, width - 2, top)
        self._box = QRectF(left, top, wide + 2 * theme.space_m, high + 2 * theme.space_s)
        self.words.setGeometry(left + theme.space_m, top + theme.space_s, wide, high)
        self.update()
        return top + high + 2 * theme.space_s

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box behind the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.theme.user_fill))
        painter.drawRoundedRect(self._box, self._look.theme.radius_small + 2, self._look.theme.radius_small + 2)


class Reply(QWidget):
    """What she says. Words are collected by `add` and cost nothing until `refresh` shows them."""

    caret_moved = Signal(QWidget, QRect)
    """The keyboard moved the caret of a passage, to this place in its own coordinates (px)."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.text = ""
        self._pieces: list[Piece] = []
        self.passages: list[ProsePassage | CodePassage] = []
        """The widgets that show the pieces of the text, in order."""
        self.renders = 0
        """How many passages were rendered so far."""
        self.dots = ThinkingDots(look, self)
        """Seen until the first word."""
        self.ending = Line(look, "", self)
        """How it ended, when it was stopped or failed."""
        self.ending.hide()

    def add(self, text: str) -> None:
        """More words came."""
        self.text += text

    def refresh(self) -> None:
        """Show the words that came since the last time; only what changed is rendered again."""
        self.dots.hide()
        self._show(split(self.text, LONGEST))

    def end(self, text: str, outcome: Outcome, notice: str) -> None:
        """The reply is over: this is the whole of it, and how it ended."""
        self.text = text
        self.dots.hide()
        self._show(split(text))
        self.ending.setText(notice or ("(stopped)" if outcome is Outcome.STOPPED else ""))
        self.ending.setVisible(bool(self.ending.text()))

    def restart(self) -> None:
        """She thinks again: the old words go."""
        self.text = ""
        self._show([])
        self.ending.hide()
        self.dots.show()

    def restyle(self, look: Look) -> None:
        """Draw everything again in this look."""
        self._look = look
        self.dots.restyle(look)
        self.ending.restyle(look)
        for widget, piece in zip(self.passages, self._pieces, strict=True):
            widget.restyle(look)
            widget.show_piece(piece)

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        return stack([*self.passages, self.dots, self.ending], width, self._look.theme.space_s)

    def _show(self, pieces: list[Piece]) -> None:
        for index, piece in enumerate(pieces):
            if index == len(self._pieces) or type(piece) is not type(self._pieces[index]):
                self._cut(index)
                self._append(piece)
            elif piece != self._pieces[index]:
                self._draw(index, piece)
        self._cut(len(pieces))

    def _append(self, piece: Piece) -> None:
        widget = passage(piece, self._look, "Alisa", self)
        if isinstance(widget, ProsePassage):
            widget.caret_moved.connect(lambda rect: self.caret_moved.emit(widget, rect))
        widget.show()
        self.passages.append(widget)
        self._pieces.append(piece)
        self._draw(len(self._pieces) - 1, piece)

    def _draw(self, index: int, piece: Piece) -> None:
        self._pieces[index] = piece
        self.passages[index].show_piece(piece)
        self.renders += 1

    def _cut(self, count: int) -> None:
        for widget in self.passages[count:]:
            widget.hide()
            widget.deleteLater()
        del self.passages[count:], self._pieces[count:]


class Exchange(QWidget):
    """The user's words and the reply to them, or a remark of hers that is no reply, under the id of their turn."""

    caret_moved = Signal(QWidget, QRect)
    """The keyboard moved the caret of a passage, to this place in its own coordinates (px)."""

    def __init__(self, look: Look, turn: str, words: str | None, at: datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._fitted = (-1, 0)
        self.turn = turn
        self.at = at
        """When it began (aware)."""
        self.running = True
        """True until the reply is over."""
        self.past: Turn | None = None
        """What can be built again from memory, once the reply is over."""
        self.words = UserWords(look, words, at, self)
        self.reply = Reply(look, self)
        self.words.words.caret_moved.connect(lambda rect: self.caret_moved.emit(self.words.words, rect))
        self.reply.caret_moved.connect(self.caret_moved)

    @classmethod
    def begun(cls, look: Look, event: UserSpoke, parent: QWidget) -> Exchange:
        """An exchange that begins now."""
        return cls(look, event.turn, event.text, event.at, parent)

    @classmethod
    def stored(cls, look: Look, turn: Turn, parent: QWidget) -> Exchange:
        """A finished exchange from memory."""
        exchange = cls(look, turn.id, turn.user_text, turn.at, parent)
        exchange.running = False
        exchange.past = turn
        exchange.reply.end(turn.reply, turn.outcome, turn.notice)
        return exchange

    @classmethod
    def remarked(cls, look: Look, event: Remarked, parent: QWidget) -> Exchange:
        """Her words of just now, which nobody asked for."""
        remark = cls(look, event.turn, None, datetime.now(UTC), parent)
        remark.running = False
        remark.reply.end(event.text, Outcome.DONE, "")
        return remark

    @property
    def is_remark(self) -> bool:
        """Whether nobody asked."""
        return self.words.silent

    def restart(self) -> None:
        """The same words are answered again."""
        self.running = True
        self.past = None
        self._fitted = (-1, 0)
        self.reply.restart()

    def finish(self, event: ReplyFinished) -> None:
        """The reply is over."""
        self.running = False
        self._fitted = (-1, 0)
        words = self.words.words.toPlainText()
        self.past = Turn(self.turn, words, event.text, event.emotion, "", "", self.at, event.outcome, event.notice)
        self.reply.end(event.text, event.outcome, event.notice)

    def restyle(self, look: Look) -> None:
        """Draw everything again in this look."""
        self._look = look
        self._fitted = (-1, 0)
        self.words.restyle(look)
        self.reply.restyle(look)

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        if self.running or self._fitted[0] != width:
            space = 2 if self.is_remark else self._look.theme.space_m
            self._fitted = (width, stack([self.words, self.reply], width, space))
        return self._fitted[1]


def _clock(at: datetime) -> str:
    local = at.astimezone()
    return QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)
