"""What every test gets: a home of its own, so that none touches the user's profile or keyring."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from alisa_desktop.core.log import set_detailed, start_logging
from alisa_desktop.host.bugs import Bugs, caught

HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
XDG = ("DATA", "CONFIG", "CACHE", "STATE")

hypothesis.settings.register_profile("alisa", parent=hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("alisa")  # how long an example takes on a busy machine says nothing of it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, so that at the end nobody waits for one of them."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True, scope="session")
def _signals_reach_programs() -> None:
    """`nohup make test` and a shell's background let programs ignore these, which those they start keep to."""
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # still nothing here, and the system's own way in what is started


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in HOMES:
        monkeypatch.setenv(name, str(home))
    for name in XDG:
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile folder that is not there yet, with a name that is no ASCII."""
    return tmp_path / "Jérôme 田中"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for doors, with a path that is short enough for one."""
    with TemporaryDirectory(prefix="alisa-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a real disk of 2 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def bugs(profile: Path) -> Iterator[Bugs]:
    """What the hooks for uncaught errors find, and the log in `profile / "logs"`, as the program writes it."""
    gc.collect()  # what others left is theirs
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    start_logging(profile / "logs")
    with caught() as bugs:
        yield bugs
    set_detailed(False)
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
