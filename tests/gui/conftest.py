"""Offscreen windows, and no test may leave one behind."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before the first QApplication of this process
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

from collections.abc import Iterator
from datetime import date
from functools import partialmethod

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.core import events
from alisa_desktop.core.messages import ModelState, ModelStatus
from alisa_desktop.host.paths import resources
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui import times
from alisa_desktop.ui.application import Application
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.look import Look
from alisa_desktop.ui.theme import ThemeWatcher, light

PATIENCE_MS = 30_000
TODAY = date.today()


class PatientBot(QtBot):
    """Waits for what is to come as long as a busy machine may take."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=PATIENCE_MS)
    waitSignal = partialmethod(QtBot.waitSignal, timeout=PATIENCE_MS)
    waitActive = partialmethod(QtBot.waitActive, timeout=PATIENCE_MS)
    waitExposed = partialmethod(QtBot.waitExposed, timeout=PATIENCE_MS)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """pytest-qt's own, with more patience."""
    return PatientBot(request)


class _OneDay(date):
    @classmethod
    def today(cls) -> date:
        return TODAY


@pytest.fixture(autouse=True)
def _no_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the day on which the tests were read, however late it gets."""
    monkeypatch.setattr(times, "date", _OneDay)


@pytest.fixture(scope="session")
def qapp_cls() -> type[Application]:
    """The application that pytest-qt makes: Alisa's own."""
    return Application


def _top_level(app: QApplication) -> set[QWidget]:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return {widget for widget in app.topLevelWidgets() if not widget.objectName().startswith("qt_")}


@pytest.fixture(autouse=True)
def no_leaked_windows(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a top-level widget behind.

    Autouse fixtures end last, so `qtbot` has closed what was added to it by then.
    """
    before = _top_level(qapp)
    yield
    leaked = _top_level(qapp) - before
    names = [f"{type(widget).__name__} {widget.objectName()!r}" for widget in leaked]
    for widget in leaked:
        widget.close()
        widget.deleteLater()
    assert not names, f"left behind: {', '.join(names)}"


@pytest.fixture
def icons() -> Icons:
    """The shipped icons."""
    return Icons(resources() / "icons")


@pytest.fixture
def look(icons: Icons) -> Look:
    """The light look."""
    return Look(light, QFont("Sans", 11), icons)


@pytest.fixture
def bridge() -> Bridge:
    """A door with nobody behind it, and a model that is ready."""
    bridge = Bridge()
    bridge.deliver(events.ModelChanged(ModelStatus(ModelState.READY, "test")))
    return bridge


@pytest.fixture
def watcher(qapp: QApplication) -> ThemeWatcher:
    """The system's switch between light and dark, on light."""
    watcher = ThemeWatcher(qapp)
    watcher.theme = light
    return watcher


@pytest.fixture
def bubble(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher, icons: Icons) -> Bubble:
    """A hidden bubble on that bridge."""
    bubble = Bubble(bridge, watcher, icons, Settings())
    qtbot.addWidget(bubble)
    return bubble
