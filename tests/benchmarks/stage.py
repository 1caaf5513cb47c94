"""A desktop on which the real program and the bare one stand, started and ended by the benchmarks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from desktop import Desktop, Window, desktop, missing_programs, wait_for

AVATAR, BARE = "^Alisa$", "^Bare window$"
TRAY_ICON = 64
"""Px; what is no larger and has her name is her icon in the tray."""
ENDING_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Stage:
    """A desktop with the commands of both programs; `profile` is used by every Alisa in turn.

    The real program is the one from source, or `exe`.
    """

    place: Desktop
    folder: Path
    exe: Path | None = None

    @property
    def profile(self) -> Path:
        return self.folder / "profile"

    def alisa(self, *arguments: str) -> Sequence[str]:
        """How the real program is started."""
        program = (str(self.exe),) if self.exe else (sys.executable, "-m", "alisa_desktop")
        return *program, "--profile", str(self.profile), *arguments

    def bare(self) -> Sequence[str]:
        """How the bare program is started, with a picture of Alisa of the same size."""
        return sys.executable, str(Path(__file__).with_name("bare_tray.py")), str(self._picture)

    @property
    def _picture(self) -> Path:
        return self.folder / "figure.png"

    @contextmanager
    def running(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program; at the end it is asked to go and is waited for."""
        process = self.place.start(*command, log=self.folder / "output.txt")
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(ENDING_SECONDS)

    def talk(self, *command: str) -> subprocess.Popen[str]:
        """Start one of our Python programs, which takes lines and answers with them; use it with `with`."""
        return subprocess.Popen(
            [sys.executable, *command], env=self.place.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def rehearse(self) -> None:
        """Run Alisa once: it makes her profile, warms the disk cache, and takes her picture for the bare program."""
        with self.running(self.alisa("--scripted", str(self.script()))):
            wait_for(self._figures, "Alisa")
            wait_for((self.profile / "endpoint.json").exists, "the endpoint")
            figure = self._figures()[0]
            self.place.screenshot(self._picture, f"{figure.width}x{figure.height}+{figure.x}+{figure.y}")
        with self.running(self.bare()):
            self.place.window(BARE)

    def _figures(self) -> list[Window]:
        return [window for window in self.place.windows(AVATAR) if window.height > TRAY_ICON]

    def script(self) -> Path:
        """A script with one short reply."""
        path = self.folder / "script.json"
        path.write_text(json.dumps({"name": "Script", "default": {"text": "Yes."}}), encoding="utf-8")
        return path


@contextmanager
def stage(folder: Path, exe: Path | None = None) -> Iterator[Stage]:
    """Open a desktop of our own; everything on it is ended with it."""
    with desktop(folder / "home") as place:
        opened = Stage(place, folder, exe)
        opened.rehearse()
        yield opened


def heard(stream: IO[str] | None) -> dict[str, Any]:
    """The next line that a program says, which is JSON."""
    assert stream
    line = stream.readline()
    if not line:
        raise RuntimeError("a program of this benchmark ended too early; what it said stands above")
    return dict(json.loads(line))


def address_in(profile: Path) -> str:
    """Where the Alisa of this profile listens; empty while she does not."""
    try:
        return str(json.loads((profile / "endpoint.json").read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError):
        return ""


def lacking() -> str:
    """Why there can be no desktop here; empty when there can."""
    found = missing_programs()
    return f"not measured: no desktop here, {', '.join(found)} missing" if found else ""
