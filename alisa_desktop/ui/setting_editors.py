"""One small editor for each kind of setting, all with the same face: `value`, `set_value`, `changed`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QPushButton,
    QSlider,
    QSpinBox,
    QWidget,
)

from alisa_desktop.core.sight import Consent
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.drop_down import DropDown
from alisa_desktop.ui.editor import Editor, Text
from alisa_desktop.ui.endpoint_editors import Origins, Token
from alisa_desktop.ui.key_field import KeyField
from alisa_desktop.ui.setting_specs import Spec
from alisa_desktop.ui.tick_box import TickBox

Modifier = Qt.KeyboardModifier
HOLDING = Modifier.ControlModifier | Modifier.AltModifier | Modifier.MetaModifier
ALONE = frozenset(Qt.Key(key) for key in range(Qt.Key.Key_F1, Qt.Key.Key_F35 + 1))
"""Keys that may stand alone."""


class Switch(Editor):
    """Yes or no."""

    def __init__(self, spec: Spec) -> None:
        self._box = TickBox(spec.title)
        super().__init__(spec, self._box)
        self._box.toggled.connect(self.changed)

    def value(self) -> object:
        """True or False."""
        return self._box.isChecked()

    def set_value(self, value: object) -> None:
        """Show True or False."""
        self._box.setChecked(bool(value))


class Choice(Editor):
    """One of a few."""

    def __init__(self, spec: Spec, *more: QWidget) -> None:
        self._combo = DropDown()
        for data, label in spec.labels.items():
            self._combo.addItem(label, data)
        super().__init__(spec, self._combo, *more)
        self._combo.currentIndexChanged.connect(self.changed)
        self._combo.installEventFilter(_QuietWheel(self))

    def value(self) -> object:
        """The name of the choice."""
        return self._combo.currentData()

    def set_value(self, value: object) -> None:
        """Show the choice called `value`, also when it is not on the list."""
        name = str(value)
        if self._combo.findData(name) < 0:
            self._combo.addItem(name, name)
        self._combo.setCurrentIndex(self._combo.findData(name))


class ModeChoice(Choice):
    """One of the modes there are now, and the doors to their personas."""

    edit_requested = Signal(str)
    reset_requested = Signal(str)

    def __init__(self, spec: Spec, bridge: Bridge) -> None:
        edit, reset = QPushButton("Edit a copy…", autoDefault=False), QPushButton("Reset", autoDefault=False)
        edit.setAccessibleName("Edit a copy of this personality")
        reset.setAccessibleName("Reset this personality")
        reset.setToolTip("Forgets your copy and goes back to the shipped personality.")
        super().__init__(spec, edit, reset)
        edit.clicked.connect(lambda: self.edit_requested.emit(str(self.value())))
        reset.clicked.connect(lambda: self.reset_requested.emit(str(self.value())))
        self._bridge = bridge
        bridge.modes_changed.connect(self._show_modes)
        self._show_modes()

    def _show_modes(self) -> None:
        chosen = self.value()
        self._combo.blockSignals(True)
        self._combo.clear()
        for row, (name, title, description) in enumerate(self._bridge.modes):
            self._combo.addItem(title, name)
            self._combo.setItemData(row, description, Qt.ItemDataRole.ToolTipRole)
        if chosen is not None:
            self.set_value(chosen)
        self._combo.blockSignals(False)


class ConsentChoice(Choice):
    """What her eyes may see: a choice is a wish at once, and the field goes on showing what is true."""

    consent_chosen = Signal(object)  # Consent

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._combo.activated.connect(self._choose)
        self._shown = self.value()

    def set_value(self, value: object) -> None:
        """Show what is true."""
        super().set_value(value)
        self._shown = self.value()

    def _choose(self) -> None:
        wish = Consent(str(self.value()))
        super().set_value(self._shown)
        if wish != self._shown:
            self.consent_chosen.emit(wish)


class Keys(Editor):
    """A key combination, pressed rather than written."""

    def __init__(self, spec: Spec) -> None:
        self._keys = KeyField()
        super().__init__(spec, self._keys)
        self._keys.keySequenceChanged.connect(self.changed)

    def value(self) -> object:
        """The combination as portable text, `Ctrl+Alt+L`; empty for none."""
        return self._keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def set_value(self, value: object) -> None:
        """Show the combination that `value` spells; nothing where it spells none."""
        self._keys.setKeySequence(QKeySequence(str(value), QKeySequence.SequenceFormat.PortableText))

    def mistake(self) -> str:
        """Refuses what would take a plain key from every other application."""
        sequence = self._keys.keySequence()
        if sequence.isEmpty():
            return ""
        keys: QKeyCombination = sequence[0]  # type: ignore[index]  # the stubs do not know
        if keys.keyboardModifiers() & HOLDING or keys.key() in ALONE:
            return ""
        return "Hold Ctrl, Alt or the system's key with another key."


class Number(Editor):
    """A whole number, with a slider where one can aim with it."""

    def __init__(self, spec: Spec) -> None:
        self._spin = QSpinBox()
        self._spin.setRange(spec.low, spec.high)
        self._spin.lineEdit().setTextMargins(4, 0, 0, 0)
        self._spin.setSingleStep(spec.step)
        self._spin.setSuffix(f" {spec.unit}" if spec.unit else "")
        self._spin.setFixedWidth(self._spin.fontMetrics().horizontalAdvance(f"{spec.high}{spec.unit}") + 40)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        super().__init__(spec, self._spin, self._slider, stretch=spec.slides)
        self._slider.setRange(0, (spec.high - spec.low) // spec.step)
        self._slider.setVisible(spec.slides)
        self._spin.valueChanged.connect(self._spun)
        self._slider.valueChanged.connect(self._slid)
        quiet = _QuietWheel(self)
        self._spin.installEventFilter(quiet)
        self._slider.installEventFilter(quiet)

    def _spun(self, value: int) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(round((value - self.spec.low) / self.spec.step))
        self._slider.blockSignals(False)
        self.changed.emit()

    def _slid(self, steps: int) -> None:
        self._spin.setValue(self.spec.low + steps * self.spec.step)

    def value(self) -> object:
        """The number."""
        return self._spin.value()

    def set_value(self, value: object) -> None:
        """Show the number `value`."""
        self._spin.setValue(int(str(value)))


class Address(Text):
    """The address of a server."""

    def mistake(self) -> str:
        """Refuses what leads to no server."""
        url = QUrl(str(self.value()), QUrl.ParsingMode.StrictMode)
        if url.scheme() in ("http", "https") and url.host():
            return ""
        return "Write an address that begins with http:// or https://."


class FilePath(Text):
    """The path of a file, typed or found."""

    def __init__(self, spec: Spec) -> None:
        browse = QPushButton("Browse…", autoDefault=False)
        browse.setAccessibleName(f"Browse for: {spec.title}")
        super().__init__(spec, browse)
        browse.clicked.connect(self._browse)

    def mistake(self) -> str:
        """Refuses what is no file."""
        path = str(self.value())
        if not path:
            return "Choose a file."
        try:
            return "" if Path(path).expanduser().is_file() else "There is no such file."
        except (OSError, RuntimeError):  # a name that can't be one, or the home of nobody
            return "There is no such file."

    def _browse(self) -> None:
        there = Path(str(self.value())).expanduser()
        dialog = QFileDialog(self, self.spec.title, str(there.parent if there.name else Path.home()), self.spec.filter)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._line.setText)
        dialog.open()


class _QuietWheel(QObject):
    """Lets the wheel scroll the page instead of turning a field that has no focus."""

    def eventFilter(self, field: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(field, QWidget) and not field.hasFocus():
            event.ignore()
            return True
        return False


def make_editor(spec: Spec, bridge: Bridge) -> Editor:
    """The editor for `spec`."""
    if spec.kind == "mode":
        return ModeChoice(spec, bridge)
    kinds: dict[str, Callable[[Spec], Editor]] = {
        "switch": Switch,
        "choice": Choice,
        "number": Number,
        "file": FilePath,
        "url": Address,
        "consent": ConsentChoice,
        "hotkey": Keys,
        "token": Token,
        "origins": Origins,
    }
    return kinds.get(spec.kind, Text)(spec)
