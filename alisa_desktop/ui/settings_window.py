"""The settings window; it builds itself from the declaration of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import SecretStr, ValidationError
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.setting_editors import ConsentChoice, ModeChoice, make_editor
from alisa_desktop.ui.setting_extras import Extra, make_door, make_extra
from alisa_desktop.ui.setting_row import SettingRow, mistake_sentence
from alisa_desktop.ui.setting_specs import specs
from alisa_desktop.ui.theme import ThemeWatcher

Button = QDialogButtonBox.StandardButton

KEPT = frozenset({"secret", "token"})
"""Kinds of setting that going back to the defaults leaves alone: one could not write them again, or a door opens."""


class SettingsWindow(QDialog):
    """Shows and edits the settings; the new ones leave by `bridge.settings_edited`. GUI thread only."""

    persona_edit_requested = Signal(str)  # mode
    persona_reset_requested = Signal(str)  # mode
    consent_chosen = Signal(object)  # Consent
    """The user wants her eyes to see this; no edit of the settings, because it may have to be explained first."""

    brain_requested = Signal()
    """The user wants to choose a model from what there is."""

    def __init__(
        self, bridge: Bridge, watcher: ThemeWatcher, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Settings")
        self.resize(700, 560)
        Dress(self, watcher)
        self._bridge = bridge
        self._settings = settings
        self._columns: dict[str, QVBoxLayout] = {}
        self._groups = QListWidget()
        self._pages = QStackedWidget()
        self.rows: dict[str, SettingRow] = {}
        self._extras: list[Extra] = []
        self._build_rows()
        self._build_frame()
        self._load(settings)
        bridge.settings_changed.connect(self._settings_changed)

    def _build_rows(self) -> None:
        for spec in specs():
            editor = make_editor(spec, self._bridge)
            if isinstance(editor, ModeChoice):
                editor.edit_requested.connect(self.persona_edit_requested)
                editor.reset_requested.connect(self.persona_reset_requested)
            if isinstance(editor, ConsentChoice):
                editor.consent_chosen.connect(self.consent_chosen)
            if door := make_door(spec.name):
                door.opened.connect(self.brain_requested)
                self._add(spec.group, door)
            row = SettingRow(editor)
            self._add(spec.group, row)
            editor.changed.connect(self._edited)
            self.rows[spec.name] = row
            if extra := make_extra(spec.name, self._bridge, self._settings):
                self._add(spec.group, extra.widget)
                self._extras.append(extra)

    def _add(self, group: str, widget: QWidget) -> None:
        column = self._column(group)
        column.insertWidget(column.count() - 1, widget)

    def _column(self, group: str) -> QVBoxLayout:
        if group not in self._columns:
            page, self._columns[group] = _page(group)
            self._groups.addItem(group)
            self._pages.addWidget(page)
        return self._columns[group]

    def _build_frame(self) -> None:
        self._groups.setAccessibleName("Groups of settings")
        self._groups.setFixedWidth(150)
        self._groups.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._groups.setCurrentRow(0)
        middle = QHBoxLayout()
        middle.addWidget(self._groups)
        middle.addWidget(self._pages, 1)
        column = QVBoxLayout(self)
        column.addLayout(middle, 1)
        column.addWidget(self._build_buttons())
        self._button(Button.Ok).setDefault(True)  # counts only inside of the dialog

    def _build_buttons(self) -> QDialogButtonBox:
        choices = Button.Ok | Button.Cancel | Button.Apply | Button.RestoreDefaults
        self._buttons = QDialogButtonBox(choices)
        does: dict[Button, tuple[str, Callable[[], object]]] = {
            Button.Ok: ("OK", self._accept_valid),
            Button.Cancel: ("Cancel", self.reject),
            Button.Apply: ("&Apply", self.apply),
            Button.RestoreDefaults: ("&Reset to defaults", self._load_defaults),
        }
        for button, (text, do) in does.items():
            self._button(button).setText(text)
            self._button(button).setIcon(QIcon())
            self._button(button).clicked.connect(lambda _=False, do=do: do())
        self._button(Button.Ok).setProperty("primary", True)
        return self._buttons

    def _button(self, which: Button) -> QPushButton:
        return self._buttons.button(which)

    def show_group(self, group: str) -> None:
        """Turn to the page of this group."""
        self._groups.setCurrentRow(list(self._columns).index(group))

    def _values(self) -> dict[str, object]:
        return _plain(self._settings) | {name: row.editor.value() for name, row in self.rows.items()}

    def _edited(self) -> None:
        values = self._values()
        for row in self.rows.values():
            row.setVisible(row.applies(values))
        for extra in self._extras:
            extra.follow(values)
        self._button(Button.Apply).setEnabled(values != _plain(self._settings))

    def _load(self, settings: Settings) -> None:
        values = _plain(settings)
        for name, row in self.rows.items():
            row.editor.set_value(values[name])
        self._edited()

    def _load_defaults(self) -> None:
        for row in self.rows.values():
            if row.spec.kind not in KEPT:
                row.editor.set_value(row.spec.default)
        self._edited()

    def _settings_changed(self, settings: Settings) -> None:
        untouched = self._values() == _plain(self._settings)
        self._settings = settings
        if untouched or not self.isVisible():
            self._load(settings)
        else:
            self.rows["vision"].editor.set_value(settings.vision)  # never an edit: it shows what is true
            self._edited()

    def apply(self) -> bool:
        """Hand on what was edited; False, and a sentence at the field, when something is refused."""
        try:
            edited = Settings.model_validate(self._values())
        except ValidationError as error:
            wrong = {str(one["loc"][0]): mistake_sentence(one) for one in error.errors() if one["loc"]}
            return self._refuse(wrong)
        if mistakes := self._mistakes():
            return self._refuse(mistakes)
        self._hand_on(edited)
        self._edited()
        return True

    def _hand_on(self, edited: Settings) -> None:
        wish = edited.vision
        edited = edited.model_copy(update={"vision": self._settings.vision})
        if edited != self._settings:
            self._settings = edited
            self._bridge.settings_edited.emit(edited)
        if wish is not edited.vision:  # by going back to the defaults
            self.consent_chosen.emit(wish)

    def _mistakes(self) -> dict[str, str]:
        """What is of no use, in the groups where something was changed: the rest may wait for another day."""
        values, before = self._values(), _plain(self._settings)
        touched = {row.spec.group for name, row in self.rows.items() if values[name] != before[name]}
        rows = [row for row in self.rows.values() if row.spec.group in touched and row.applies(values)]
        return {row.spec.name: sentence for row in rows if (sentence := row.editor.mistake())}

    def _refuse(self, mistakes: Mapping[str, str]) -> bool:
        for name, sentence in mistakes.items():
            self.rows[name].show_mistake(sentence)
        first = next((row for name, row in self.rows.items() if name in mistakes), None)
        if first:
            self.show_group(first.spec.group)
            first.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        return False

    def _accept_valid(self) -> None:
        if self.apply():
            self.accept()

    def reject(self) -> None:
        """Forget what was not applied."""
        self._load(self._settings)
        super().reject()


def _plain(settings: Settings) -> dict[str, object]:
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    return {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in values.items()}


def _page(group: str) -> tuple[QWidget, QVBoxLayout]:
    title = QLabel(group)
    title.setProperty("title", True)
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(16, 4, 16, 8)
    column.setSpacing(18)
    column.addWidget(title)
    column.addStretch(1)
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area, column
