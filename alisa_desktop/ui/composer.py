"""The input line: grows to five lines, remembers what was said, loses nothing."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QToolButton, QWidget

from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.ui.eyes_words import paused_words
from alisa_desktop.ui.look import Look

LINES = 5
BUTTON = 30  # px
PADDING = 7  # px
REMEMBERED = 100
TYPING_PAUSE = 10_000  # ms
LOOK = "Look at my screen and answer"


class Composer(QWidget):
    """A field for the user's words with one round button: send, or stop while she speaks. An eye where she may look."""

    submitted = Signal(str)
    """The user wants to send these words. The field keeps them until `clear` is called."""
    look_requested = Signal(str)
    """The user wants her to look at the screen; the words are said with it and may be empty."""
    stop_requested = Signal()
    typing_began = Signal()
    """The first key after a pause, at most once in ten seconds: words are coming."""
    edited = Signal()
    """The text or the keyboard's place changed."""
    resized = Signal()
    """Another height is needed."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._speaking = False
        self._eyes = EyesStatus()
        self._gaze = Gaze.CLOSED
        self._typed = QElapsedTimer()
        self.field = Field(self)
        """Where the text is written."""
        self.button = QToolButton(self)
        """Sends, or stops while she speaks."""
        self.button.setObjectName("send")
        self.button.setFixedSize(BUTTON, BUTTON)
        self.button.clicked.connect(self._press)
        self.eye = QToolButton(self)
        """Has her look at the screen; hidden where she never may."""
        self.eye.setFixedSize(BUTTON, BUTTON)
        self.eye.setAccessibleName(LOOK)
        self.eye.clicked.connect(lambda: self.look_requested.emit(self.text.strip()))
        self.eye.hide()
        self.field.entered.connect(self._submit)
        self.field.typed.connect(self.note_typing)
        self.field.textChanged.connect(self._text_changed)
        self.field.focus_changed.connect(self._focus_changed)
        self.setFocusProxy(self.field)
        self.restyle(look)

    @property
    def text(self) -> str:
        """What is written and not sent yet."""
        return self.field.toPlainText()

    def set_speaking(self, speaking: bool) -> None:
        """Make the button stop her while she speaks."""
        self._speaking = speaking
        self._draw_button()

    def show_eyes(self, status: EyesStatus, shown: Gaze) -> None:
        """Offer a look where she may; `shown` is the gaze that is to be seen now."""
        self._eyes, self._gaze = status, shown
        self._draw_eye()
        allowed = status.consent is not Consent.OFF
        if allowed is self.eye.isHidden():
            self.eye.setVisible(allowed)
            self.resized.emit()

    def note_typing(self) -> None:
        """A key was pressed for these words, here or elsewhere."""
        if not self._typed.isValid() or self._typed.elapsed() >= TYPING_PAUSE:
            self._typed.start()
            self.typing_began.emit()

    def clear(self) -> None:
        """The words were taken: empty the field; undo brings them back."""
        self.field.replace("")

    def remember(self, words: str) -> None:
        """Keep `words` for recall with the Up key."""
        self.field.recall.add(words)

    def remember_all(self, words: list[str]) -> None:
        """Keep exactly these words for recall, the latest last."""
        self.field.recall = Recall()
        for said in words:
            self.remember(said)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._look = look
        self.field.setFont(look.font)
        self._draw_button()
        self._draw_eye()
        self.resized.emit()

    def fit(self, width: int) -> int:
        """Lay out for `width` and return the height, in px."""
        buttons = BUTTON if self.eye.isHidden() else 2 * BUTTON
        inner = width - buttons - 2 * PADDING - 8
        self.field.resize(inner, self.field.height())
        high = self.field.wanted_height()
        total = max(high, BUTTON - 6) + 2 * PADDING
        self.field.setGeometry(PADDING + 4, (total - high) // 2 + 1, inner, high)
        self.button.move(width - BUTTON - 4, total - BUTTON - 4)
        self.eye.move(width - 2 * BUTTON - 6, total - BUTTON - 4)
        return total

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rounded field and its focus ring."""
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = self.field.hasFocus()
        painter.setPen(QPen(QColor(theme.focus if focused else theme.border), 2 if focused else 1))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), theme.radius - 2, theme.radius - 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the field inside."""
        if event.size().width() != event.oldSize().width():
            self.fit(event.size().width())

    def _press(self) -> None:
        if self._speaking:
            self.stop_requested.emit()
        else:
            self._submit()

    def _submit(self) -> None:
        if words := self.text.strip():
            self.submitted.emit(words)

    def _text_changed(self) -> None:
        self._draw_button()
        self.edited.emit()
        self.resized.emit()

    def _focus_changed(self) -> None:
        self.update()
        self.edited.emit()

    def _draw_button(self) -> None:
        theme = self._look.theme
        name, label = ("stop", "Stop (Ctrl+.)") if self._speaking else ("send", "Send (Enter)")
        ready = self._speaking or bool(self.text.strip())
        self.button.setIcon(self._look.icons.draw(name, theme.on_accent if ready else theme.muted, 18))
        self.button.setEnabled(ready)
        self.button.setToolTip(label)
        self.button.setAccessibleName(label.partition(" (")[0])

    def _draw_eye(self) -> None:
        theme, looking = self._look.theme, self._gaze is Gaze.LOOKING
        open_now = looking or self._gaze is Gaze.OPEN
        name = "eye-filled" if looking else "eye" if open_now else "eye-off"
        self.eye.setIcon(self._look.icons.draw(name, theme.accent if looking else theme.muted, 18))
        self.eye.setEnabled(open_now)
        self.eye.setToolTip(self._eye_words(open_now=open_now))
        self.eye.setAccessibleDescription("" if open_now else self.eye.toolTip())

    def _eye_words(self, *, open_now: bool) -> str:
        if open_now:
            return f"{LOOK} (Ctrl+L)"
        if self._gaze is Gaze.PAUSED:
            return f"Her eyes are {paused_words(self._eyes)}"
        return self._eyes.trouble or "She can't look now"


class Recall:
    """The user's earlier words, to be walked through; the draft is where the walk begins."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._at = 0
        self._draft = ""

    def add(self, words: str) -> None:
        """Remember `words` as the latest and leave the walk."""
        if words and words not in self._words[-1:]:
            self._words.append(words)
            del self._words[:-REMEMBERED]
        self._at = len(self._words)

    def step(self, by: int, present: str) -> str | None:
        """The words one step back (-1) or on (1); None at the end. `present` is what stands in the field now."""
        target = self._at + by
        if not 0 <= target <= len(self._words):
            return None
        if self._at == len(self._words):
            self._draft = present
        self._at = target
        return self._draft if target == len(self._words) else self._words[target]


