"""What the editors of all settings have in common, and a line of text, from which several are made."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from alisa_desktop.ui.setting_specs import Spec


class Editor(QWidget):
    """The field of one setting. GUI thread only."""

    changed = Signal()

    def __init__(self, spec: Spec, *parts: QWidget, stretch: bool = False) -> None:
        super().__init__()
        self.spec = spec
        self.main = parts[0]
        """The part that takes the focus."""
        self.setFocusProxy(self.main)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            row.addWidget(part)
            if not part.accessibleName():
                part.setAccessibleName(spec.title)
        if not stretch:
            row.addStretch(1)
        self.main.setAccessibleDescription(spec.help)

    def value(self) -> object:
        """What the user chose."""
        raise NotImplementedError

    def set_value(self, value: object) -> None:
        """Show `value`."""
        raise NotImplementedError

    def mistake(self) -> str:
        """Why the value can't be of any use; empty when it can."""
        return ""


class Text(Editor):
    """A line of text; hidden behind dots for secrets."""

    def __init__(self, spec: Spec, *more: QWidget) -> None:
        self._line = QLineEdit()
        super().__init__(spec, self._line, *more, stretch=True)
        self._line.textChanged.connect(self.changed)
        if spec.kind == "secret":
            self._line.setEchoMode(QLineEdit.EchoMode.Password)
            self._line.setPlaceholderText("Kept in your keyring")

    def value(self) -> object:
        """The text, without space around it."""
        return self._line.text().strip()

    def set_value(self, value: object) -> None:
        """Show `value` from its beginning."""
        self._line.setText(str(value))
        self._line.setCursorPosition(0)
