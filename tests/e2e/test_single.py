"""One Alisa a profile: second starts, starts at once, a start after a kill, and the commands that reach her."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from desktop import Desktop, alisa, wait_for
from exe import alisa_command

from alisa_desktop.host.door import NobodyThere, Visit
from alisa_desktop.host.single import is_held

AVATAR = "^Alisa$"
BUBBLE = "^Talk with Alisa$"
COMMAND = alisa_command()
AT_ONCE = 20
Process = subprocess.Popen[str]


class House:
    """Starts Alisa without a screen, with one profile."""

    def __init__(self, folder: Path, profile: Path) -> None:
        self.profile = profile
        self.runtime = TemporaryDirectory(prefix="alisa-")  # pytest's own folders have paths too long for a socket
        self._started: list[Process] = []
        script = folder / "script.json"
        replies = [
            {"when": "slow", "text": "word " * 2000, "delay_ms": 30, "emotion": "calm"},
            {"text": "Hello, 田中.", "emotion": "happy"},
        ]
        script.write_text(json.dumps({"name": "Script", "replies": replies}), encoding="utf-8")
        self._script = script
        profile.mkdir()
        (profile / "settings.json").write_text('{"welcome_shown": true, "endpoint_on": false}')
        self.environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":none"}
        self.environment |= {"XDG_RUNTIME_DIR": self.runtime.name}

    def start(self, *arguments: str) -> Process:
        """Begin to start her; the doors of her standard input and output are shut."""
        command = [*COMMAND, "--profile", str(self.profile), "--scripted", str(self._script), *arguments]
        pipe = subprocess.PIPE
        self._started.append(
            subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True,
                encoding="utf-8",
            )
        )  # fmt: skip
        return self._started[-1]

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end; returns what it prints."""
        command = [*COMMAND, *arguments, "--profile", str(self.profile)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, encoding="utf-8", timeout=90, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def start_in_a_terminal(self, code: int) -> str:
        """Start her where somebody reads what goes wrong, so that no window tells it; returns what is read there."""
        ours, theirs = os.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            process = subprocess.Popen([*COMMAND, "--profile", str(self.profile)], env=self.environment, stderr=theirs)
            os.close(theirs)
            try:
                assert process.wait(90) == code
            finally:
                process.kill()
            return terminal.read(10_000).decode()

    def wait_until_open(self) -> None:
        """Wait until she opens the door."""

        def is_open() -> bool:
            try:
                Visit(self.profile).close()
            except NobodyThere:
                return False
            return True

        wait_for(is_open, "her door")

    def close(self) -> None:
        """End whoever is left."""
        for process in self._started:
            process.kill()
            process.communicate()
        self.runtime.cleanup()


@pytest.fixture
def house(tmp_path: Path, profile: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house = House(tmp_path, profile)
    monkeypatch.setenv("XDG_RUNTIME_DIR", house.environment["XDG_RUNTIME_DIR"])
    yield house
    house.close()


def said(house: House, text: str, *more: str) -> dict[str, Any]:
    return dict(json.loads(house.run("say", text, "--json", *more)))


def test_of_twenty_that_start_at_once_one_lives(house: House) -> None:
    starts = [house.start() for _ in range(AT_ONCE)]

    def living() -> list[Process]:
        return [start for start in starts if start.poll() is None]

    wait_for(lambda: len(living()) == 1, "the one", patience=100)
    (first,) = living()
    others = [start for start in starts if start is not first]
    assert [start.returncode for start in others] == [0] * (AT_ONCE - 1)
    assert not any(start.communicate()[1].count("Traceback") for start in others)
    assert said(house, "hi")["text"] == "Hello, 田中."
    house.run("quit", "--wait", "60")
    assert first.wait(60) == 0
    log = (house.profile / "logs" / "alisa.log").read_text()
    assert log.count("no door") == 0


def test_the_next_start_after_a_kill_works_at_once(house: House) -> None:
    first = house.start()
    house.wait_until_open()
    first.kill()
    first.wait(30)
    assert not is_held(house.profile / "alisa.lock")
    assert "isn't running" in house.run("show", code=1)
    second = house.start()
    house.wait_until_open()
    assert house.run("show") == ""
    house.run("quit", "--wait", "60")
    assert second.wait(60) == 0


def test_quit_returns_when_her_process_is_gone(house: House) -> None:
    assert house.run("quit") == "Alisa isn't running.\n"
    assert not (house.profile / "alisa.lock").exists(), "asking makes nothing"
    first = house.start()
    wait_for(lambda: is_held(house.profile / "alisa.lock"), "the lock")  # she has only begun to start
    assert house.run("quit", "--wait", "60") == ""
    assert not is_held(house.profile / "alisa.lock")
    assert first.wait(30) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_quit_tells_when_she_stays(house: House) -> None:
    first = house.start()
    house.wait_until_open()
    first.send_signal(signal.SIGSTOP)
    try:
        assert "does not answer" in house.run("quit", "--wait", "1", code=1)
    finally:
        first.send_signal(signal.SIGCONT)
    house.run("quit", "--wait", "60")


def test_she_who_runs_answers_what_is_said_in_a_terminal(house: House) -> None:
    house.start()
    house.wait_until_open()
    assert house.run("say", "hi") == "Hello, 田中.\n"
    told = said(house, "hello", "--mode", "study")
    assert (told["mode"], told["emotion"], told["outcome"]) == ("study", "happy", "done")
    assert said(house, "hello")["mode"] == "default", "--mode holds for one answer"
    assert house.run("say", "/mode chill") == "(chill)\n"
    assert "I have no mode" in house.run("say", "hi", "--mode", "nonsense", code=1)
    assert said(house, "hello")["mode"] == "chill"
    turns = json.loads(house.run("history", "--json"))
    assert [turn["user"] for turn in turns] == ["hi", "hello", "hello", "hello"]
    house.run("quit", "--wait", "60")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal")
def test_ctrl_c_stops_the_reply_in_her(house: House) -> None:
    house.start()
    house.wait_until_open()
    command = [*COMMAND, "say", "slow", "--profile", str(house.profile)]
    asking = subprocess.Popen(command, env=house.environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert asking.stdout
    assert asking.stdout.read(5) == "word "
    asking.send_signal(signal.SIGINT)
    asking.communicate(timeout=60)
    assert asking.returncode == 130
    gone = subprocess.Popen(command, env=house.environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert gone.stdout
    assert gone.stdout.read(5) == "word "
    gone.kill()  # nobody waits for the reply any more
    gone.communicate(timeout=60)
    wait_for(lambda: len(json.loads(house.run("history", "--json"))) == 2, "both in her history")
    assert [turn["outcome"] for turn in json.loads(house.run("history", "--json"))] == ["stopped", "stopped"]
    house.run("quit", "--wait", "60")


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_without_windows_she_answers_and_quits_too(house: House) -> None:
    (house.profile / "settings.json").write_text('{"endpoint_on": true}')
    serving = house.start("serve", "--port", "0")
    assert serving.stdout
    assert "listens at" in serving.stdout.readline()
    assert said(house, "hi")["text"] == "Hello, 田中."
    assert "without windows" in house.start_in_a_terminal(code=6), "a start with windows"
    assert "without windows" in house.run("show", code=6)
    assert house.run("quit", "--wait", "60") == ""
    assert serving.wait(30) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a second user")
def test_no_other_user_gets_to_the_door(house: House) -> None:
    house.start()
    house.wait_until_open()
    (door,) = Path(house.environment["XDG_RUNTIME_DIR"]).glob("alisa-desktop-*")
    assert not door.stat().st_mode & 0o077
    house.run("quit", "--wait", "60")
    assert not door.exists()


def test_started_hidden_she_waits_in_the_tray(start: Any, script: str) -> None:
    program = start("--scripted", script, "--hidden")
    place: Desktop = start.desktop
    assert program.address
    icon: Callable[[], tuple[int, int]] = program.tray_icon
    icon()
    assert not [window for window in place.windows(AVATAR) if window.height > 90]
    assert not place.windows(BUBBLE)

    def shown() -> bool:
        place.click(*icon())
        return bool(place.windows(BUBBLE))

    wait_for(shown, "the bubble")
    program.avatar()


def test_say_is_seen_in_her_bubble_and_show_brings_her_forward(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    place.window(BUBBLE)
    assert program.address
    place.start("xterm", "-title", "Work", "-geometry", "60x20+20+20")
    place.window("^Work$")
    command = [*COMMAND, "--profile", str(program.profile)]
    done = subprocess.run(
        [*command, "say", "hello there"], env=place.environment, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode().startswith("Hello, 田中")
    assert subprocess.run([*command, "show"], env=place.environment, timeout=60, check=False).returncode == 0
    place.focused(BUBBLE)


CANT_START = "^Alisa can't start$"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_who_clicks_on_her_reads_why_she_does_not_come(start: Any, script: str) -> None:
    first = start("--scripted", script)
    first.avatar()
    first.process.send_signal(signal.SIGSTOP)
    place: Desktop = start.desktop
    log = start.folder / "second.txt"
    try:
        second = alisa(place, first.profile, log=log)
        wait_for(lambda: place.windows(CANT_START), "why she does not come", patience=120)
        assert "End “alisa-desktop” in the task manager" in log.read_text(encoding="utf-8")
        place.screenshot(start.folder / "why.png")
        place.focused(CANT_START)
        place.keys("Escape")
        assert second.wait(30) == 1
    finally:
        first.process.send_signal(signal.SIGCONT)
