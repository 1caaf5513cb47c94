"""What can be done with the last reply: copy it, or have it said anew."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from alisa_desktop.ui.look import Look

BUTTON = 26  # px


class Afterwards(QWidget):
    """The row of quiet buttons below the last reply."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copy = quiet_button("Copy the reply", self)
        self.again = quiet_button("Answer again (Ctrl+R)", self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.theme.space_xs)
        row.addWidget(self.copy)
        row.addWidget(self.again)
        row.addStretch()
        self.restyle(look)

    def restyle(self, look: Look) -> None:
        """Draw in this look from now on."""
        self.copy.setIcon(look.icon("copy", 16))
        self.again.setIcon(look.icon("regenerate", 16))

    def fit(self, width: int) -> int:
        """The height in px, whatever the width."""
        return BUTTON


def quiet_button(label: str, parent: QWidget) -> QToolButton:
    """A small button with an icon only; `label` is its tip and its name for screen readers."""
    button = QToolButton(parent)
    button.setFixedSize(BUTTON, BUTTON)
    button.setToolTip(label)
    button.setAccessibleName(label.partition(" (")[0])
    return button
