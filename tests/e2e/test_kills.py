"""Killed in mid-write, again and again: what she has said to its end is there at the next start, and so are choices."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path

import pytest
from exe import alisa_command
from websockets.sync.client import connect

from alisa_desktop.settings.file import SettingsFile

KILLS = 50
LISTENS = re.compile(r"ws://\S+")
MODES = ("study", "chill", "creative", "default")


@pytest.mark.long
@pytest.mark.timeout(400)  # fifty starts, perhaps beside other tests
def test_killed_fifty_times_in_mid_write_nothing_recorded_is_lost(profile: Path, tmp_path: Path) -> None:
    """A turn whose [END] was heard is recorded; settings, written a moment after a change, are old or new but whole."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": "Noted.", "emotion": "calm"}]}))
    dice = random.Random(7)
    heard: list[str] = []
    modes = {"default"}
    for kill in range(KILLS):
        stored = SettingsFile(profile / "settings.json").load().mode
        assert stored in modes
        command = [*alisa_command(), "serve", "--port", "0", "--scripted", str(script)]
        with subprocess.Popen([*command, "--profile", str(profile)], stdout=subprocess.PIPE, text=True) as program:
            try:
                assert program.stdout
                address = LISTENS.search(program.stdout.readline())
                assert address, "she did not start"
                with connect(address[0]) as client:
                    for number in range(dice.randrange(1, 4)):
                        client.send(said := f"message {kill}.{number}")
                        while client.recv() != "[END]":
                            pass
                        heard.append(said)
                    client.send(f"/mode {MODES[kill % 4]}")
                    while client.recv() != "[MODE CHANGED]":
                        pass
                    modes = {stored, MODES[kill % 4]}
                    client.send("the last words")  # they may be stored whole or not at all
                    for _ in range(dice.randrange(4)):
                        client.recv()
            finally:
                program.kill()
    history = [*alisa_command(), "history", "--json", "--limit", "9999"]
    told = json.loads(subprocess.check_output([*history, "--profile", str(profile)]))
    kept = [turn["user"] for turn in told]
    assert [words for words in kept if words != "the last words"] == heard
    assert {turn["outcome"] for turn in told} == {"done"}
    assert {turn["alisa"] for turn in told} == {"Noted."}
    assert not list(profile.glob("*damaged*"))
