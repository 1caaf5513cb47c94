"""Her menu, the same in the tray and on the figure: talk, mode, eyes, what is on, windows, quit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from alisa_desktop.core.brains import Fetch
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.brain_words import short_fetch_words
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.dress import Dress
from alisa_desktop.ui.eyes_menu import EyesMenu
from alisa_desktop.ui.menu_line import line, literal
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.whereabouts import far_host, going_away

WORDS = {
    ModelState.LOADING: "waking up",
    ModelState.READY: "ready",
    ModelState.RESTING: "resting; type and she wakes up",
    ModelState.MISSING: "no model",
    ModelState.FAILED: "model failed",
}

LONGEST_TROUBLE = 100
"""Characters of a sentence on the endpoint: its end is what matters."""


class AlisaMenu(QMenu):
    """Follows the bridge while it is open too, because some desktops never say that they open it. GUI thread only."""

    talk_requested = Signal()
    settings_requested = Signal()
    history_requested = Signal()
    about_requested = Signal()
    checkup_requested = Signal()
    model_requested = Signal()
    look_now_requested = Signal()
    visibility_requested = Signal(bool)  # show or hide the figure

    def __init__(self, bridge: Bridge, watcher: ThemeWatcher, parent: QWidget | None = None) -> None:
        super().__init__("Alisa", parent)
        self.setWindowTitle("Alisa's menu")
        self._bridge = bridge
        self._visible = True
        Dress(self, watcher)
        self.setToolTipsVisible(True)
        self._build()
        bridge.modes_changed.connect(self._show_modes)
        bridge.mode_changed.connect(self._check_mode)
        bridge.model_changed.connect(self._show_model)
        bridge.endpoint_changed.connect(self._show_endpoint)
        bridge.eyes_changed.connect(self._show_eyes)
        bridge.fetches_changed.connect(self._show_fetches)
        bridge.settings_changed.connect(self._show_away)
        bridge.update_told.connect(self._show_update)
        self._show_modes()
        self._show_model(bridge.model)
        self._show_endpoint(bridge.endpoint)
        self._show_eyes(bridge.eyes)
        self._show_fetches(bridge.fetches)
        self._show_update(bridge.update)
        self._away.setVisible(False)

    def _build(self) -> None:
        self.setDefaultAction(self._add("&Talk", self.talk_requested.emit))
        self._look = self._add("Look &now", self.look_now_requested.emit)
        self.mode_menu = self.addMenu("&Mode")
        self._modes = QActionGroup(self)
        self._modes.triggered.connect(self._choose_mode)
        self.eyes = EyesMenu(self._bridge, self)
        """What she may see, and what she saw."""
        self.addMenu(self.eyes)
        self.addSeparator()
        self._model = self._add_line()
        self._detail = self._add_line()
        self._fetch = self._add_line()
        self._away = self._add_line()
        self._add("M&odel status…", self.model_requested.emit)
        self._endpoint = self._add("", self._copy_endpoint)
        self._endpoint.setToolTip("Copies the address for overlays.")
        self._trouble = self._add_line()
        self.addSeparator()
        self._add("&Settings…", self.settings_requested.emit)
        self._add("&History…", self.history_requested.emit)
        self._add("&Check-up…", self.checkup_requested.emit)
        self._add("A&bout Alisa…", self.about_requested.emit)
        self._update = self._add("", self.about_requested.emit)
        self.addSeparator()
        self._visibility = self._add("Hide &Alisa", self._toggle_visibility)
        self._add("&Quit", self._bridge.quit_requested.emit)

    def _add(self, text: str, do: Callable[[], object]) -> QAction:
        action = self.addAction(text)
        action.setMenuRole(QAction.MenuRole.NoRole)
        action.triggered.connect(lambda: do())
        return action

    def _add_line(self) -> QAction:
        action = self.addAction("")
        action.setEnabled(False)
        return action

    def show_visibility(self, visible: bool) -> None:
        """Tell the menu whether the figure is on the desktop."""
        self._visible = visible
        self._visibility.setText("Hide &Alisa" if visible else "Show &Alisa")

    def _toggle_visibility(self) -> None:
        self.visibility_requested.emit(not self._visible)

    def _show_modes(self) -> None:
        for action in self._modes.actions():
            self._modes.removeAction(action)
            action.deleteLater()
        for name, title, description in self._bridge.modes:
            action = self.mode_menu.addAction(literal(title))
            action.setData(name)
            action.setToolTip(description)
            action.setCheckable(True)
            self._modes.addAction(action)
        self.mode_menu.menuAction().setVisible(bool(self._bridge.modes))
        self._check_mode(self._bridge.mode)

    def _check_mode(self, mode: str) -> None:
        for action in self._modes.actions():
            action.setChecked(action.data() == mode)

    def _choose_mode(self, action: QAction) -> None:
        # the mark stays where the mode is until the mode has really changed
        self._check_mode(self._bridge.mode)
        self._bridge.mode_requested.emit(action.data())

    def _show_model(self, status: ModelStatus) -> None:
        self._model.setText(line(f"{status.name or 'Model'}: {state_words(status)}"))
        self._detail.setText(line(status.detail))
        self._detail.setToolTip(status.detail)
        self._detail.setVisible(bool(status.detail))

    def _show_fetches(self, fetches: Sequence[Fetch]) -> None:
        words = short_fetch_words(fetches)
        self._fetch.setText(line(words))
        self._fetch.setVisible(bool(words))

    def _show_away(self, settings: Settings) -> None:
        host = far_host(settings)
        self._away.setText(line(f"Your words go to {host}"))
        self._away.setToolTip(going_away(host) if host else "")
        self._away.setVisible(bool(host))

    def _show_update(self, update: Update) -> None:
        self._update.setText(line(f"Version {update.version} is out…"))
        self._update.setVisible(update.state is Freshness.NEWER)

    def _show_endpoint(self, address: str) -> None:
        self._endpoint.setText(line(f"Copy overlay address: {address}"))
        self._endpoint.setVisible(bool(address))
        trouble = self._bridge.endpoint_trouble
        self._trouble.setText(line(trouble if address else f"Overlays can't connect: {trouble}", LONGEST_TROUBLE))
        self._trouble.setToolTip(trouble)
        self._trouble.setVisible(bool(trouble))

    def _show_eyes(self, status: EyesStatus) -> None:
        # where nobody has allowed it, it asks for that first
        self._look.setEnabled(status.gaze is Gaze.OPEN or status.consent is Consent.OFF)

    def _copy_endpoint(self) -> None:
        QGuiApplication.clipboard().setText(self._bridge.endpoint)


def state_words(status: ModelStatus) -> str:
    """The model's state for people, with its progress while it loads."""
    words = WORDS[status.state]
    if status.state is ModelState.LOADING and status.progress is not None:
        return f"{words}, {status.progress:.0%}"
    return words
