"""What a package must ask the system for: every shared library that the bundle needs and does not carry."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

OPENED_LATE = {"libdbus-1.so.3": "libdbus-1-3"}
"""Libraries that are opened by name at run time, which no file tells, and their packages: Qt's D-Bus."""
CAPTURE = tuple(f"libxcb-{name}0" for name in ("randr", "render", "shm", "xfixes"))
BESIDES = {
    "libfontconfig.so.1": ("fontconfig-config",),
    "libxkbcommon.so.0": ("xkb-data", "libx11-data"),
    "libxcb-render.so.0": CAPTURE,
}
"""Packages that must be there also where a library itself is carried: those of files that it reads, and those of
libraries that mss, which takes the picture of the screen, looks for among the system's only."""
_ELF = b"\x7fELF"
_STANZAS = "Source: alisa-desktop\n\nPackage: alisa-desktop\nArchitecture: any\n"


def depends(tree: Path) -> str:
    """The `Depends` line for the programs and libraries below `tree`, with the least versions that will do.

    Debian's own tools tell it; raises `RuntimeError` with what they said of libraries that are nowhere to be found.
    """
    files = [file.absolute() for file in sorted(tree.rglob("*")) if file.is_file()]
    programs = [file for file in files if not file.is_symlink() and _begins_as_elf(file)]
    carried = {file.name for file in files}
    asked = {entry.partition(" ")[0]: entry for entry in _with_versions(programs)}
    wanted = _packages(_needed(programs) - carried) & asked.keys()  # the tool asks also for what is carried
    wanted |= {package for library, package in OPENED_LATE.items() if library not in carried}
    wanted |= {package for library, packages in BESIDES.items() if library in carried for package in packages}
    return ", ".join(sorted(asked.get(name, name) for name in wanted))


def _begins_as_elf(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(len(_ELF)) == _ELF


def _needed(programs: Iterable[Path]) -> set[str]:
    """The names of all libraries that these are linked with."""
    return set(re.findall(r"^ +NEEDED +(\S+)$", _run("objdump", "-p", *map(str, programs)).stdout, re.MULTILINE))


def _packages(libraries: Iterable[str]) -> set[str]:
    """The packages of this system that have one of these libraries."""
    found = _run("dpkg-query", "--search", *(f"*/{library}" for library in libraries)).stdout
    owners = (owner for line in found.splitlines() for owner in line.rpartition(": ")[0].split(", "))
    return {owner.partition(":")[0] for owner in owners}


def _with_versions(programs: Iterable[Path]) -> list[str]:
    """A package, and the least version of it, for each library that these are linked with."""
    folders = sorted({file.parent for file in programs})
    with tempfile.TemporaryDirectory() as place:
        control = Path(place) / "debian" / "control"
        control.parent.mkdir()
        control.write_text(_STANZAS, encoding="utf-8")
        options = ["-O", "--warnings=0", "--ignore-missing-info", *(f"-l{folder}" for folder in folders)]
        done = _run("dpkg-shlibdeps", *options, *(f"-e{file}" for file in programs), folder=place)
    complaints = [line for line in done.stderr.splitlines() if ": error: " in line or "cannot find library" in line]
    if done.returncode or complaints:  # it takes a library without a number for a plug-in, and would only warn
        raise RuntimeError("\n".join(complaints))
    told = done.stdout.partition("shlibs:Depends=")[2].partition("\n")[0]
    return [entry.strip() for entry in told.split(",") if entry.strip()]


def _run(*command: str, folder: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool that speaks plain English, whatever the system's language is."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
