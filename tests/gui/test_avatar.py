"""The figure on the desktop: what it shows, when it wakes up and paints, how it is handled, where it stands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import (
    EmotionChanged,
    Event,
    ModelChanged,
    ReplyFinished,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
    UserSpoke,
)
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus, Outcome
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.avatar import Avatar
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.motion import FADE_SECONDS
from alisa_desktop.ui.screens import ScreenWatch
from alisa_desktop.ui.sprites import Pack, load_pack
from alisa_desktop.ui.wakeup import Clock

SHIPPED = Path(__file__).parents[2] / "resources" / "sprites" / "alisa"
READY = ModelStatus(ModelState.READY, "starter")
FAR = QPoint(-100_000, 0)


class HandClock(Clock):
    """A clock that the test turns."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self.alarm: float | None = None
        self.rings = 0

    def now(self) -> float:
        return self.time

    def wake_at(self, moment: float | None) -> None:
        self.alarm = moment

    def run(self, seconds: float) -> None:
        """Let `seconds` pass, with every alarm in between, and paint after each."""
        end = self.time + seconds
        while self.alarm is not None and self.alarm <= end:
            self.time, self.alarm = max(self.time, self.alarm), None
            self.rings += 1
            self.rang.emit()
            QApplication.processEvents()
        self.time = end


class Watched(Avatar):
    """Counts what it paints."""

    paints = 0
    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paints += 1
        self.painted += event.rect().width() * event.rect().height()
        super().paintEvent(event)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SHIPPED)


@pytest.fixture
def clock(qapp: QApplication) -> HandClock:
    return HandClock()


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.model = READY
    return bridge


@pytest.fixture
def avatar(qtbot: QtBot, pack: Pack, bridge: Bridge, clock: HandClock) -> Iterator[Watched]:
    avatar = Watched(pack, bridge, Settings(), clock=clock, pointer=lambda: FAR, random=Random(7))
    qtbot.addWidget(avatar)
    with qtbot.waitExposed(avatar):
        avatar.show()
    QApplication.processEvents()
    return avatar


def say(bridge: Bridge, *events: Event) -> None:
    for event in events:
        bridge.deliver(event)


def asked() -> UserSpoke:
    return UserSpoke("1", "hi", datetime.now(UTC))


def finished(emotion: Emotion) -> ReplyFinished:
    return ReplyFinished("1", emotion, Outcome.DONE, "", "", 1, 1.0)


def test_idle_she_wakes_and_paints_rarely_and_little(avatar: Watched, clock: HandClock) -> None:
    clock.run(10)
    avatar.paints = avatar.painted = clock.rings = 0
    clock.run(60)
    whole = avatar.width() * avatar.height()
    assert 60 <= clock.rings <= 60 * 4
    assert 60 <= avatar.paints <= clock.rings
    assert avatar.painted / avatar.paints < whole / 2


def test_hidden_she_does_not_wake_at_all(avatar: Watched, clock: HandClock, bridge: Bridge) -> None:
    avatar.hide()
    assert clock.alarm is None
    say(bridge, asked(), ReplyText("1", "banana"))
    assert clock.alarm is None
    avatar.show()
    assert clock.alarm is not None


def test_with_less_motion_nothing_moves_by_itself(avatar: Watched, clock: HandClock, bridge: Bridge) -> None:
    bridge.settings_changed.emit(Settings(reduced_motion=True))
    assert clock.alarm is None
    say(bridge, asked(), EmotionChanged("1", Emotion.HAPPY), ReplyText("1", "banana"))
    assert (avatar.pose.emotion, avatar.pose.mouth, avatar.pose.breath) == (Emotion.HAPPY, "", 0)
    assert clock.alarm is None
    say(bridge, finished(Emotion.HAPPY))
    clock.run(21)
    assert (avatar.pose.emotion, clock.alarm) == (Emotion.NEUTRAL, None)


def test_a_turn_shows_thinking_then_the_feeling_and_the_mouth(
    avatar: Watched, clock: HandClock, bridge: Bridge
) -> None:
    say(bridge, asked())
    assert (avatar.pose.state, avatar.accessibleName()) == ("thinking", "Alisa, thinking")
    say(bridge, EmotionChanged("1", Emotion.SHY))
    assert (avatar.pose.state, avatar.accessibleName()) == ("", "Alisa, shy")
    say(bridge, ReplyText("1", "Banana"))
    clock.run(0.05)
    assert avatar.pose.mouth
    say(bridge, finished(Emotion.SHY))
    assert (avatar.pose.mouth, avatar.pose.emotion) == ("", Emotion.SHY)
    clock.run(25)
    assert avatar.pose.emotion is Emotion.NEUTRAL


