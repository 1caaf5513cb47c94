"""The facts on the present model as a form: what it is, how it does, and where its file is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from alisa_desktop.core.brains import Brain, BrainUse
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.ui import amounts
from alisa_desktop.ui.about import fact
from alisa_desktop.ui.brain_words import kind, plain
from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.elided_label import ElidedLabel
from alisa_desktop.ui.page import button

STEPS = 1000
BAR_WIDTH = 140


class ModelFacts(QWidget):
    """Shows what is known and hides the rest. GUI thread only."""

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self.state, self.place = fact(), fact()
        self.kind, self.weight, self.licence = fact(), fact(), fact()
        self.context, self.speed, self.reused, self.memory = fact(), fact(), fact(), fact()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, STEPS)
        self.bar.setAccessibleName("Context used")
        self.bar.setFixedWidth(BAR_WIDTH)
        self.file = ElidedLabel()
        self.show_folder: QPushButton = button("Show in &folder", self._show_folder)
        self.copy = CopyButton("Copy", "Copy the path of the model's file", lambda: str(self._path or ""))
        self._context_row = _beside(self.bar, self.context)
        self._file_row = _beside(self.file, self.show_folder, self.copy)
        self._lay_out()

    def _lay_out(self) -> None:
        self._form = form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (
            ("State", self.state),
            ("Where", self.place),
            ("Kind", self.kind),
            ("Size", self.weight),
            ("Licence", self.licence),
            ("Context", self._context_row),
            ("Speed", self.speed),
            ("Prompt reused", self.reused),
            ("Memory", self.memory),
            ("File", self._file_row),
        )
        for name, widget in rows:
            form.addRow(name, widget)

    def show_brain(self, brain: Brain | None) -> None:
        """Show what the model is; None where it is the starter brain or thinks elsewhere."""
        self._path = brain.path if brain else None
        self._tell(self.kind, kind(brain) if brain else "")
        self._tell(self.weight, amounts.size(brain.bytes) if brain and brain.bytes else "")
        self._tell(self.licence, plain(brain.licence) if brain else "")
        self.file.show_words(str(brain.path) if brain else "")
        self._form.setRowVisible(self._file_row, brain is not None)

    def show_use(self, use: BrainUse, model: ModelStatus) -> None:
        """Show how the model does."""
        self._tell(self.speed, _speed(use))
        self._tell(self.reused, amounts.percent(use.reused) if use.tokens_per_second > 0 else "")
        self._tell(self.memory, _memory(use, model))
        share = min(1.0, use.context_used / use.context_tokens) if use.context_tokens else 0.0
        self.bar.setValue(round(share * STEPS))
        used, total = amounts.count(use.context_used), amounts.count(use.context_tokens)
        self.context.setText(f"{used} of {total} tokens")
        self.bar.setAccessibleDescription(self.context.text())
        self._form.setRowVisible(self._context_row, use.context_tokens > 0)

    def _tell(self, label: QLabel, words: str) -> None:
        label.setText(words)
        self._form.setRowVisible(label, bool(words))

    def _show_folder(self) -> None:
        if self._path:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


def _speed(use: BrainUse) -> str:
    if use.tokens_per_second <= 0:
        return ""
    return f"{amounts.speed(use.tokens_per_second)}, {amounts.pace(use.tokens_per_second)}"


def _memory(use: BrainUse, model: ModelStatus) -> str:
    if model.state is ModelState.RESTING:
        return "Given back while she rests"
    return amounts.size(use.memory_bytes) if use.memory_bytes else ""


def _beside(*parts: QWidget) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(10)
    for place, part in enumerate(parts):
        line.addWidget(part, 1 if isinstance(part, ElidedLabel) or place == len(parts) - 1 == 1 else 0)
    return row
