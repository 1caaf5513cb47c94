"""A Windows of its own for a test: a Wine prefix in a temporary folder, whose user has a name no code page holds."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import desktop

USER = "Jérôme 田中"
OLD, NEW = "0.9.0", "0.10.0"
"""Versions that are tried, in the order of numbers, which is not that of letters."""
PROGRAMS = ("makensis", "wine", "wineserver", "Xvfb")
BUILTIN = "x86_64-windows"
PATIENCE = 110.0
"""Seconds for whatever is waited for: a Windows starts slowly beside many other tests."""


def missing_programs() -> list[str]:
    """What this machine lacks for a Windows."""
    return [program for program in PROGRAMS if not shutil.which(program)]


def wait_for(look: Callable[[], object], what: str) -> None:
    """Look, with more patience than a desktop of one's own needs, until there is something to see."""
    desktop.wait_for(look, what, PATIENCE)


class Windows:
    """One Windows; programs run in it to their end, and what they left is read from outside."""

    def __init__(self, prefix: Path, display: str) -> None:
        self.prefix = prefix
        self.environment = os.environ | {
            "WINEPREFIX": str(prefix),
            "WINEDEBUG": "-all",
            "WINEARCH": "win64",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=",
            "DISPLAY": display,
            "HOME": str(prefix.parent),
            "USER": USER,
            "LC_ALL": "C.UTF-8",
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self.drive = prefix / "drive_c"
        self.home = self.drive / "users" / USER
        self.local = self.home / "AppData" / "Local"
        self.profile = self.local / "Alisa"
        self.program = self.local / "Programs" / "Alisa"
        self.desktop_icon = self.home / "Desktop" / "Alisa.lnk"
        self.menu_entry = self.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Alisa.lnk"

    def start(self, *command: str | Path, largest_file: int = 0, **environment: str) -> subprocess.Popen[bytes]:
        """Start a program; `largest_file` bounds what can be written into one file, as a full disk would.

        What begins with `/D=` reaches it without quotes, as setup programs want it.
        """
        words = [word for part in map(str, command) for word in (part.split(" ") if part[:3] == "/D=" else [part])]

        def bound() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        process = subprocess.Popen(
            ["wine", *words],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=bound if largest_file else None,
            restore_signals=False,  # whoever writes too much is told by an error, not killed
        )
        self._started.append(process)
        return process

    def run(self, *command: str | Path, largest_file: int = 0, **environment: str) -> int:
        """Run a program to its end and return its exit code."""
        return self.start(*command, largest_file=largest_file, **environment).wait(PATIENCE)

    def registry(self) -> dict[str, str]:
        """All values of the user, by `key\\name`, but those Wine keeps for itself."""
        file = self.drive / "export.reg"
        assert self.run("reg", "export", "HKEY_CURRENT_USER", r"C:\export.reg", "/y") == 0
        values, key = {}, ""
        for line in file.read_text("utf-16").replace("\\\n  ", "").splitlines():
            if line.startswith("["):
                key = line[1:-1].removeprefix("HKEY_CURRENT_USER\\")
            elif line.startswith(('"', "@")):
                name, _, value = line.partition("=")
                text = value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value.startswith('"') else value
                values[f"{key}\\{name.strip(chr(34))}"] = text
        file.unlink()
        return {name: value for name, value in values.items() if not name.startswith("Software\\Wine\\")}

    def entry(self) -> dict[str, str]:
        """What the list of installed apps says of her."""
        key = "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Alisa\\"
        return {name.removeprefix(key): value for name, value in self.registry().items() if name.startswith(key)}

    def autostart(self) -> str:
        """What starts with Windows; empty when she does not."""
        return self.registry().get("Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Alisa", "")

    def files(self) -> set[str]:
        """Every file and folder of the drive but Windows itself and what waits in a folder for temporary files."""
        passed = ("windows", f"users/{USER}/Temp", "ProgramData")
        found = (path.relative_to(self.drive).as_posix() for path in self.drive.rglob("*"))
        return {path for path in found if not path.startswith(passed)}

    def starts(self) -> list[str]:
        """How the stand-in was started so far: its version and its arguments."""
        file = self.home / "Temp" / "started.txt"
        return file.read_text("utf-16-le").splitlines() if file.exists() else []

    def close(self) -> None:
        """End everything that runs here."""
        subprocess.run(["wineserver", "-k"], env=self.environment, check=False)
        subprocess.run(["wineserver", "-w"], env=self.environment, check=False, timeout=PATIENCE)
        for process in self._started:
            process.wait(PATIENCE)


def make(prefix: Path, display: str) -> None:
    """Make a prefix once for all tests that ask for it at the same time; what is in Wine's own folder is linked."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with (prefix.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if prefix.exists():
            return
        fresh = Windows(prefix.with_name("fresh"), display)
        fresh.run("wineboot", "-i")
        fresh.close()
        slim(fresh.drive)
        fresh.prefix.rename(prefix)


def slim(drive: Path) -> None:
    """Let files that are a copy of Wine's be links: 12 MB are left of 700, and a copy takes a blink."""
    originals = {
        file.name.lower(): file for folder in Path("/usr/lib").glob(f"*/wine/{BUILTIN}") for file in folder.iterdir()
    }
    for file in drive.rglob("*"):
        original = originals.get(file.name.lower())
        if original and file.is_file() and not file.is_symlink() and file.stat().st_size == original.stat().st_size:
            file.unlink()
            file.symlink_to(original)
