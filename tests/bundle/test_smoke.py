"""A part of the end-to-end suite, with the bundle; all of it runs so by `ALISA_EXE=... pytest tests/e2e`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

E2E = Path(__file__).parents[1] / "e2e"
PARTS = (
    "test_cli.py::test_serve_prints_its_address_and_talks",
    "test_desktop.py::test_the_first_five_seconds",
    "test_desktop.py::test_killing_the_model_in_mid_reply",
    "test_eyes.py::test_a_look_on_the_command_line_with_its_receipt",
    "test_selftest.py::test_everything_is_well",
)
PATIENCE = 450
"""Seconds; each part knows better what it may wait for, and says what it was."""


@pytest.mark.timeout(PATIENCE + 50)
@pytest.mark.skipif(bool(os.environ.get("ALISA_EXE")), reason="all of the suite runs with the bundle anyway")
@pytest.mark.parametrize("part", PARTS)
def test_end_to_end(part: str, exe: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"{E2E / part}"]
    environment = os.environ | {"ALISA_EXE": str(exe)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout
