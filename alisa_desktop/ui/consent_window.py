"""Before her eyes open for the first time: what she sees, when, and what is kept; then the choice."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.core.sight import Consent
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.eyes_words import CONSENTS, MEANINGS
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.option import Option
from alisa_desktop.ui.theme import Theme, ThemeWatcher
from alisa_desktop.ui.whereabouts import far_host

QUESTION = "May Alisa see your screen?"
EXPLANATION = (
    ("eye", "She sees the window in front: its name, its text, or a picture of it."),
    ("eye-filled", "Only when you let her. The eye on her tray icon fills whenever she looks."),
    ("history", "No picture is stored: only what she was told, on this machine, to read and delete."),
)
"""What is seen, when, and what is kept."""
WIDTH = 640
ICON = 20


class ConsentWindow(QDialog):
    """Tells what her eyes mean and asks how far they may go. Closing it changes nothing. GUI thread only."""

    chosen = Signal(object)  # Consent

    def __init__(self, watcher: ThemeWatcher, icons: Icons, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Her eyes")
        Dress(self, watcher)
        self._icons = icons
        self._pictures: list[tuple[QLabel, str]] = []
        self._group = QButtonGroup(self)
        self.options = {consent: self._option(consent, watcher.theme) for consent in Consent}
        """The choices."""
        self._lay_out(away_words(settings))
        self._wear(watcher.theme)
        watcher.changed.connect(self._wear)
        self.offer(Consent.ASK)

    def offer(self, consent: Consent) -> None:
        """Put the mark and the keyboard on this choice."""
        self.options[consent].setChecked(True)
        self.options[consent].setFocus(Qt.FocusReason.OtherFocusReason)

    def _option(self, consent: Consent, theme: Theme) -> Option:
        option = Option(theme, CONSENTS[consent], MEANINGS[consent])
        self._group.addButton(option)
        return option

    def _lay_out(self, away: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(10)
        title = QLabel(QUESTION)
        title.setProperty("title", True)
        column.addWidget(title)
        for icon, line in EXPLANATION:
            column.addLayout(self._line(icon, line))
        if away:
            column.addWidget(_words(away, muted=True))
        column.addSpacing(8)
        for option in self.options.values():
            column.addWidget(option)
        column.addStretch(1)
        column.addSpacing(6)
        column.addLayout(self._buttons())
        self.resize(WIDTH, column.totalHeightForWidth(WIDTH))

    def _line(self, icon: str, line: str) -> QHBoxLayout:
        picture = QLabel()
        picture.setFixedWidth(ICON)
        self._pictures.append((picture, icon))
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(_words(line), 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        cancel, go = QPushButton("Cancel", autoDefault=False), QPushButton("OK", default=True)
        go.setProperty("primary", True)
        cancel.clicked.connect(self.reject)
        go.clicked.connect(self._answer)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(go)
        row.addWidget(cancel)
        return row

    def _answer(self) -> None:
        consent = next(consent for consent, option in self.options.items() if option.isChecked())
        self.accept()
        self.chosen.emit(consent)

    def _wear(self, theme: Theme) -> None:
        for option in self.options.values():
            option.wear(theme)
        for picture, icon in self._pictures:
            picture.setPixmap(
                self._icons.draw(icon, theme.link, ICON).pixmap(QSize(ICON, ICON), self.devicePixelRatio())
            )


def away_words(settings: Settings) -> str:
    """What leaves this machine where her model thinks elsewhere; empty when nothing does."""
    host = far_host(settings)
    if not host:
        return ""
    return f"You chose the server at {host} as her model, so what she is told is sent there."


def _words(text: str, *, muted: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("muted", muted)
    return label
