"""The end of the app, heard from everybody who may ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alisa_desktop import leaving as leaving_module
from alisa_desktop.leaving import Leaving
from alisa_desktop.ui.application import Application


async def test_once_everything_is_closed_an_end_of_the_session_begins_nothing(
    qapp: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed: list[Path] = []
    monkeypatch.setattr(leaving_module, "_arm_last_resort", armed.append)
    leaving = Leaving(qapp, tmp_path)
    leaving.close()
    qapp.quit_requested.emit()
    assert not armed
    assert not leaving.asked.is_set()
