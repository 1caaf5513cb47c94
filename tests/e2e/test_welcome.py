"""From an empty profile to a real brain: the welcome, a download that is broken off twice, and her first words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desktop import Desktop, Window, wait_for
from hub import LocalHub, Trick
from websockets.sync.client import connect

from alisa_desktop.host.paths import resources

REPOSITORY = "someone/Bigger-Brain-GGUF"
FILE = "Bigger-Brain-Q4_0.gguf"
PART = 1_500_000
"""Bytes that come before the download breaks off."""
OFFER: dict[str, Any] = {
    "id": "bigger-brain",
    "title": "Bigger Brain",
    "repository": REPOSITORY,
    "revision": "main",
    "files": [{"name": FILE, "role": "model", "bytes": None, "sha256": None}],
    "licence": "MIT",
    "licence_url": "https://example.org/licence",
    "parameters": "23 million",
    "quantization": "Q4_0",
    "context_tokens": 1024,
    "architecture": "llama",
    "attention": "full",
    "memory_bytes": None,
    "sees": False,
    "good_at": "Tests.",
    "prompt_notes": "None.",
}


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    """A hub that has the model, which is her starter brain under another name."""
    with LocalHub() as found:
        yield found


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The profile that `start` uses, with a list of models that the local hub has."""
    folder = tmp_path / "Jérôme 田中"
    (folder / "models").mkdir(parents=True)
    (folder / "settings.json").write_text("{}")
    (folder / "models" / "catalog.json").write_text(json.dumps({"version": 1000, "models": [OFFER]}))
    return folder


def get_it(place: Desktop, window: Window, hub: LocalHub) -> None:
    """Click the first button on the right side of the page that makes something happen."""

    def asked() -> bool:
        for y in range(150, 300, 14):
            place.click(window.x + window.width - 92, window.y + y)
            if hub.asked:
                return True
        return False

    wait_for(asked, "a click that asks the hub", 60)


def test_from_the_welcome_to_a_new_brain(start: Any, hub: LocalHub, profile: Path) -> None:
    data = (resources() / "models" / "alisa-starter.gguf").read_bytes()
    hub.put(REPOSITORY, FILE, data)
    hub.tricks += [Trick(cut_after=PART), Trick(hold_after=PART), *[Trick(hold_after=0)] * 20]  # for each lost patience
    place: Desktop = start.desktop
    place.environment["HF_ENDPOINT"] = hub.endpoint
    program = start()
    window = place.window("Welcome")
    place.focused("Welcome")
    place.keys("Return")
    get_it(place, window, hub)
    assert hub.held.wait(60), "the download went on after it broke off"
    assert program.settings().get("model_source", "builtin") == "builtin"
    with program.client() as client:  # the starter brain talks on meanwhile
        client.send("hello")
        wait_for(lambda: client.recv(timeout=30) == "[END]", "her answer")
    place.focused("Welcome")
    place.keys("Escape")
    wait_for(lambda: program.settings().get("welcome_shown"), "the welcome to be over for good")
    program.quit()
    hub.hold_again()

    again = start()
    with connect(again.address, subprotocols=["alisa.v2.json"]) as client:  # type: ignore[list-item]  # they are strings
        client.send('{"type": "hello", "id": "mine", "unsolicited": true}')
        wait_for(lambda: '"id":"mine"' in str(client.recv(timeout=60)), "the answer to hello", 60)
        hub.release()  # she speaks of her new brain once, so only now
        wait_for(lambda: "My new brain is here" in str(client.recv(timeout=60)), "her saying so", 120)
        client.send('{"type": "say", "text": "hello"}')
        wait_for(lambda: '"reason":"done"' in str(client.recv(timeout=60)), "an answer of the new brain", 60)
    file = profile / "models" / "bigger-brain" / FILE
    assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(data).digest()
    assert again.settings().get("model_file") == str(file)
    assert not list(file.parent.glob("*.part*"))
    ranges = [one.range for one in hub.files]
    assert ranges[0] == "" and all(ranges[1:]), "it went on where it was, and never began anew"
    pinned = json.loads((profile / "models" / "pins.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(data).hexdigest() in json.dumps(pinned)
    assert not place.windows("Welcome"), "it is shown once"
