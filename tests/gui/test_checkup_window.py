"""The Check-up window: what needs somebody on top, with words beside every sign, and ways that lead there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from alisa_desktop.core.health import Checkup, Finding, Verdict, Way
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.checkup_window import AGAIN, STOP, CheckupWindow
from alisa_desktop.ui.finding_row import breakable
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.theme import ThemeWatcher, dark

LONG = "/home/somebody/a/" + "folder_without_any_space_" * 8
TRAY = Finding("tray", "Tray", Verdict.GOOD, "Your desktop has a tray.")
BRAIN = Finding("brain", "Brain", Verdict.BAD, f"{LONG} is gone.", "Choose another.", Way.BRAINS)
PORT = Finding("port", "Port", Verdict.BAD, "Port 8000 is taken.", "Choose another.", Way.OVERLAYS)
CRASH = Finding("crash", "Crashes", Verdict.UNKNOWN, "A part of me crashed.", "Send a report.", Way.LOG)
FOLDER = Finding("profile", "Folder", Verdict.BAD, "It can't be written.", "Allow it.", Way.FOLDER)
ALL = (TRAY, BRAIN, CRASH, PORT, FOLDER)
OVER = Checkup(ALL, len(ALL), over=True, report="all of it")


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge, watcher: ThemeWatcher, icons: Icons) -> CheckupWindow:
    """The window, asked for nothing yet."""
    window = CheckupWindow(bridge, watcher, icons)
    qtbot.addWidget(window)
    return window


def names(window: CheckupWindow) -> list[str]:
    return [row.finding.name for row in window.rows.widgets]


def test_it_asks_when_it_opens_and_no_more_when_it_closes(qtbot: QtBot, window: CheckupWindow, bridge: Bridge) -> None:
    with qtbot.waitSignal(bridge.checkup_requested):
        window.show()
    assert bridge.checkup_wanted  # for one who comes later
    with qtbot.waitSignal(bridge.checkup_stopped):
        window.close()
    assert not bridge.checkup_wanted


def test_what_needs_somebody_stands_on_top(window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(OVER)
    assert names(window) == ["brain", "port", "profile", "crash", "tray"]
    assert window.headline.text() == "3 things need you"
    assert window.doing.text() == "3 bad · 1 unknown · 1 good"
    assert [row.verdict.text() for row in window.rows.widgets] == ["Bad", "Bad", "Bad", "Unknown", "Good"]
    assert not window.progress.isVisible()


@pytest.mark.parametrize(
    ("findings", "words"), [((TRAY,), "All is well"), ((TRAY, CRASH), "All is well"), ((PORT,), "One thing needs you")]
)
def test_the_headline(window: CheckupWindow, bridge: Bridge, findings: tuple[Finding, ...], words: str) -> None:
    bridge.checkup_told.emit(Checkup(findings, len(findings), over=True, report="x"))
    assert window.headline.text() == words


def test_while_it_runs(qtbot: QtBot, window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(Checkup((TRAY,), 4))
    assert window.doing.text() == "1 of 4 looked at"
    assert window.progress.isVisible() and window.progress.value() == 250
    bridge.checkup_told.emit(Checkup((TRAY,), 4, busy="Qwen3 4B", share=0.4))
    assert window.doing.text() == "Reading Qwen3 4B, 40%"
    assert window.again.text() == STOP
    assert not window.copy.isEnabled()
    with qtbot.waitSignal(bridge.checkup_stopped):
        window.again.click()
    bridge.checkup_told.emit(OVER)
    assert window.again.text() == AGAIN
    with qtbot.waitSignal(bridge.checkup_requested):
        window.again.click()


def test_the_report_is_copied(window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(OVER)
    window.copy.click()
    assert QGuiApplication.clipboard().text() == "all of it"


def test_findings_lead_where_something_can_be_done(qtbot: QtBot, window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(OVER)
    rows = {row.finding.name: row for row in window.rows.widgets}
    for name, words, signal in (
        ("brain", "Choose her brain", window.brains_requested),
        ("port", "Open Settings", window.settings_requested),
        ("profile", "Open folder", bridge.folder_requested),
        ("crash", "Show log", bridge.log_requested),
    ):
        assert rows[name].way.text() == words
        with qtbot.waitSignal(signal) as told:
            rows[name].way.click()
        assert told.args == (["Overlays"] if name == "port" else [])
    assert rows["tray"].way.isHidden()


def test_a_row_is_kept_when_it_changes(window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(OVER)
    row = window.rows.widgets[1]
    well = Finding("port", "Port", Verdict.GOOD, "Port 8000 is free.")
    bridge.checkup_told.emit(Checkup((TRAY, well), 2, over=True, report="x"))
    assert names(window) == ["tray", "port"]
    assert window.rows.widgets[1] is row
    assert row.found.text() == "Port 8000 is free."
    assert row.way.isHidden() and row.advice.isHidden()


def test_the_keyboard_and_screen_readers_reach_everything(qtbot: QtBot, window: CheckupWindow, bridge: Bridge) -> None:
    window.show()
    bridge.checkup_told.emit(OVER)
    row = window.rows.widgets[0]
    assert row.accessibleName() == "Brain: Bad"
    assert row.accessibleDescription() == f"{LONG} is gone. Choose another."
    assert row.way.accessibleName() == "Choose her brain, for Brain"
    assert row.focusPolicy() & Qt.FocusPolicy.TabFocus
    reached = set()
    widget = window.focusWidget() or window
    for _ in range(60):
        widget = widget.nextInFocusChain()
        reached.add(widget)
    assert {window.again, window.copy, row, row.way, window.rows.widgets[-1]} <= reached


@pytest.mark.parametrize("width", [420, 620, 1100])
def test_long_texts_are_wrapped(qtbot: QtBot, window: CheckupWindow, bridge: Bridge, width: int) -> None:
    window.show()
    window.resize(width, 400)
    bridge.checkup_told.emit(OVER)

    def settled() -> None:
        assert window.rows.width() <= window.page.viewport().width()
        for row in window.rows.widgets:
            for label in row.findChildren(QLabel):
                assert label.isHidden() or row.rect().contains(label.geometry())
                assert label.isHidden() or label.heightForWidth(label.width()) <= label.height()

    qtbot.waitUntil(settled)


def test_signs_follow_the_theme(window: CheckupWindow, bridge: Bridge, watcher: ThemeWatcher) -> None:
    bridge.checkup_told.emit(OVER)
    row = window.rows.widgets[0]
    before = row.sign.pixmap().toImage()
    watcher.theme = dark
    watcher.changed.emit(dark)
    assert row.sign.pixmap().toImage() != before


def test_long_words_may_be_broken() -> None:
    assert breakable("All is well.") == "All is well."
    assert breakable(LONG).replace("\u200b", "") == LONG
    assert max(map(len, breakable("x" * 90).split("\u200b"))) <= 20
