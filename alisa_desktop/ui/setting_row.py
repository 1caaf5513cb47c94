"""One setting in the window: its name, its editor, what it means, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from alisa_desktop.ui.editor import Editor
from alisa_desktop.ui.setting_editors import Switch
from alisa_desktop.ui.setting_specs import Spec


class SettingRow(QWidget):
    """An editor with its name above and its help below, and a sentence when the value is refused. GUI thread only."""

    def __init__(self, editor: Editor) -> None:
        super().__init__()
        self.editor = editor
        self._mistake = _small("", "danger")
        self._mistake.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        if not isinstance(editor, Switch):
            column.addWidget(self._name())
        for part in (editor, self._mistake, _small(self.spec.help, "muted")):
            column.addWidget(part)
        editor.changed.connect(lambda: self.show_mistake(""))

    def _name(self) -> QLabel:
        label = QLabel(self.spec.title)
        label.setBuddy(self.editor.main)
        return label

    @property
    def spec(self) -> Spec:
        """The setting."""
        return self.editor.spec

    @property
    def mistake(self) -> str:
        """Why the value was refused; empty when it was not."""
        return self._mistake.text()

    def show_mistake(self, sentence: str) -> None:
        """Say why the value is refused; empty when it is not."""
        self._mistake.setText(sentence)
        self._mistake.setVisible(bool(sentence))
        self.editor.main.setAccessibleDescription(sentence or self.spec.help)

    def applies(self, values: Mapping[str, object]) -> bool:
        """Whether the setting means anything, given the values of the others."""
        return all(values.get(name) == wanted for name, wanted in self.spec.when.items())


def _small(text: str, look: str) -> QLabel:
    label = QLabel(text)
    label.setProperty(look, True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def mistake_sentence(mistake: Mapping[str, Any]) -> str:
    """What pydantic refused, as one sentence for people."""
    limits = mistake.get("ctx", {})
    match mistake["type"]:
        case "greater_than_equal":
            return f"Choose {limits['ge']} or more."
        case "less_than_equal":
            return f"Choose {limits['le']} or less."
        case "string_too_long":
            return f"Write {limits['max_length']} characters or fewer."
        case "value_error":
            return str(mistake["msg"]).removeprefix("Value error, ")
        case _:
            return f"{str(mistake['msg']).rstrip('.')}."
