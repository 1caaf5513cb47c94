"""The app as `eyes` looks at it: the real windows, engine and eyes, which do what lines on standard input say.

Started by `eyes` on a desktop: `eyes_app.py PROFILE`. Prints one JSON line when it is complete, and one for each order.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.loop_app import Gaps

from alisa_desktop import app, start
from alisa_desktop.app import App
from alisa_desktop.core.events import Event, ScreenSeen
from alisa_desktop.core.sight import Consent, Depth
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options

PATIENCE = 90.0
"""Seconds until the first reading at the latest."""


class Ordered(App):
    """The app, which does one order after the other once it is complete, and quits when there are no more."""

    async def _connect(self, engine: Engine, stack: AsyncExitStack) -> None:
        await super()._connect(engine, stack)
        engine.spawn(self._obey(engine))

    async def _obey(self, engine: Engine) -> None:
        orders = Orders(engine)
        _say({"ready": True})
        try:
            while line := await asyncio.to_thread(sys.stdin.readline):
                order = json.loads(line)
                _say(await getattr(orders, order.pop("do"))(**order))
        finally:
            self._ended.set()


class Orders:
    """What can be ordered; each answers with what is to be printed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._has_read = asyncio.Event()
        engine.bus.subscribe(self._hear)

    async def allow(self, consent: str) -> dict[str, Any]:
        """Allow as much; to stay aware is answered when the eyes have read for the first time."""
        self._has_read.clear()
        self._engine.allow_looks(Consent(consent))
        while self._engine.eyes.status.consent != consent:
            await asyncio.sleep(0.01)
        if consent == Consent.AWARE:
            await asyncio.wait_for(self._has_read.wait(), PATIENCE)
        return {"counts": self._engine.eyes.counts}

    async def look(self, depth: str) -> dict[str, Any]:
        """Look once."""
        began = time.perf_counter()
        sight = await self._engine.eyes.look(Depth(depth))
        seconds = time.perf_counter() - began
        return {"counts": self._engine.eyes.counts, "seconds": seconds, "title": sight.title, "text": sight.text}

    async def gaps(self, seconds: float, looking: bool) -> dict[str, Any]:
        """The gaps (ms) of a while; `looking` is one look after the other, else nothing is done."""
        gaps, looks, end = Gaps(), 0, time.perf_counter() + seconds
        gaps.begin()
        while looking and time.perf_counter() < end:
            await self._engine.eyes.look(Depth.TEXT)
            looks += 1
        await asyncio.sleep(0.0 if looking else seconds)
        return {"gaps": gaps.end(), "looks": looks, "counts": self._engine.eyes.counts}

    def _hear(self, event: Event) -> None:
        if isinstance(event, ScreenSeen) and event.sight.text:
            self._has_read.set()


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


def main() -> int:
    """Run the app, opened the way it opens itself, until there are no more orders."""
    app.App = Ordered  # type: ignore[misc]  # everything else is the real thing, its loop included
    profile = Path(sys.argv[1])
    return start.run(Options(Paths.of(profile), scripted=profile / "script.json", port=0))


if __name__ == "__main__":
    sys.exit(main())
