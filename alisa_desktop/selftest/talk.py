"""One turn over the real endpoint, with the starter brain in its own process."""

from __future__ import annotations

import asyncio
import urllib.request
from contextlib import AsyncExitStack

from websockets.asyncio.client import connect

from alisa_desktop.core.events import Event
from alisa_desktop.core.messages import Outcome
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options
from alisa_desktop.selftest.report import CheckFailed, Report

WORDS = "hi alisa"
EMOTION, END = "[EMOTION]", "[END]"
PAGES = ("/overlay", "/overlay/overlay.js", "/overlay/packs/alisa/manifest.json")
BRAIN, TALK, OVERLAY = "starter brain", "conversation", "overlay page"
PATIENCE = 20.0


async def check_talk(report: Report, paths: Paths) -> list[Event]:
    """Open the engine, talk, fetch the overlay's page, and close it; returns what happened in the talk."""
    events: list[Event] = []
    async with AsyncExitStack() as stack:
        opened: list[Engine] = []

        async def open_engine() -> str:
            opened.append(await stack.enter_async_context(Engine(Options(paths, port=0, eyes=False))))
            return opened[0].endpoint_address

        async def close_engine() -> str:
            await stack.aclose()
            left = {path.name for path in paths.profile.iterdir()} & {"endpoint.json", f"{paths.database.name}-wal"}
            if left:
                raise CheckFailed(f"left behind: {', '.join(left)}")
            return "nothing is left open"

        if not await report.check("engine", open_engine):
            for name in (BRAIN, TALK, OVERLAY):
                report.skip(name, "the engine does not open")
            return events
        [engine] = opened
        engine.bus.subscribe(events.append)
        await report.check(BRAIN, lambda: _think(engine))
        await report.check(TALK, lambda: _talk(engine))
        await report.check(OVERLAY, lambda: _fetch(engine))
        await report.check("closing", close_engine)
    return events


async def _think(engine: Engine) -> str:
    await engine.mind.model.ready()
    if not engine.mind.is_starter:
        raise CheckFailed(f"another model is there: {engine.model_status.name}")
    return f"{engine.model_status.name}, {engine.mind.use.memory_bytes >> 20} MiB"


async def _talk(engine: Engine) -> str:
    """Say something as an overlay does, and hear all of the answer; the same is stored."""
    async with connect(engine.endpoint_address, proxy=None) as socket:
        await socket.send(WORDS)
        frames: list[str] = []
        while not frames or frames[-1] != END:
            async with asyncio.timeout(PATIENCE):
                frames.append(str(await socket.recv()))
    turn = next((turn for turn in await engine.memory.recent(5) if turn.user_text == WORDS), None)
    if turn is None or turn.outcome is not Outcome.DONE:
        raise CheckFailed(f"no answer was stored; heard: {frames}")
    heard = "".join(frame for frame in frames if frame != END and not frame.startswith(EMOTION))
    if not heard or heard != turn.reply:
        raise CheckFailed(f"heard “{heard}”, stored was “{turn.reply}”")
    if not frames[0].startswith(EMOTION):
        raise CheckFailed(f"the answer began with “{frames[0]}”")
    return f"“{turn.reply}” ({turn.emotion})"


async def _fetch(engine: Engine) -> str:
    base = engine.endpoint_address.replace("ws://", "http://").rpartition("/ws")[0]
    sizes = [await asyncio.to_thread(_get, base + page) for page in PAGES]
    return f"{sum(sizes)} bytes in {len(sizes)} files"


def _get(address: str) -> int:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(address, timeout=PATIENCE) as answer:
        content = answer.read()
    if not content:
        raise CheckFailed(f"{address} is empty")
    return len(content)
