"""Checks of what has no windows: files, database, libraries, the system, and eyes that read."""

from __future__ import annotations

import asyncio
import base64
import difflib
import importlib.util
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alisa_desktop.core.frames import Frame
from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.host.autostart import Autostart
from alisa_desktop.host.child import ChildProcess, child_command
from alisa_desktop.host.hardware import look
from alisa_desktop.host.hotkey import open_hotkey
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.power import watch
from alisa_desktop.host.process import kinship
from alisa_desktop.host.single import only_instance
from alisa_desktop.memory.schema import HEAD
from alisa_desktop.memory.store import Store
from alisa_desktop.model.catalog import Catalog
from alisa_desktop.persona.crisis import parse_crisis_rule
from alisa_desktop.persona.modes import parse_mode
from alisa_desktop.selftest.report import CheckFailed
from alisa_desktop.settings.personas import Personas
from alisa_desktop.vision.apps import Apps, BlockList

LIBRARIES = ("llama", "ggml", "ggml-base", "mtmd")
PAGE = ("Alisa reads this line of text", "The quick brown fox jumps over 42 lazy dogs")
"""What stands on the test picture."""
ALIKE = 0.9
GRACE_SECONDS = 1.0


async def resources(paths: Paths) -> str:
    """Everything she brings along can be read."""
    modes = [
        parse_mode(name, text).name for name, text in Personas(paths.builtin_personas, paths.personas).texts().items()
    ]
    folder = paths.resources
    parse_crisis_rule(_text(folder / "safety" / "crisis_patterns.txt"), _text(folder / "safety" / "crisis_answer.txt"))
    if not _text(folder / "prompts" / "character.txt").strip():
        raise CheckFailed("her character is empty")
    catalog = Catalog.load(folder / "models" / "catalog.json", paths.models / "catalog.json")
    if catalog.notice or not catalog.models:
        raise CheckFailed(catalog.notice or "the catalog of models is empty")
    Apps.load(folder / "vision" / "apps.txt")
    BlockList.parse(_text(folder / "vision" / "blocked.txt"), "")
    if not paths.starter_model.stat().st_size:
        raise CheckFailed("the starter brain is empty")
    return f"{len(modes)} personas, {len(catalog.models)} models offered"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def libraries() -> str:
    """The libraries of llama.cpp lie where the runner looks for them; whether they work shows the starter brain."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        raise CheckFailed("llama_cpp is not there")
    package = Path(spec.submodule_search_locations[0])
    found = {_plain(path) for folder in (package / "lib", package.parent / "bin") for path in folder.glob("*")}
    if missing := [name for name in LIBRARIES if name not in found]:
        raise CheckFailed(f"not there: {', '.join(missing)}")
    plug_ins = sorted(name for name in found if name.startswith("ggml-cpu"))
    if not plug_ins:
        raise CheckFailed("there is no plug-in for any processor")
    return ", ".join(plug_ins)


def _plain(path: Path) -> str:
    return path.name.partition(".")[0].removeprefix("lib")


async def database(paths: Paths) -> str:
    """A new database is brought to the newest schema, and a turn is the same after it was opened again."""
    turn = Turn("1", "Hello, 田中 😀", "Hello.", Emotion.HAPPY, "default", "none", datetime.now(UTC))
    for begin in (True, False):
        store = await Store.open(paths.database)
        try:
            if begin:
                await store.record(turn)
            kept = await store.recent(2)
        finally:
            await store.close()
        if store.notice or kept != [turn]:
            raise CheckFailed(store.notice or f"a turn came back as {kept}")
    with closing(sqlite3.connect(paths.database)) as connection:
        [(revision,)] = connection.execute("SELECT version_num FROM alembic_version")
    if revision != HEAD:
        raise CheckFailed(f"the database was brought to schema {revision} instead of {HEAD}")
    return f"schema {HEAD}"


async def system(paths: Paths) -> str:
    """What asks the operating system opens without an error."""
    power = watch(lambda: None, lambda: None)
    power.close()
    with only_instance(paths.lock):
        pass
    starts = "starts" if Autostart(paths).is_on else "does not start"
    hotkey = open_hotkey("Ctrl+Alt+Shift+F12", lambda: None)
    hotkey.close()
    hardware = await asyncio.to_thread(look, paths.profile)
    return "; ".join(filter(None, (str(hardware), f"{starts} at the log-in", hotkey.trouble)))


async def text_recognition(paths: Paths, paint: Callable[[tuple[str, ...]], bytes]) -> str:
    """The process that looks reads a picture that `paint` made (JPEG) of lines of text."""
    answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
    lists = paths.resources / "vision"
    first: Frame = {
        "type": "open", "apps": str(lists / "apps.txt"), "blocked": str(lists / "blocked.txt"), "never": "",
        "own": [os.getpid()],
    }  # fmt: skip

    def take(frame: Frame) -> None:
        if frame["type"] in ("text", "error") and not answer.done():
            answer.set_result(frame)

    eyes = ChildProcess(
        child_command("--eyes"), paths.resources, first=lambda: first, on_frame=take, adopt=kinship().adopt, name="eyes"
    )
    ended = asyncio.ensure_future(eyes.ended.wait())
    try:
        eyes.send({"type": "read", "id": 1, "picture": base64.b64encode(paint(PAGE)).decode("ascii")})
        either: list[asyncio.Future[Any]] = [answer, ended]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        await eyes.stop(GRACE_SECONDS)
    if not answer.done():
        raise CheckFailed(f"the eyes ended with status {eyes.exit_status}")
    return _compared(answer.result())


def _compared(frame: Frame) -> str:
    if frame["type"] == "error":
        raise CheckFailed(str(frame["sentence"]))
    told = " ".join(str(frame["text"]).split())
    alike = difflib.SequenceMatcher(None, " ".join(PAGE), told).ratio()
    if alike < ALIKE:
        raise CheckFailed(f"read “{told}” instead of “{' '.join(PAGE)}”")
    return f"{alike:.0%} alike"
