"""The top of the bubble: the mode she is in, her menu, the pin, and the way out."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from alisa_desktop.ui.afterwards import BUTTON, quiet_button
from alisa_desktop.ui.look import Look


class BubbleHeader(QWidget):
    """A mode chip with its menu, her own menu, pin and close."""

    mode_chosen = Signal(str)
    menu_requested = Signal(QPoint)  # where on the desktop
    pin_toggled = Signal(bool)
    closed = Signal()
    menu_closed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self._begin_at_current)
        self.menu.aboutToHide.connect(self.menu_closed)
        self._group = QActionGroup(self)
        self._group.triggered.connect(lambda action: self.mode_chosen.emit(action.data()))
        self.chip = QToolButton(self)
        self.chip.setObjectName("chip")
        self.chip.setMenu(self.menu)
        self.chip.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.chip.setToolTip("How Alisa talks to you (Ctrl+M)")
        self.more = quiet_button("Menu (F10)", self)
        self.more.clicked.connect(self.ask_for_menu)
        self.pin = quiet_button("Keep open", self)
        self.pin.setCheckable(True)
        self.pin.clicked.connect(self.pin_toggled)
        self.close_button = quiet_button("Hide (Esc)", self)
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.chip)
        row.addStretch()
        row.addWidget(self.more)
        row.addWidget(self.pin)
        row.addWidget(self.close_button)
        self.restyle(look)

    def show_modes(self, modes: list[tuple[str, str, str]], current: str) -> None:
        """Offer these modes: name, title and description of each."""
        self.menu.clear()
        for name, title, description in modes:
            action = QAction(title.replace("&", "&&"), self.menu, checkable=True)
            action.setData(name)
            action.setToolTip(description)
            self._group.addAction(action)
            self.menu.addAction(action)
        self.chip.setVisible(bool(modes))
        self.show_mode(current)

    def show_mode(self, name: str) -> None:
        """Mark this mode as the one that is on."""
        for action in self.menu.actions():
            if action.data() == name:
                action.setChecked(True)
                self.chip.setText(f"{action.text()} ▾")
                self.chip.setAccessibleName(f"Mode: {action.text()}")

    def ask_for_menu(self) -> None:
        """Her menu is wanted, below its button."""
        self.menu_requested.emit(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _begin_at_current(self) -> None:
        if action := self._group.checkedAction():
            self.menu.setActiveAction(action)

    def show_pinned(self, pinned: bool) -> None:
        """Show whether the bubble is kept open."""
        self.pin.setChecked(pinned)
        self.pin.setIcon(self._look.icon("unpin" if pinned else "pin", 16))
        self.pin.setToolTip("Let it fade" if pinned else "Keep open")
        self.pin.setAccessibleName(self.pin.toolTip())

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self._look = look
        self.chip.setFont(look.small)
        self.more.setIcon(look.icon("menu", 16))
        self.close_button.setIcon(look.icon("close", 16))
        self.show_pinned(self.pin.isChecked())

    def fit(self, width: int) -> int:
        """The height in px, whatever the width."""
        return BUTTON
