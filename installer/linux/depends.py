"""What a package must ask the system for: every shared library that the bundle needs and does not carry."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

OPENED_LATE = ("libdbus-1-3",)
"""Packages of libraries that are opened by name at run time, which no file tells: Qt's D-Bus."""
_ELF = b"\x7fELF"
_STANZAS = "Source: alisa-desktop\n\nPackage: alisa-desktop\nArchitecture: any\n"


def depends(tree: Path) -> str:
    """The `Depends` line for the programs and libraries below `tree`, with the least versions that will do.

    Debian's own tool reads them; raises `RuntimeError` with what it said of libraries that are nowhere to be found.
    """
    files = [file.absolute() for file in sorted(tree.rglob("*")) if file.is_file() and not file.is_symlink()]
    found = [file for file in files if _begins_as_elf(file)]
    folders = sorted({file.parent for file in found})
    with tempfile.TemporaryDirectory() as place:
        control = Path(place) / "debian" / "control"
        control.parent.mkdir()
        control.write_text(_STANZAS, encoding="utf-8")
        # what the bundle carries belongs to no package and needs none
        command = [
            "dpkg-shlibdeps",
            "-O",
            "--warnings=0",
            "--ignore-missing-info",
            *(f"-l{folder}" for folder in folders),
        ]
        done = subprocess.run(
            [*command, *(f"-e{file}" for file in found)], cwd=place, capture_output=True, text=True, check=False
        )
    complaints = [line for line in done.stderr.splitlines() if ": error: " in line or "cannot find library" in line]
    if done.returncode or complaints:  # it takes a library without a number for a plug-in, and would only warn
        raise RuntimeError("\n".join(complaints))
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    asked = {entry.strip() for entry in told.get("shlibs:Depends", "").split(",") if entry.strip()}
    named = {entry.partition(" ")[0] for entry in asked}
    return ", ".join(sorted(asked | (set(OPENED_LATE) - named)))


def _begins_as_elf(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(len(_ELF)) == _ELF
