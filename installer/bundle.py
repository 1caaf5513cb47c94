"""Builds the bundle in `dist/` by `build.spec`, unless nothing has changed since: `python -m installer.bundle`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from installer import icu, licences, size, slim

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
BUILD = ROOT / "build"
BUNDLE = DIST / "alisa-desktop"
INSIDE = BUNDLE / "_internal"
PROGRAM = BUNDLE / ("alisa-desktop.exe" if sys.platform == "win32" else "alisa-desktop")
STAMP = BUILD / "bundle.txt"
SIZES = DIST / "size.txt"
SOURCES = ("alisa_desktop", "installer", "resources")
GRAFTED = ".libs"
"""End of the folders with libraries that a wheel brings along; `strip` breaks these, which were rewritten once."""


def main() -> int:
    """Build what has changed; returns an exit code."""
    mark = fingerprint()
    if PROGRAM.exists() and STAMP.exists() and STAMP.read_text() == mark:
        print(f"Nothing has changed: the bundle is in {BUNDLE.relative_to(ROOT)}.")
        return 0
    STAMP.unlink(missing_ok=True)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    places = ["--distpath", str(DIST), "--workpath", str(BUILD)]
    found_first = os.pathsep.join(map(str, [*slim.folders(), ROOT]))
    environment = os.environ | {"PYTHONPATH": found_first}
    subprocess.check_call([*command, *places, str(ROOT / "build.spec")], cwd=ROOT, env=environment)
    whole = Path(INSIDE.name) / licences.FOLDER / licences.WHOLE
    if sys.platform == "win32":
        shutil.copyfile(BUNDLE / whole, BUNDLE / licences.WHOLE)
    else:
        (BUNDLE / licences.WHOLE).symlink_to(whole)
    if sys.platform == "linux":
        for library in (INSIDE / "PySide6" / "Qt" / "lib").glob("libicudata.so.*"):
            icu.trim(library)
        strip(BUNDLE)
    SIZES.write_text(size.report(BUNDLE, size.compressed(BUNDLE)), encoding="utf-8")
    print(SIZES.read_text(encoding="utf-8"), end="")
    STAMP.write_text(mark)
    return 0


def strip(folder: Path) -> None:
    """Take what only debuggers read out of libraries: a tenth of the bundle."""
    for path in sorted(folder.rglob("*.so*")):
        if path.is_symlink() or any(part.endswith(GRAFTED) for part in path.parent.parts):
            continue
        if path.read_bytes()[:4] == b"\x7fELF":
            subprocess.check_call(["strip", "--strip-unneeded", str(path)])


def fingerprint() -> str:
    """Changes when anything that is put into the bundle would change."""
    digest = hashlib.sha256(sys.version.encode())
    for owner in sorted(f"{one.name} {one.version} {one.read_text('RECORD')}" for one in distributions()):
        digest.update(owner.encode())
    for file in sorted(sources()):
        digest.update(os.fsencode(file.relative_to(ROOT)) + file.read_bytes())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """All files of ours that the bundle is made of."""
    yield from (ROOT / "build.spec", ROOT / "bootstrap.py")
    for folder in SOURCES:
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


if __name__ == "__main__":
    sys.exit(main())
