"""Checks of the program itself: its versions, and the files it brought along."""

from __future__ import annotations

import hashlib
import platform
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alisa_desktop import __version__
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good, unknown

SUMS = "SHA256SUMS"
"""Of what belongs to the starter brain; in the form of sha256sum(1)."""
PIECE = 1 << 20
NEEDED = (
    *("icons/alisa.svg", "personas/default.txt", "prompts/character.txt", "safety/crisis_patterns.txt"),
    *("safety/crisis_answer.txt", "sprites/alisa", "overlay", "models/catalog.json", f"models/{SUMS}"),
)
"""What she can't live without, in the folder of resources."""
LEAST_WINDOWS = 17763
"""The build of Windows 10 that Qt 6 needs at least (1809)."""
INSTALL_AGAIN = "Install Alisa again; what she remembers stays."


def system() -> str:
    """The operating system, in a few words."""
    if sys.platform == "linux":
        try:
            return f"{platform.freedesktop_os_release()['PRETTY_NAME']} ({platform.machine()})"
        except (OSError, KeyError):
            return f"Linux {platform.release()} ({platform.machine()})"
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]} ({platform.machine()})"
    return f"{platform.system()} {platform.release()}, build {platform.version()} ({platform.machine()})"


def look_at_versions(case: Case) -> Answer:
    """What she is made of, and where she runs."""
    parts = [
        f"Alisa {__version__}",
        f"Python {platform.python_version()}",
        f"Qt {case.desktop.qt or installed('PySide6-Essentials', 'PySide6') or '?'}",
        f"llama.cpp by llama-cpp-python {installed('llama_cpp_python') or '?'}",
        f"SQLite {sqlite3.sqlite_version}",
    ]
    found = f"{', '.join(parts)}, on {system()}."
    if sys.platform == "win32" and sys.getwindowsversion().build < LEAST_WINDOWS:
        return bad(found, "This Windows is too old for my windows. Update it to Windows 10 version 1809 or later.")
    return good(found)


def installed(*names: str) -> str:
    """The version of the first of these packages that is there, "" where none is."""
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def look_at_files(case: Case) -> Answer:
    """Whether everything is there that came with her."""
    missing = [name for name in NEEDED if not (case.paths.resources / name).exists()]
    if missing:
        return bad(f"Files of mine are missing: {', '.join(missing)}.", INSTALL_AGAIN)
    return good("Everything I came with is here.")


def look_at_starter(case: Case) -> Answer:
    """Whether the starter brain is whole, to the last byte."""
    folder = case.paths.starter_model.parent
    try:
        wanted = list(_sums(folder / SUMS))
    except (OSError, ValueError):
        return unknown("The checksums of my starter brain can't be read.", INSTALL_AGAIN)
    for name, checksum in wanted:
        try:
            if _sum(folder / name) != checksum:
                return bad(f"{name} of my starter brain was changed or damaged.", INSTALL_AGAIN)
        except FileNotFoundError:
            return bad(f"{name} of my starter brain is missing.", INSTALL_AGAIN)
        except OSError as error:
            return bad(f"{name} of my starter brain can't be read ({error.strerror}).", INSTALL_AGAIN)
    return good("My starter brain is whole.")


def _sums(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text(encoding="ascii").splitlines():
        checksum, name = line.split()
        yield name, checksum


def _sum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while data := opened.read(PIECE):
            digest.update(data)
    return digest.hexdigest()


CHECKS = (
    Check("versions", "Versions", look_at_versions),
    Check("files", "Files", look_at_files),
    Check("starter", "Starter brain", look_at_starter),
)
