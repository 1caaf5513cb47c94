"""The part of her menu that is about her eyes: what she may see, a pause, and what she saw."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.eyes_words import CONSENTS, MEANINGS, paused_words
from alisa_desktop.ui.menu_line import line


class EyesMenu(QMenu):
    """Follows the bridge while it is open too. GUI thread only."""

    consent_chosen = Signal(object)  # Consent
    """The user wants to allow this; the mark stays where it is until it is true."""
    ledger_requested = Signal()

    def __init__(self, bridge: Bridge, parent: QMenu) -> None:
        super().__init__("&Eyes", parent)
        self.setToolTipsVisible(True)
        self._bridge = bridge
        self._choices = QActionGroup(self)
        self._choices.triggered.connect(self._choose)
        for consent in Consent:
            self._choices.addAction(self._choice(consent))
        self._trouble = self.addAction("")
        self._trouble.setEnabled(False)
        self.addSeparator()
        self._pause = self.addAction("&Pause for an hour")
        self._pause.triggered.connect(self._toggle_pause)
        self._ledger = self.addAction("What she sa&w…")
        self._ledger.triggered.connect(self.ledger_requested)
        bridge.eyes_changed.connect(self._show)
        self._show(bridge.eyes)

    def _choice(self, consent: Consent) -> QAction:
        action = self.addAction(CONSENTS[consent])
        action.setData(consent.value)
        action.setCheckable(True)
        action.setToolTip(MEANINGS[consent])
        return action

    def _show(self, status: EyesStatus) -> None:
        paused = status.gaze is Gaze.PAUSED
        title = f"&Eyes ({paused_words(status)})" if paused else "&Eyes"
        self.setTitle(title)
        for action in self._choices.actions():
            action.setChecked(action.data() == status.consent)
        self._trouble.setText(line(status.trouble))
        self._trouble.setToolTip(status.trouble)
        self._trouble.setVisible(bool(status.trouble))
        self._pause.setText(f"O&pen again ({paused_words(status)})" if paused else "&Pause for an hour")
        self._pause.setEnabled(status.consent is not Consent.OFF)

    def _choose(self, action: QAction) -> None:
        self._show(self._bridge.eyes)
        self.consent_chosen.emit(Consent(action.data()))  # Qt gave back plain text

    def _toggle_pause(self) -> None:
        self._bridge.pause_requested.emit(self._bridge.eyes.gaze is not Gaze.PAUSED)