def test_a_blink_does_not_change_the_face(avatar: Watched, clock: HandClock, bridge: Bridge) -> None:
    say(bridge, asked(), EmotionChanged("1", Emotion.TEASING))
    lids, feelings = set(), set()
    for _ in range(300):
        clock.run(0.05)
        lids.add(avatar.pose.lids)
        feelings.add(avatar.pose.emotion)
    assert lids == {"", "half", "closed"}
    assert feelings == {Emotion.TEASING}


def test_speech_of_a_client_moves_her_mouth(avatar: Watched, clock: HandClock, bridge: Bridge) -> None:
    say(bridge, SpeechStarted("overlay"))
    shapes = set()
    for _ in range(40):
        clock.run(0.1)
        shapes.add(avatar.pose.mouth)
    assert len(shapes) > 2
    say(bridge, SpeechEnded("overlay"))
    assert avatar.pose.mouth == ""


def test_faces_cross_fade(avatar: Watched, clock: HandClock, bridge: Bridge, qtbot: QtBot) -> None:
    def colour() -> QColor:
        QApplication.processEvents()
        return avatar.grab().toImage().pixelColor(eye)

    eye = QPoint(round(avatar.width() * 0.38), round(avatar.height() * 0.5))
    clock.run(0.2)
    before = colour()
    say(bridge, asked(), EmotionChanged("1", Emotion.HAPPY))
    assert colour() == before
    clock.run(FADE_SECONDS / 2)
    between = colour()
    clock.run(FADE_SECONDS)
    after = colour()
    assert len({colour.name() for colour in (before, between, after)}) == 3
    assert between.alpha() == 255


@pytest.mark.parametrize("emotion", list(Emotion))
def test_a_face_that_interrupts_a_fade_leaves_nothing_of_it(
    avatar: Watched, clock: HandClock, bridge: Bridge, emotion: Emotion
) -> None:
    say(bridge, asked(), EmotionChanged("1", emotion))
    clock.run(FADE_SECONDS / 2)
    say(bridge, asked())
    clock.run(FADE_SECONDS / 2)
    say(bridge, EmotionChanged("1", Emotion.CALM))
    clock.run(3 * FADE_SECONDS)
    QApplication.processEvents()
    on_screen = avatar.screen().grabWindow(avatar.winId()).toImage()
    wanted = avatar.grab().toImage()
    wanted.setDevicePixelRatio(1)
    formats = QImage.Format.Format_ARGB32_Premultiplied
    assert on_screen.convertToFormat(formats) == wanted.convertToFormat(formats)


def test_a_missing_model_shows_on_the_pendant(avatar: Watched, bridge: Bridge) -> None:
    say(bridge, ModelChanged(ModelStatus(ModelState.MISSING, "llama")))
    assert (avatar.pose.pendant, avatar.pose.state) == ("missing", "missing")
    say(bridge, ModelChanged(READY))
    assert (avatar.pose.pendant, avatar.pose.state) == ("idle", "")


def test_the_mode_gives_the_face_at_rest(avatar: Watched) -> None:
    avatar.set_resting(Emotion.CALM)
    assert avatar.pose.emotion is Emotion.CALM


def test_she_listens(avatar: Watched) -> None:
    avatar.set_listening(True)
    assert avatar.pose.state == "listening"


