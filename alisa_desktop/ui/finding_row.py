"""One finding of a check-up: how a part is, what was found, and what to do about it."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

from alisa_desktop.core.health import Finding, Verdict, Way
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.page import words
from alisa_desktop.ui.theme import Theme

SIGN = 20
"""Width of the sign, in px."""
VERDICTS = {Verdict.GOOD: "Good", Verdict.BAD: "Bad", Verdict.UNKNOWN: "Unknown"}
LONGEST_WORD = 30
"""Characters; longer ones (paths, mostly) may be broken anywhere sensible."""
WAYS = {
    Way.OVERLAYS: "Open Settings",
    Way.MODEL: "Open Settings",
    Way.EYES: "Open Settings",
    Way.BRAINS: "Choose her brain",
    Way.FOLDER: "Open folder",
    Way.LOG: "Show log",
}
"""What the buttons say that lead there."""


class FindingRow(QFrame):
    """Shows a finding until another one takes its place; the keyboard reaches it, so that it can be read out.

    GUI thread only.
    """

    way_requested = Signal(object)  # Way

    def __init__(self, finding: Finding, icons: Icons, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        """What is shown."""
        self.setProperty("finding", True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icons = icons
        self._theme = theme
        self.sign = QLabel()
        self.title, self.verdict, self.found, self.advice = words(""), QLabel(), words(""), words("")
        self.title.setProperty("name", True)
        self.found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.advice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.way = QPushButton(autoDefault=False)
        self.way.setProperty("words", True)
        self.way.clicked.connect(lambda: self.way_requested.emit(self.finding.way))
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 9, 14, 9)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.sign, 0, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.title, 0, 1)
        grid.addWidget(self.verdict, 0, 2, Qt.AlignmentFlag.AlignRight)
        for row, label in enumerate((self.found, self.advice), 1):
            grid.addWidget(label, row, 1, 1, 2)
        grid.addWidget(self.way, 3, 1, Qt.AlignmentFlag.AlignLeft)

    def show_finding(self, finding: Finding) -> None:
        """Show this one."""
        if finding != self.finding:
            self.finding = finding
            self._show()

    def wear(self, theme: Theme) -> None:
        """Put the sign on this theme."""
        self._theme = theme
        self._draw_sign()

    def _show(self) -> None:
        finding = self.finding
        well = finding.verdict is Verdict.GOOD
        verdict = VERDICTS[finding.verdict]
        self.title.setText(finding.title)
        self.verdict.setText(verdict)
        self._mark(self.verdict, "muted", well or finding.verdict is Verdict.UNKNOWN)
        self._mark(self.verdict, "danger", finding.verdict is Verdict.BAD)
        self.found.setText(breakable(finding.found))
        self._mark(self.found, "muted", well)
        self.advice.setText(breakable(finding.advice))
        self.advice.setVisible(bool(finding.advice))
        leads = not well and finding.way in WAYS
        self.way.setText(WAYS.get(finding.way, ""))
        self.way.setVisible(leads)
        self.setAccessibleName(f"{finding.title}: {verdict}")
        self.setAccessibleDescription(" ".join(filter(None, (finding.found, finding.advice))))
        self.way.setAccessibleName(f"{self.way.text()}, for {finding.title}")
        self._draw_sign()

    def _draw_sign(self) -> None:
        theme, verdict = self._theme, self.finding.verdict
        colour = {Verdict.GOOD: theme.muted, Verdict.BAD: theme.danger, Verdict.UNKNOWN: theme.muted}[verdict]
        self.sign.setPixmap(self._icons.draw(verdict.value, colour, SIGN).pixmap(SIGN, SIGN))

    @staticmethod
    def _mark(label: QLabel, name: str, on: bool) -> None:
        """Give a label a property of the style sheet, which looks at it only when it is told to."""
        if label.property(name) != on:
            label.setProperty(name, on)
            label.style().unpolish(label)
            label.style().polish(label)


def breakable(text: str) -> str:
    """`text` with places in its long words where a line may end: after signs that part names, else every so often."""

    def parted(word: re.Match[str]) -> str:
        return re.sub(r"([/\\_.-]|\w{20})(?=.)", "\\1\u200b", word[0])

    return re.sub(rf"\S{{{LONGEST_WORD},}}", parted, text)
