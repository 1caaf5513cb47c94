"""The report helps to mend a bug and tells nothing of whom it happened to."""

from __future__ import annotations

import getpass
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from alisa_desktop import __version__
from alisa_desktop.host.bugs import Bug
from alisa_desktop.host.paths import Paths
from alisa_desktop.report import LOG_LINES, make_report
from alisa_desktop.settings.schema import Appearance, ModelSource, Settings

PRIVATE = Settings(
    model_source=ModelSource.FILE,
    model_file="/mnt/Jérôme/diary.gguf",
    server_url="https://me:word@brain.example.org/v1",
    server_key=SecretStr("sk-0123456789"),
    endpoint_token="hush-hush-1",
    endpoint_origins="https://my.example.org",
    never_look_at="my diary",
    mode="my-own-persona",
    appearance=Appearance.DARK,
    context_tokens=2048,
)


@pytest.fixture
def paths(profile: Path) -> Paths:
    (profile / "logs").mkdir(parents=True)
    return Paths.of(profile)


def test_it_tells_what_helps(paths: Paths) -> None:
    (paths.logs / "alisa.log").write_text("".join(f"line {number}\n" for number in range(500)), encoding="utf-8")
    bug = Bug(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "alisa_desktop.engine: a task failed", ("  ValueError",))
    report = make_report(paths, PRIVATE, [bug], facts={"Qt": "6.9 on xcb"})
    for part in (__version__, "Python: 3.", "Qt: 6.9 on xcb", "of memory", "appearance=dark", "context_tokens=2048"):
        assert part in report
    assert "Brain: a file (missing)" in report
    assert "At 03:04:05 UTC, alisa_desktop.engine: a task failed\n  ValueError\n" in report
    assert report.endswith("line 499\n")
    assert report.count("\nline ") == LOG_LINES


def test_the_thread_that_crashed_comes_first(paths: Paths) -> None:
    others = "".join(
        f'Thread 0x{n} (most recent call first):\n  File "/x/y.py", line 1 in wait\n\n' for n in range(900)
    )
    crash = (
        f'Fatal Python error: Aborted\n\n{others}Current thread 0xabc (most recent call first):\n  File "z", line 7\n'
    )
    report = make_report(paths, Settings(), crash=crash)
    told = report[report.index("Fatal Python error") :]
    assert told.splitlines()[1] == "Current thread 0xabc (most recent call first):"
    assert len(report) < 20_000


def test_it_tells_nothing_of_whom_it_happened_to(paths: Paths, profile: Path) -> None:
    said = f"at {profile}/x, {Path.home()}/y by {getpass.getuser()} on {socket.gethostname()}: "
    said += "https://me:word@brain.example.org/v1 sk-0123456789 hush-hush-1, no brain.example.org"
    (paths.logs / "alisa.log").write_text(f"2026-01-01 INFO alisa_desktop.x: {said}\n", encoding="utf-8")
    bug = Bug(datetime.now(UTC), said, (f'  File "{profile}/x.py", line 1', f"  {said}"))
    report = make_report(paths, PRIVATE, [bug], crash=f'Fatal Python error: Aborted\n  File "{Path.home()}/a.py"\n')
    secrets = ("sk-0123456789", "hush-hush-1", "brain.example", "my.example", "diary", "persona", "word@", "/mnt")
    for private in (*secrets, "Jérôme", "田中", str(Path.home()), str(profile.parent)):
        assert private not in report
    if len(socket.gethostname()) > 4:
        assert socket.gethostname() not in report


def test_no_name_is_cut_in_half(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, "/srv/Wilhelmine")
    said = "/srv/Wilhelmine " * 200
    (paths.logs / "alisa.log").write_text(f"{said}\n" * 20, encoding="utf-8")
    for indent in range(len("/srv/Wilhelmine ")):
        monkeypatch.setattr("alisa_desktop.report.LOG_BYTES", 30_000 + indent)
        report = make_report(paths, Settings(), crash=f"Fatal{'!' * indent}\n" + f"{said}\n" * 20)
        assert "<home>" in report
        assert not re.search("wilh|elmine|/srv/", report, re.IGNORECASE)


def test_there_may_be_no_log(paths: Paths) -> None:
    assert "The end of the log:\n(none)" in make_report(paths, Settings())
