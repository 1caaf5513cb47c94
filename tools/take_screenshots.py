"""Take the README's picture of the running program: a real X desktop, once in light and once in dark."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from desktop import Desktop, alisa, desktop, wait_for  # noqa: E402  # it lives with the tests
from websockets.sync.client import connect  # noqa: E402

TALK = {
    "light": ("Is it too late for coffee?", "teasing", "At this hour? *Obviously.* Drink a glass of water instead.\n\n"
              "...I'll stay up with you, but only because I'm not tired either."),
    "dark": ("How do I reverse a list in Python?", "happy", "Two ways, and you should know both:\n\n```python\n"
             "items.reverse()      # in place\nbackwards = items[::-1]\n```\n\nNot that I looked it up for you."),
}  # fmt: skip
AREA = "640x460+640+340"


def main() -> int:
    """Write `docs/alisa.png`, or the file named on the command line."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "alisa.png"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pictures = [str(_picture(Path(folder), look)) for look in TALK]
        subprocess.check_call(["convert-im6", *pictures, "+append", "-strip", str(target)])
    print(target)
    return 0


def _picture(folder: Path, look: str) -> Path:
    question, emotion, text = TALK[look]
    profile = folder / look
    profile.mkdir()
    script = folder / f"{look}.json"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": text, "emotion": emotion}]}))
    settings = {"appearance": look, "bubble_pinned": True, "starter_hint_shown": True}
    (profile / "settings.json").write_text(json.dumps(settings))
    wallpaper = ("#c9d8e4", "#7d8fb3") if look == "light" else ("#2f3a56", "#171b2b")
    with desktop(folder / f"home-{look}", wallpaper=wallpaper) as place:
        process = alisa(place, profile, "--scripted", str(script), log=folder / f"{look}.log")
        try:
            place.window("^Talk with Alisa$")
            _talk(profile, question)
            return _settled(place, folder / f"{look}.png")
        finally:
            process.terminate()
            process.wait()


def _talk(profile: Path, question: str) -> None:
    endpoint = profile / "endpoint.json"
    wait_for(endpoint.exists, "the endpoint")
    with connect(json.loads(endpoint.read_text())["address"]) as client:
        client.send(question)
        while client.recv(timeout=30) != "[END]":
            pass


def _settled(place: Desktop, target: Path) -> Path:
    """A picture once two in a row are the same, or nearly: she breathes and blinks."""
    before = b""
    for _ in range(12):
        place.screenshot(target, AREA)
        now = target.read_bytes()
        if abs(len(now) - len(before)) < 400:
            break
        before = now
    return target


if __name__ == "__main__":
    sys.exit(main())
