"""The setup program for Windows: what is in the bundle, listed, and `alisa.nsi` compiled around it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from installer import pictures, sign

HERE = Path(__file__).resolve().parent
PATH_LIMIT = 259
"""Characters of the longest path Windows opens everywhere."""
STAGING = len("/.gone/")
"""What the folders in which a version waits add to the path of a file."""


class BuildFailed(RuntimeError):
    """The installer can't be built; says why in one sentence."""


def build(bundle: Path, version: str, target: Path) -> None:
    """Write the setup program `target` around the bundle, and sign it where there is a certificate.

    Raises `BuildFailed`.
    """
    compiler = find_compiler()
    if sign.has_certificate():
        for program in sorted(bundle.glob("*.exe")):
            sign.sign(program)
    names = listing(bundle)
    with TemporaryDirectory() as folder:
        work = Path(folder)
        pictures.draw(work)
        manifest = work / "install.log"
        manifest.write_bytes("".join(f"{name}\n" for name in names).encode("utf-16"))
        words = {
            "VERSION": version,
            "RELEASE": release(version),
            "DIST": bundle.resolve(),
            "MANIFEST": manifest,
            "PICTURES": work,
            "LONGEST_FOLDER": PATH_LIMIT - STAGING - max(map(len, names)),
            "OUT": target.resolve(),
        }
        if sign.has_certificate():
            words["SIGN"] = f'"{sys.executable}" "{HERE / "sign.py"}"'
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [compiler, "-V2", "-WX", "-INPUTCHARSET", "UTF8"]
        command += [f"-D{name}={value}" for name, value in words.items()]
        done = subprocess.run([*command, str(HERE / "alisa.nsi")], capture_output=True, check=False)
    if done.returncode:
        told = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise BuildFailed(f"makensis does not compile the setup program:\n{told}")


def find_compiler() -> str:
    """Return the path of NSIS's compiler. Raises `BuildFailed` where there is none."""
    found = shutil.which("makensis") or shutil.which("makensis", path=r"C:\Program Files (x86)\NSIS")
    if not found:
        raise BuildFailed("The setup program is compiled by makensis, which is not here. Install NSIS 3.08 or later.")
    return found


def release(version: str) -> str:
    """Return the version as the four numbers Windows compares: "0.2.0rc1" is "0.2.0.0"."""
    numbers = re.match(r"\d+(\.\d+){0,3}", version)
    if not numbers:
        raise BuildFailed(f"{version} is no version Windows can compare.")
    return ".".join([*numbers[0].split("."), "0", "0", "0"][:4])


def listing(bundle: Path) -> list[str]:
    """Return all that is installed as Windows names it: files, and folders (ending with a backslash) after theirs.

    Raises `BuildFailed` where there is no program in the bundle.
    """
    if not (bundle / "alisa-desktop.exe").is_file():
        raise BuildFailed(f"There is no alisa-desktop.exe in {bundle}; build the bundle first.")
    return [*walk(bundle, ""), "install.log", "uninstall.exe"]


def walk(folder: Path, below: str) -> Iterator[str]:
    """Yield what is in a folder, inner things first, each name behind `below`."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from walk(path, f"{below}{path.name}\\")
            yield f"{below}{path.name}\\"
        else:
            yield f"{below}{path.name}"
