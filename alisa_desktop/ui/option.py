"""One of a few choices with a line on what it means, whose mark one can see on every theme."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QRadioButton, QWidget

from alisa_desktop.ui.theme import Theme

DOT = 18
EDGE = 10
GAP = 10
SPACE = 2


class Option(QRadioButton):
    """A card to be picked. GUI thread only."""

    def __init__(self, theme: Theme, title: str, meaning: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._theme = theme
        self._meaning = meaning
        self.setAccessibleDescription(meaning)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def wear(self, theme: Theme) -> None:
        """Put on this theme."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the mark, both lines and the frame."""
        words = max(self._wide(self._title_font(), self.text()), self._wide(self.font(), self._meaning))
        return QSize(2 * EDGE + DOT + GAP + words, 2 * EDGE + self._line() * 2 + SPACE)

    def minimumSizeHint(self) -> QSize:
        """All of it."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """The whole card counts."""
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Card, mark and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_card(painter)
        self._paint_mark(painter)
        self._paint_words(painter)

    def _paint_card(self, painter: QPainter) -> None:
        theme = self._theme
        focused = self.hasFocus()
        painter.setPen(QPen(QColor(theme.focus if focused else theme.border), 2 if focused else 1))
        painter.setBrush(QColor(theme.hover if self.underMouse() else theme.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.radius_small, theme.radius_small)

    def _paint_mark(self, painter: QPainter) -> None:
        mark = QRectF(EDGE, EDGE + (self._line() - DOT) / 2, DOT, DOT).adjusted(1, 1, -1, -1)
        colour = QColor(self._theme.link if self.isChecked() else self._theme.muted)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(mark)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(mark.adjusted(4, 4, -4, -4))

    def _paint_words(self, painter: QPainter) -> None:
        left, high = EDGE + DOT + GAP, self._line()
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic
        painter.setFont(self._title_font())
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRect(left, EDGE, self.width() - left - EDGE, high), flags, self.text())
        painter.setFont(self.font())
        painter.setPen(QColor(self._theme.muted))
        below = QRect(left, EDGE + high + SPACE, self.width() - left - EDGE, high)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, self._meaning)

    def _title_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _wide(self, font: QFont, words: str) -> int:
        return QFontMetrics(font).size(Qt.TextFlag.TextShowMnemonic, words).width() + 2

    def _line(self) -> int:
        return max(DOT, self.fontMetrics().height())
