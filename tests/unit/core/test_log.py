"""The log is written where it should be, and a log that can't be written stops nobody."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alisa_desktop.core.log import start_logging


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
