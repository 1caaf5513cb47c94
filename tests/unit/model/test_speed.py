"""How fast memory is: measured in a child that ends, and remembered."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from alisa_desktop.model import speed
from alisa_desktop.model.speed import SpeedList, measure, read_rate

CHILD = [sys.executable, "-c", "import sys; from alisa_desktop.model.speed import main; sys.exit(main(sys.argv[1:]))"]


def saying(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_a_child_measures_and_is_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "LONGEST", 90.0)  # it stands back for whatever else runs here
    before = children()
    rate = measure(CHILD, 2, root)
    assert rate is not None
    assert 1e8 < rate < 1e12
    assert children() <= before


@pytest.mark.parametrize(("threads", "size"), [(1, 1 << 20), (3, 1 << 20), (2, 20 << 20), (64, 1 << 20), (1, 2)])
def test_any_number_of_threads_reads_any_buffer(threads: int, size: int) -> None:
    before = threading.active_count()
    assert read_rate(threads, seconds=0.01, size=size) > 0
    assert threading.active_count() == before


def test_no_memory_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(speed, "_Readers", full)
    assert read_rate(1) == 0.0


@pytest.mark.parametrize("answer", ["", "[]", "0.0", "NaN", "Infinity", "-5", "1e300", "true", "nonsense", '"1e10"'])
def test_a_child_that_says_nonsense_measured_nothing(root: Path, answer: str) -> None:
    assert measure(saying(answer), 1, root) is None


def test_a_child_that_cannot_start_or_fails_measured_nothing(root: Path, tmp_path: Path) -> None:
    assert measure([str(tmp_path / "none")], 1, root) is None
    assert measure([sys.executable, "-c", "raise SystemExit(3)"], 1, root) is None
    assert measure(saying("1e10"), 1, tmp_path / "none") is None
    assert measure(saying("1e10"), 1, root) == 1e10


def test_it_can_be_cancelled_and_is_given_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = children()
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    began = time.monotonic()
    assert measure(sleeper, 1, root, cancelled) is None
    monkeypatch.setattr(speed, "LONGEST", 0.3)
    assert measure(sleeper, 1, root) is None
    assert time.monotonic() - began < 60
    assert children() <= before


# Remembering


def test_a_rate_is_remembered_for_its_processor_and_threads(tmp_path: Path) -> None:
    kept = SpeedList(tmp_path / "Jérôme 田中" / "speed.json")
    assert kept.find("Some CPU", 2) is None
    kept.keep("Some CPU", 2, 1.5e10)
    kept.keep("", 1, 2e10)
    again = SpeedList(tmp_path / "Jérôme 田中" / "speed.json")
    assert (again.find("Some CPU", 2), again.find("", 1), again.find("Some CPU", 3)) == (1.5e10, 2e10, None)


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    kept = SpeedList(tmp_path / "speed.json")
    for number in range(speed.MAX_ENTRIES + 5):
        kept.keep(f"CPU {number}", 1, 1e10)
    assert kept.find("CPU 4", 1) is None
    assert kept.find("CPU 5", 1) == 1e10


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"[1]", b'{"Some CPU, 2 threads": "fast"}', b'{"Some CPU, 2 threads": 3}']
)
def test_a_damaged_list_knows_nothing_and_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "speed.json"
    file.write_bytes(damage)
    kept = SpeedList(file)
    assert kept.find("Some CPU", 2) is None
    kept.keep("Some CPU", 2, 1e10)
    assert kept.find("Some CPU", 2) == 1e10


def test_a_list_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    SpeedList(tmp_path / "file" / "speed.json").keep("Some CPU", 2, 1e10)
