"""The log is written where it should be, and a log that can't be written stops nobody."""

from __future__ import annotations

import logging
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alisa_desktop.core.log import forget_details, is_detailed, set_detailed, start_logging
from alisa_desktop.core.log_file import LARGEST, LogFile


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("alisa_desktop").setLevel(logging.NOTSET)


def test_the_file_gets_everything_and_the_terminal_warnings(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging(profile)
    log = logging.getLogger("alisa_desktop.test")
    log.info("quiet 田中")
    log.warning("loud")
    logging.getLogger("httpx").info("noise")
    text = (profile / "alisa.log").read_text(encoding="utf-8")
    assert "quiet 田中" in text
    assert "loud" in text
    assert "noise" not in text
    shown = capsys.readouterr().err
    assert "loud" in shown
    assert "quiet" not in shown


def test_starting_again_writes_no_line_twice(profile: Path) -> None:
    start_logging(profile)
    start_logging(profile)
    logging.getLogger("alisa_desktop.test").info("once")
    assert (profile / "alisa.log").read_text(encoding="utf-8").count("once") == 1


def test_a_log_that_can_not_be_written_stops_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    start_logging(tmp_path / "file")
    assert "no log file" in capsys.readouterr().err
    start_logging(None)
    logging.getLogger("alisa_desktop.test").warning("loud")
    assert "loud" in capsys.readouterr().err


def test_a_program_without_a_terminal_logs_to_the_file(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    start_logging(profile)
    logging.getLogger("alisa_desktop.test").warning("kept")
    assert "kept" in (profile / "alisa.log").read_text(encoding="utf-8")


def test_only_the_detailed_log_tells_everything(profile: Path) -> None:
    start_logging(profile)
    log = logging.getLogger("alisa_desktop.test")
    log.debug("not yet")
    set_detailed(True)
    assert is_detailed()
    log.debug("said")
    log.warning("failed: %s", ValueError("seen"))
    set_detailed(False)
    assert not is_detailed()
    log.debug("not any more")
    details = (profile / "alisa-detailed.log").read_text(encoding="utf-8")
    assert "said" in details
    assert "seen" in details
    assert "any more" not in details
    text = (profile / "alisa.log").read_text(encoding="utf-8")
    assert "failed: ValueError" in text
    assert "said" not in text
    assert "seen" not in text


def test_details_are_forgotten_while_they_are_written(profile: Path) -> None:
    start_logging(profile, detailed=True)
    log = logging.getLogger("alisa_desktop.test")
    log.debug("said")
    forget_details(profile)
    log.debug("later")
    details = (profile / "alisa-detailed.log").read_text(encoding="utf-8")
    assert "said" not in details
    assert details.strip().endswith("later")


def test_old_details_are_deleted_at_the_next_start(profile: Path) -> None:
    profile.mkdir()
    old, fresh = profile / "alisa-detailed.log.1", profile / "commands-detailed.log"
    for file in (old, fresh):
        file.write_text("said")
    week_before = time.time() - 8 * 24 * 3600
    os.utime(old, (week_before, week_before))
    start_logging(profile)
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps others out of the profile by its own lists")
def test_the_log_is_nobody_elses_business(profile: Path) -> None:
    profile.mkdir(mode=0o755)
    start_logging(profile / "logs", detailed=True)
    assert stat.S_IMODE((profile / "logs").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (profile / "logs").iterdir()} == {0o600}


def _fill(log: LogFile, letter: str) -> None:
    log.emit(logging.LogRecord("x", logging.INFO, "", 0, letter * (LARGEST // 2 + 1), None, None))


def test_a_full_file_is_kept_and_a_new_one_begun(profile: Path) -> None:
    profile.mkdir()
    with closing(LogFile(profile / "alisa.log")) as log:
        for letter in "abcdefgh":
            _fill(log, letter)
    kept = {file.name: file.read_text()[0] for file in profile.iterdir()}
    assert kept == {"alisa.log": "h", "alisa.log.1": "g", "alisa.log.2": "f", "alisa.log.3": "e"}


def test_a_file_that_another_program_holds_goes_on(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile.mkdir()
    with closing(LogFile(profile / "alisa.log")) as log:
        _fill(log, "a")
        _fill(log, "b")
        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", _refuse)  # as Windows does
            for letter in "cde":
                _fill(log, letter)
        kept = {file.name: file.read_text()[0] for file in profile.iterdir()}
        assert kept == {"alisa.log": "b", "alisa.log.1": "a"}
        assert len((profile / "alisa.log").read_text().split()) == 4
        _fill(log, "f")
    kept = {file.name: file.read_text()[0] for file in profile.iterdir()}
    assert kept == {"alisa.log": "f", "alisa.log.1": "b", "alisa.log.2": "a"}


def _refuse(*_: object) -> None:
    raise PermissionError(13, "used by another process")


WRITER = """
import logging, sys
from pathlib import Path
from alisa_desktop.core.log import start_logging
start_logging(Path(sys.argv[1]), "commands")
for number in range(1000):
    logging.getLogger("alisa_desktop.test").info("%s %d %s", sys.argv[2], number, "x" * 1500)
"""


def test_processes_that_write_the_same_log_lose_no_new_line(profile: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(profile), name]) for name in ("one", "two")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    lines = "".join(file.read_text() for file in profile.iterdir()).splitlines()
    for name in ("one", "two"):
        assert sum(f" {name} 999 " in line for line in lines) == 1
    assert all(re.match(r"\d{4}-\d\d-\d\d .* INFO alisa_desktop\.test: (one|two) \d+ x{1500}$", line) for line in lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_borne_in_silence(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile.mkdir()
    (profile / "alisa.log").symlink_to("/dev/full")
    start_logging(profile)
    log = logging.getLogger("alisa_desktop.test")
    for _ in range(1000):
        log.info("x" * 100)
    start_logging(None)  # closes the file
    assert capsys.readouterr().err == ""
