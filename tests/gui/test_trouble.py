"""Whatever goes wrong inside of her is told once, in one calm sentence with a report to copy, and she goes on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from alisa_desktop.app import App
from alisa_desktop.core.events import NoticeRaised, ReplyFinished, UserSpoke
from alisa_desktop.engine import Engine
from alisa_desktop.host.bugs import Bugs
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options
from alisa_desktop.troubles import BROKE, CRASHED, Troubles
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.report_window import ReportWindow
from alisa_desktop.ui.theme import ThemeWatcher

SAID = "zebra crossing at midnight"


@asynccontextmanager
async def _alisa(
    qapp: QApplication, profile: Path, tmp_path: Path, troubles: Troubles
) -> AsyncIterator[tuple[App, Engine, list[str]]]:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": [{"text": "Still here."}]}))
    app = App(qapp, Options(Paths.of(profile), scripted=script, endpoint=False), troubles)  # type: ignore[arg-type]
    app._windows.furnish()
    told: list[str] = []
    app._bridge.trouble_told.connect(told.append)
    async with Engine(app._options) as engine, AsyncExitStack() as stack:
        stack.callback(app._leaving.close)
        stack.callback(app._windows.deleteLater)
        stack.callback(app._windows.close)
        await app._connect(engine, stack)
        yield app, engine, told


async def _until(qapp: QApplication, seen: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not seen():
            qapp.processEvents()
            await asyncio.sleep(0.01)


def _fail() -> None:
    raise ValueError(SAID)


async def _fail_soon() -> None:
    _fail()


class Failing(QObject):
    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.User:
            _fail()
        return True


def _in_a_slot(_: Engine) -> None:
    QTimer.singleShot(0, _fail)


def _in_a_handler(engine: Engine) -> None:
    failing = engine.__dict__.setdefault("_failing", Failing())
    QApplication.postEvent(failing, QEvent(QEvent.Type.User))


def _in_a_thread(_: Engine) -> None:
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()


def _in_a_task_of_the_engine(engine: Engine) -> None:
    engine.spawn(_fail_soon())


def _in_a_task_of_nobody(_: Engine) -> None:
    task = asyncio.ensure_future(_fail_soon())
    assert not task.done(), "and from here on nobody knows it"


def _in_a_callback(_: Engine) -> None:
    asyncio.get_running_loop().call_soon(_fail)


def _in_a_subscriber(engine: Engine) -> None:
    engine.bus.subscribe(lambda event: _fail() if isinstance(event, NoticeRaised) else None)
    engine.bus.publish(NoticeRaised("hello"))


@pytest.mark.parametrize(
    "happen",
    [
        *(_in_a_slot, _in_a_handler, _in_a_thread, _in_a_task_of_the_engine, _in_a_task_of_nobody, _in_a_callback),
        _in_a_subscriber,
    ],
)
async def test_a_bug_is_told_once_and_she_goes_on(
    qapp: QApplication, bugs: Bugs, profile: Path, tmp_path: Path, happen: Callable[[Engine], None]
) -> None:
    async with _alisa(qapp, profile, tmp_path, Troubles(bugs)) as (app, engine, told):
        bubble = app._windows.bubble
        assert bubble.trouble.isHidden()
        for _ in range(5):
            happen(engine)
        await _until(qapp, lambda: told)
        await _until(qapp, lambda: bugs.found)
        for _ in range(20):
            qapp.processEvents()
            await asyncio.sleep(0)
        assert told == [BROKE]
        assert bubble.isVisible()
        assert bubble.trouble.sentence.text() == BROKE
        bubble.trouble.copy.click()
        report = QGuiApplication.clipboard().text()
        assert "ValueError" in report
        assert "in _fail" in report
        assert SAID not in report
        assert "Jérôme" not in report
        finished: list[ReplyFinished] = []
        engine.bus.subscribe(lambda event: finished.append(event) if isinstance(event, ReplyFinished) else None)
        engine.conversation.submit("Are you there?", "bubble")
        await _until(qapp, lambda: finished)
        assert finished[0].text == "Still here."


async def test_what_went_wrong_before_there_was_a_window_is_told_then(
    qapp: QApplication, bugs: Bugs, profile: Path, tmp_path: Path
) -> None:
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()
    async with _alisa(qapp, profile, tmp_path, Troubles(bugs, "Fatal Python error: Aborted\n")) as (
        app,
        engine,
        told,
    ):
        assert told == [CRASHED, BROKE]
        report = app._bridge.report()
        assert "Fatal Python error: Aborted" in report
        assert "in _fail" in report
        app._troubles.close()
        _in_a_callback(engine)
        await _until(qapp, lambda: len(bugs.found) == 2)
        assert told == [CRASHED, BROKE], "who leaves tells nothing any more"


def test_the_note_is_there_for_keyboard_and_screen_reader(qtbot: QtBot, bubble: Bubble, bridge: Bridge) -> None:
    bridge.report = lambda: "the report"
    bridge.trouble_told.emit(BROKE)
    bubble.open_for_typing()
    note = bubble.trouble
    for button in (note.copy, note.read):
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert button.accessibleDescription() == BROKE
    assert note.cross.accessibleName() == "Close this note"
    note.copy.setFocus()
    QTest.keyClick(note.copy, Qt.Key.Key_Space)
    assert QGuiApplication.clipboard().text() == "the report"
    assert note.copy.text() == "Copied"
    with qtbot.waitSignal(bubble.report_requested):
        QTest.keyClick(note.read, Qt.Key.Key_Space)
    QTest.keyClick(note.cross, Qt.Key.Key_Space)
    assert note.isHidden()
    bridge.trouble_told.emit(CRASHED)
    assert note.sentence.text() == CRASHED
    assert note.copy.text() == "Copy report"


def test_the_note_stays_while_the_talk_goes_on(bubble: Bubble, bridge: Bridge) -> None:
    bridge.trouble_told.emit(BROKE)
    bridge.deliver(UserSpoke("1", "hi", datetime.now(UTC)))
    assert bubble.trouble.isVisible()


def test_the_window_shows_what_is_copied(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher) -> None:
    bridge.report = lambda: "line one\nline two\n"
    window = ReportWindow(bridge, watcher)
    qtbot.addWidget(window)
    window.show()
    assert window.text.toPlainText() == "line one\nline two\n"
    assert window.text.isReadOnly()
    window.copy.click()
    assert QGuiApplication.clipboard().text() == "line one\nline two\n"
    with qtbot.waitSignal(bridge.log_requested):
        [button] = [b for b in window.findChildren(type(window.copy).__bases__[0]) if "log" in b.text()]
        button.click()
