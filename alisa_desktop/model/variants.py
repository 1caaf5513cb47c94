"""Which variant of llama.cpp this processor gets: the best one that it claims to run and that was seen to work.

A processor's word is no proof: virtual machines report instructions that they don't run. So the runner decodes a few
tokens of a tiny model before the first real one; where that ends it, the next runner takes the next best variant. What
worked is kept for as long as processor and library stay the same, and left behind when it crashes later all the same.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import ProcessorUnfit
from alisa_desktop.core.frames import Frame, FrameDecoder, encode
from alisa_desktop.host.child import child_command
from alisa_desktop.host.paths import Paths
from alisa_desktop.model import plugins
from alisa_desktop.model.safe_list import Marks

KILLED = -9
"""How a process ends by hand or for lack of memory, which says nothing about the processor."""
ILLEGAL = 0xC000001D if sys.platform == "win32" else -4
"""How a process ends by an instruction that the processor doesn't have: STATUS_ILLEGAL_INSTRUCTION, or SIGILL."""
UNFIT = (
    "This computer's processor can't run my engine for model files. "
    "I can think with a server instead: choose one in Settings."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Machine:
    """A `processor` by name, the `build` of the library, and the variants that the one claims to run of the other, best
    first.
    """

    build: str
    processor: str
    claimed: tuple[str, ...]

    @classmethod
    def of(cls, hello: Frame) -> Machine:
        """The one that a runner tells of."""
        return cls(str(hello["build"]), str(hello["processor"]), tuple(hello["variants"]))


class Variants:
    """The choice, kept in a JSON file at `file`, for all models; on the loop's thread. `trial` is the tiny model."""

    def __init__(self, file: Path, trial: Path) -> None:
        self._marks = Marks(file)
        self._trial = trial
        self._failed: set[tuple[Machine, str]] = set()

    def choose(self, machine: Machine) -> str:
        """Return the best variant that has not failed; raises `ProcessorUnfit` when none is left, and forgets all."""
        known = self._known(machine)
        names = machine.claimed[machine.claimed.index(known) :] if known else machine.claimed
        for name in names:
            if (machine, name) not in self._failed:
                return name
        self._failed.clear()
        raise ProcessorUnfit(UNFIT)

    def order(self, machine: Machine, variant: str) -> Frame | None:
        """What a runner is told to try it, nothing for one that is known to work."""
        return None if self._known(machine) == variant else _order(variant, self._trial)

    def praise(self, machine: Machine, variant: str) -> None:
        """Remember that this one works."""
        self._marks.add([machine.build, machine.processor, *machine.claimed, variant])

    def blame(self, machine: Machine, variant: str) -> None:
        """It doesn't work; the next best one is chosen from now on, and remembered when it works."""
        self._failed.add((machine, variant))

    def _known(self, machine: Machine) -> str:
        found = [variant for one, variant in _worked(self._marks) if one == machine]
        return found[-1] if found else ""


class Choice:
    """The choice as one supervisor makes it: for one runner after the other."""

    def __init__(self, variants: Variants) -> None:
        self.variant = ""
        self._variants = variants
        self._machine: Machine | None = None
        self._trying = False

    def make(self, hello: Frame) -> Frame | None:
        """Choose for the runner that says this; returns what it must do first, if anything. Raises `ProcessorUnfit`."""
        self._machine = machine = Machine.of(hello)
        self.variant = self._variants.choose(machine)
        order = self._variants.order(machine, self.variant)
        self._trying = order is not None
        return order

    def confirm(self, tried: Frame) -> None:
        """The runner has done it and still lives; where the tiny model was not to be had, that proves nothing."""
        self._trying = False
        if self._machine and tried["proven"]:
            log.info("the processor variant %s works", self.variant)
            self._variants.praise(self._machine, self.variant)

    def was_wrong(self, exit_status: int | None) -> bool:
        """Whether the runner ended by something that the processor can't do; then there will be another choice."""
        trying, self._trying = self._trying, False
        if self._machine is None or exit_status in (None, 0, KILLED) or not (trying or exit_status == ILLEGAL):
            return False
        log.warning("the processor variant %s does not work here", self.variant)
        self._variants.blame(self._machine, self.variant)
        return True


def last_used(file: Path) -> tuple[Machine, str] | None:
    """The machine and the variant that was found to work last, as `Variants` keep it; None before the first model."""
    found = _worked(Marks(file))
    return found[-1] if found else None


def _worked(marks: Marks) -> list[tuple[Machine, str]]:
    found = []
    for mark in marks.all():
        if isinstance(mark, list) and all(isinstance(part, str) for part in mark) and mark[-1] in mark[2:-1]:
            build, processor, *claimed, variant = mark
            found.append((Machine(build, processor, tuple(claimed)), variant))
    return found


def load_best(lib: Any) -> str:
    """Load the best working variant into this process, which holds llama_cpp itself (tests, tools); returns its name.

    Raises `ProcessorUnfit`.
    """
    for name in plugins.claimed(lib):
        if _works(name):
            plugins.load_variant(lib, name)
            return name
    raise ProcessorUnfit(UNFIT)


def _works(variant: str) -> bool:
    """Let a runner try it."""
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(child_command("--runner"), stdin=pipe, stdout=pipe, stderr=nothing) as runner:
        assert runner.stdin
        assert runner.stdout
        runner.stdin.write(encode(_order(variant, Paths.of().starter_model)))
        runner.stdin.flush()
        decoder = FrameDecoder()
        while data := runner.stdout.read1(65_536):  # type: ignore[attr-defined]  # a BufferedReader
            if any(frame["type"] == "tried" for frame in decoder.feed(data)):
                return True
    return False


def _order(variant: str, model: Path) -> Frame:
    return {"type": "try", "variant": variant, "path": str(model)}
