"""Whether the graphics card can think, found out where a broken driver does no harm: in a process of its own.

The runner says which library and device it has; for each of them and each model file the answer is kept. Whatever
goes wrong means the processor, which always works.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alisa_desktop.core.frames import Frame
from alisa_desktop.host.child import ChildProcess, Process
from alisa_desktop.model.safe_list import Marks, mark

PATIENCE = 90.0 if sys.platform == "win32" else 30.0
"""Seconds a probe may take; Windows looks through the libraries when they are first loaded."""
GRACE_SECONDS = 2.0
CARDS = (1, 2)  # ggml-backend.h, enum ggml_backend_dev_type: GPU and IGPU
SHARE = 0.85
"""How much of the card's free memory a model may take."""


class Graphics:
    """How many layers of a model go to the graphics card, kept in a JSON file at `file`; on the loop's thread.

    `command`, `cwd` and `adopt` start the runner that tries, as they do for `LlamaModel`.
    """

    def __init__(
        self, file: Path, *, command: Sequence[str], cwd: Path, adopt: Callable[[Process], None] | None = None
    ) -> None:
        self._marks = Marks(file)
        self._command = command
        self._cwd = cwd
        self._adopt = adopt

    def layers(self, device: str, model: Path, context: int) -> int | None:
        """Return how many layers `device` takes of a file with so many tokens of context; None before a `probe`."""
        wanted = _fact(device, model, context)
        for known in reversed(self._marks.all()):
            if isinstance(known, list) and known[:-1] == wanted and isinstance(known[-1], int):
                return known[-1]
        return None

    def blame(self, device: str, model: Path, context: int) -> None:
        """Remember that the model does not work on `device`."""
        self._marks.add([*_fact(device, model, context), 0])

    async def probe(self, device: str, model: Path, context: int) -> None:
        """Try it in a process of its own and remember the answer; a crash or no answer in time is an answer, too."""
        layers = 0

        def take(frame: Frame) -> None:
            nonlocal layers
            if frame["type"] == "probed":
                layers = int(frame["layers"])
            if frame["type"] in ("probed", "error"):
                child.end()

        order: Frame = {"type": "probe", "path": str(model), "context": context}
        child = ChildProcess(
            self._command, self._cwd, first=lambda: order, on_frame=take, adopt=self._adopt, name="graphics probe"
        )
        try:
            await asyncio.wait_for(child.ended.wait(), PATIENCE)
        except TimeoutError:
            child.kill()
        finally:
            await child.stop(GRACE_SECONDS)
        self._marks.add([*_fact(device, model, context), layers])


def _fact(device: str, model: Path, context: int) -> list[str | int]:
    return [device, *mark(model), context]


# Child side


def device_of(lib: Any, build: str) -> str:
    """Name what computes: the library's `build` and its back-ends; empty without one for graphics cards."""
    if not lib.llama_supports_gpu_offload():
        return ""
    return f"{build} {lib.llama_print_system_info().decode('utf-8', 'replace')}"


def free_memory(lib: Any) -> int:
    """Return the free bytes of the first graphics card, 0 where the binding does not ask (yet)."""
    if not hasattr(lib, "ggml_backend_dev_memory"):
        return 0
    for number in range(lib.ggml_backend_dev_count()):
        device = lib.ggml_backend_dev_get(number)
        if lib.ggml_backend_dev_type(device) in CARDS:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            lib.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            return free.value
    return 0


def most_layers(layers: int, needed: int, free: int, works: Callable[[int], bool]) -> int:
    """Return how many of a model's `layers` the card takes: as many as have room in `free` bytes (0: not known).

    That number is halved until it `works`; 0 when none does.
    """
    room = SHARE * free
    count = layers if not free or needed <= room else int(layers * room / needed)
    while count and not works(count):
        count //= 2
    return count
