"""Everyone can tell from the tray what her eyes do, also when a look is over before one could see it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from alisa_desktop.core.events import EyesChanged
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus
from alisa_desktop.core.sight import Consent, EyesStatus, Gaze
from alisa_desktop.ui.alisa_menu import AlisaMenu
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.eye_badge import LOOKS
from alisa_desktop.ui.gaze_watch import LEAST_SECONDS, GazeWatch
from alisa_desktop.ui.theme import ThemeWatcher
from alisa_desktop.ui.times import clock_time
from alisa_desktop.ui.tray import Tray
from alisa_desktop.ui.tray_icon import SIZES, TrayFaces
from alisa_desktop.ui.wakeup import Clock

ICONS = Path(__file__).parents[2] / "resources" / "icons"
LATER = datetime.now(UTC) + timedelta(hours=1)


class HandClock(Clock):
    """A clock that the test turns."""

    time = 0.0
    alarm: float | None = None

    def now(self) -> float:
        return self.time

    def wake_at(self, moment: float | None) -> None:
        self.alarm = moment

    def run(self, seconds: float) -> None:
        self.time += seconds
        if self.alarm is not None and self.alarm <= self.time:
            self.alarm = None
            self.rang.emit()


@pytest.fixture
def clock(qapp: QApplication) -> HandClock:
    return HandClock()


@pytest.fixture
def tray(qtbot: QtBot, qapp: QApplication, bridge: Bridge, clock: HandClock) -> Iterator[Tray]:
    bridge.show_modes([("default", "Tsundere", "")], "default")
    bridge.model = ModelStatus(ModelState.READY, "starter")
    menu = AlisaMenu(bridge, ThemeWatcher(qapp))
    qtbot.addWidget(menu)
    tray = Tray(bridge, menu, ICONS, gaze=GazeWatch(bridge, bridge, clock=clock), available=lambda: True)
    yield tray
    tray.close()


def eyes(bridge: Bridge, consent: Consent, gaze: Gaze, until: datetime | None = None) -> None:
    bridge.deliver(EyesChanged(EyesStatus(consent, gaze, until)))


def shown(tray: Tray) -> QSystemTrayIcon:
    icon = tray.findChild(QSystemTrayIcon)
    assert icon is not None
    return icon


def picture(tray: Tray, size: int = 24) -> QImage:
    return shown(tray).icon().pixmap(size, size).toImage()


def test_the_bridge_keeps_the_latest_state(bridge: Bridge, qtbot: QtBot) -> None:
    assert bridge.eyes == EyesStatus()
    status = EyesStatus(Consent.ASK, Gaze.OPEN)
    with qtbot.waitSignal(bridge.eyes_changed) as told:
        bridge.deliver(EyesChanged(status))
    assert told.args == [status]
    assert bridge.eyes is status


@pytest.mark.parametrize(
    ("consent", "gaze", "words"),
    [
        (Consent.ASK, Gaze.OPEN, " · she may look when you ask"),
        (Consent.AWARE, Gaze.OPEN, " · she stays aware"),
        (Consent.ASK, Gaze.LOOKING, " · looking now"),
        (Consent.OFF, Gaze.CLOSED, ""),
    ],
)
def test_the_tooltip_says_what_she_may_see(tray: Tray, bridge: Bridge, consent: Consent, gaze: Gaze, words: str):
    eyes(bridge, consent, gaze)
    assert shown(tray).toolTip() == f"Alisa · Tsundere · ready{words}"


def test_the_tooltip_says_until_when_her_eyes_are_shut(tray: Tray, bridge: Bridge) -> None:
    eyes(bridge, Consent.AWARE, Gaze.PAUSED, LATER)
    assert shown(tray).toolTip().endswith(f" · eyes paused until {clock_time(LATER)}")


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_every_state_of_the_eyes_looks_different_in_every_size(qapp: QApplication, size: int, mask: bool) -> None:
    faces = TrayFaces(ICONS, monochrome=mask)
    pictures = [faces.icon(Emotion.HAPPY, "", gaze).pixmap(size, size).toImage() for gaze in Gaze]
    if mask:  # only what is opaque counts there
        pictures = [image.convertToFormat(QImage.Format.Format_Alpha8) for image in pictures]
    assert all(one != other for number, one in enumerate(pictures) for other in pictures[number + 1 :])


@pytest.mark.parametrize("gaze", [Gaze.OPEN, Gaze.LOOKING, Gaze.PAUSED])
@pytest.mark.parametrize("emotion", Emotion)
def test_the_eye_leaves_her_face_alone(qapp: QApplication, emotion: Emotion, gaze: Gaze) -> None:
    faces = TrayFaces(ICONS, monochrome=False)
    before, after = (faces.icon(emotion, "thinking", it).pixmap(64, 64).toImage() for it in (Gaze.CLOSED, gaze))
    below = (0, 36, 64, 28)  # her eyes and mouth, and the mark
    assert before.copy(*below) == after.copy(*below)


def test_a_look_fills_the_eye_with_the_accent(tray: Tray, bridge: Bridge) -> None:
    def accents() -> int:
        image = picture(tray, 64)
        points = ((x, y) for x in range(44) for y in range(30))
        return sum(image.pixelColor(*point) == QColor(LOOKS) for point in points)

    eyes(bridge, Consent.ASK, Gaze.OPEN)
    before = accents()
    eyes(bridge, Consent.ASK, Gaze.LOOKING)
    assert accents() > before + 200


def test_a_look_that_is_over_at_once_is_still_seen(tray: Tray, bridge: Bridge, clock: HandClock) -> None:
    eyes(bridge, Consent.ASK, Gaze.OPEN)
    open_eye = picture(tray)
    eyes(bridge, Consent.ASK, Gaze.LOOKING)
    looking = picture(tray)
    clock.run(0.05)
    eyes(bridge, Consent.ASK, Gaze.OPEN)
    assert picture(tray) == looking != open_eye
    clock.run(LEAST_SECONDS - 0.06)
    assert shown(tray).toolTip().endswith("looking now")
    clock.run(0.01)
    assert picture(tray) == open_eye
    assert clock.alarm is None


def test_a_long_look_ends_when_it_ends(tray: Tray, bridge: Bridge, clock: HandClock) -> None:
    eyes(bridge, Consent.AWARE, Gaze.LOOKING)
    clock.run(5.0)
    assert shown(tray).toolTip().endswith("looking now")
    eyes(bridge, Consent.AWARE, Gaze.OPEN)
    assert shown(tray).toolTip().endswith("she stays aware")
    assert clock.alarm is None


def test_a_look_is_seen_also_when_her_eyes_are_shut_right_after_it(bridge: Bridge, clock: HandClock) -> None:
    watch = GazeWatch(bridge, QObject(bridge), clock=clock)
    eyes(bridge, Consent.ASK, Gaze.LOOKING)
    eyes(bridge, Consent.OFF, Gaze.CLOSED)
    assert watch.shown is Gaze.LOOKING
    clock.run(LEAST_SECONDS)
    assert watch.shown is Gaze.CLOSED


def test_one_look_after_the_other_is_one_filled_eye(bridge: Bridge, clock: HandClock) -> None:
    watch = GazeWatch(bridge, QObject(bridge), clock=clock)
    for gaze in (Gaze.LOOKING, Gaze.OPEN, Gaze.LOOKING, Gaze.OPEN):
        eyes(bridge, Consent.ASK, gaze)
        assert watch.shown is Gaze.LOOKING
        clock.run(LEAST_SECONDS / 2 - 0.01)
    clock.run(0.02)
    assert watch.shown is Gaze.OPEN
