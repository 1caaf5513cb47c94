"""The counting benchmark runs, through the front door, and its counts are what a reused prefix gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks measure on Linux, with its programs")
RUN = Path(__file__).resolve().parents[2] / "benchmarks" / "run.py"


def test_no_turn_reads_the_past_again(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    done = subprocess.run(
        [sys.executable, str(RUN), "prefix", "--quick", "--json", str(found)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row for row in json.loads(found.read_text(encoding="utf-8"))["rows"]}
    goals = [row for row in rows.values() if row["goal"]]
    assert len(goals) == 3
    assert all(row["met"] for row in goals), done.stdout
    again = rows["prefix, regenerate"]
    assert again["alisa"] < again["baseline"] / 100
    switched = rows["prefix, turn after a switch of the mode"]
    assert switched["alisa"] < switched["baseline"], "the character in front of the mode is read once"
    assert all(row["what"] in done.stdout for row in rows.values())
