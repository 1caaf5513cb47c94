"""The doctor in the real program: on the command line and in her window, well and ill, and nothing is changed by it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desktop import Desktop, alisa, wait_for

PROFILES = Path(__file__).parents[1] / "profiles"
COMMAND = [sys.executable, "-W", "error", "-m", "alisa_desktop", "doctor"]
CLIPBOARD = """
from PySide6.QtWidgets import QApplication
print(QApplication([]).clipboard().text())
"""
WINDOW = "^Alisa — Check-up$"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def kept(profile: Path, port: int) -> Path:
    """A profile that was used before."""
    shutil.copytree(PROFILES / "schema-0002", profile)
    (profile / "settings.json").write_text(json.dumps({"endpoint_port": port}))
    return profile


def run(profile: Path | None, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the doctor to its end; without a display unless `env` has one."""
    here = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    given = ["--profile", str(profile)] if profile else []
    done = subprocess.run(
        [*COMMAND, *arguments, *given],
        env=env or here, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def checks(profile: Path | None, *arguments: str, env: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """The checks by name, told as JSON; the exit code says whether one is bad."""
    done = run(profile, "--json", *arguments, env=env)
    told = json.loads(done.stdout)
    assert set(told) == {"version", "platform", "system", "checks"}
    assert done.returncode == any(check["verdict"] == "bad" for check in told["checks"])
    return {check["name"]: check for check in told["checks"]}


def bad(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, check in found.items() if check["verdict"] == "bad"}


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every byte of every file, and when it was written."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_a_profile_that_is_well_stays_as_it_is(kept: Path) -> None:
    before = contents(kept)
    done = run(kept)
    assert contents(kept) == before
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "✓ good     Memory" in done.stdout
    assert "? unknown  Tray" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("0 bad, 4 unknown.") or "0 bad" in done.stdout.splitlines()[-1]
    assert contents(kept) == before


def test_a_profile_that_is_not_there_is_not_made(profile: Path) -> None:
    found = checks(profile, "--quick")
    assert "will be made" in found["profile"]["found"]
    assert not profile.exists()


def test_a_profile_that_is_ill(kept: Path, port: int) -> None:
    (kept / "alisa_memory.db").write_bytes(b"damage" * 2000)
    (kept / "settings.json").write_text("{")
    (kept / "models").mkdir()
    (kept / "models" / "catalog.json").write_text("[")
    before = contents(kept)
    found = checks(kept)
    assert {"database", "settings"} <= bad(found)
    assert all(found[name]["advice"] for name in bad(found))
    assert contents(kept) == before


def test_a_port_that_is_taken(kept: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        found = checks(kept)
    assert bad(found) == {"port"}
    assert f"Port {port} is taken by another program" in found["port"]["found"]


def test_a_full_disk(small_disk: Path) -> None:
    (small_disk / "filling").write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    assert "disk" in bad(checks(small_disk / "profile"))


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "profile" in bad(checks(tmp_path / "file"))


@pytest.mark.skipif(sys.platform != "linux", reason="users of Linux")
def test_no_home(tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"]}
    found = checks(tmp_path / "profile", env=bare)
    assert found["profile"]["verdict"] == "good"


def test_while_she_runs(place: Desktop, kept: Path, port: int, tmp_path: Path) -> None:
    alisa(place, kept, log=tmp_path / "alisa.txt")
    wait_for((kept / "endpoint.json").exists, "the endpoint")
    found = checks(kept, env=place.environment)
    assert bad(found) == set()
    assert found["port"]["found"] == f"Overlays find me at port {port}."
    assert found["database"]["verdict"] == "good"
    assert found["tray"]["verdict"] == found["compositor"]["verdict"] == "good"
    assert "1280 × 800 at 100 %" in found["displays"]["found"]
    assert "X11" in found["session"]["found"]
    assert found["running"]["found"] == "I am running."


def test_her_window(start: Callable[[], Any], tmp_path: Path) -> None:
    program = start()
    program.open_menu()
    program.desktop.keys("c")
    window = program.desktop.window(WINDOW)
    report = tmp_path / "report.txt"

    def is_over() -> bool:
        program.desktop.click(window.x + window.width // 2, window.y + 20)  # her first words may have the keyboard
        program.desktop.keys("alt+c")  # Copy report
        report.write_text(program.desktop.run(sys.executable, "-c", CLIPBOARD))
        return "unknown." in report.read_text()

    wait_for(is_over, "the end of the check-up")
    program.desktop.screenshot(tmp_path / "checkup.png")
    text = report.read_text()
    assert "I am running." in text
    bad = [line for line in text.splitlines() if "✗ bad" in line]
    assert not [line for line in bad if "Port for overlays" not in line], text  # an Alisa of another test may have that
    assert str(tmp_path) not in text
    program.desktop.keys("Escape")
    program.desktop.gone(WINDOW)
    program.quit()


def test_a_display_that_is_gone(profile: Path) -> None:
    found = checks(profile, "--quick", env=dict(os.environ) | {"DISPLAY": ":4242", "QT_QPA_PLATFORM": "xcb"})
    if sys.platform == "linux":
        assert found["displays"]["found"] == "Qt can't open windows on this display."
        assert found["tray"]["verdict"] == "unknown"


def test_a_terminal_gets_colours(kept: Path) -> None:
    pty = pytest.importorskip("pty", reason="terminals of POSIX")
    master, slave = pty.openpty()
    with subprocess.Popen([*COMMAND, "--quick", "--profile", str(kept)], stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            shown += more
    os.close(master)
    assert process.returncode in (0, 1)
    assert b"\x1b[32m" in shown
    assert "good" in shown.decode()
    assert max(map(len, shown.decode().replace("\x1b", "").splitlines())) < 120
