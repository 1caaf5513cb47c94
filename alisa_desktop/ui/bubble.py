"""The chat bubble: the talk with Alisa, beside her on the desktop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from alisa_desktop.core.brains import Fetch
from alisa_desktop.core.events import Remarked, ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.core.messages import ModelStatus, Turn
from alisa_desktop.core.sight import Consent, Gaze
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.balloon_window import BalloonWindow
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble_header import BubbleHeader
from alisa_desktop.ui.composer import Composer
from alisa_desktop.ui.exchange import Line
from alisa_desktop.ui.fading import Fading
from alisa_desktop.ui.gaze_watch import GazeWatch
from alisa_desktop.ui.gguf_drop import GgufDrop
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.keyboard import add_shortcuts, order_tabs
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.model_line import ModelLine
from alisa_desktop.ui.starter_hint import StarterHint
from alisa_desktop.ui.theme import Theme, ThemeWatcher, body_font, bubble_stylesheet
from alisa_desktop.ui.transcript import Transcript
from alisa_desktop.ui.trouble_note import TroubleNote

LEAST_TALK = 220
"""Height of the talk that is shown if there is so much of it, in px."""


class Bubble(BalloonWindow):
    """What is said, and a line to say something. It knows the bridge and nothing behind it. GUI thread only.

    A message that is refused is told by `bridge.notice_raised` while `bridge.submitted` is emitted; its words stay.
    """

    settings_requested = Signal()
    """The user wants to choose a model."""
    model_requested = Signal()
    """The user wants to know what she thinks with."""
    report_requested = Signal()
    """The user wants to read the report on what went wrong."""
    permission_requested = Signal()
    """The user wants her to look, and nobody has allowed it."""
    visibility_changed = Signal(bool)

    def __init__(
        self,
        bridge: Bridge,
        theme_watcher: ThemeWatcher,
        icons: Icons,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme_watcher.theme, parent)
        self.setObjectName("bubble")
        self.setWindowTitle("Talk with Alisa")
        self.setAccessibleName("Talk with Alisa")
        self._bridge = bridge
        self._settings = settings
        self._dismissed_turn = ""
        self._opened = False
        self._sending = False
        self._refused = False
        self._look = Look(self.theme, body_font(self.theme), icons, settings.reduced_motion)
        self.setFont(self._look.font)
        self.header = BubbleHeader(self._look, self)
        self.transcript = Transcript(self._look, self)
        self.model_line = ModelLine(self._look, self)
        self.notice = Line(self._look, "", self)
        self.notice.hide()
        self.hint = StarterHint(self._look, self)
        self.trouble = TroubleNote(self._look, bridge, self)
        self.composer = Composer(self._look, self)
        self.drop = GgufDrop(self, self.composer.field.viewport())
        """A model that is dropped on it."""
        self.gaze = GazeWatch(bridge, self)
        self.fading = Fading(self, self._is_held)
        self.setStyleSheet(bubble_stylesheet(self.theme))
        self._hear_bridge()
        self._hear_user()
        theme_watcher.changed.connect(self._show_theme)
        self._take_keys()
        self._show_settings(settings)
        self._show_model(bridge.model)
        self.model_line.show_fetches(bridge.fetches)
        self._show_modes()
        self._show_eyes()

    # what the user does with it

    def appear(self) -> None:
        """Show it without taking the keyboard from anybody."""
        if not self.isVisible():
            self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
            self.show()
            self.raise_()
        self.fading.reconsider()

    def open_for_typing(self) -> None:
        """Show it and put the keyboard into the input line."""
        self._dismissed_turn = ""
        self._opened = True
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)
        self.show()
        self.raise_()
        self.activateWindow()
        self.composer.field.setFocus(Qt.FocusReason.PopupFocusReason)
        self.fading.reconsider()

    def write(self, words: str) -> None:
        """Open it with `words`, which the user began to type elsewhere, at the end of what is written."""
        self.open_for_typing()
        self.composer.note_typing()
        self.composer.field.insertPlainText(words)

    def toggle(self) -> None:
        """Hide it if the user has opened it; open it for typing also when it came up by itself."""
        if self.isVisible() and self._opened:
            self.dismiss()
        else:
            self.open_for_typing()

    def dismiss(self) -> None:
        """Hide it; the reply under way does not bring it back, the next one does."""
        self._dismissed_turn = self._bridge.speaking_turn
        self.hide()

    def make_way(self, window: QRect) -> None:
        """Hide if it covers a part of `window`, which the user has just opened, and there is no reason to stay."""
        if self.isVisible() and self.geometry().intersects(window) and not self._is_needed():
            self.dismiss()

    # what the window is made of

    def content_height(self, width: int) -> int:
        """The height that shows the latest exchange, with what is around it."""
        rows = [row.fit(width) for row in self._rows()]
        if talk := self.transcript.wanted_height(width, LEAST_TALK):
            rows.append(talk)
        return sum(rows) + (len(rows) - 1) * self.theme.space_s

    def arrange(self, area: QRect) -> None:
        """Header and model above, hint, notice and input line below, the talk between them."""
        space = self.theme.space_s
        top, bottom = area.top(), area.bottom() + 1
        for row in self._rows():
            height = row.fit(area.width())
            if row in (self.header, self.model_line):
                row.setGeometry(area.x(), top, area.width(), height)
                top += height + space
            else:
                row.setGeometry(area.x(), bottom - height, area.width(), height)
                bottom -= height + space
        self.transcript.setVisible(bottom > top and bool(self.transcript.exchanges))
        self.transcript.place(QRect(area.x(), top, area.width(), max(0, bottom - top)))

    def _rows(self) -> list[BubbleHeader | ModelLine | Composer | Line | StarterHint | TroubleNote]:
        rows = (self.header, self.model_line, self.composer, self.notice, self.trouble, self.hint)
        return [row for row in rows if not row.isHidden()]

    def showEvent(self, event: QShowEvent) -> None:
        """Tell that it can be seen."""
        super().showEvent(event)
        self.visibility_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest: nothing ticks while it is hidden."""
        self._opened = False
        self.fading.rest()
        self.visibility_changed.emit(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is hiding."""
        self.dismiss()
        super().closeEvent(event)

    def _is_held(self) -> bool:
        return self._is_needed() or self.isActiveWindow() or self.underMouse() or self.header.menu.isVisible()

    def _is_needed(self) -> bool:
        return self._settings.bubble_pinned or bool(self._bridge.speaking_turn) or bool(self.composer.text)

    # what Alisa does

    def _hear_bridge(self) -> None:
        bridge = self._bridge
        bridge.user_spoke.connect(self._begin)
        bridge.reply_text.connect(self._hear)
        bridge.reply_finished.connect(self._finish)
        bridge.remarked.connect(self._hear_remark)
        bridge.mode_changed.connect(self.header.show_mode)
        bridge.modes_changed.connect(self._show_modes)
        bridge.model_changed.connect(self._show_model)
        bridge.fetches_changed.connect(self._show_fetches)
        bridge.notice_raised.connect(self._show_notice)
        bridge.trouble_told.connect(self._show_trouble)
        bridge.settings_changed.connect(self._show_settings)
        bridge.today_loaded.connect(self._show_today)
        bridge.eyes_changed.connect(self._show_eyes)
        self.gaze.changed.connect(self._show_eyes)

    def _begin(self, event: UserSpoke) -> None:
        self.notice.hide()
        self.composer.remember(event.text)
        self.composer.set_speaking(True)
        self.transcript.begin(event)
        self.appear()

    def _hear(self, event: ReplyText) -> None:
        self.transcript.add_words(event)
        if event.turn != self._dismissed_turn:
            self.appear()

    def _finish(self, event: ReplyFinished) -> None:
        self.transcript.finish(event)
        if self.hint.hear(event, self._settings):
            self._edit(starter_hint_shown=True)
        self.settle()
        self.composer.set_speaking(bool(self._bridge.speaking_turn))
        self._announce(event.text or event.notice)
        self.fading.reconsider()

    def _hear_remark(self, event: Remarked) -> None:
        self.transcript.add_remark(event)
        self.appear()
        self.settle()
        self._announce(event.text)

    def _announce(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _show_modes(self) -> None:
        self.header.show_modes(self._bridge.modes, self._bridge.mode)

    def _show_model(self, status: ModelStatus) -> None:
        self.model_line.show_status(status)
        self.settle()

    def _show_fetches(self, fetches: tuple[Fetch, ...]) -> None:
        if self.model_line.show_fetches(fetches):
            self.settle()

    def _show_notice(self, sentence: str) -> None:
        self._refused = self._sending
        self.notice.setText(sentence)
        self.notice.show()
        self.appear()
        self.settle()

    def _show_trouble(self, sentence: str) -> None:
        self.trouble.show_trouble(sentence)
        self.appear()
        self.settle()
        self._announce(sentence)

    def _show_today(self, turns: list[Turn]) -> None:
        self.composer.remember_all([turn.user_text for turn in turns])
        self.transcript.show_today(turns)

    def _show_eyes(self) -> None:
        self.composer.show_eyes(self._bridge.eyes, self.gaze.shown)

    def _show_settings(self, settings: Settings) -> None:
        self._settings = settings
        self.fading.seconds = settings.bubble_fade_seconds
        self.fading.still = settings.reduced_motion
        self.header.show_pinned(settings.bubble_pinned)
        self.hint.heed(settings)
        self.settle()
        if settings.reduced_motion is not self._look.still:
            self._restyle(replace(self._look, still=settings.reduced_motion))
        self.fading.reconsider()

    def _show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.setStyleSheet(bubble_stylesheet(theme))
        self._restyle(replace(self._look, theme=theme))

    def _restyle(self, look: Look) -> None:
        self._look = look
        for part in (
            self.header,
            self.transcript,
            self.model_line,
            self.notice,
            self.trouble,
            self.hint,
            self.composer,
        ):
            part.restyle(look)
        self.settle()

    # what the user wants

    def _hear_user(self) -> None:
        self.header.mode_chosen.connect(self._bridge.mode_requested)
        self.header.pin_toggled.connect(self._pin)
        self.header.closed.connect(self.dismiss)
        self.header.menu_closed.connect(self.fading.reconsider)
        self.transcript.regenerate_requested.connect(self._regenerate)
        self.transcript.grew.connect(self.settle)
        self.model_line.choose_requested.connect(self.settings_requested)
        self.hint.choose_requested.connect(self.settings_requested)
        self.hint.explain_requested.connect(self.model_requested)
        self.hint.taken.connect(self._close_hint)
        self.trouble.show_requested.connect(self.report_requested)
        self.trouble.closed.connect(self._close_hint)
        self.composer.submitted.connect(self._submit)
        self.composer.typing_began.connect(self._bridge.typing_began)
        self.drop.dropped.connect(self._bridge.import_requested)
        self.composer.look_requested.connect(self._look_with)
        self.composer.stop_requested.connect(self._stop)
        self.composer.edited.connect(self.fading.reconsider)
        self.composer.resized.connect(self.settle)

    def _take_keys(self) -> None:
        actions = {
            "Esc": self.dismiss,
            "Ctrl+.": self._stop,
            "Ctrl+R": self._regenerate,
            "Ctrl+L": self.look,
            "Ctrl+M": self.header.chip.showMenu,
            "F10": self.header.ask_for_menu,
            "Alt+Up": lambda: self._walk(-1),
            "Alt+Down": lambda: self._walk(1),
        }
        add_shortcuts(self, actions)
        below = self.transcript.afterwards
        order_tabs(
            *(self.composer.field, self.composer.eye, self.composer.button, self.model_line.button),
            *(self.header.chip, self.header.more, self.header.pin, self.header.close_button),
            *(self.transcript, below.copy, below.again, self.transcript.new_words),
            *(self.trouble.copy, self.trouble.read, self.trouble.cross),
            *(self.hint.choose, self.hint.explain, self.hint.cross),
        )

    def look(self) -> None:
        """Have her look at the screen, with the words that are written; asks for the permission where there is none."""
        eyes = self._bridge.eyes
        if eyes.consent is Consent.OFF:
            self.permission_requested.emit()
        elif eyes.gaze in (Gaze.OPEN, Gaze.LOOKING):
            self._look_with(self.composer.text.strip())

    def _submit(self, words: str) -> None:
        self._send(words, self._bridge.submitted.emit)

    def _look_with(self, words: str) -> None:
        self._send(words, self._bridge.look_requested.emit)

    def _send(self, words: str, send: Callable[[str], object]) -> None:
        self.composer.remember(words)
        self._sending, self._refused = True, False
        send(words)
        self._sending = False
        if not self._refused:
            self.composer.clear()

    def _stop(self) -> None:
        if self._bridge.speaking_turn:
            self._bridge.stop_requested.emit()

    def _regenerate(self) -> None:
        if self.transcript.exchanges:
            self._bridge.regenerate_requested.emit()

    def _close_hint(self) -> None:
        self.composer.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.settle()

    def _pin(self, pinned: bool) -> None:
        self._edit(bubble_pinned=pinned)

    def _edit(self, **choices: bool) -> None:
        settings = self._settings.model_copy(update=choices)
        self._show_settings(settings)
        self._bridge.settings_edited.emit(settings)

    def _walk(self, step: int) -> None:
        if not self.transcript.walk(step):
            self.composer.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
