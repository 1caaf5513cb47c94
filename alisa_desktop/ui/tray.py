"""Alisa in the tray: mood, model and eyes as an icon, her menu, and a click that opens the bubble."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from alisa_desktop.core.messages import Emotion, ModelState
from alisa_desktop.ui.alisa_menu import AlisaMenu, state_words
from alisa_desktop.ui.brain_words import short_fetch_words
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.eyes_words import gaze_words
from alisa_desktop.ui.gaze_watch import GazeWatch
from alisa_desktop.ui.mood_watch import MoodWatch
from alisa_desktop.ui.tray_icon import TrayFaces
from alisa_desktop.ui.wakeup import Clock

RETRIES_MS = (2_000, 3_000, 10_000, 15_000, 30_000)
"""Waits between looks for a tray after the start: panels often come up later than we do."""
NOTICE_AFTER = 2
"""Looks in vain until the user is told."""
NO_TRAY = "Your desktop has no tray, so my menu is on me: right-click me, or press the menu key."


class Tray(QObject):
    """The tray icon, wherever there is a tray. GUI thread only."""

    toggled = Signal()
    """The icon was clicked: show or hide the bubble."""
    missed = Signal()
    """There is no tray here, so her menu must be found elsewhere."""

    def __init__(
        self,
        bridge: Bridge,
        menu: AlisaMenu,
        icons: Path,
        parent: QObject | None = None,
        *,
        clock: Clock | None = None,
        gaze: GazeWatch | None = None,
        available: Callable[[], bool] = QSystemTrayIcon.isSystemTrayAvailable,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._available = available
        self._faces = TrayFaces(icons)
        self._clock = clock or Clock(self)
        self._moods = MoodWatch(bridge, self._clock, self)
        self._gaze = gaze or GazeWatch(bridge, self)
        self._looks = 0
        self._told_after = NOTICE_AFTER
        self._retry = QTimer(self, singleShot=True)
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(menu)
        self._connect(bridge, menu)
        self._refresh()

    def _connect(self, bridge: Bridge, menu: AlisaMenu) -> None:
        self._icon.activated.connect(self._activated)
        self._retry.timeout.connect(self._look_again)
        menu.aboutToShow.connect(self._take_tray)
        self._moods.changed.connect(self._refresh)
        self._gaze.changed.connect(self._refresh)
        self._clock.rang.connect(self._refresh)
        bridge.mode_changed.connect(self._refresh)
        bridge.modes_changed.connect(self._refresh)
        bridge.fetches_changed.connect(self._tell)

    def start(self, *, patient: bool = False) -> None:
        """Show the icon, now or when a tray comes up within the first minute; tell the user when there is none.

        With `patient` only after that minute: at the log-in panels come late.
        """
        self._told_after = len(RETRIES_MS) if patient else NOTICE_AFTER
        if not self._take_tray():
            self._retry.start(RETRIES_MS[0])

    @property
    def present(self) -> bool:
        """True when the icon is in a tray."""
        return self._icon.isVisible()

    def set_resting(self, emotion: Emotion) -> None:
        """The face to which she returns some time after a reply: that of the mode."""
        self._moods.rest_at(emotion)

    def close(self) -> None:
        """Take the icon out of the tray, at the end."""
        self._retry.stop()
        self._clock.wake_at(None)
        self._gaze.close()
        self._icon.hide()

    def _take_tray(self) -> bool:
        if not self.present and self._available():
            self._retry.stop()
            self._icon.show()
        return self.present

    def _look_again(self) -> None:
        if self._take_tray():
            return
        self._looks += 1
        if self._looks == self._told_after:
            self.missed.emit()
            self._bridge.notice_raised.emit(NO_TRAY)
        if self._looks < len(RETRIES_MS):
            self._retry.start(RETRIES_MS[self._looks])

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.toggled.emit()

    def _refresh(self) -> None:
        now, mood = self._clock.now(), self._moods.mood
        mood.advance(now)
        self._icon.setIcon(self._faces.icon(mood.emotion, self._mark(), self._gaze.shown))
        self._tell()
        self._clock.wake_at(mood.next_change(now, still=True))

    def _tell(self) -> None:
        if (words := self._tooltip()) != self._icon.toolTip():
            self._icon.setToolTip(words)

    def _mark(self) -> str:
        if self._moods.mood.state == "thinking":
            return "thinking"
        states = {ModelState.READY: "", ModelState.RESTING: "", ModelState.LOADING: "loading"}
        return states.get(self._bridge.model.state, "missing")

    def _tooltip(self) -> str:
        title = next((title for name, title, _ in self._bridge.modes if name == self._bridge.mode), self._bridge.mode)
        thinking = self._moods.mood.state == "thinking"
        state = "thinking" if thinking else state_words(self._bridge.model)
        eyes = gaze_words(self._bridge.eyes, self._gaze.shown)
        fetch = short_fetch_words(self._bridge.fetches)
        return "\n".join(filter(None, (" · ".join(filter(None, ("Alisa", title, state, eyes))), fetch)))
