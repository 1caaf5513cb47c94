"""Alisa on a desktop: what a user sees and does, with a mouse and a keyboard, in the real program."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

from desktop import Desktop, wait_for
from exe import alisa_command
from websockets.sync.client import ClientConnection

AVATAR = "^Alisa$"
BUBBLE = "^Talk with Alisa$"


def frames_until(client: ClientConnection, last: str) -> list[str]:
    """Every frame up to `last`, keep-alives left out."""
    frames: list[str] = []
    while not frames or frames[-1] != last:
        if frame := str(client.recv(timeout=30)):
            frames.append(frame)
    return frames


def centre(window: Any) -> tuple[int, int]:
    return window.x + window.width // 2, window.y + window.height // 2


def test_the_first_five_seconds(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    avatar = program.avatar()
    place.window(BUBBLE)  # she says hello
    with program.client() as client:
        place.click(*centre(avatar))
        place.focused(BUBBLE)
        place.type("hello you")
        place.keys("Return")
        frames = frames_until(client, "[END]")
    assert frames[0] == "[EMOTION]happy"
    assert "".join(frames[1:-2]) == "Hello, 田中 😀. It's **not** like I waited."
    place.keys("Escape")
    place.gone(BUBBLE)
    x, y = centre(avatar)
    place.click(x + 12, y + 12)  # at the same point it could be the second half of a double click
    place.window(BUBBLE)


def test_the_tray_menu_switches_the_mode_while_a_client_watches(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    place.window(BUBBLE)
    with program.client() as client:
        program.open_menu()
        place.keys("m", "Down", "Return")
        assert frames_until(client, "[MODE CHANGED]") == ["[MODE CHANGED]"]
        client.send("/mode chill")
        assert frames_until(client, "[END]") == ["[MODE CHANGED]", "[END]"]
    wait_for(lambda: program.settings().get("mode") == "chill", "the mode in the settings")
    program.quit()
    again = start("--scripted", script)
    with again.client() as client:
        client.send("/mode nonsense")
        assert "I have no mode" in frames_until(client, "[END]")[0]
    assert again.settings()["mode"] == "chill"


def test_killing_the_model_in_mid_reply(start: Any, tmp_path: Any) -> None:
    from tiny_gguf import write_tiny_gguf

    model = tmp_path / "endless.gguf"
    write_tiny_gguf(model, quant="F16", layers=2, seed=3, never_ends=True)
    program = start("--model", str(model))
    program.expected = "runner"
    with program.client() as client:
        client.send("talk to me")
        frames = [str(client.recv(timeout=60)) for _ in range(3)]
        assert frames[0].startswith("[EMOTION]")
        program.runner().send_signal(signal.SIGKILL)
        rest = frames_until(client, "[END]")
        assert "stopped in the middle" in "".join(rest)
        assert rest[-2] == "[EMOTION]sad"
        client.send("are you there?")
        assert str(client.recv(timeout=60)).startswith("[EMOTION]")
        client.send("/stop")
        frames_until(client, "[END]")


def test_a_second_start_brings_the_first_one_forward(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    place.window(BUBBLE)
    assert program.address
    place.click(*centre(program.avatar()))
    place.focused(BUBBLE)
    place.keys("Escape")
    place.gone(BUBBLE)
    command = [*alisa_command(), "--profile", str(program.profile)]
    assert subprocess.run(command, env=place.environment, timeout=60, check=False).returncode == 0
    place.window(BUBBLE)


def test_she_stays_where_she_was_put(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    assert program.address
    before = program.avatar()
    x, y = centre(before)
    place.run("xdotool", "mousemove", str(x), str(y), "mousedown", "1")
    for step in range(1, 11):
        place.run("xdotool", "mousemove", str(x - 40 * step), str(y - 20 * step))
    place.run("xdotool", "mouseup", "1")
    wait_for((program.profile / "places.json").exists, "the place on disk")
    after = wait_for(lambda: [w for w in place.windows(AVATAR) if abs(w.x - before.x + 400) < 8], "her place")[0]
    program.quit()
    start("--scripted", script)
    wait_for(
        lambda: [w for w in place.windows(AVATAR) if abs(w.x - after.x) <= 2 and abs(w.y - after.y) <= 2],
        "her at the same place again",
    )


def test_quit_in_the_tray_menu_ends_everything(start: Any) -> None:
    program = start()
    place: Desktop = start.desktop
    assert program.address
    runner = program.runner()
    program.open_menu()
    place.keys("q")
    assert program.process.wait(30) == 0
    assert not runner.is_running()


def test_every_window_of_the_menu_opens_and_closes(start: Any, script: str) -> None:
    program = start("--scripted", script)
    place: Desktop = start.desktop
    with program.client() as client:
        client.send("hello")
        frames_until(client, "[END]")
    for key, title in (("s", "Settings"), ("h", "History"), ("b", "About"), ("o", "Model status")):
        program.open_menu()
        place.keys(key)
        place.focused(title)
        place.keys("Escape")
        place.gone(title)
