"""The passages of a message: prose and code, to read, to select and to copy."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QByteArray, QRect, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextCursor, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QTextBrowser, QToolButton, QWidget

from alisa_desktop.ui.document import fill, may_open
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.markdown import Code, Piece, Prose

COPIED_FOR = 1500  # ms
CODE_PADDING = 10  # px
CODE_HEAD = 26  # px


class ProsePassage(QTextBrowser):
    """Prose, as high as its text; links open in the browser, nothing is ever loaded."""

    caret_moved = Signal(QRect)
    """The keyboard moved the caret here (own coordinates, px)."""

    def __init__(self, look: Look, speaker: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setAccessibleName(speaker)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(0)
        self.document().setDefaultFont(look.font)
        self.anchorClicked.connect(_open)
        self.cursorPositionChanged.connect(self._tell_caret)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Load nothing: a reply is data and may not fetch files or pages."""
        return QByteArray()  # not None, on which the document would read local files itself

    def show_piece(self, piece: Piece) -> None:
        """Show this prose; a selection stays where the text before its end is the same."""
        before, chosen = self.toPlainText(), self.textCursor()
        anchor, position = chosen.anchor(), chosen.position()
        fill(self.document(), piece.text, self._look)
        end = max(anchor, position)
        if anchor != position and self.toPlainText()[:end] == before[:end]:
            self._select(anchor, position)

    def show_plain(self, text: str) -> None:
        """Show `text` as it is, without markdown."""
        self.document().setDefaultFont(self._look.font)
        self.setPlainText(text)

    def restyle(self, look: Look) -> None:
        """Take this look from the next text on."""
        self._look = look

    def fit(self, width: int) -> int:
        """Wrap to `width` and return the height, in px."""
        self.document().setTextWidth(width)
        return ceil(self.document().size().height())

    def ideal_width(self, most: int) -> int:
        """The least width that wraps like `most` does, in px."""
        self.document().setTextWidth(most)
        return min(most, ceil(self.document().idealWidth()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave scrolling to the transcript."""
        event.ignore()

    def _select(self, anchor: int, position: int) -> None:
        cursor = self.textCursor()
        cursor.setPosition(anchor)
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _tell_caret(self) -> None:
        if self.hasFocus():
            self.caret_moved.emit(self.cursorRect())


class CodePassage(QFrame):
    """A code block: monospaced, never wrapped, with a button that copies it."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("code")
        self._language = QLabel(self)
        self._copy = QToolButton(self)
        self._copy.setAccessibleName("Copy code")
        self._copy.setText("Copy")
        self._copy.clicked.connect(self.copy)
        self._text = _CodeText(self)
        self._reset = QTimer(self, singleShot=True, interval=COPIED_FOR)
        self._reset.timeout.connect(lambda: self._copy.setText("Copy"))
        self.restyle(look)

    @property
    def text(self) -> str:
        """The code, without the fence."""
        return self._text.toPlainText()

    def show_piece(self, piece: Piece) -> None:
        """Show this code; appends where the code before is the same."""
        if isinstance(piece, Code):
            self._language.setText(piece.language)
        if piece.text.startswith(self.text) and self.text:
            cursor = QTextCursor(self._text.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(piece.text[len(self.text) :])
        elif piece.text != self.text:
            self._text.setPlainText(piece.text)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._text.setFont(look.code)
        self._language.setFont(look.small)
        self._copy.setFont(look.small)

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        height = self._text.needed_height(width - 2 * CODE_PADDING)
        self._language.setGeometry(CODE_PADDING, 2, width // 2, CODE_HEAD)
        wide = max(self._copy.sizeHint().width(), 64)
        self._copy.setGeometry(width - wide - 4, 3, wide, CODE_HEAD - 2)
        self._text.setGeometry(CODE_PADDING, CODE_HEAD + 4, width - 2 * CODE_PADDING, height)
        return CODE_HEAD + 4 + height + CODE_PADDING

    def copy(self) -> None:
        """Put the code on the clipboard."""
        QGuiApplication.clipboard().setText(self.text)
        self._copy.setText("Copied")
        self._reset.start()


class _CodeText(QPlainTextEdit):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAccessibleName("Code")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(0)
        self._widest = 0
        self.textChanged.connect(self._measure)

    def needed_height(self, width: int) -> int:
        lines = self.document().blockCount() * self.fontMetrics().lineSpacing()
        bar = self.horizontalScrollBar().sizeHint().height() + 2
        return lines + 2 + (bar if self._widest > width else 0)

    def _measure(self) -> None:
        metrics = self.fontMetrics()
        self._widest = max(metrics.horizontalAdvance(line) for line in self.toPlainText().split("\n"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()


def passage(piece: Piece, look: Look, speaker: str, parent: QWidget) -> ProsePassage | CodePassage:
    """A new widget for a piece of this kind; the piece itself is shown by `show_piece`."""
    return ProsePassage(look, speaker, parent) if isinstance(piece, Prose) else CodePassage(look, parent)


def _open(url: QUrl) -> None:
    if may_open(url):
        QDesktopServices.openUrl(url)
