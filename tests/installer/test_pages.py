"""The pages of the setup program as somebody sees them, who answers with the keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from desktop import Desktop
from wine import NEW, OLD, PATIENCE, USER, Windows, wait_for

pytestmark = pytest.mark.timeout(600)  # a Windows starts slowly beside many other tests
TITLE = "^Alisa$"
Setups = Callable[[str], Path]
PICTURES = os.environ.get("ALISA_SETUP_PICTURES", "")
"""A folder for pictures of every page, for people to look at."""


@pytest.fixture
def answer(screen: Desktop, tmp_path: Path) -> Callable[..., None]:
    """Waits for her window until nothing changes in it any more, and presses keys, each when the last has shown."""

    def look() -> bytes:
        window = screen.window(TITLE, PATIENCE)
        area = f"{window.width}x{window.height}+{window.x}+{window.y}"
        return screen.screenshot(tmp_path / "page.ppm", area).read_bytes()

    def rest(unlike: bytes = b"") -> bytes:
        seen = [b"", b""]

        def rests() -> bool:
            seen[:] = [seen[1], look()]
            return seen[0] == seen[1] != unlike and len(set(seen[1][100:])) > 50

        wait_for(rests, "a page at rest")
        return seen[1]

    def press(name: str, *keys: str) -> None:
        screen.focused(TITLE, PATIENCE)
        page = rest()
        if PICTURES:
            screen.run("convert", str(tmp_path / "page.ppm"), str(Path(PICTURES) / f"{name}.png"))
        for key in keys[:-1]:
            screen.keys(key)
            page = rest(unlike=page)
        screen.keys(*keys[-1:])

    return press


def test_the_page_is_answered(windows: Windows, setups: Setups, screen: Desktop, answer: Callable[..., None]) -> None:
    process = windows.start(setups(OLD))
    answer("install", "alt+d", "alt+w", "Return")
    assert process.wait(PATIENCE) == 0, "it closes by itself"
    wait_for(lambda: windows.starts() == [f"{OLD}: "], "her start")
    assert windows.desktop_icon.exists()
    home = rf"C:\users\{USER}\AppData\Local\Programs\Alisa"
    assert windows.autostart() == rf'"{home}\alisa-desktop.exe" --hidden'

    process = windows.start(setups(NEW))
    answer("update", "alt+d", "Return")  # no icon any more; she runs, is sent away and comes back
    assert process.wait(PATIENCE) == 0
    wait_for(lambda: windows.starts() == [f"{OLD}: ", f"{NEW}: "], "her start again")
    assert not windows.desktop_icon.exists()
    assert windows.autostart() == rf'"{home}\alisa-desktop.exe" --hidden', "kept"

    process = windows.start(setups(OLD))
    answer("older", "Return")
    assert process.wait(PATIENCE) == 2

    process = windows.start(windows.program / "uninstall.exe", STUBBORN="1")
    answer("remove", "Return")
    wait_for(lambda: any(window.width < 450 for window in screen.windows(TITLE)), "the question what to do")
    answer("stubborn", "Escape")
    screen.gone(TITLE, PATIENCE)
    assert windows.program.exists(), "who runs is not removed"

    windows.start(windows.program / "uninstall.exe")
    answer("remove", "Return")
    wait_for(lambda: not windows.program.exists(), "the end of her folder")
    screen.gone(TITLE, PATIENCE)
    assert (windows.profile / "alisa_memory.db").read_text() == "what was said", (
        "to keep it is what she takes for granted"
    )
    assert not windows.autostart()


def test_what_nobody_wants_to_keep_goes(
    windows: Windows, setups: Setups, screen: Desktop, answer: Callable[..., None]
) -> None:
    elsewhere = windows.drive / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.gguf").write_bytes(b"another program's")
    models = windows.profile / "models"
    models.mkdir()
    (models / "large").mkdir()
    with (models / "large" / "large.gguf").open("wb") as file:
        file.truncate(4_700_000_000)
    (models / "linked").symlink_to(elsewhere, target_is_directory=True)
    assert windows.run(setups(NEW), "/S") == 0
    windows.start(windows.program / "uninstall.exe")
    answer("models", "alt+d", "Return")
    wait_for(lambda: not windows.program.exists(), "the end of her folder")
    assert not (models / "large").exists()
    assert (elsewhere / "other.gguf").exists(), "what is linked is not hers"
    assert (windows.profile / "personas" / "猫.txt").exists()

    assert windows.run(setups(NEW), "/S") == 0
    (models / "large").mkdir()
    (models / "large" / "large.gguf").write_bytes(bytes(50_000_000))
    windows.start(windows.program / "uninstall.exe")
    answer("memories", "alt+m", "Return")
    wait_for(lambda: not windows.program.exists(), "the end of her folder")
    screen.gone(TITLE, PATIENCE)
    assert [path.name for path in windows.profile.iterdir()] == ["models"]
    assert (models / "large" / "large.gguf").exists()
