"""What the workflows promise: every file that is released was installed and checked itself, and nothing may do more
than it must."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from installer import slim

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob(".github/workflows/*.yml")
}
SET_UP = yaml.safe_load((ROOT / ".github/actions/set-up/action.yml").read_text(encoding="utf-8"))
RELEASE: dict[str, Any] = WORKFLOWS["release"]["jobs"]
PACKAGES = {"wheel": "*.whl", "linux": "*.deb", "windows-setup": "*.exe", "macos": "*.dmg"}
REPORTS = ("wheel", "linux", "windows", "macos")
INSTALLS = {
    "wheel": 'pip" install',
    "linux": "apt-get install",
    "bare": "apt-get install",
    "windows": "Wait-For (Get-Item dist\\*.exe)",
    "macos": "hdiutil attach",
}


def all_steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            yield from ((name, step) for step in job.get("steps", []))
    yield from (("set-up", step) for step in SET_UP["runs"]["steps"])


def test_only_the_draft_may_write() -> None:
    for name, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, name
        writing = {job for job, what in workflow["jobs"].items() if "permissions" in what}
        assert writing == ({"draft"} if name == "release" else set())
    assert RELEASE["draft"]["permissions"] == {"contents": "write"}
    assert RELEASE["draft"]["if"] == "github.ref_type == 'tag'"


def test_everything_that_is_used_has_its_version_told() -> None:
    for name, step in all_steps():
        if used := step.get("uses"):
            assert used.startswith("./") or re.fullmatch(r"actions/[a-z-]+@v\d+", used), f"{name}: {used}"
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False, name


def test_nothing_waits_for_ever() -> None:
    for name, workflow in WORKFLOWS.items():
        for job, what in workflow["jobs"].items():
            assert "uses" in what or what["timeout-minutes"] <= 120, f"{name}: {job}"


def test_no_value_is_pasted_into_a_script() -> None:
    for name, step in all_steps():
        assert "${{" not in step.get("run", ""), f"{name}: {step}; give it by env"


@pytest.mark.parametrize("job", INSTALLS)
def test_what_is_installed_checks_itself(job: str) -> None:
    step = next(step["run"] for step in RELEASE[job]["steps"] if "--self-test" in step.get("run", ""))
    assert INSTALLS[job] in step
    assert step.index(INSTALLS[job]) < step.index("--self-test")
    assert "|| true" not in step
    assert "continue-on-error" not in str(RELEASE[job])


def kept(job: str) -> dict[str, dict[str, Any]]:
    return {step["with"]["name"]: step for step in RELEASE[job]["steps"] if "upload-artifact" in step.get("uses", "")}


@pytest.mark.parametrize("job", REPORTS)
def test_the_report_is_kept_also_where_it_is_bad(job: str) -> None:
    assert kept(job)[f"report-{job}"]["if"] == "always()"


@pytest.mark.parametrize("job", PACKAGES)
def test_the_package_is_kept(job: str) -> None:
    package = kept(job)[f"package-{job.removesuffix('-setup')}"]["with"]
    assert package["path"] == f"dist/{PACKAGES[job]}"
    assert package["if-no-files-found"] == "error"


def test_the_setup_for_windows_is_built_around_its_bundle_and_tried_out_there() -> None:
    bundle = kept("windows-bundle")["bundle-windows"]["with"]
    assert (RELEASE["windows-setup"]["needs"], RELEASE["windows"]["needs"]) == ("windows-bundle", "windows-setup")
    for job, name, path in (
        ("windows-setup", "bundle-windows", bundle["path"]),
        ("windows", "package-windows", "dist"),
    ):
        taken = [step["with"] for step in RELEASE[job]["steps"] if "download-artifact" in step.get("uses", "")]
        assert taken == [{"name": name, "path": path}]


def test_the_draft_has_all_files_and_their_checksums() -> None:
    assert set(RELEASE["draft"]["needs"]) == set(RELEASE) - {"draft"}
    steps = RELEASE["draft"]["steps"]
    taken = next(step["with"] for step in steps if "download-artifact" in step.get("uses", ""))
    assert (taken["pattern"], taken["merge-multiple"], taken["path"]) == ("package-*", True, "dist")
    scripts = [step.get("run", "") for step in steps]
    sums = next(position for position, script in enumerate(scripts) if "sha256sum -- *" in script)
    draft = next(position for position, script in enumerate(scripts) if "gh release create" in script)
    assert sums < draft
    assert scripts[draft].rstrip().endswith("dist/*")
    assert "--draft" in scripts[draft]


@pytest.mark.parametrize("job", ["windows-setup", "macos"])
def test_without_a_certificate_nothing_is_signed_and_that_is_said(job: str) -> None:
    secret = f"secrets.{job.removesuffix('-setup').upper()}_CERTIFICATE }}"
    signing = [step for step in RELEASE[job]["steps"] if secret in str(step.get("env"))]
    assert len(signing) == 1
    assert "::notice::There is no certificate" in signing[0]["run"]
    assert "exit 0" in signing[0]["run"]


@pytest.mark.skipif(sys.platform == "win32", reason="bash of Windows knows other paths")
def test_the_folders_that_are_kept_are_those_the_builds_use(tmp_path: Path) -> None:
    step = next(step for step in SET_UP["runs"]["steps"] if step.get("id") == "built")
    (tmp_path / "python").symlink_to(sys.executable)
    output = tmp_path / "output"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-euc", step["run"]], cwd=ROOT, env=environment, check=True, timeout=60)
    told = dict(line.split("=", 1) for line in output.read_text().splitlines())
    folders = {name: Path(told[name]) for name in ("llama", "numpy", "opencv")}
    assert {folder.parent.name for folder in folders.values()} == {"alisa-desktop-wheels"}
    assert [folders["numpy"], folders["opencv"]] == slim.places()
    for kept, names in (("llama-key", ["llama"]), ("slim-key", ["numpy", "opencv"])):
        assert "-".join(platform.libc_ver()) in told[kept], "a newer C library's are nothing for an older one"
        assert all(folders[name].name in told[kept] for name in names)
    used = str([step.get("with") for step in SET_UP["runs"]["steps"] if "cache" in step.get("uses", "")])
    assert all(f"steps.built.outputs.{name} " in used for name in told)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck missing")
def test_the_shell_finds_no_fault() -> None:
    for name, step in all_steps():
        if "run" in step and step.get("shell", "bash") == "bash":
            command = ["shellcheck", "--shell=bash", "-"]
            done = subprocess.run(command, input="set -e\n" + step["run"], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"{name}: {step.get('name')}\n{done.stdout}"
