"""Programs of this benchmark that take orders, JSON lines on standard input, and answer each with one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .stage import heard


class Ordered:
    """A program of this benchmark, which does what it is told and answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, do: str, **details: Any) -> dict[str, Any]:
        """Have something done; returns what the program says of it."""
        self.begin(do, **details)
        return self.answer()

    def begin(self, do: str, **details: Any) -> None:
        """Have something done, and do not wait for it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What the program says next."""
        return heard(self._process.stdout)

    def finish(self) -> None:
        """There are no more orders."""
        assert self._process.stdin
        self._process.stdin.close()


@contextmanager
def ordered(*command: str) -> Iterator[Ordered]:
    """Run one of our programs until this ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *command], text=True, **pipes) as process:
        asked = Ordered(process)
        try:
            yield asked
        finally:
            asked.finish()
