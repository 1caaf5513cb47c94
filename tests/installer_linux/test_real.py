"""The real bundle as a package: installed, it checks itself; removed, nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alisa_desktop import __version__
from installer import bundle
from installer.linux import deb

from .conftest import TOOLS, System, has_no, told


@pytest.fixture
def real_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform != "linux" or has_no(*TOOLS):
        pytest.skip(has_no(*TOOLS) or "only where Debian's packages are")
    if not bundle.STAMP.exists() or bundle.STAMP.read_text() != bundle.fingerprint():
        pytest.skip("there is no bundle of these sources in dist/; `make bundle` builds it")
    monkeypatch.setenv("DPKG_DEB_COMPRESSOR_LEVEL", "0")  # minutes less; what is inside is the same
    return deb.build(bundle.BUNDLE, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_installed_program_checks_itself(system: System, real_package: Path, tmp_path: Path) -> None:
    before = system.files()
    system.dpkg("--install", real_package)
    program = system.root / "usr/bin/alisa-desktop"
    assert told(program, "--version") == f"Alisa Desktop {__version__}\n"
    report, pictures = tmp_path / "report.json", tmp_path / "pictures"
    command = [str(program), "--self-test", "--report", str(report), "--pictures", str(pictures)]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(report.read_text(encoding="utf-8"))
    assert list(pictures.glob("*.png"))
    system.dpkg("--purge", "alisa-desktop")
    assert system.files() == before, "running leaves nothing where the program is"
