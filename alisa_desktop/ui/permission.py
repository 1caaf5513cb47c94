"""Between a wish to use her eyes and Alisa: what it means is explained before anything is allowed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge


class Permission(QObject):
    """Hands choices on to the bridge, at once or after the explanation. GUI thread only."""

    explanation_requested = Signal(object)  # Consent, to be offered first

    def __init__(self, bridge: Bridge, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._explained = settings.vision_explained
        self._look: Callable[[], object] | None = None
        """Waits for the permission."""
        bridge.settings_changed.connect(self._take_settings)
        bridge.eyes_changed.connect(self._look_if_open)

    def choose(self, consent: Consent) -> None:
        """The user wants to allow this; it is explained first where it never was. Shutting needs no explanation."""
        self._look = None
        if consent is self._bridge.eyes.consent:
            return
        if consent is Consent.OFF or self._explained:
            self._bridge.consent_requested.emit(consent)
        else:
            self.explanation_requested.emit(consent)

    def look(self, look: Callable[[], object]) -> None:
        """Have her `look`; where nobody has allowed it, that is asked for first, and done once it is allowed."""
        if self._bridge.eyes.consent is not Consent.OFF:
            look()
            return
        self._look = look
        self.explanation_requested.emit(Consent.ASK)

    def grant(self, consent: Consent) -> None:
        """The answer to the explanation."""
        if consent is Consent.OFF:
            self._look = None
        self._bridge.consent_requested.emit(consent)
        self._look_if_open(self._bridge.eyes)

    def leave(self) -> None:
        """The explanation was closed without an answer: everything stays as it is."""
        self._look = None

    def _take_settings(self, settings: Settings) -> None:
        self._explained = settings.vision_explained

    def _look_if_open(self, status: EyesStatus) -> None:
        if not self._look or status.consent is Consent.OFF:
            return
        look, self._look = self._look, None
        if status.gaze in (Gaze.OPEN, Gaze.LOOKING):
            look()
