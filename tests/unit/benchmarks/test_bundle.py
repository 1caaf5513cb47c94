"""The table of the bundle's sizes, and what is told where there is no bundle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks measure on Linux, with its programs")
RUN = Path(__file__).resolve().parents[2] / "benchmarks" / "run.py"


def test_sizes_name_the_biggest_files(tmp_path: Path) -> None:
    built = tmp_path / "alisa-desktop"
    (built / "_internal").mkdir(parents=True)
    for number in range(12):
        (built / "_internal" / f"file-{number}").write_bytes(b"x" * 1000 * (number + 1))
    (built / "_internal" / "link").symlink_to("file-1")
    [installed, packed] = bundle._sizes(built, tmp_path, quick=False)
    assert installed.alisa == 0.078
    assert installed.met
    assert "12 files" in installed.note
    assert "file-11" in installed.note and "file-2\n" in installed.note + "\n"
    assert "file-1\n" not in installed.note + "\n", "the ten biggest, no more"
    assert packed.alisa and packed.alisa < installed.alisa


def test_without_a_bundle_it_says_how_to_get_one(tmp_path: Path) -> None:
    command = [sys.executable, str(RUN), "bundle", "--quick", "--exe", str(tmp_path / "nowhere")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "make bundle" in done.stdout
