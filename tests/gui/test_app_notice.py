"""What the app itself finds out before there is an engine to tell it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from alisa_desktop.app import App
from alisa_desktop.engine import Engine
from alisa_desktop.host.bugs import Bugs
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options
from alisa_desktop.troubles import Troubles
from alisa_desktop.ui.application import Application


async def test_a_damaged_settings_file_is_told(qapp: Application, profile: Path, tmp_path: Path) -> None:
    profile.mkdir()
    (profile / "settings.json").write_text("{ damaged")
    script = tmp_path / "script.json"
    script.write_text('{"replies": []}')
    app = App(qapp, Options(Paths.of(profile), scripted=script, endpoint=False), Troubles(Bugs()))
    app._windows.furnish()
    told: list[str] = []
    app._bridge.notice_raised.connect(told.append)
    async with Engine(app._options) as engine, AsyncExitStack() as stack:
        stack.callback(app._leaving.close)
        stack.callback(app._windows.deleteLater)
        stack.callback(app._windows.close)
        assert not engine.notices, "the engine comes too late to see it"
        await app._connect(engine, stack)
    assert [sentence for sentence in told if "settings file was damaged" in sentence]
