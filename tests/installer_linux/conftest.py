"""A small bundle that is made like the real one: a program, a library it carries, a carried copy of one of the
system's, and one that only the system has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alisa_desktop import __version__
from installer.linux import deb

TOOLS = ("cc", "dpkg", "dpkg-deb", "dpkg-shlibdeps")
CARRIED = 'const char *version(void) { return "%s"; }\n'
PROGRAM = r"""
#include <stdio.h>
const char *version(void);
int main(void) { printf("Alisa Desktop %s\n", version()); return 0; }
"""


def has_no(*tools: str) -> str:
    """Why a test can't run here, or nothing."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return f"{', '.join(missing)} missing" if missing else ""


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small bundle."""
    if sys.platform != "linux" or has_no(*TOOLS):
        pytest.skip(has_no(*TOOLS) or "only where Debian's packages are")
    return make_bundle(tmp_path_factory.mktemp("dist") / "alisa-desktop", __version__)


def make_bundle(folder: Path, version: str) -> Path:
    """A small bundle in `folder` that tells `version`."""
    inside = folder / "_internal"
    (inside / "resources").mkdir(parents=True)
    (inside / "resources" / "Ein Name 田中.txt").write_text("a resource", encoding="utf-8")
    _compile(
        CARRIED % version, inside / "libcarried.so", "-shared", "-fPIC", *_of_system("libxcb-cursor.so.0", "libz.so.1")
    )
    shutil.copyfile(_of_system("libz.so.1")[-1], inside / "libz.so.1")
    _compile(PROGRAM, folder / "alisa-desktop", str(inside / "libcarried.so"), "-Wl,-rpath,$ORIGIN/_internal")
    (inside / "libcarried.so.1").symlink_to("libcarried.so")
    return folder


def _compile(source: str, target: Path, *options: str) -> None:
    soname = f"-Wl,-soname,{target.name}" if ".so" in target.name else "-Wl,--as-needed"
    command = ["cc", "-s", "-x", "c", "-", "-x", "none", soname, *options, "-o", str(target)]
    subprocess.run(command, input=source, text=True, check=True)


def _of_system(*names: str) -> list[str]:
    """What links libraries of the system: the first is one that Qt's plug-in for X11 needs, too."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    paths = {line.split()[0]: line.split(" => ")[1] for line in reversed(known.splitlines()) if " => " in line}
    return ["-Wl,--no-as-needed", *(paths[name] for name in names)]


@pytest.fixture(scope="session")
def package(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package around the small bundle."""
    return deb.build(bundle, tmp_path_factory.mktemp("out"))


def told(*command: str | Path) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True, timeout=600).stdout


class System:
    """A tree with a package database of its own, in which nothing is installed yet."""

    def __init__(self, root: Path) -> None:
        if os.geteuid() and has_no("fakeroot"):
            pytest.skip(has_no("fakeroot"))
        self.root = root
        database = root / "var/lib/dpkg"
        for folder in ("info", "updates", "triggers"):
            (database / folder).mkdir(parents=True)
        for file in ("status", "available"):
            (database / file).touch()
        (root / "home/alisa/.local/share/Alisa").mkdir(parents=True)
        (root / "home/alisa/.local/share/Alisa/alisa_memory.db").write_text("what was said")

    def dpkg(self, *arguments: str | Path) -> None:
        root = ["fakeroot"] if os.geteuid() else []
        log = self.root / "var/log/dpkg.log"
        log.parent.mkdir(exist_ok=True)
        told(*root, "dpkg", f"--root={self.root}", f"--log={log}", "--force-depends", "--force-unsafe-io", *arguments)

    def files(self) -> set[str]:
        """Everything but what the package manager keeps for itself."""
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*"))
        return {path for path in found if not path.startswith("var/")}


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path / "system")
