"""The bundle at work: from any folder, one that it can't write to included, with nothing of this checkout."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import alisa_desktop
from installer import bundle

PATIENCE = 100
READ_ONLY = 'mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" && shift 2 && exec "$@"'
"""A shell's words, in a namespace of its own: the first folder is seen in the second, where nobody may write."""


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a display and without this checkout."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONPATH", "VIRTUAL_ENV")
    }
    return subprocess.run(
        [str(part) for part in command], env=kept | environment, capture_output=True, text=True,
        encoding="utf-8", timeout=PATIENCE, check=False,
    )  # fmt: skip


def test_it_tells_its_version(exe: Path) -> None:
    done = run(exe, "--version")
    assert (done.stdout, done.stderr) == (f"Alisa Desktop {alisa_desktop.__version__}\n", "")


def test_the_starter_brain_speaks(exe: Path, profile: Path) -> None:
    done = run(exe, "say", "hello", "--json", "--profile", profile)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["outcome"] == "done" and reply["text"]


@pytest.fixture
def moved(exe: Path, tmp_path: Path) -> Path:
    """The program in a folder with letters of other scripts."""
    folder = tmp_path / "Jérôme 田中"
    try:
        shutil.copytree(exe.parent, folder, symlinks=True, copy_function=os.link)
    except (OSError, shutil.Error):  # another file system
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(exe.parent, folder, symlinks=True)
    return folder / exe.name


def test_it_runs_in_a_folder_of_any_name(moved: Path, profile: Path) -> None:
    done = run(moved, "say", "hello", "--json", "--profile", profile / "of mine")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "done"


@pytest.mark.skipif(sys.platform != "linux", reason="bind mounts, or a user for whom permissions count")
def test_it_runs_where_it_cannot_write(exe: Path, tmp_path: Path, profile: Path) -> None:
    place = tmp_path / "read only 田中"
    place.mkdir()
    inside = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", READ_ONLY, "sh"]
    inside += [str(exe.parent), str(place)]
    probe = run(*inside, "touch", place / "file")
    if "Read-only" not in probe.stderr:
        pytest.skip(f"no read-only folder can be made here: {probe.stderr}")
    for arguments in (["say", "hello", "--json"], ["history", "--json"]):
        done = run(*inside, place / exe.name, *arguments, "--profile", profile)
        assert done.returncode == 0, done.stderr
    [turn] = json.loads(done.stdout)
    assert turn["user"] == "hello"


@pytest.mark.parametrize("before", [None, "", "/a/place/of/mine"])
def test_what_it_starts_finds_the_libraries_of_the_system(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/alisa/_internal")
    if before is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    runpy.run_path(str(bundle.ROOT / "installer" / "hooks" / "at_start.py"))
    assert os.environ.get("LD_LIBRARY_PATH") == before
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
