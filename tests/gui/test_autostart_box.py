"""The tick for the log-in: it shows what the system says and never what was wished."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from alisa_desktop.ui.autostart_box import AutostartBox
from alisa_desktop.ui.bridge import Bridge


@pytest.fixture
def box(qtbot: QtBot, bridge: Bridge) -> AutostartBox:
    box = AutostartBox(bridge)
    qtbot.addWidget(box)
    return box


def test_it_asks_whenever_it_is_seen(box: AutostartBox, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.autostart_asked):
        box.show()
    bridge.show_autostart(True)
    assert box.box.isChecked()
    box.hide()
    with qtbot.waitSignal(bridge.autostart_asked):  # the user may have switched it off in the task manager
        box.show()
    bridge.show_autostart(False)
    assert not box.box.isChecked()


def test_a_click_is_a_wish_and_a_failure_is_told(box: AutostartBox, bridge: Bridge, qtbot: QtBot) -> None:
    box.show()
    assert box.trouble.isHidden()
    with qtbot.waitSignal(bridge.autostart_requested, check_params_cb=lambda on: on is True):
        box.box.click()
    bridge.show_autostart(False, "I can't.")
    assert not box.box.isChecked()
    assert (box.trouble.text(), box.trouble.isVisible()) == ("I can't.", True)
    wishes: list[bool] = []
    keep: Callable[[bool], None] = wishes.append
    bridge.autostart_requested.connect(keep)
    bridge.show_autostart(True)
    assert box.trouble.isHidden()
    assert not wishes, "what the system says is no wish"