def middle(avatar: Avatar) -> QPoint:
    return QPoint(avatar.width() // 2, avatar.height() // 2)


def test_a_click_on_her_is_a_click_and_beside_her_is_none(avatar: Watched, qtbot: QtBot) -> None:
    with qtbot.waitSignal(avatar.clicked):
        qtbot.mouseClick(avatar, Qt.MouseButton.LeftButton, pos=middle(avatar))
    with qtbot.assertNotEmitted(avatar.clicked):
        qtbot.mouseClick(avatar, Qt.MouseButton.LeftButton, pos=QPoint(1, avatar.height() // 2))


def test_a_double_click_counts_once(avatar: Watched, qtbot: QtBot) -> None:
    clicks: list[int] = []
    avatar.clicked.connect(lambda: clicks.append(1))
    qtbot.mouseClick(avatar, Qt.MouseButton.LeftButton, pos=middle(avatar))
    qtbot.mouseDClick(avatar, Qt.MouseButton.LeftButton, pos=middle(avatar))
    qtbot.mouseRelease(avatar, Qt.MouseButton.LeftButton, pos=middle(avatar))
    assert len(clicks) == 1


def test_a_drag_moves_her_and_is_no_click(avatar: Watched, qtbot: QtBot) -> None:
    start, grip = avatar.pos(), middle(avatar)
    with qtbot.waitSignal(avatar.moved) as moved, qtbot.assertNotEmitted(avatar.clicked):
        qtbot.mousePress(avatar, Qt.MouseButton.LeftButton, pos=grip)
        qtbot.mouseMove(avatar, grip - QPoint(60, 40))
        qtbot.mouseRelease(avatar, Qt.MouseButton.LeftButton, pos=grip)
    assert avatar.pos() == start - QPoint(60, 40)
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert moved.args == [QGuiApplication.primaryScreen().name(), *(avatar.pos() - area.topLeft()).toTuple()]


def test_keys_do_all_that_the_mouse_does(avatar: Watched, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(avatar.clicked):
            qtbot.keyClick(avatar, key)
    start = avatar.pos()
    with qtbot.waitSignal(avatar.moved):
        qtbot.keyClick(avatar, Qt.Key.Key_Left)
    qtbot.keyClick(avatar, Qt.Key.Key_Up)
    assert avatar.pos() == start - QPoint(10, 10)
    with qtbot.waitSignal(avatar.height_edited) as edited:
        qtbot.keyClick(avatar, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert edited.args == [256]


def turn_wheel(avatar: Avatar, notches: int, modifier: Qt.KeyboardModifier) -> None:
    spot = QPointF(middle(avatar))
    event = QWheelEvent(
        spot, spot, QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(avatar, event)


def test_the_wheel_with_ctrl_resizes_her_within_bounds_on_her_feet(avatar: Watched, qtbot: QtBot) -> None:
    feet = avatar.geometry().bottom()
    turn_wheel(avatar, 1, Qt.KeyboardModifier.NoModifier)
    assert avatar.height() == 240
    with qtbot.waitSignal(avatar.height_edited):
        turn_wheel(avatar, 2, Qt.KeyboardModifier.ControlModifier)
    assert (avatar.height(), avatar.geometry().bottom()) == (272, feet)
    turn_wheel(avatar, -100, Qt.KeyboardModifier.ControlModifier)
    assert avatar.height() == 96


def test_the_settings_decide_her_height(avatar: Watched, bridge: Bridge) -> None:
    bridge.settings_changed.emit(Settings(avatar_height=160))
    assert avatar.size().toTuple() == (128, 160)


def test_she_starts_at_the_bottom_right_and_stays_on_the_screen(avatar: Watched, qtbot: QtBot) -> None:
    area = QGuiApplication.primaryScreen().availableGeometry()
    assert avatar.geometry().bottom() == area.bottom()
    assert area.right() - avatar.geometry().right() < 100
    for _ in range(20):
        qtbot.keyClick(avatar, Qt.Key.Key_Right)
    assert area.contains(avatar.geometry())


def test_she_returns_to_where_she_stood(avatar: Watched) -> None:
    name = QGuiApplication.primaryScreen().name()
    area = QGuiApplication.primaryScreen().availableGeometry()
    avatar.restore({name: (30, 40), "a screen that is gone": (5, 5)})
    assert avatar.pos() == area.topLeft() + QPoint(30, 40)
    avatar.restore({name: (100_000, -5)})
    assert area.contains(avatar.geometry())


def test_dropped_off_the_screen_she_comes_back(avatar: Watched) -> None:
    avatar.carried.emit(QPoint(-500, 90_000))
    avatar.put_down.emit()
    assert QGuiApplication.primaryScreen().availableGeometry().contains(avatar.geometry())


def test_screens_that_change_bring_her_back(avatar: Watched, qtbot: QtBot) -> None:
    home = avatar.pos()
    avatar.move(-5000, -5000)
    watch = avatar.findChild(ScreenWatch)
    assert watch is not None
    watch.changed.emit()
    qtbot.waitUntil(lambda: avatar.pos() == home)


def test_her_outline_is_told_to_those_beside_her(avatar: Watched, qtbot: QtBot) -> None:
    with qtbot.waitSignal(avatar.outline_changed) as told:
        qtbot.keyClick(avatar, Qt.Key.Key_Left)
    assert told.args == [QRect(avatar.pos(), avatar.size())]


def test_another_pack_is_put_on_at_once(avatar: Watched, tmp_path: Path) -> None:
    image = QImage(64, 64, QImage.Format.Format_ARGB32)
    image.fill(QColor("#0a0"))
    image.save(str(tmp_path / "base.png"))
    avatar.set_pack(load_pack(tmp_path))
    assert avatar.size().toTuple() == (240, 240)
    assert avatar.grab().toImage().pixelColor(120, 120) == QColor("#0a0")
