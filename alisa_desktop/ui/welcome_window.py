"""The first minute: what she is, a brain for her, and what she may see. Each page can be skipped."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.page import button, words
from alisa_desktop.ui.theme import Theme, ThemeWatcher
from alisa_desktop.ui.welcome_pages import BrainPage, EyesPage, HelloPage

WIDTH, HEIGHT = 680, 620


class WelcomeWindow(QDialog):
    """Tells the bridge that it was seen, however it is closed; `picture` is her. GUI thread only."""

    chooser_requested = Signal()
    """The user has a model already."""
    eyes_requested = Signal()
    """The user wants to know what she would see."""

    def __init__(
        self,
        bridge: Bridge,
        watcher: ThemeWatcher,
        icons: Icons,
        settings: Settings,
        picture: QImage,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alisa — Welcome")
        self.resize(WIDTH, HEIGHT)
        self.setMinimumSize(480, 420)
        Dress(self, watcher)
        self.hello, self.brain = HelloPage(picture, icons), BrainPage(bridge, settings)
        self.eyes = EyesPage(icons, bridge.eyes)
        self.brain.kept.connect(self._go_on)
        self.brain.chooser_requested.connect(self._leave_for(self.chooser_requested.emit))
        self.eyes.eyes_requested.connect(self._leave_for(self.eyes_requested.emit))
        self.pages = QStackedWidget()
        for page in (self.hello, self.brain, self.eyes):
            self.pages.addWidget(page)
        self._build_buttons()
        self._lay_out()
        self._wear(watcher.theme)
        watcher.changed.connect(self._wear)
        self.finished.connect(lambda _: bridge.welcome_seen.emit())
        self._turn(0)
        if not bridge.offers:
            bridge.offers_requested.emit()

    def _build_buttons(self) -> None:
        self.skip = button("&Skip", self.reject)
        self.back = button("&Back", lambda: self._turn(self.pages.currentIndex() - 1))
        self.on = QPushButton(default=True)
        self.on.setProperty("primary", True)
        self.on.clicked.connect(self._go_on)
        self.step: QLabel = words("", muted=True)
        self.step.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.skip)
        row.addWidget(self.step, 1)
        row.addWidget(self.back)
        row.addWidget(self.on)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.pages, 1)
        column.addLayout(row)

    def _turn(self, page: int) -> None:
        last = self.pages.count() - 1
        self.pages.setCurrentIndex(min(max(page, 0), last))
        self.step.setText(f"{page + 1} of {last + 1}")
        self.back.setVisible(page > 0)
        self.skip.setVisible(page < last)
        self.on.setText("&Done" if page == last else "&Next")
        self.on.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_on(self) -> None:
        if self.pages.currentIndex() == self.pages.count() - 1:
            self.accept()
        else:
            self._turn(self.pages.currentIndex() + 1)

    def _leave_for(self, door: Callable[[], object]) -> Callable[[], None]:
        """Close, and open another window instead."""

        def leave() -> None:
            self.accept()
            door()

        return leave

    def _wear(self, theme: Theme) -> None:
        for page in (self.hello, self.eyes):
            page.wear(theme)
