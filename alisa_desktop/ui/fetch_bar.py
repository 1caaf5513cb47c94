"""A download in its place: how far it is, how fast, how long it takes, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Fetch, FetchState
from alisa_desktop.ui import amounts
from alisa_desktop.ui.brain_words import UNDER_WAY, fetch_words, plain, progress
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.page import button, words

STEPS = 1000
SHOWN = UNDER_WAY | {FetchState.FAILED}


class FetchBar(QWidget):
    """Shows a download while it goes on or has failed, and is hidden else. GUI thread only."""

    cancel_requested = Signal(str)  # id of the download: to be asked about first

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._fetch: Fetch | None = None
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, STEPS)
        self.words = words("")
        self.again = button("Try again", self._try_again)
        self.pause = button("Pause", self._pause)
        """Or goes on."""
        self.cancel = button("Cancel", self._cancel)
        row = QHBoxLayout()
        row.addWidget(self.words, 1)
        for part in (self.again, self.pause, self.cancel):
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.bar)
        column.addLayout(row)
        self.hide()

    @property
    def first_button(self) -> QPushButton:
        """Where the keyboard begins."""
        return self.again if self._state is FetchState.FAILED else self.pause

    def show_fetch(self, fetch: Fetch | None) -> None:
        """Show this download, or none."""
        fetch = fetch if fetch and fetch.state in SHOWN else None
        if fetch == self._fetch:
            return
        failed_before = self._state is FetchState.FAILED
        self._fetch = fetch
        if fetch:
            self._show(fetch, failed_before)
        self.setVisible(fetch is not None)

    @property
    def _state(self) -> FetchState | None:
        return self._fetch.state if self._fetch else None

    def _show(self, fetch: Fetch, failed_before: bool) -> None:
        failed, paused = fetch.state is FetchState.FAILED, fetch.state is FetchState.PAUSED
        share = progress(fetch)
        self.bar.setVisible(not failed)
        self.bar.setValue(round((share or 0.0) * STEPS))
        self.words.setText(fetch_words(fetch))
        self._mark(failed)
        self.pause.setText("Resume" if paused else "Pause")
        self._swap(failed, failed_before)
        self._name(fetch, share)

    def _swap(self, failed: bool, failed_before: bool) -> None:
        """One of two buttons, with the keyboard on the one that takes the other's place."""
        coming, going = (self.again, self.pause) if failed else (self.pause, self.again)
        coming.show()
        if failed != failed_before and going.hasFocus():
            coming.setFocus(Qt.FocusReason.OtherFocusReason)
        going.hide()

    def _mark(self, failed: bool) -> None:
        if bool(self.words.property("danger")) is not failed:
            self.words.setProperty("danger", failed)
            self.words.style().polish(self.words)

    def _name(self, fetch: Fetch, share: float | None) -> None:
        title = plain(fetch.title)
        self.bar.setAccessibleName(f"Download of {title}")
        self.bar.setAccessibleDescription("" if share is None else amounts.percent(share))
        for part in (self.again, self.pause, self.cancel):
            part.setAccessibleName(f"{part.text()}: {title}")
            part.setAccessibleDescription(self.words.text())

    def _pause(self) -> None:
        if fetch := self._fetch:
            paused = fetch.state is FetchState.PAUSED
            signal = self._bridge.fetch_resume_requested if paused else self._bridge.fetch_pause_requested
            signal.emit(fetch.id)

    def _try_again(self) -> None:
        if self._fetch:
            self._bridge.fetch_requested.emit(self._fetch.id)

    def _cancel(self) -> None:
        if self._fetch:
            self.cancel_requested.emit(self._fetch.id)
