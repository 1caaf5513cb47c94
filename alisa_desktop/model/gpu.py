"""Whether the graphics card can think, found out where a broken driver does no harm: in a process of its own.

The runner says which library and device it has; for each of them and each model file the answer is kept. Whatever
goes wrong means the processor, which always works.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from alisa_desktop.core.frames import Frame
from alisa_desktop.host.child import ChildProcess, Process
from alisa_desktop.model.safe_list import Marks, mark

PATIENCE = 90.0 if sys.platform == "win32" else 30.0
"""Seconds a probe may take; Windows looks through the libraries when they are first loaded."""
GRACE_SECONDS = 1.0


class Graphics:
    """How many layers of a model go to the graphics card, kept in a JSON file at `file`; on the loop's thread.

    `command`, `cwd` and `adopt` start the runner that tries, as they do for `LlamaModel`.
    """

    def __init__(
        self, file: Path, *, command: Sequence[str], cwd: Path, adopt: Callable[[Process], None] | None = None
    ) -> None:
        self._marks = Marks(file)
        self._for_now: list[object] = []
        self._command = command
        self._cwd = cwd
        self._adopt = adopt

    def layers(self, device: str, model: Path, context: int) -> int | None:
        """Return how many layers `device` takes of a file with so many tokens of context; None before a `probe`."""
        wanted = _fact(device, model, context)
        for known in reversed([*self._marks.all(), *self._for_now]):
            if isinstance(known, list) and known[:-1] == wanted and isinstance(known[-1], int):
                return known[-1]
        return None

    def blame(self, device: str, model: Path, context: int) -> None:
        """Remember that the model does not work on `device`."""
        self._marks.add([*_fact(device, model, context), 0])

    async def probe(self, device: str, model: Path, context: int, variant: str) -> None:
        """Try it in a process of its own and remember the answer; a crash or no answer in time is an answer, too.

        What stays on the processor is computed by this `variant`.

        Where the file is what doesn't work, that is remembered only for as long as this object lives.
        """
        layers = 0
        refused = False

        def take(frame: Frame) -> None:
            nonlocal layers, refused
            refused = frame["type"] == "error"
            if frame["type"] == "probed":
                layers = int(frame["layers"])
            if frame["type"] in ("probed", "error"):
                child.end()

        order: Frame = {"type": "probe", "path": str(model), "context": context, "variant": variant}
        child = ChildProcess(
            self._command, self._cwd, first=lambda: order, on_frame=take, adopt=self._adopt, name="graphics probe"
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await child.ended.wait()
        except TimeoutError:
            child.kill()
        finally:
            await child.stop(GRACE_SECONDS)
        if refused:
            self._for_now.append([*_fact(device, model, context), 0])
        else:
            self._marks.add([*_fact(device, model, context), layers])


def _fact(device: str, model: Path, context: int) -> list[str | int]:
    return [device, *mark(model), context]
