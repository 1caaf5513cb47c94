"""The real program on a real X desktop, driven through its own doors; a warning in its log fails the test."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from desktop import Desktop, Window, alisa, desktop, missing_programs, wait_for
from websockets.sync.client import ClientConnection, connect

AVATAR = "^Alisa$"
BUBBLE = "^Talk with Alisa$"
MENU = "^Alisa's menu$"
NO_GLYPHS = "OpenType support missing"
"""Qt on letters that no font here has: tiny models say whatever comes."""
UNEXPECTED = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback|Warning:|QObject|qt\.|Error calling)")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Desktop]:
    """A desktop with a tray."""
    if missing := missing_programs():
        pytest.skip(f"no desktop here: {', '.join(missing)} missing")  # on Windows and macOS
    with desktop(tmp_path / "home") as found:
        yield found


@dataclass
class Program:
    """A running Alisa."""

    process: subprocess.Popen[bytes]
    desktop: Desktop
    profile: Path
    log: Path
    expected: str = "nothing is"
    _aside: int = 6
    """Where on her icon the last click was, from its middle."""

    @property
    def address(self) -> str:
        """Where her endpoint is, once it is."""
        file = self.profile / "endpoint.json"
        wait_for(file.exists, "the endpoint's file")
        return str(json.loads(file.read_text())["address"])

    def client(self) -> ClientConnection:
        """A WebSocket client of hers."""
        return connect(self.address)

    def runner(self) -> psutil.Process:
        """Her model's process, once it is that: until then it is a copy of hers, and she waits for it."""
        return wait_for(self._runners, "the runner")[0]

    def _runners(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "--runner" in child.cmdline()]
        return []

    def avatar(self) -> Window:
        """Where she stands."""
        return wait_for(lambda: [w for w in self.desktop.windows(AVATAR) if w.height > 90], "Alisa")[0]

    def tray_icon(self) -> tuple[int, int]:
        """The middle of her icon in the tray."""
        return wait_for(self._find_icon, "her icon in the tray")

    def _find_icon(self) -> tuple[int, int] | None:
        tree = self.desktop.run("xwininfo", "-root", "-tree")  # xdotool does not look into the panel
        for line in re.findall(r'"Alisa": .* (\d+)x(\d+)\+\d+\+\d+ +\+(\d+)\+(\d+)', tree):
            width, height, x, y = map(int, line)
            if 8 < height <= 64:
                return x + width // 2, y + height // 2
        return None

    def open_menu(self) -> None:
        """Open her menu in the tray, until it has the keyboard.

        The panel may still move her icon about, so a click can miss it; one at the same point as the last could be the
        second half of a double click.
        """

        def opened() -> bool:
            (x, y), self._aside = self.tray_icon(), -self._aside
            self.desktop.click(x + self._aside, y, button=3)
            with suppress(AssertionError):
                return bool(wait_for(lambda: self.desktop.windows(MENU), "the menu", 15))
            return False

        wait_for(opened, "her menu", 90)
        wait_for(self.desktop.keyboard_taken, "the keyboard at her menu")

    def settings(self) -> dict[str, Any]:
        """What is stored of the user's choices."""
        file = self.profile / "settings.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def quit(self) -> None:
        """End her politely and look into what she wrote; `expected` warnings are forgiven."""
        if self.process.poll() is None and self.address:  # she is all there
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        written = self.log.read_text() + "".join(file.read_text() for file in (self.profile / "logs").glob("*.log"))
        forgiven = (self.expected, NO_GLYPHS)
        found = [line for line in written.splitlines() if UNEXPECTED.search(line)]
        bad = [line for line in found if not any(words in line for words in forgiven)]
        assert not bad, "\n".join(bad)


@dataclass
class Start:
    """Starts programs on a desktop, with one profile."""

    desktop: Desktop
    folder: Path
    programs: list[Program]

    def __call__(self, *arguments: str) -> Program:
        log = self.folder / f"output-{len(self.programs)}.txt"
        profile = self.folder / "Jérôme 田中"
        if not (profile / "settings.json").exists():  # the welcome is for tests of its own
            profile.mkdir(exist_ok=True)
            (profile / "settings.json").write_text('{"welcome_shown": true}')
        program = Program(alisa(self.desktop, profile, *arguments, log=log), self.desktop, profile, log)
        self.programs.append(program)
        return program


@pytest.fixture
def start(place: Desktop, tmp_path: Path) -> Iterator[Start]:
    """Starts Alisa; at the end all of them are quit and their logs are read."""
    starter = Start(place, tmp_path, [])
    yield starter
    for program in starter.programs:
        program.quit()


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A script of replies."""
    path = tmp_path / "script.json"
    replies = [
        {"when": "slow", "text": "word " * 2000, "delay_ms": 30, "emotion": "calm"},
        {"text": "Hello, 田中 😀. It's **not** like I waited.", "emotion": "happy"},
    ]
    path.write_text(json.dumps({"name": "Script", "replies": replies}), encoding="utf-8")
    return str(path)
