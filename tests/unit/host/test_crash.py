"""A native crash leaves its stacks behind, and the next start finds them once; nothing else is taken for one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alisa_desktop.host.crash import FILE, LAST, watch_crashes

CODE = """
import faulthandler, os, signal, sys, threading
from pathlib import Path
from alisa_desktop.host.crash import watch_crashes
def tell_the_secret_word():
    word = "zebra crossing at midnight"
    if sys.argv[2] == "crash":
        faulthandler._sigsegv()
    if sys.argv[2] == "abort":
        os.abort()
    if sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2] == "raise":
        raise ValueError(word)
with watch_crashes(Path(sys.argv[1])):
    threading.Thread(target=threading.Event().wait, daemon=True, name="other").start()
    tell_the_secret_word()
"""


def _run(folder: Path, how: str) -> int:
    done = subprocess.run([sys.executable, "-c", CODE, str(folder), how], stderr=subprocess.DEVNULL, timeout=60)
    return done.returncode


def _left(folder: Path) -> str:
    with watch_crashes(folder) as left:
        return left


@pytest.mark.parametrize("how", ["crash", "abort"])
def test_a_crash_is_found_once_and_kept(profile: Path, how: str) -> None:
    assert _run(profile, how) != 0
    left = _left(profile)
    assert "tell_the_secret_word" in left
    assert left.count("hread 0x") >= 2, "all threads"
    assert "zebra" not in left
    assert (profile / LAST).read_bytes().decode() == left
    assert "\r" not in left
    assert _left(profile) == ""


@pytest.mark.parametrize("how", ["no", "raise", *(["kill"] if hasattr(signal, "SIGKILL") else [])])
def test_any_other_end_is_no_crash(profile: Path, how: str) -> None:
    _run(profile, how)
    assert _left(profile) == ""
    assert not (profile / LAST).exists()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Windows fatal exception: code 0x8001010d\n\nThread 0x1 (most recent call first):\n", False),
        ("Windows fatal exception: code 0xc0000374\n\nThread 0x1 (most recent call first):\n", True),
        ("Windows fatal exception: access violation\n", True),
        ("Windows fatal exception: code 0x800706ba\n\nFatal Python error: Aborted\n", True),
        ("", False),
    ],
)
def test_what_windows_raises_and_handles_itself_is_none(profile: Path, text: str, is_one: bool) -> None:
    profile.mkdir()
    (profile / FILE).write_text(text)
    assert bool(_left(profile)) is is_one


def test_a_folder_that_can_not_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert _left(tmp_path / "file") == ""
