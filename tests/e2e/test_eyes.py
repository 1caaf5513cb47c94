"""Her eyes on a real desktop: off until asked, blind for what is private, every look with a receipt."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from desktop import Desktop, wait_for
from exe import alisa_command

AVATAR, BUBBLE = "^Alisa$", "^Talk with Alisa$"
TRACEBACK = r"""
printf 'Traceback (most recent call last):\nNameError: name foo is not defined\n\033]0;%s\007' "$0"
read wait
"""
"""Its title comes after the text, so what has the title shows the text, too."""


def show(place: Desktop, title: str) -> None:
    """A terminal that shows a traceback."""
    font = ("-fa", "DejaVu Sans Mono", "-fs", "12")
    place.start("xterm", *font, "-geometry", "70x12+40+40", "-e", "sh", "-c", TRACEBACK, title)
    place.window(title)


def ask(place: Desktop, profile: Path, *arguments: str) -> Any:
    """What a command prints as JSON."""
    command = [*alisa_command(), *arguments, "--json", "--profile", str(profile)]
    done = subprocess.run(
        command, env=place.environment, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def allow(profile: Path, consent: str) -> None:
    profile.mkdir(parents=True, exist_ok=True)
    choices = {"vision": consent, "vision_explained": True, "bubble_pinned": True}
    (profile / "settings.json").write_text(json.dumps(choices), encoding="utf-8")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "Jérôme 田中"


def test_a_look_on_the_command_line_with_its_receipt(place: Desktop, profile: Path) -> None:
    show(place, "my work")
    seen = ask(place, profile, "look")
    assert (seen["app"], seen["kind"], seen["title"]) == ("XTerm", "terminal", "my work")
    assert "NameError" in seen["note"]
    assert seen["captures"] == 1
    [receipt] = ask(place, profile, "ledger")
    assert receipt["note"] == seen["note"]
    assert receipt["depth"] == "text"
    written = (profile / "logs").glob("*")
    assert not any("NameError" in file.read_text(encoding="utf-8") for file in written), "nothing of it in a log"


def test_a_private_window_is_not_looked_at(place: Desktop, profile: Path) -> None:
    show(place, "My Bank - Online Banking")
    seen = ask(place, profile, "look")
    assert seen["reason"] == "this window is private"
    assert not (seen["app"] or seen["title"] or seen["text"])
    assert seen["captures"] == 0
    [receipt] = ask(place, profile, "ledger")
    assert (receipt["app"], receipt["title"]) == ("(private)", "")


def test_the_eye_in_the_bubble_looks_and_tells_overlays_no_text(start: Any, profile: Path, script: str) -> None:
    place: Desktop = start.desktop
    show(place, "my work")
    allow(profile, "ask")
    program = start("--scripted", script)
    avatar = program.avatar()
    with program.client() as client:
        place.window(BUBBLE)
        place.click(avatar.x + avatar.width // 2, avatar.y + avatar.height // 2)
        place.focused(BUBBLE)
        place.type("what does this error mean?")
        place.keys("ctrl+l")
        frames: list[str] = []
        while not any(frame.startswith("[VISION]") for frame in frames) or "[END]" not in frames:
            frames.append(str(client.recv(timeout=60)))
    [told] = [json.loads(frame.removeprefix("[VISION]")) for frame in frames if frame.startswith("[VISION]")]
    assert told == {"look": "text", "app_kind": "terminal", "app": "XTerm", "title": "my work"}
    receipts = ask(place, profile, "ledger")
    assert ["NameError" in receipt["note"] and receipt["told"] for receipt in receipts] == [True]


def test_her_keys_work_in_every_application(start: Any, profile: Path, script: str) -> None:
    place: Desktop = start.desktop
    allow(profile, "ask")
    program = start("--scripted", script)
    with program.client() as client:
        show(place, "my work")
        place.focused("^my work$")
        wait_for(lambda: place.hotkey_taken("l"), "her hand on the keys", 60)
        place.keys("ctrl+alt+l")
        frames: list[str] = []
        while "[END]" not in frames:
            frames.append(str(client.recv(timeout=60)))
    assert any('"title":"my work"' in frame for frame in frames)
    assert [receipt["title"] for receipt in ask(place, profile, "ledger")] == ["my work"]


def test_the_first_look_is_explained_and_escape_changes_nothing(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    place.window(BUBBLE)
    for keys, expected in (("Escape", None), ("Return", "ask")):
        program.open_menu()
        place.keys("n")
        place.focused("Her eyes$")
        place.keys(keys)
        place.gone("Her eyes$")
        if expected:
            wait_for(lambda: program.settings().get("vision") == "ask", "her consent in the settings")
        else:
            assert program.settings().get("vision", "off") == "off"
    assert program.settings()["vision_explained"] is True
