"""One Alisa a profile, whatever became of the last one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alisa_desktop.core.errors import AlreadyRunning
from alisa_desktop.host.single import only_instance

HOLD = """
import sys
from pathlib import Path
from alisa_desktop.core.errors import AlisaError
from alisa_desktop.host.single import only_instance
try:
    with only_instance(Path(sys.argv[1])):
        print("holding", flush=True)
        sys.stdin.read()
except AlisaError as error:
    print(type(error).__name__, flush=True)
"""
Process = subprocess.Popen[str]


@pytest.fixture
def another(profile: Path) -> Iterator[Callable[[], Process]]:
    """Starts another process that holds the lock until its input ends, or says why it can't."""
    started: list[Process] = []

    def start() -> Process:
        command = [sys.executable, "-X", "utf8", "-c", HOLD, str(profile / "alisa.lock")]
        started.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=20)


def said(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_processes_can_not_hold_it(profile: Path, another: Callable[[], Process]) -> None:
    first = another()
    assert said(first) == "holding"
    assert said(another()) == "AlreadyRunning"
    with pytest.raises(AlreadyRunning, match="running already"), only_instance(profile / "alisa.lock"):
        pass
    first.communicate("", timeout=20)
    assert said(another()) == "holding"


def test_a_killed_one_does_not_lock_her_out(profile: Path, another: Callable[[], Process]) -> None:
    first = another()
    assert said(first) == "holding"
    first.kill()
    first.wait(timeout=20)
    with only_instance(profile / "alisa.lock"):
        assert said(another()) == "AlreadyRunning"


def test_a_child_does_not_keep_it(profile: Path, another: Callable[[], Process]) -> None:
    with only_instance(profile / "alisa.lock"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with only_instance(profile / "alisa.lock"):
            pass
    finally:
        child.communicate(b"\n", timeout=20)


def test_it_is_given_back_when_the_block_fails(profile: Path) -> None:
    with pytest.raises(ValueError, match="bug"), only_instance(profile / "alisa.lock"):
        raise ValueError("bug")
    with only_instance(profile / "alisa.lock"):
        pass


def test_a_folder_that_can_not_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with only_instance(tmp_path / "file" / "alisa.lock"):
        pass
    with pytest.raises(ValueError, match="bug"), only_instance(tmp_path / "file" / "alisa.lock"):
        raise ValueError("bug")


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_a_drive_that_knows_no_locks_is_not_another_alisa(
    profile: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with only_instance(profile / "alisa.lock"):
        assert "No locks available" in caplog.text
