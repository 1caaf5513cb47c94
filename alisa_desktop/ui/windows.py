"""All windows of Alisa and how they belong together; each knows only the bridge, and this knows them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Signal
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication, QWidget

from alisa_desktop.core.messages import Emotion
from alisa_desktop.core.sight import Consent
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.avatar import Avatar
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.first_picture import keep_first_picture
from alisa_desktop.ui.permission import Permission
from alisa_desktop.ui.placement import clear_of, screen_for
from alisa_desktop.ui.screens import screen_areas
from alisa_desktop.ui.sprites import load_pack_or

Places = dict[str, tuple[int, int]]
NARROW = 560
"""Windows become this narrow rather than to be covered by her, in px."""
FRAME = QSize(8, 36)
"""What the system draws around a window, about, in px."""


class Windows(QObject):
    """The figure first, because she is what people wait for; `furnish` brings the rest. GUI thread only."""

    placed = Signal(str, int, int)  # the user put her there: screen, and place on it
    appeared = Signal()
    """She is on the desktop for the first time after a start in the tray."""
    persona_edit_requested = Signal(str)
    persona_reset_requested = Signal(str)

    def __init__(
        self,
        app: QApplication,
        bridge: Bridge,
        settings: Settings,
        resources: Path,
        own_pack: Path | None,
        *,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        self._app = app
        self._bridge = bridge
        self._settings = settings
        self._resources = resources
        self._icons = resources / "icons"
        self._starter_card = resources / "models" / "alisa-starter.md"
        self._opened: dict[type[QWidget], QWidget] = {}
        self._furnished = self._wanted = False
        self.hidden = hidden or settings.start_hidden
        """Whether she waits in the tray until she is wanted for the first time."""
        pack, self.notice = load_pack_or(own_pack, resources / "sprites" / "alisa")
        """`notice`: a sentence when the user's own sprite pack can't be used."""
        self.avatar = Avatar(pack, bridge, settings)
        bridge.settings_changed.connect(self._keep_settings)
        self.permission = Permission(bridge, settings, self)
        """Asks before her eyes open."""
        self.permission.explanation_requested.connect(self.explain_eyes)

    def show_avatar(self, places: Places) -> None:
        """Put her where she stood; not yet where she waits in the tray."""
        self.avatar.restore(places)
        self.avatar.setVisible(not self.hidden)

    def furnish(self) -> None:
        """Make the bubble, the menu and the tray icon, and connect everything."""
        from alisa_desktop.ui.alisa_menu import AlisaMenu
        from alisa_desktop.ui.bubble import Bubble
        from alisa_desktop.ui.icons import Icons
        from alisa_desktop.ui.theme import ThemeWatcher, palette
        from alisa_desktop.ui.tray import Tray

        self._app.setWindowIcon(QIcon(str(self._icons / "alisa.svg")))
        self.theme = ThemeWatcher(self._app, self._settings.appearance, self)
        self._app.setPalette(palette(self.theme.theme))
        self.theme.changed.connect(lambda theme: self._app.setPalette(palette(theme)))
        self._drawings = Icons(self._icons)
        self.bubble = Bubble(self._bridge, self.theme, self._drawings, self._settings)
        self.menu = AlisaMenu(self._bridge, self.theme)
        self.menu.show_visibility(self.avatar.isVisible())
        self.tray = Tray(self._bridge, self.menu, self._icons, self)
        self._connect_avatar()
        self._connect_menu()
        self.bubble.header.menu_requested.connect(self._pop_up)
        self.bubble.settings_requested.connect(self.choose_brain)
        self.bubble.model_requested.connect(self.open_model)
        self.bubble.report_requested.connect(self.open_report)
        self.bubble.permission_requested.connect(lambda: self.permission.look(self.bubble.look))
        self.tray.toggled.connect(self._toggle)
        self.tray.missed.connect(self._show_where_no_tray_is)
        self.tray.start(patient=self.hidden)
        self._furnished = True
        if self._wanted:
            self.come_forward()

    def set_resting(self, emotion: Emotion) -> None:
        """The face of the present mode, to which she returns after a while."""
        self.avatar.set_resting(emotion)
        self.tray.set_resting(emotion)

    def come_forward(self) -> None:
        """Show her and open the bubble, as soon as there is one: somebody started Alisa a second time."""
        self._wanted = not self._furnished
        if self._furnished:
            self._show_avatar(True)
            self.bubble.open_for_typing()

    def keep_picture(self, file: Path) -> None:
        """Keep how she looks, for the first moment of the next start; nothing where she starts hidden."""
        shown = self.avatar.isVisible() and not self._settings.start_hidden
        keep_first_picture(file, self.avatar.resting_picture() if shown else QImage(), self.avatar.pos())

    def close(self) -> None:
        """Take everything off the desktop and give it back."""
        self.tray.close()
        for window in (*self._opened.values(), self.bubble, self.menu, self.avatar):
            window.close()
            window.deleteLater()

    def open_settings(self, group: str = "") -> None:
        """Show the settings, at this group if one is named."""
        from alisa_desktop.ui.settings_window import SettingsWindow

        window = SettingsWindow(self._bridge, self.theme, self._settings)
        window.persona_edit_requested.connect(self.persona_edit_requested)
        window.persona_reset_requested.connect(self.persona_reset_requested)
        window.consent_chosen.connect(self.permission.choose)
        window.brain_requested.connect(self.choose_brain)
        shown = self._open(window)
        if group and isinstance(shown, SettingsWindow):
            shown.show_group(group)

    def choose_model(self) -> None:
        """Show the settings of the model."""
        from alisa_desktop.ui.setting_specs import spec

        self.open_settings(spec("model_source").group)

    def choose_brain(self) -> None:
        """Show which models there are, to get and to use."""
        from alisa_desktop.ui.brain_window import BrainWindow

        window = BrainWindow(self._bridge, self.theme, self._settings)
        window.settings_requested.connect(self.choose_model)
        self._open(window)

    def welcome(self) -> None:
        """Show the first minute: what she is, a brain for her, and what she may see."""
        from alisa_desktop.ui.welcome_window import WelcomeWindow

        picture = self.avatar.resting_picture()
        window = WelcomeWindow(self._bridge, self.theme, self._drawings, self._settings, picture)
        window.chooser_requested.connect(self.choose_brain)
        window.eyes_requested.connect(self.explain_eyes)
        self._open(window)

    def open_history(self) -> None:
        """Show what was said."""
        from alisa_desktop.ui.history_window import HistoryWindow

        self._open(HistoryWindow(self._bridge, self.theme))

    def open_about(self) -> None:
        """Show what she is and what she is made of."""
        from alisa_desktop.ui.about import About
        from alisa_desktop.ui.licences import whole_text

        self._open(About(self._bridge, self.theme, self._settings, licences=whole_text(self._resources)))

    def open_checkup(self) -> None:
        """Show what she needs, and what of it is good or bad."""
        from alisa_desktop.ui.checkup_window import CheckupWindow

        window = CheckupWindow(self._bridge, self.theme, self._drawings)
        window.settings_requested.connect(self.open_settings)
        window.brains_requested.connect(self.choose_brain)
        self._open(window)

    def open_model(self) -> None:
        """Show which model she thinks with, and how it is doing."""
        from alisa_desktop.ui.model_window import ModelWindow

        window = ModelWindow(self._bridge, self.theme, self._settings, self._starter_card)
        window.choose_requested.connect(self.choose_brain)
        self._open(window)

    def open_report(self) -> None:
        """Show what a report on what went wrong says."""
        from alisa_desktop.ui.report_window import ReportWindow

        self._open(ReportWindow(self._bridge, self.theme))

    def open_ledger(self) -> None:
        """Show what she saw."""
        from alisa_desktop.ui.ledger_window import LedgerWindow

        window = LedgerWindow(self._bridge, self.theme)
        window.permission_requested.connect(self.explain_eyes)
        self._open(window)

    def explain_eyes(self, offered: Consent = Consent.ASK) -> None:
        """Tell what her eyes see, when, and what is kept, and ask how far they may go."""
        from alisa_desktop.ui.consent_window import ConsentWindow

        window = ConsentWindow(self.theme, self._drawings, self._settings)
        window.chosen.connect(self.permission.grant)
        window.rejected.connect(self.permission.leave)
        shown = self._open(window)
        if isinstance(shown, ConsentWindow):
            shown.offer(offered)

    def _open(self, window: QWidget) -> QWidget:
        """Show `window`, unless one of its kind is open: then that one comes forward. Returns the one that is shown."""
        present = self._opened.get(type(window))
        if present and present.isVisible():
            window.deleteLater()
            window = present
        elif present:
            present.deleteLater()
        self._opened[type(window)] = window
        if not window.isVisible():
            self._find_room(window)
        window.show()
        self.bubble.make_way(window.frameGeometry())
        window.raise_()
        window.activateWindow()
        return window

    def _find_room(self, window: QWidget) -> None:
        screen = screen_for(self.avatar.outline, [area.rect for area in screen_areas()])
        occupied = self.avatar.outline if self.avatar.isVisible() else QRect()
        beside_her = max(occupied.left() - screen.left(), screen.right() - occupied.right())
        wide = beside_her if beside_her >= NARROW else screen.width()
        window.resize(window.size().boundedTo(QSize(wide, screen.height()) - FRAME))
        window.move(clear_of(occupied.united(self.bubble.find_place().rect), window.size() + FRAME, screen))

    def _connect_avatar(self) -> None:
        avatar = self.avatar
        avatar.clicked.connect(self.bubble.toggle)
        avatar.written.connect(self.bubble.write)
        avatar.menu_requested.connect(self._pop_up)
        avatar.outline_changed.connect(self.bubble.place_beside)
        avatar.moved.connect(self.placed)
        avatar.height_edited.connect(self._edit_height)
        self.bubble.composer.edited.connect(lambda: avatar.set_listening(bool(self.bubble.composer.text)))
        if avatar.isVisible():
            self.bubble.place_beside(avatar.outline)

    def _connect_menu(self) -> None:
        menu = self.menu
        menu.talk_requested.connect(lambda: self.come_forward() if self.hidden else self.bubble.open_for_typing())
        menu.settings_requested.connect(self.open_settings)
        menu.history_requested.connect(self.open_history)
        menu.about_requested.connect(self.open_about)
        menu.checkup_requested.connect(self.open_checkup)
        menu.model_requested.connect(self.open_model)
        menu.visibility_requested.connect(self._show_avatar)
        menu.look_now_requested.connect(lambda: self.permission.look(lambda: self._bridge.look_requested.emit("")))
        menu.eyes.consent_chosen.connect(self.permission.choose)
        menu.eyes.ledger_requested.connect(self.open_ledger)

    def _toggle(self) -> None:
        if self.hidden:
            self.come_forward()
        else:
            self.bubble.toggle()

    def _show_where_no_tray_is(self) -> None:
        if self.hidden:  # nobody could find her otherwise
            self._show_avatar(True, activate=False)

    def _pop_up(self, where: QPoint) -> None:
        self.menu.popup(where)

    def _show_avatar(self, visible: bool, *, activate: bool = True) -> None:
        self.avatar.setVisible(visible)
        if visible and activate:
            self.avatar.activateWindow()
        self.menu.show_visibility(visible)
        if visible and self.hidden:
            self.hidden = False
            self.appeared.emit()

    def _edit_height(self, height: int) -> None:
        self._bridge.settings_edited.emit(self._settings.model_copy(update={"avatar_height": height}))

    def _keep_settings(self, settings: Settings) -> None:
        self._settings = settings
        self.theme.choose(settings.appearance)
