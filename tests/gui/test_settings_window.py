"""The settings window, built from the declaration of the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr, ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.setting_row import mistake_sentence
from alisa_desktop.ui.setting_specs import spec, specs
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.theme import ThemeWatcher

Button = QDialogButtonBox.StandardButton
MODES = [("default", "Tsundere", "Proud."), ("study", "Study", "Patient.")]
Opener = Callable[..., SettingsWindow]


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.show_modes(MODES, "default")
    return bridge


@pytest.fixture
def opened(qtbot: QtBot, qapp: QApplication, bridge: Bridge) -> Opener:
    def open_window(**settings: object) -> SettingsWindow:
        window = SettingsWindow(bridge, ThemeWatcher(qapp), Settings.model_validate(settings))
        qtbot.addWidget(window)
        window.show()
        return window

    return open_window


def press(window: SettingsWindow, button: Button) -> None:
    box = window.findChild(QDialogButtonBox)
    assert box is not None
    box.button(button).click()


def button(window: SettingsWindow, which: Button) -> QPushButton:
    box = window.findChild(QDialogButtonBox)
    assert box is not None
    return box.button(which)


def edit(window: SettingsWindow, name: str, value: object) -> None:
    window.rows[name].editor.set_value(value)


def groups(window: SettingsWindow) -> QListWidget:
    found = window.findChild(QListWidget)
    assert found is not None
    return found


W = TypeVar("W", bound=QWidget)


def part(window: SettingsWindow, name: str, kind: type[W]) -> W:
    found = window.rows[name].editor.findChild(kind)
    assert found is not None
    return found


def test_every_setting_has_a_field_with_its_value(opened: Opener) -> None:
    window = opened(avatar_height=160, endpoint_port=9001, server_key=SecretStr("abc"))
    assert set(window.rows) == {name for name, info in Settings.model_fields.items() if info.json_schema_extra}
    shown = {name: row.editor.value() for name, row in window.rows.items()}
    assert (shown["avatar_height"], shown["endpoint_port"], shown["server_key"]) == (160, 9001, "abc")
    assert Settings.model_validate(shown) == Settings(
        avatar_height=160, endpoint_port=9001, server_key=SecretStr("abc")
    )


def test_what_has_no_row_is_kept(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened(starter_hint_shown=True)
    assert not button(window, Button.Apply).isEnabled()
    edit(window, "avatar_height", 160)
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(avatar_height=160, starter_hint_shown=True)]
    press(window, Button.RestoreDefaults)
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(starter_hint_shown=True)]


def test_what_is_kept_meanwhile_is_not_lost(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    edit(window, "avatar_height", 160)
    bridge.settings_changed.emit(Settings(starter_hint_shown=True))
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(avatar_height=160, starter_hint_shown=True)]


def test_the_groups_are_those_of_the_declaration(opened: Opener) -> None:
    listed = groups(opened())
    names = [listed.item(row).text() for row in range(listed.count())]
    assert names == list(dict.fromkeys(spec.group for spec in specs()))


def test_every_field_can_be_named_and_reached(opened: Opener) -> None:
    window = opened()
    for row in window.rows.values():
        assert row.editor.main.accessibleName()
        assert row.editor.main.focusPolicy() & Qt.FocusPolicy.TabFocus
        labels = [label.buddy() for label in row.findChildren(QLabel) if label.text() == row.spec.title]
        assert labels == [row.editor.main] or row.spec.kind == "switch"


def test_bounds_steps_units_and_sliders_come_from_the_declaration(opened: Opener) -> None:
    window = opened()
    number = part(window, "avatar_height", QSpinBox)
    assert (number.minimum(), number.maximum(), number.singleStep(), number.suffix()) == (96, 480, 16, " px")
    slider = part(window, "avatar_height", QSlider)
    slider.setValue(slider.value() + 1)
    assert number.value() == 256
    number.setValue(96)
    assert slider.value() == 0
    assert part(window, "endpoint_port", QSlider).isHidden()


def test_a_choice_shows_its_labels(opened: Opener) -> None:
    combo = part(opened(), "model_source", QComboBox)
    labels = [combo.itemText(row) for row in range(combo.count())]
    assert labels == list(spec("model_source").labels.values())


def test_fields_that_do_not_apply_are_hidden(opened: Opener) -> None:
    window = opened()
    assert window.rows["server_url"].isHidden()
    assert window.rows["model_file"].isHidden()
    edit(window, "model_source", ModelSource.SERVER)
    assert not window.rows["server_url"].isHidden()
    assert window.rows["model_file"].isHidden()
    edit(window, "endpoint_on", False)
    assert window.rows["endpoint_port"].isHidden()


def test_apply_hands_on_the_new_settings_and_stays(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    assert not button(window, Button.Apply).isEnabled()
    edit(window, "reduced_motion", True)
    edit(window, "mode", "study")
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(reduced_motion=True, mode="study")]
    assert window.isVisible()
    assert not button(window, Button.Apply).isEnabled()


def test_ok_applies_and_closes_and_says_nothing_new_for_nothing(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    with qtbot.assertNotEmitted(bridge.settings_edited):
        press(window, Button.Ok)
    assert not window.isVisible()
    window = opened()
    edit(window, "avatar_height", 96)
    with qtbot.waitSignal(bridge.settings_edited):
        press(window, Button.Ok)
    assert not window.isVisible()


def test_escape_forgets_the_edits(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    edit(window, "avatar_height", 96)
    with qtbot.assertNotEmitted(bridge.settings_edited):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    assert window.rows["avatar_height"].editor.value() == 240


def test_reset_shows_the_defaults_but_keeps_the_key(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened(avatar_height=96, model_source="server", server_key=SecretStr("abc"))
    press(window, Button.RestoreDefaults)
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        press(window, Button.Apply)
    assert edited.args == [Settings(server_key=SecretStr("abc"))]


def test_a_refused_value_says_so_at_its_field(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened()
    port = part(window, "endpoint_port", QSpinBox)
    port.setMaximum(99_999)
    port.setValue(70_000)
    with qtbot.assertNotEmitted(bridge.settings_edited):
        press(window, Button.Ok)
    row = window.rows["endpoint_port"]
    assert row.mistake == "Choose 65535 or less."
    assert row.editor.main.accessibleDescription() == row.mistake
    assert groups(window).currentItem().text() == "Overlays"
    assert window.isVisible()
    port.setValue(9000)
    assert row.mistake == ""


def test_enter_in_a_field_is_ok(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened(model_source=ModelSource.SERVER)
    line = part(window, "server_model", QLineEdit)
    line.setText("other")
    with qtbot.waitSignal(bridge.settings_edited):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert not window.isVisible()


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        (ModelSource.SERVER, "server_url", "not an address"),
        (ModelSource.SERVER, "server_url", "ftp://127.0.0.1/"),
        (ModelSource.SERVER, "server_url", "http://"),
        (ModelSource.FILE, "model_file", ""),
        (ModelSource.FILE, "model_file", "/no/such/model.gguf"),
        (ModelSource.FILE, "model_file", "~nobody-of-that-name/model.gguf"),
    ],
)
def test_what_leads_to_no_model_is_refused_at_its_field(
    opened: Opener, bridge: Bridge, qtbot: QtBot, source: ModelSource, field: str, value: str
) -> None:
    window = opened()
    edit(window, "model_source", source)
    edit(window, field, value)
    with qtbot.assertNotEmitted(bridge.settings_edited):
        press(window, Button.Ok)
    assert window.isVisible()
    assert window.rows[field].mistake


def test_a_model_that_went_away_does_not_hinder_other_choices(opened: Opener, bridge: Bridge, qtbot: QtBot) -> None:
    window = opened(model_source=ModelSource.FILE, model_file="/no/such/model.gguf")
    edit(window, "avatar_height", 160)
    with qtbot.waitSignal(bridge.settings_edited):
        press(window, Button.Apply)


def test_mistakes_of_any_kind_become_sentences() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"avatar_height": 1, "endpoint_on": "what"})
    sentences = [mistake_sentence(mistake) for mistake in caught.value.errors()]
    assert sentences[0] == "Choose 96 or more."
    assert sentences[1].endswith(".")
    assert mistake_sentence({"type": "value_error", "msg": "Value error, No such file."}) == "No such file."


def test_the_key_is_hidden(opened: Opener) -> None:
    line = part(opened(model_source="server"), "server_key", QLineEdit)
    assert line.echoMode() is QLineEdit.EchoMode.Password
    assert "keyring" in line.placeholderText()


def test_a_file_can_be_found(opened: Opener, qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(model_source="file")
    part(window, "model_file", QPushButton).click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert "*.gguf" in dialog.nameFilters()[0]
    dialog.fileSelected.emit(str(tmp_path / "a.gguf"))
    dialog.close()
    assert window.rows["model_file"].editor.value() == str(tmp_path / "a.gguf")


def test_modes_come_from_the_bridge_and_have_doors_to_their_personas(
    opened: Opener, bridge: Bridge, qtbot: QtBot
) -> None:
    window = opened(mode="study")
    combo = part(window, "mode", QComboBox)
    assert [combo.itemText(row) for row in range(combo.count())] == ["Tsundere", "Study"]
    change, reset = window.rows["mode"].editor.findChildren(QPushButton)
    with qtbot.waitSignal(window.persona_edit_requested) as wish:
        change.click()
    assert wish.args == ["study"]
    with qtbot.waitSignal(window.persona_reset_requested):
        reset.click()
    bridge.show_modes([*MODES, ("chill", "Chill", "")], "default")
    assert (combo.count(), combo.currentData()) == (3, "study")


def test_a_mode_that_is_gone_still_shows(opened: Opener) -> None:
    assert opened(mode="pirate").rows["mode"].editor.value() == "pirate"


def test_settings_changed_elsewhere_arrive_unless_edits_are_under_way(opened: Opener, bridge: Bridge) -> None:
    window = opened()
    bridge.settings_changed.emit(Settings(avatar_height=160))
    assert window.rows["avatar_height"].editor.value() == 160
    edit(window, "avatar_height", 200)
    bridge.settings_changed.emit(Settings(avatar_height=96))
    assert window.rows["avatar_height"].editor.value() == 200
    assert button(window, Button.Apply).isEnabled()
