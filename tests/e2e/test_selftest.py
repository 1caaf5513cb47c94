"""The program checks itself; what is damaged is found and named, and the rest is checked all the same."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from exe import alisa_command, only_from_source

import alisa_desktop
from alisa_desktop.core.messages import Emotion

pytestmark = pytest.mark.timeout(500)  # a check-up of everything, perhaps beside other tests

PACKAGE = Path(alisa_desktop.__file__).parent
BIG = 1_000_000
CHECKS = [
    "resources", "libraries of llama.cpp", "database", "system", "engine", "starter brain", "conversation",
    "overlay page", "closing", "avatar", "bubble", "windows", "text recognition",
]  # fmt: skip


@dataclass
class Found:
    """What a self-test did."""

    code: int
    output: str
    report: dict[str, Any]
    pictures: list[str]

    @property
    def failed(self) -> list[str]:
        return [check["name"] for check in self.report["checks"] if not check["ok"]]

    def detail(self, name: str) -> str:
        return str(next(check["detail"] for check in self.report["checks"] if check["name"] == name))


@pytest.fixture
def test_itself(tmp_path: Path) -> Callable[..., Found]:
    """Runs the self-test, with what lies in `found_first` before what is installed."""

    def run(found_first: Path | None = None) -> Found:
        report, pictures, place = tmp_path / "found" / "report.json", tmp_path / "pictures 田中", tmp_path / "temporary"
        place.mkdir()
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"TMPDIR": str(place), "TEMP": str(place), "TMP": str(place)}
        environment.pop("QT_QPA_PLATFORM", None)
        if found_first:
            environment["PYTHONPATH"] = str(found_first)
        command = [*alisa_command("-P"), "--self-test"]
        done = subprocess.run(
            [*command, "--report", str(report), "--pictures", str(pictures)],
            env=environment, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=400, check=False,
        )  # fmt: skip
        assert report.exists(), done.stderr
        assert not list(place.iterdir()), "something was left in the folder for temporary files"
        assert not (tmp_path / "home").exists(), "it has a profile of its own"
        told = json.loads(report.read_text(encoding="utf-8"))
        painted = sorted(file.name for file in pictures.iterdir()) if pictures.exists() else []
        return Found(done.returncode, done.stdout, told, painted)

    return run


def copied(folder: Path, package: Path, *without: str) -> Path:
    """A copy of a package in `folder`, but for some of its files; what is big is a link."""
    for source in package.rglob("*"):
        inner = source.relative_to(package)
        if source.is_file() and "__pycache__" not in inner.parts and inner.as_posix() not in without:
            target = folder / package.name / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.stat().st_size > BIG:
                target.symlink_to(source)
            else:
                target.write_bytes(source.read_bytes())
    return folder


def alisa(folder: Path, *without: str) -> Path:
    """A copy of Alisa with her resources, but for some of these (`resources/...`) or of her files."""
    inside = [name.removeprefix("resources/") for name in without]
    copied(folder, PACKAGE, *without)
    return copied(folder, PACKAGE.parent / "resources", *inside)


def test_everything_is_well(test_itself: Callable[..., Found]) -> None:
    tested = test_itself()
    assert tested.code == 0, tested.output
    assert tested.report["ok"]
    assert [check["name"] for check in tested.report["checks"]] == CHECKS
    assert not tested.failed
    assert not tested.report["log"]
    assert tested.report["version"] == alisa_desktop.__version__
    assert tested.report["executable"] == alisa_command()[0]
    assert {f"avatar-{emotion}.png" for emotion in Emotion} | {"bubble.png"} <= set(tested.pictures)
    assert all(check["name"] in tested.output for check in tested.report["checks"])
    assert tested.output.splitlines()[-2] == f"All {len(CHECKS)} checks are well."


SPRITE = "resources/sprites/alisa/manifest.json"
MIGRATION = "memory/migrations/versions/v0002_looks.py"


@only_from_source
@pytest.mark.parametrize(
    ("missing", "failed"),
    [
        ("resources/models/alisa-starter.gguf", {"resources", "starter brain", "conversation"}),
        ("resources/personas/study.txt", {"resources", "engine", "starter brain"}),
        (SPRITE, {"avatar", "windows", "overlay page"}),
        ("resources/overlay/index.html", {"overlay page"}),
        ("resources/icons/send.svg", {"bubble"}),
        (MIGRATION, {"database"}),
    ],
)
def test_what_is_missing_is_named(
    test_itself: Callable[..., Found], tmp_path: Path, missing: str, failed: set[str]
) -> None:
    tested = test_itself(alisa(tmp_path / "copy", missing))
    assert tested.code == 1
    assert not tested.report["ok"]
    assert failed <= set(tested.failed), tested.output
    assert "text recognition" not in tested.failed, "the others are checked all the same"
    assert [check["name"] for check in tested.report["checks"]][-1] == CHECKS[-1]


@only_from_source
def test_recognition_without_its_model(test_itself: Callable[..., Found], tmp_path: Path) -> None:
    import rapidocr

    package = Path(rapidocr.__file__).parent
    models = [path.relative_to(package).as_posix() for path in package.glob("models/*rec*.onnx")]
    assert models
    tested = test_itself(copied(tmp_path / "copy", package, *models))
    assert tested.code == 1
    assert tested.failed == ["text recognition"], tested.output
    assert "install me again" in tested.detail("text recognition")


def test_without_flags_a_good_report_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    command = [*alisa_command(), "--self-test"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=400, check=False)
    assert done.returncode == 0, done.stdout
    assert not list(tmp_path.glob("alisa-self-test-*"))
