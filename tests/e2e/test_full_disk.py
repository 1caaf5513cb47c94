"""A profile on a disk that is full: she talks on, says so in one sentence, and loses nothing once there is room."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from exe import alisa_command
from websockets.sync.client import ClientConnection, connect

from alisa_desktop.settings.file import SettingsFile

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(small_disk: Path, tmp_path: Path) -> Run:
    """Runs a command of the program with a profile on the small disk."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": "Here I am.", "emotion": "happy"}]}))

    def execute(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ["--scripted", str(script)] if arguments[0] == "say" else []
        command = [*alisa_command(), *arguments, *given, "--profile", str(small_disk / "Alisa")]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False)

    return execute


def fill(disk: Path) -> Path:
    """Leave no byte free on a disk."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_is_told_in_a_sentence_and_nothing_is_broken(small_disk: Path, run: Run) -> None:
    assert run("say", "the first words").returncode == 0
    ballast = fill(small_disk)
    said = run("say", "are you there?")
    assert (said.returncode, said.stdout.strip()) == (0, "Here I am.")
    assert "disk is full" in said.stderr
    assert "Traceback" not in said.stderr
    ballast.unlink()
    assert run("say", "and now?").stderr == ""
    told = [turn["user"] for turn in json.loads(run("history", "--json").stdout)]
    assert told[0] == "the first words" and told[-1] == "and now?"


def test_a_disk_that_was_full_from_the_beginning(small_disk: Path, run: Run) -> None:
    ballast = fill(small_disk)
    said = run("say", "are you there?")
    assert (said.returncode, said.stdout.strip()) == (0, "Here I am.")
    assert "full" in said.stderr and "Traceback" not in said.stderr
    ballast.unlink()
    assert run("say", "and now?").stderr == ""
    assert [turn["user"] for turn in json.loads(run("history", "--json").stdout)] == ["and now?"]


def test_what_was_said_while_the_disk_was_full_is_written_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    script, profile = tmp_path / "script.json", small_disk / "Alisa"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": "Noted.", "emotion": "calm"}]}))
    command = [*alisa_command(), "serve", "--port", "0", "--scripted", str(script)]
    with subprocess.Popen(
        [*command, "--profile", str(profile)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout and program.stderr
            with connect(program.stdout.readline().split()[-1]) as client:
                say(client, "before")
                ballast = fill(small_disk)
                say(client, "while it is full " + "x" * 5000)
                client.send("/mode chill")
                while client.recv() != "[MODE CHANGED]":
                    pass  # she may be telling of the disk
                say(client, "still full")
                ballast.unlink()
                say(client, "after")
                client.send("/mode study")
                while client.recv() != "[MODE CHANGED]":
                    pass  # she may be telling of the disk
        finally:
            program.terminate()
        told = program.stderr.read()
        assert program.wait(30) == 0
    assert "disk is full" in told and "Traceback" not in told
    history = [*alisa_command(), "history", "--json", "--profile", str(profile)]
    turns = json.loads(subprocess.check_output(history))
    assert [turn["user"].split(" x")[0] for turn in turns] == ["before", "while it is full", "still full", "after"]
    assert SettingsFile(profile / "settings.json").load().mode == "study"


def say(client: ClientConnection, text: str) -> None:
    """Say something and hear the reply to its end."""
    client.send(text)
    while client.recv() != "[END]":
        pass
