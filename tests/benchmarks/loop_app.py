"""The app as `loop` looks at it: the real windows, engine and endpoint, and a 2 ms timer that notes when it is late.

Started by `loop` on a desktop: `loop_app.py PROFILE RATE CHUNKS REPLIES SECONDS`. Prints one JSON line when clients can
connect, waits for a line, and prints the gaps (ms) of an idle while and of a while in which she speaks.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.paced import Paced
from benchmarks.talk import answered

from alisa_desktop import app, start
from alisa_desktop.app import App
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options

TICK_MS = 2


class Gaps(QObject):
    """Notes the time between the firings of a timer of `TICK_MS`, in ms."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._note)
        self._last = 0.0
        self._gaps: list[float] = []

    def begin(self) -> None:
        """Forget what was noted and note anew."""
        self._gaps, self._last = [], time.perf_counter()
        self._timer.start()

    def end(self) -> list[float]:
        """Stop; return what was noted."""
        self._timer.stop()
        return self._gaps

    def _note(self) -> None:
        now = time.perf_counter()
        self._gaps.append((now - self._last) * 1000)
        self._last = now


class Watched(App):
    """The app, which is measured as soon as it is complete, and quits then."""

    def __init__(self, application: QApplication, options: Options) -> None:
        super().__init__(application, options)
        rate, chunks, replies, idle = sys.argv[2:]
        self._paced = Paced(float(rate), int(chunks))
        self._replies = int(replies)
        self._idle = float(idle)

    async def _connect(self, engine: Engine, stack: AsyncExitStack) -> None:
        await super()._connect(engine, stack)
        engine.conversation.use(self._paced)
        engine.spawn(self._measure(engine))

    async def _measure(self, engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        print(json.dumps({"address": engine.endpoint_address}), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        self._windows.bubble.open_for_typing()
        await asyncio.sleep(1)
        gaps = Gaps()
        gaps.begin()
        await asyncio.sleep(self._idle)
        idle = gaps.end()
        began = time.perf_counter()
        gaps.begin()
        tokens = 0
        for _ in range(self._replies):
            tokens += (await answered(engine, "Tell me about the sea.")).tokens
        speaking = gaps.end()
        rate = tokens / (time.perf_counter() - began)
        seen = self._windows.bubble.isVisible() and self._windows.avatar.isVisible()
        print(json.dumps({"idle": idle, "speaking": speaking, "rate": rate, "seen": seen}), flush=True)
        self._ended.set()


def main() -> int:
    """Run the app, opened the way it opens itself, until it is measured."""
    app.App = Watched  # type: ignore[misc]  # everything else is the real thing, its loop included
    profile = Path(sys.argv[1])
    return start.run(Options(Paths.of(profile), scripted=profile / "script.json", port=0))


if __name__ == "__main__":
    sys.exit(main())