class Field(QPlainTextEdit):
    """Plain text; Enter is `entered`, Shift+Enter a new line, Up and Down recall at the first and last line."""

    entered = Signal()
    typed = Signal()
    focus_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recall = Recall()
        self._composing = False
        self.setObjectName("field")
        self.setAccessibleName("Message to Alisa")
        self.setPlaceholderText("Say something…")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)

    def wanted_height(self) -> int:
        """The height of one to five lines, in px."""
        lines = min(max(1, int(self.document().size().height())), LINES)
        more = self.document().size().height() > LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if more else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        return lines * self.fontMetrics().lineSpacing() + 4

    def replace(self, text: str) -> None:
        """Write `text` instead of what is there, in a way that can be undone."""
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.setTextCursor(cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send, recall, or write."""
        if event.text() and event.text().isprintable():
            self.typed.emit()
        key, shift = event.key(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self._composing:
            if shift:
                self.insertPlainText("\n")
                self.ensureCursorVisible()
            else:
                self.entered.emit()
        elif event.modifiers() or not self._recalled(Qt.Key(key)):
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Note whether the input method is in the middle of a word: Enter belongs to it then."""
        self._composing = bool(event.preeditString())
        if self._composing or event.commitString():
            self.typed.emit()
        super().inputMethodEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def _recalled(self, key: Qt.Key) -> bool:
        if key not in (Qt.Key.Key_Up, Qt.Key.Key_Down) or not self._at_edge(key):
            return False
        words = self.recall.step(-1 if key == Qt.Key.Key_Up else 1, self.toPlainText())
        if words is None:
            return False
        self.replace(words)
        return True

    def _at_edge(self, key: Qt.Key) -> bool:
        cursor = self.textCursor()
        move = QTextCursor.MoveOperation.Up if key == Qt.Key.Key_Up else QTextCursor.MoveOperation.Down
        return not cursor.movePosition(move)
