"""A program that is replaced while it runs says so, once; everything else that happens to its file is no news."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from alisa_desktop.ui import program_watch
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.program_watch import ProgramWatch
from alisa_desktop.update_wishes import REPLACED, UpdateWishes

SOON_MS = 50


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_watch, "SETTLED_MS", SOON_MS)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "猫 alisa-desktop"
    file.write_text("version 1")
    return file


def update(program: Path) -> None:
    """What dpkg does."""
    fresh, old = (program.with_name(f"{program.name}.dpkg-{name}") for name in ("new", "tmp"))
    fresh.write_text("version 2")
    old.hardlink_to(program)
    fresh.replace(program)
    old.unlink()


def test_an_update_is_told_once(program: Path, qtbot: QtBot) -> None:
    told: list[None] = []
    watch = ProgramWatch(program)
    watch.replaced.connect(lambda: told.append(None))
    with program.open("rb"), qtbot.waitSignal(watch.destroyed):  # open, as a program that runs is
        update(program)
    update(program)
    qtbot.wait(4 * SOON_MS)
    assert len(told) == 1


def test_a_touch_is_none_and_the_next_update_is(program: Path, qtbot: QtBot) -> None:
    watch = ProgramWatch(program)
    with qtbot.assertNotEmitted(watch.replaced, wait=4 * SOON_MS):
        program.chmod(0o700)
        os.link(program, program.with_name("another name"))
    with qtbot.waitSignal(watch.replaced):
        update(program)


def test_removed_and_back(program: Path, qtbot: QtBot) -> None:
    watch = ProgramWatch(program)
    with qtbot.waitSignal(watch.replaced):
        program.unlink()
        program.write_text("version 2, which is longer")  # file times are coarse, and the place on the disk is the same


def test_away_for_a_while_and_back(program: Path, qtbot: QtBot) -> None:
    watch = ProgramWatch(program)
    with qtbot.assertNotEmitted(watch.replaced, wait=4 * SOON_MS):
        program.unlink()
    with qtbot.waitSignal(watch.replaced):
        program.write_text("version 2, which is longer")


@pytest.mark.parametrize("frozen", [True, False])
def test_it_is_told_in_the_bubble(
    program: Path, bridge: Bridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    wishes = UpdateWishes(cast(Any, SimpleNamespace()), bridge)
    if frozen:
        with qtbot.waitSignal(bridge.notice_raised, check_params_cb=lambda text: text == REPLACED):
            update(program)
    else:
        with qtbot.assertNotEmitted(bridge.notice_raised, wait=4 * SOON_MS):
            update(program)  # Python itself: what is imported is in memory, and pip tells what it does
    wishes.deleteLater()
