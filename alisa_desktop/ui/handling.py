"""How a figure on the desktop is handled: clicks, drags, arrow keys, the wheel for its size, its menu."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QGuiApplication, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

ARROWS: dict[int, QPoint] = {
    Qt.Key.Key_Left: QPoint(-10, 0),
    Qt.Key.Key_Right: QPoint(10, 0),
    Qt.Key.Key_Up: QPoint(0, -10),
    Qt.Key.Key_Down: QPoint(0, 10),
}
SIZE_KEYS: dict[int, int] = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
PRESS_KEYS: tuple[int, ...] = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
WHEEL_NOTCH = 120


class Handling(QWidget):
    """A window without a frame that reacts only where `covers` says so. GUI thread only."""

    clicked = Signal()
    menu_requested = Signal(QPoint)  # where on the desktop
    carried = Signal(QPoint)  # the user wants its corner there
    put_down = Signal()  # the user let go of it
    written = Signal(str)  # words typed on her
    resize_wished = Signal(int)  # steps, larger or smaller
    focus_shown = Signal()  # or not shown any more

    def __init__(self, flags: Qt.WindowType) -> None:
        super().__init__(None, flags)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.by_keyboard = False
        """True while the keyboard is at work here, so that the focus has to show."""
        self._grip: QPoint | None = None
        self._pressed_at = QPointF()
        self._dragged = False
        self._wheel = 0

    def covers(self, _point: QPoint) -> bool:
        """Whether something of the figure can be seen there (device-independent pixels of the window)."""
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of her."""
        if event.button() != Qt.MouseButton.LeftButton or not self.covers(event.position().toPoint()):
            event.ignore()
            return
        self._show_focus(False)
        self._pressed_at, self._dragged = event.globalPosition(), False
        self._grip = event.globalPosition().toPoint() - self.pos()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry her along."""
        if self._grip is None:
            return
        way = event.globalPosition() - self._pressed_at
        if not self._dragged and way.manhattanLength() < QApplication.startDragDistance():
            return
        if not self._dragged and QGuiApplication.platformName().startswith("wayland"):
            self._let_system_move()
            return
        self._dragged = True
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.carried.emit(event.globalPosition().toPoint() - self._grip)

    def _let_system_move(self) -> None:
        # Wayland does not tell windows where they are; only the compositor can move them
        self._grip = None
        self.windowHandle().startSystemMove()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Put her down, or, when she was not moved, that was a click."""
        if event.button() != Qt.MouseButton.LeftButton or self._grip is None:
            event.ignore()
            return
        self._grip = None
        if self._dragged:
            self.unsetCursor()
            self.put_down.emit()
        else:
            self.clicked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second click of two means nothing of its own."""
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Right click, or the menu key."""
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            if self.covers(event.pos()):
                self.menu_requested.emit(event.globalPos())
        else:
            self.menu_requested.emit(self.mapToGlobal(self.rect().center()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl: larger or smaller."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / WHEEL_NOTCH)
        self._wheel -= steps * WHEEL_NOTCH
        if steps:
            self.resize_wished.emit(steps)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter asks her, arrows move her, Ctrl with plus or minus resizes her; words are for her."""
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        self._show_focus(True)
        if key in PRESS_KEYS:
            self.clicked.emit()
        elif key in ARROWS:
            self.carried.emit(self.pos() + ARROWS[key])
            self.put_down.emit()
        elif control and key in SIZE_KEYS:
            self.resize_wished.emit(SIZE_KEYS[key])
        elif event.text().isprintable() and event.text() and not control:
            self.written.emit(event.text())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus when the keyboard brought it."""
        tabs = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._show_focus(event.reason() in tabs)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The focus is elsewhere."""
        self._show_focus(False)
        super().focusOutEvent(event)

    def _show_focus(self, on: bool) -> None:
        if on != self.by_keyboard:
            self.by_keyboard = on
            self.focus_shown.emit()
            self.update()
