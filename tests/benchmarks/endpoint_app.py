"""The app as `endpoint` looks at it: the real windows, engine and endpoint, which do what lines on standard input say.

Started on a desktop: `endpoint_app.py PROFILE`. Prints one JSON line when clients can connect, and one for each order.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.loop_app import Gaps
from benchmarks.paced import Paced
from benchmarks.talk import answered
from benchmarks.usage import MB

from alisa_desktop import app, start
from alisa_desktop.app import App
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options


class Ordered(App):
    """The app, which does one order after the other once it is complete, and quits when there are no more."""

    async def _connect(self, engine: Engine, stack: AsyncExitStack) -> None:
        await super()._connect(engine, stack)
        self._engine = engine
        self._gaps = Gaps()
        engine.spawn(self._obey(engine))

    async def _obey(self, engine: Engine) -> None:
        self._windows.bubble.open_for_typing()
        await asyncio.sleep(1)
        print(json.dumps({"address": engine.endpoint_address}), flush=True)
        try:
            while line := await asyncio.to_thread(sys.stdin.readline):
                order = json.loads(line)
                print(json.dumps(await getattr(self, f"do_{order.pop('do')}")(**order)), flush=True)
        finally:
            self._ended.set()

    async def do_watch(self, seconds: float = 0.0) -> dict[str, Any]:
        """Note the gaps of the loop from here on, for a while or until `do_gaps`."""
        self._gaps.begin()
        await asyncio.sleep(seconds)
        return {}

    async def do_gaps(self) -> dict[str, Any]:
        """The gaps (ms) since `do_watch`, and whether both windows are to be seen."""
        seen = self._windows.bubble.isVisible() and self._windows.avatar.isVisible()
        gaps, self._gaps = self._gaps.end(), Gaps()
        return {"gaps": gaps, "seen": seen}

    async def do_speak(self, rate: float, chunks: int) -> dict[str, Any]:
        """Give a whole reply at a pace."""
        self._engine.conversation.use(Paced(rate, chunks))
        finished = await answered(self._engine, "Tell me about the sea.")
        return {"tokens": finished.tokens}

    async def do_talk(self, times: int) -> dict[str, Any]:
        """Give as many replies of the script."""
        for _ in range(times):
            await answered(self._engine, "Tell me something.")
        return {}

    async def do_state(self) -> dict[str, Any]:
        """What the process holds now: memory (MB), tasks, open files, and the timers of its loop."""
        gc.collect()
        process = psutil.Process()
        timers = vars(asyncio.get_running_loop()._timer)["_SimpleTimer__callbacks"]  # type: ignore[attr-defined]
        return {
            "rss": process.memory_info().rss / MB,
            "tasks": len(asyncio.all_tasks()),
            "files": process.num_fds(),
            "timers": len(timers),
        }


def main() -> int:
    """Run the app, opened the way it opens itself, until there are no more orders."""
    app.App = Ordered  # type: ignore[misc]  # everything else is the real thing, its loop included
    profile = Path(sys.argv[1])
    return start.run(Options(Paths.of(profile), scripted=profile / "script.json", port=0))


if __name__ == "__main__":
    sys.exit(main())
