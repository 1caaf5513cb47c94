"""The Check-up window: everything she needs, what is good, bad or unknown, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.core.health import Checkup, Finding, Verdict, Way
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.copy_button import CopyButton
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.finding_row import FindingRow
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.page import Page, button, words
from alisa_desktop.ui.steady_column import SteadyColumn
from alisa_desktop.ui.theme import Theme, ThemeWatcher

AGAIN, STOP = "Check &again", "&Stop"
ORDER = (Verdict.BAD, Verdict.UNKNOWN, Verdict.GOOD)
"""What needs somebody stands on top."""
GROUPS = {Way.OVERLAYS: "Overlays", Way.MODEL: "Model", Way.EYES: "Eyes"}
"""The groups of the settings that findings lead to."""
WHOLE = 1000


class CheckupWindow(QDialog):
    """Has everything looked at whenever it opens, and keeps nothing. GUI thread only."""

    settings_requested = Signal(str)
    """The user wants to see this group of the settings."""
    brains_requested = Signal()

    def __init__(self, bridge: Bridge, watcher: ThemeWatcher, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Check-up")
        self.setMinimumSize(420, 320)
        self.resize(620, 640)
        Dress(self, watcher)
        self._bridge = bridge
        self._icons = icons
        self._watcher = watcher
        self._checkup = Checkup()
        self.headline, self.doing = words("", title=True), words("", muted=True)
        self.progress = QProgressBar(textVisible=False, maximum=WHOLE)
        self.progress.setAccessibleName("Progress of the check-up")
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing moves when it is over
        self.progress.setSizePolicy(policy)
        self.rows: SteadyColumn[Finding, FindingRow] = SteadyColumn(
            lambda finding: finding.name, self._make_row, FindingRow.show_finding
        )
        self.again = button(AGAIN, self._again)
        self.copy = CopyButton("&Copy report", "Copy report", lambda: self._checkup.report)
        self.copy.setToolTip("Without your name and your folders.")
        self._lay_out()
        bridge.checkup_told.connect(self._show)
        watcher.changed.connect(self._wear)
        self._show(self._checkup)

    def _make_row(self, finding: Finding) -> FindingRow:
        row = FindingRow(finding, self._icons, self._watcher.theme)
        row.way_requested.connect(self._go)
        return row

    def _lay_out(self) -> None:
        card = QFrame()
        card.setProperty("card", True)
        card.setAccessibleName("Findings")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(3, 3, 3, 3)
        inside.addWidget(self.rows)
        self.page = Page()
        self.page.column.setContentsMargins(0, 0, 10, 0)
        self.page.column.addWidget(card)
        self.page.column.addStretch(1)
        self._card = card
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(6)
        for part in (self.headline, self.doing, self.progress):
            column.addWidget(part)
        column.addSpacing(6)
        column.addWidget(self.page, 1)
        column.addSpacing(6)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        close = QPushButton("Close", default=True)
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        for part in (self.again, self.copy):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(close)
        close.setFocus()
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Look at everything now."""
        super().showEvent(event)
        if not event.spontaneous():
            self._bridge.want_checkup(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody reads it any more."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._bridge.want_checkup(False)

    def _again(self) -> None:
        self._bridge.want_checkup(not self._runs)

    @property
    def _runs(self) -> bool:
        return not self._checkup.over

    def _show(self, checkup: Checkup) -> None:
        self._checkup = checkup
        findings = sorted(checkup.findings, key=lambda finding: ORDER.index(finding.verdict))
        self.rows.show_things(findings)
        self._card.setVisible(bool(findings))
        self.headline.setText(headline(checkup))
        self.doing.setText(doing(checkup))
        self.progress.setVisible(self._runs)
        done = len(findings) + (checkup.share or 0.0)
        self.progress.setValue(round(WHOLE * done / max(1, checkup.total)))
        self.again.setText(STOP if self._runs else AGAIN)
        self.copy.setEnabled(bool(checkup.report))

    def _go(self, way: Way) -> None:
        match way:
            case Way.BRAINS:
                self.brains_requested.emit()
            case Way.FOLDER:
                self._bridge.folder_requested.emit()
            case Way.LOG:
                self._bridge.log_requested.emit()
            case _:
                self.settings_requested.emit(GROUPS[way])

    def _wear(self, theme: Theme) -> None:
        for row in self.rows.widgets:
            row.wear(theme)


def headline(checkup: Checkup) -> str:
    """How it is going, or what came of it."""
    if not checkup.over:
        return "Looking…"
    bad = _count(checkup.findings, Verdict.BAD)
    if bad:
        return "One thing needs you" if bad == 1 else f"{bad} things need you"
    return "All is well"


def doing(checkup: Checkup) -> str:
    """What is looked at, or how many findings there are of each kind."""
    if checkup.over:
        counts = Counter(finding.verdict for finding in checkup.findings)
        return " · ".join(f"{counts[verdict]} {verdict.value}" for verdict in ORDER if counts[verdict])
    if checkup.busy and checkup.share is not None:
        return f"Reading {checkup.busy}, {checkup.share:.0%}"
    return f"{len(checkup.findings)} of {checkup.total} looked at" if checkup.total else ""


def _count(findings: Sequence[Finding], verdict: Verdict) -> int:
    return sum(finding.verdict is verdict for finding in findings)
