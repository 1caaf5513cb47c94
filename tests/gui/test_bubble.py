"""The whole bubble on a bridge: what it shows, what it asks for, when it comes and goes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.core import events
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus, Outcome, Turn
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.balloon import RIM
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.passages import ProsePassage
from alisa_desktop.ui.placement import Side
from alisa_desktop.ui.theme import ThemeWatcher, dark, light

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MODES = [("default", "Tsundere", "Sharp tongue."), ("study", "Study", "Explains.")]
Key = Qt.Key


def speak(bridge: Bridge, turn: str = "1", words: str = "Hello", *, again: bool = False) -> None:
    bridge.deliver(events.UserSpoke(turn, words, NOW, again=again))


def answer(bridge: Bridge, text: str = "Hmph.", turn: str = "1") -> None:
    bridge.deliver(events.ReplyText(turn, text))


def finish(bridge: Bridge, text: str = "Hmph.", turn: str = "1", outcome: Outcome = Outcome.DONE) -> None:
    bridge.deliver(events.ReplyFinished(turn, Emotion.HAPPY, outcome, text, "", 1, 1.0))


def model(bridge: Bridge, state: ModelState, detail: str = "", progress: float | None = None) -> None:
    bridge.deliver(events.ModelChanged(ModelStatus(state, "m", detail, progress)))


def reply_of(bubble: Bubble) -> str:
    passage = bubble.transcript.exchanges[-1].reply.passages[0]
    assert isinstance(passage, ProsePassage)
    return passage.toPlainText()


def open_active(bubble: Bubble, qtbot: QtBot) -> None:
    """Open it for typing and wait for the keyboard, without which shortcuts do nothing."""
    bubble.open_for_typing()
    qtbot.waitUntil(bubble.composer.field.hasFocus)


@pytest.fixture
def stage() -> QRect:
    return QGuiApplication.primaryScreen().availableGeometry()


@pytest.fixture
def other_window(qtbot: QtBot) -> Iterator[QWidget]:
    window = QLineEdit()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    yield window


# what she and the user say


def test_words_of_the_user_are_painted_when_they_are_spoken(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bubble.open_for_typing()
    qtbot.keyClicks(bubble.composer.field, "Hi!")
    with qtbot.waitSignal(bridge.submitted) as sent:
        qtbot.keyClick(bubble.composer.field, Key.Key_Return)
    assert sent.args == ["Hi!"]
    assert bubble.transcript.exchanges == []
    assert bubble.composer.text == ""
    speak(bridge, words="Hi!")
    assert bubble.transcript.exchanges[0].words.words.toPlainText() == "Hi!"


def test_refused_words_stay(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.submitted.connect(lambda: bridge.notice_raised.emit("I know no such mode."))
    bubble.open_for_typing()
    qtbot.keyClicks(bubble.composer.field, "/mode nothing")
    qtbot.keyClick(bubble.composer.field, Key.Key_Return)
    assert bubble.composer.text == "/mode nothing"
    assert bubble.notice.text() == "I know no such mode."
    assert bubble.notice.isVisible()


def test_notice_goes_when_the_talk_goes_on(bubble: Bubble, bridge: Bridge):
    bridge.notice_raised.emit("The memory file is new.")
    assert bubble.notice.isVisible()
    speak(bridge)
    assert not bubble.notice.isVisible()


def test_whole_reply_is_shown(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    speak(bridge)
    answer(bridge)
    qtbot.waitUntil(lambda: bool(bubble.transcript.exchanges[0].reply.passages))
    assert reply_of(bubble) == "Hmph."
    finish(bridge, "Hmph. Fine.")
    assert reply_of(bubble) == "Hmph. Fine."


def test_words_said_elsewhere_are_recalled_too(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.today_loaded.emit([Turn("0", "from yesterday", "Yes.", Emotion.CALM, "default", "m", NOW)])
    speak(bridge, words="from the socket")
    finish(bridge)
    bubble.open_for_typing()
    qtbot.keyClick(bubble.composer.field, Key.Key_Up)
    assert bubble.composer.text == "from the socket"
    qtbot.keyClick(bubble.composer.field, Key.Key_Up)
    assert bubble.composer.text == "from yesterday"


def test_draft_survives_hiding(bubble: Bubble, qtbot: QtBot):
    open_active(bubble, qtbot)
    qtbot.keyClicks(bubble.composer.field, "unfinished")
    qtbot.keyClick(bubble.composer.field, Key.Key_Escape)
    assert not bubble.isVisible()
    bubble.open_for_typing()
    assert bubble.composer.text == "unfinished"


# stop, regenerate, modes, pin


def test_stop_by_key_only_while_she_speaks(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    open_active(bubble, qtbot)
    with qtbot.assertNotEmitted(bridge.stop_requested):
        qtbot.keyClick(bubble.composer.field, Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    speak(bridge)
    assert bubble.composer.button.accessibleName() == "Stop"
    with qtbot.waitSignal(bridge.stop_requested):
        qtbot.keyClick(bubble.composer.field, Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    finish(bridge, outcome=Outcome.STOPPED)
    assert bubble.composer.button.accessibleName() == "Send"


def test_regenerate_by_key_and_button(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    open_active(bubble, qtbot)
    with qtbot.assertNotEmitted(bridge.regenerate_requested):
        qtbot.keyClick(bubble.composer.field, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    speak(bridge)
    finish(bridge)
    with qtbot.waitSignal(bridge.regenerate_requested):
        qtbot.keyClick(bubble.composer.field, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(bridge.regenerate_requested):
        bubble.transcript.afterwards.again.click()


def test_mode_chip_follows_and_asks(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.show_modes(MODES, "default")
    assert bubble.header.chip.text().startswith("Tsundere")
    with qtbot.waitSignal(bridge.mode_requested) as asked:
        bubble.header.menu.actions()[1].trigger()
    assert asked.args == ["study"]
    bridge.deliver(events.ModeChanged("study", "Study"))
    assert bubble.header.chip.text().startswith("Study")
    assert [action.isChecked() for action in bubble.header.menu.actions()] == [False, True]


def test_mode_menu_begins_at_the_present_mode(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.show_modes(MODES, "default")
    menu = bubble.header.menu
    menu.popup(QPoint(0, 0))
    assert menu.activeAction().data() == "default"
    with qtbot.waitSignal(bridge.mode_requested) as asked:
        qtbot.keyClick(menu, Key.Key_Down)
        qtbot.keyClick(menu, Key.Key_Return)
    assert asked.args == ["study"]


def test_her_menu_by_key_and_button(bubble: Bubble, qtbot: QtBot):
    open_active(bubble, qtbot)
    with qtbot.waitSignal(bubble.header.menu_requested):
        qtbot.keyClick(bubble.composer.field, Key.Key_F10)
    with qtbot.waitSignal(bubble.header.menu_requested):
        bubble.header.more.click()


def test_choice_that_was_not_granted_is_not_shown(bubble: Bubble, bridge: Bridge):
    bridge.show_modes(MODES, "default")
    bubble.header.menu.actions()[1].trigger()
    assert bubble.header.chip.text().startswith("Tsundere")
    bridge.show_modes(MODES, "default")
    assert [action.isChecked() for action in bubble.header.menu.actions()] == [True, False]


def test_pin_edits_the_settings_and_keeps_the_rest(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.settings_changed.emit(Settings(avatar_height=320))
    bubble.open_for_typing()
    with qtbot.waitSignal(bridge.settings_edited) as edited:
        bubble.header.pin.click()
    assert edited.args[0] == Settings(avatar_height=320, bubble_pinned=True)
    assert bubble.header.pin.accessibleName() == "Let it fade"


# the model's state


def test_loading_shows_a_thin_bar(bubble: Bubble, bridge: Bridge):
    bubble.open_for_typing()
    model(bridge, ModelState.LOADING, progress=0.5)
    assert bubble.model_line.sentence.text() == "Waking up…"
    assert bubble.model_line.bar.isVisible()
    assert bubble.model_line.bar.value() == 500
    assert not bubble.model_line.button.isVisible()
    model(bridge, ModelState.READY)
    assert not bubble.model_line.isVisible()


@pytest.mark.parametrize("state", [ModelState.MISSING, ModelState.FAILED])
def test_missing_model_leads_to_the_settings(bubble: Bubble, bridge: Bridge, qtbot: QtBot, state: ModelState):
    bubble.open_for_typing()
    model(bridge, state, "I can't find my model file.")
    assert bubble.model_line.sentence.text() == "I can't find my model file."
    with qtbot.waitSignal(bubble.settings_requested):
        bubble.model_line.button.click()


# coming and going


def test_appears_without_taking_the_keyboard(bubble: Bubble, bridge: Bridge):
    speak(bridge)
    assert bubble.isVisible()
    assert bubble.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert not bubble.composer.field.hasFocus()


def test_opens_for_typing_with_the_keyboard(bubble: Bubble, qtbot: QtBot, other_window: QWidget):
    bubble.open_for_typing()
    qtbot.waitUntil(bubble.composer.field.hasFocus)
    assert not bubble.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)


def test_toggle(bubble: Bubble):
    bubble.toggle()
    assert bubble.isVisible()
    bubble.toggle()
    assert not bubble.isVisible()


def test_hidden_by_the_user_it_stays_away_for_this_reply(bubble: Bubble, bridge: Bridge):
    speak(bridge)
    bubble.dismiss()
    answer(bridge)
    assert not bubble.isVisible()
    finish(bridge)
    speak(bridge, "2")
    assert bubble.isVisible()


def test_fades_after_quiet(bubble: Bubble, bridge: Bridge, qtbot: QtBot, other_window: QWidget):
    bridge.settings_changed.emit(Settings(bubble_fade_seconds=600))
    speak(bridge)
    assert not bubble.fading.timer.isActive()
    finish(bridge)
    assert bubble.fading.timer.isActive()
    assert bubble.fading.timer.interval() == 600_000
    QApplication.processEvents()  # the offscreen platform activates whatever is shown
    other_window.activateWindow()
    qtbot.waitUntil(bubble.fading.timer.isActive)
    with qtbot.waitSignal(bubble.fading.animation.finished):
        bubble.fading.timer.timeout.emit()
    assert not bubble.isVisible()
    assert bubble.windowOpacity() == 1.0


def test_fades_at_once_with_less_motion(bubble: Bubble, bridge: Bridge, other_window: QWidget):
    bridge.settings_changed.emit(Settings(reduced_motion=True))
    speak(bridge)
    finish(bridge)
    bubble.fading.timer.timeout.emit()
    assert not bubble.isVisible()


def test_never_fades_at_zero_or_when_pinned(bubble: Bubble, bridge: Bridge, other_window: QWidget):
    speak(bridge)
    finish(bridge)
    for settings in (Settings(bubble_fade_seconds=0), Settings(bubble_pinned=True)):
        bridge.settings_changed.emit(settings)
        assert not bubble.fading.timer.isActive()
    bridge.settings_changed.emit(Settings())
    assert bubble.fading.timer.isActive()


def test_text_in_the_input_line_keeps_it(bubble: Bubble, bridge: Bridge, other_window: QWidget):
    speak(bridge)
    finish(bridge)
    bubble.composer.field.replace("draft")
    assert not bubble.fading.timer.isActive()
    bubble.composer.field.replace("")
    assert bubble.fading.timer.isActive()


def test_keyboard_in_it_keeps_it(bubble: Bubble, bridge: Bridge, qtbot: QtBot, other_window: QWidget):
    bubble.open_for_typing()
    qtbot.waitUntil(bubble.isActiveWindow)
    assert not bubble.fading.timer.isActive()
    other_window.activateWindow()
    qtbot.waitUntil(bubble.fading.timer.isActive)


def test_new_words_bring_it_back_from_fading(bubble: Bubble, bridge: Bridge, other_window: QWidget):
    speak(bridge)
    finish(bridge)
    bubble.fading.timer.timeout.emit()
    assert bubble.fading.animation.state() is bubble.fading.animation.State.Running
    speak(bridge, "2")
    assert bubble.fading.animation.state() is bubble.fading.animation.State.Stopped
    assert bubble.windowOpacity() == 1.0
    assert bubble.isVisible()


def test_nothing_ticks_while_hidden(bubble: Bubble, bridge: Bridge):
    speak(bridge)
    answer(bridge)
    bubble.dismiss()
    answer(bridge, " More.")
    timers = [bubble.fading.timer, bubble.transcript.frame_timer, bubble.transcript.exchanges[0].reply.dots.timer]
    assert not any(timer.isActive() for timer in timers)


# place and shape


def test_stands_beside_her_and_on_the_screen(bubble: Bubble, bridge: Bridge, stage: QRect):
    bubble.place_beside(QRect(stage.right() - 150, stage.bottom() - 200, 140, 200))
    speak(bridge)
    assert bubble.side is Side.LEFT
    assert stage.contains(bubble.geometry())
    bubble.place_beside(QRect(stage.x() + 10, stage.bottom() - 200, 140, 200))
    assert bubble.side is Side.RIGHT
    assert stage.contains(bubble.geometry())


def test_grows_upwards_with_her_words_to_a_part_of_the_screen(bubble: Bubble, bridge: Bridge, stage: QRect):
    bubble.place_beside(QRect(stage.right() - 150, stage.bottom() - 200, 140, 200))
    bubble.open_for_typing()
    small = bubble.geometry()
    speak(bridge)
    finish(bridge, "Some words.\n\n" * 200)
    large = bubble.geometry()
    assert large.bottom() == small.bottom()
    assert small.height() < large.height() <= stage.height() * 0.6 + 2 * RIM


def test_corner_makes_it_larger_and_a_double_click_undoes_that(bubble: Bubble, stage: QRect, qtbot: QtBot):
    bubble.place_beside(QRect(stage.right() - 150, stage.bottom() - 200, 140, 200))
    bubble.open_for_typing()
    natural = bubble.size()
    bubble.grip.grabbed.emit()
    bubble.grip.dragged.emit(QPoint(60, 150))
    assert bubble.width() == natural.width() + 60
    assert bubble.height() == natural.height() + 150
    bubble.grip.grabbed.emit()
    bubble.grip.dragged.emit(QPoint(-5000, -5000))
    assert bubble.width() >= 280
    bubble.grip.released.emit()
    assert bubble.size() == natural


def test_window_stays_on_top_and_out_of_the_task_bar(bubble: Bubble):
    flags = bubble.windowFlags()
    assert flags & Qt.WindowType.FramelessWindowHint
    assert flags & Qt.WindowType.WindowStaysOnTopHint
    assert bubble.windowType() is Qt.WindowType.Tool
    assert bubble.testAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)


def test_body_has_the_colour_of_the_theme_and_the_rim_is_clear(bubble: Bubble, bridge: Bridge, watcher: ThemeWatcher):
    bubble.open_for_typing()
    for theme in (light, dark):
        watcher.changed.emit(theme)
        picture = bubble.grab().toImage()
        inside = picture.pixelColor(RIM + 5, bubble.height() // 2)
        assert inside.name().upper() == theme.surface
        assert picture.pixelColor(0, 0).alpha() < 16


# for everybody


def test_every_control_has_a_name(bubble: Bubble, bridge: Bridge):
    bridge.show_modes(MODES, "default")
    speak(bridge)
    finish(bridge, "Hm.\n```\ncode\n```")
    for button in bubble.findChildren(QAbstractButton):
        if not button.objectName().startswith("qt_"):
            assert button.accessibleName() or button.text(), button
    assert bubble.composer.field.accessibleName()
    assert QAccessible.queryAccessibleInterface(bubble.composer.field) is not None


def test_tab_goes_round_by_keyboard_alone(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    bridge.settings_changed.emit(Settings(starter_hint_shown=True))
    bridge.show_modes(MODES, "default")
    speak(bridge)
    finish(bridge)
    bubble.open_for_typing()
    qtbot.waitUntil(bubble.composer.field.hasFocus)
    seen = []
    for _ in range(8):
        qtbot.keyClick(bubble.focusWidget(), Key.Key_Tab)
        seen.append(bubble.focusWidget())
    below = bubble.transcript.afterwards
    header = bubble.header
    assert seen == [
        header.chip,
        header.more,
        header.pin,
        header.close_button,
        bubble.transcript,
        below.copy,
        below.again,
        bubble.composer.field,
    ]


def test_keyboard_reaches_the_words(bubble: Bubble, bridge: Bridge, qtbot: QtBot):
    speak(bridge)
    finish(bridge)
    open_active(bubble, qtbot)
    qtbot.keyClick(bubble.composer.field, Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert bubble.focusWidget() is bubble.transcript.exchanges[0].reply.passages[0]
    qtbot.keyClick(bubble.focusWidget(), Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert bubble.focusWidget() is bubble.composer.field
