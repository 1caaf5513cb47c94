"""The program under test: this checkout's, or the bundle that the variable ALISA_EXE names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

EXE = os.environ.get("ALISA_EXE", "")

only_from_source = pytest.mark.skipif(bool(EXE), reason="puts modules of its own before those of this checkout")
"""For tests that start Python on their own code."""


def alisa_command(*python: str) -> list[str]:
    """The command that starts Alisa; `python` are arguments of Python's own, which a bundle does not take."""
    if EXE:
        return [str(Path(EXE).absolute())]
    return [sys.executable, *python, "-m", "alisa_desktop"]
