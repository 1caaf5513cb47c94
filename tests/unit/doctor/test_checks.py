"""Every check on real things: good, bad and unknown ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.health import Verdict, Way
from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.doctor import desktop, endpoint, machine, models, profile, program
from alisa_desktop.doctor.case import Answer, Cancelled, Case
from alisa_desktop.doctor.desktop_facts import DesktopFacts, ScreenFacts, ask_desktop
from alisa_desktop.host.autostart import Autostart
from alisa_desktop.host.hardware import Hardware
from alisa_desktop.host.paths import Paths, resources
from alisa_desktop.host.single import only_instance
from alisa_desktop.memory.store import Store

NOW = datetime.now(UTC)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="desktops of Linux")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Those of a profile that is there and empty."""
    folder = tmp_path / "Jérôme 田中"
    folder.mkdir()
    return Paths(folder, resources())


def case(paths: Paths, *, quick: bool = False, **settings: object) -> Case:
    if settings:
        paths.settings.write_text(json.dumps(settings))
    return Case(paths, quick=quick)


def is_good(answer: Answer) -> bool:
    """Whether it is good, and has nothing more to say."""
    assert answer.found.endswith(".")
    assert bool(answer.advice) is (answer.verdict is Verdict.BAD) or answer.verdict is Verdict.UNKNOWN
    return answer.verdict is Verdict.GOOD


def is_bad(answer: Answer) -> bool:
    """Whether it is bad, and says what to do."""
    assert answer.found.endswith(".")
    assert answer.advice.endswith(".")
    return answer.verdict is Verdict.BAD


# the program


def test_versions(paths: Paths) -> None:
    answer = program.look_at_versions(case(paths))
    assert is_good(answer)
    for part in ("Alisa", "Python 3.", "Qt 6.", "llama-cpp-python 0.", "SQLite 3."):
        assert part in answer.found


def test_files_that_came_with_her(paths: Paths, tmp_path: Path) -> None:
    assert is_good(program.look_at_files(case(paths)))
    shutil.copytree(resources() / "personas", tmp_path / "resources" / "personas")
    answer = program.look_at_files(case(Paths(paths.profile, tmp_path / "resources")))
    assert is_bad(answer)
    assert "prompts/character.txt" in answer.found
    assert "personas" not in answer.found


def test_the_starter_brain(paths: Paths, tmp_path: Path) -> None:
    assert is_good(program.look_at_starter(case(paths)))
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    copied = Paths(paths.profile, folder.parent)
    assert program.look_at_starter(case(copied)).verdict is Verdict.UNKNOWN
    for name in (program.SUMS, "alisa-starter.gguf", "alisa-starter.repertoire"):
        shutil.copy(resources() / "models" / name, folder)
    assert "alisa-starter.topics.gguf of my starter brain is missing" in program.look_at_starter(case(copied)).found
    with (folder / "alisa-starter.gguf").open("r+b") as file:
        file.seek(4_000_000)
        byte = file.read(1)
        file.seek(4_000_000)
        file.write(bytes([byte[0] ^ 1]))
    answer = program.look_at_starter(case(copied))
    assert is_bad(answer)
    assert "alisa-starter.gguf of my starter brain was changed or damaged" in answer.found


# the machine


def machine_case(paths: Paths, hardware: Hardware) -> Case:
    made = case(paths)
    made._hardware = hardware
    return made


def test_this_machine(paths: Paths) -> None:
    here = case(paths)
    for look in (machine.look_at_processor, machine.look_at_memory, machine.look_at_disk, machine.look_at_graphics):
        assert look(here).found


def test_memory(paths: Paths) -> None:
    assert is_good(machine.look_at_memory(machine_case(paths, Hardware(memory_bytes=8 << 30, available_bytes=2 << 30))))
    answer = machine.look_at_memory(machine_case(paths, Hardware(memory_bytes=8 << 30, available_bytes=200 << 20)))
    assert is_bad(answer)
    assert answer.found == "200 MB of 8.0 GB are free."
    assert machine.look_at_memory(machine_case(paths, Hardware())).verdict is Verdict.UNKNOWN
    assert machine.look_at_processor(machine_case(paths, Hardware())).verdict is Verdict.UNKNOWN


def test_graphics(paths: Paths) -> None:
    from alisa_desktop.host.graphics import Gpu

    card = machine_case(paths, Hardware(gpus=(Gpu("A card", 8 << 30),)))
    assert machine.look_at_graphics(card).found == (
        "A card (8.0 GB). No model was tried on it; I think with the processor."
    )
    for layers, verdict in ((29, Verdict.GOOD), (0, Verdict.UNKNOWN)):
        paths.graphics.write_text(json.dumps([["vulkan", "model.gguf", 1, 2, 4096, layers]]))
        assert machine.look_at_graphics(card).verdict is verdict
    for damage in ("{", "[[]]", '[["vulkan"]]', '[{"a": 1}]'):
        paths.graphics.write_text(damage)
        assert is_good(machine.look_at_graphics(card))


def test_a_full_disk(small_disk: Path) -> None:
    here = Paths(small_disk / "profile", resources())
    answer = machine.look_at_disk(case(here))
    assert is_bad(answer)
    assert "2 MB are free" in answer.found
    (small_disk / "filling").write_bytes(b"x" * shutil.disk_usage(small_disk).free)
    assert "0 MB are free" in machine.look_at_disk(case(here)).found


# the profile


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that nobody can write, not even root: a disk that is mounted so."""
    if os.geteuid():
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


def test_the_folder(paths: Paths, tmp_path: Path) -> None:
    answer = profile.look_at_folder(case(paths))
    assert is_good(answer)
    assert str(paths.profile) in answer.found
    assert is_good(profile.look_at_folder(case(Paths(tmp_path / "not" / "yet", resources()))))
    (tmp_path / "file").touch()
    assert is_bad(profile.look_at_folder(case(Paths(tmp_path / "file", resources()))))
    assert is_bad(profile.look_at_folder(Case(paths, homeless="There is no such folder as ~.")))


async def test_a_folder_that_can_t_be_written(small_disk: Path) -> None:
    here = Paths(small_disk, resources())
    store = await Store.open(here.database)
    await store.close()
    here.settings.write_text("{}")
    here.logs.mkdir()
    with read_only(small_disk):
        for look in (profile.look_at_folder, profile.look_at_settings, profile.look_at_database, profile.look_at_log):
            assert is_bad(look(case(here)))
        assert is_bad(profile.look_at_folder(case(Paths(small_disk / "new", resources()))))
    assert is_good(profile.look_at_folder(case(here)))


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "damaged"), ("[]", "damaged"), ('{"endpoint_port": "none"}', "endpoint_port"), ("\0" * 99, "damaged")],
)
def test_settings(paths: Paths, text: str, words: str) -> None:
    assert is_good(profile.look_at_settings(case(paths)))
    assert is_good(profile.look_at_settings(case(paths, mode="study")))
    paths.settings.write_text(text)
    answer = profile.look_at_settings(case(paths))
    assert is_bad(answer)
    assert words in answer.found
    assert paths.settings.read_text() == text
    assert [file.name for file in paths.profile.iterdir()] == ["settings.json"]


def test_the_one_who_runs(paths: Paths) -> None:
    assert "not running" in profile.look_at_running(case(paths)).found
    with only_instance(paths.lock):
        assert profile.look_at_running(case(paths)).found == "I am running."


@LINUX
def test_what_starts_at_the_log_in(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").touch()
    assert "don't start" in profile.look_at_autostart(case(paths)).found
    Autostart(paths).turn(True)
    assert profile.look_at_autostart(case(paths)).found == "I start when you log in."
    (tmp_path / "python").unlink()
    assert is_bad(profile.look_at_autostart(case(paths)))


async def test_the_database(paths: Paths) -> None:
    assert profile.look_at_database(case(paths)).found == "Nothing has been said yet."
    store = await Store.open(paths.database)
    await store.record(Turn("one", "Hi", "Hello", Emotion.HAPPY, "default", "test", NOW))
    assert "1 turns and 0 looks" in profile.look_at_database(case(paths)).found
    await store.close()
    assert is_good(profile.look_at_database(case(paths, quick=True)))
    paths.database.write_bytes(b"damage" * 1000)
    assert is_bad(profile.look_at_database(case(paths)))


def test_a_crash(paths: Paths) -> None:
    assert is_good(profile.look_at_crash(case(paths)))
    assert is_good(profile.look_at_log(case(paths)))
    paths.logs.mkdir()
    (paths.logs / "last_crash.txt").write_text("Fatal Python error: Segmentation fault")
    assert profile.look_at_crash(case(paths)).verdict is Verdict.UNKNOWN
    assert is_good(profile.look_at_log(case(paths)))


def test_the_keyring(paths: Paths) -> None:
    assert is_good(profile.look_at_keyring(case(paths)))
    assert is_bad(profile.look_at_keyring(case(paths, model_source="server")))


# what she thinks with


def offer(paths: Paths, data: bytes) -> Path:
    """A model in the profile, and a list that says what it has to be."""
    checksum = hashlib.sha256(data).hexdigest()
    model = {
        "id": "tiny", "title": "Tiny One", "repository": "someone/Tiny-GGUF", "revision": "a" * 40,
        "files": [{"name": "tiny.gguf", "role": "model", "bytes": len(data), "sha256": checksum}],
        "licence": "MIT", "licence_url": "https://example.org/licence", "parameters": "1 million",
        "quantization": "F16", "context_tokens": 2048, "architecture": "llama", "attention": "full",
        "memory_bytes": None, "sees": False, "good_at": "Tests.", "prompt_notes": "None.",
    }  # fmt: skip
    folder = paths.models / "tiny"
    folder.mkdir(parents=True)
    (paths.models / "catalog.json").write_text(json.dumps({"version": 1000, "models": [model]}))
    (folder / "tiny.gguf").write_bytes(data)
    return folder / "tiny.gguf"


def test_models(paths: Paths, tmp_path: Path) -> None:
    assert models.look_at_models(case(paths)).found == "No models were fetched."
    data = write_tiny_gguf(tmp_path / "made.gguf", never_ends=True).read_bytes()
    file = offer(paths, data)
    assert models.look_at_models(case(paths)).found == "All models are sound: 1 checked byte by byte."
    assert "1 by their headers" in models.look_at_models(case(paths, quick=True)).found
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    answer = models.look_at_models(case(paths))
    assert is_bad(answer)
    assert answer.found == "Not usable: Tiny One."
    assert "Fetch Tiny One again" in answer.advice
    assert answer.way is Way.BRAINS
    assert is_good(models.look_at_models(case(paths, quick=True)))


def test_reading_models_tells_how_far_it_is_and_can_be_broken_off(paths: Paths, tmp_path: Path) -> None:
    data = write_tiny_gguf(tmp_path / "made.gguf", never_ends=True).read_bytes()
    offer(paths, data)
    told: list[tuple[str, float]] = []
    looked_at = case(paths)
    looked_at.tell = lambda title, share: told.append((title, share))
    models.look_at_models(looked_at)
    assert told[-1] == ("Tiny One", 1.0)
    looked_at.stopped.set()
    with pytest.raises(Cancelled):
        models.look_at_models(looked_at)


def test_the_brain_of_the_settings(paths: Paths, tmp_path: Path) -> None:
    assert is_good(models.look_at_brain(case(paths)))
    file = write_tiny_gguf(tmp_path / "made.gguf", never_ends=True)
    assert is_good(models.look_at_brain(case(paths, model_source="file", model_file=str(file))))
    file.write_bytes(file.read_bytes()[:5000])
    for path in (str(file), str(tmp_path / "none.gguf"), "~nobody-here/none.gguf", ""):
        assert is_bad(models.look_at_brain(case(paths, model_source="file", model_file=path)))


def test_a_server_of_the_settings(paths: Paths) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{server.getsockname()[1]}/v1/chat/completions"
        assert is_bad(models.look_at_brain(case(paths, model_source="server", server_url=address)))
        server.listen()
        assert is_good(models.look_at_brain(case(paths, model_source="server", server_url=address)))
    assert is_bad(models.look_at_brain(case(paths, model_source="server", server_url="no address")))
    assert is_bad(models.look_at_brain(case(paths, model_source="server", server_url="http://[half/v1")))
    assert is_bad(models.look_at_brain(case(paths, model_source="server", server_url="http://localhost:99999/v1")))
    far = models.look_at_brain(case(paths, model_source="server", server_url="https://example.org/v1"))
    assert far.verdict is Verdict.UNKNOWN


# the port


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port at which nobody listens. Linux gives it to nobody who takes any port, but to whoever asks for it."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        port = int(bound.getsockname()[1])
        if sys.platform != "linux":  # there it would be taken
            bound.close()
        yield port


def test_the_port(paths: Paths, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alisa_desktop.server.neighbour.ASK_SECONDS", 0.1)  # nobody answers
    port = free_port
    assert is_good(endpoint.look_at_port(case(paths, endpoint_port=port)))
    assert is_good(endpoint.look_at_port(case(paths, endpoint_on=False)))
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.create_server((host, port)):
            answer = endpoint.look_at_port(case(paths, endpoint_port=port))
            assert is_bad(answer)
            assert "taken by another program" in answer.found
            assert answer.way is Way.OVERLAYS


@contextmanager
def another_alisa() -> Iterator[int]:
    """Somebody who answers as she does; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(4096)
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nAlisa")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="ends a server as Linux does")
def test_the_port_of_an_alisa(paths: Paths, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alisa_desktop.server.neighbour.ASK_SECONDS", 20.0)
    with another_alisa() as port:
        assert "taken by another Alisa" in endpoint.look_at_port(case(paths, endpoint_port=port)).found
        paths.endpoint.write_text(json.dumps({"address": "", "port": port, "pid": os.getpid()}))
        assert endpoint.look_at_port(case(paths, endpoint_port=8000)).found == (
            f"Port 8000 was taken by another program, so overlays find me at port {port}."
        )
        assert is_good(endpoint.look_at_port(case(paths, endpoint_port=port)))
    port = free_port
    remains: list[object] = [
        {"address": "", "port": port, "pid": 2**22 + 1},
        {"port": "none"},
        [],
        {"port": port, "pid": 1},
    ]
    for left in remains:
        paths.endpoint.write_text(json.dumps(left))  # of one that crashed
        assert is_good(endpoint.look_at_port(case(paths, endpoint_port=port)))


# the desktop

FACTS = DesktopFacts("6.11", "xcb", (ScreenFacts("DP-1", 2560, 1440, 1.25),), tray=True, blended=True)
LOOKS = (desktop.look_at_screens, desktop.look_at_session, desktop.look_at_tray, desktop.look_at_compositor)


def desktop_case(paths: Paths, facts: DesktopFacts) -> Case:
    made = case(paths)
    made._desktop = facts
    return made


def test_a_desktop(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    assert all(is_good(look(desktop_case(paths, FACTS))) for look in LOOKS)
    assert desktop.look_at_screens(desktop_case(paths, FACTS)).found == "DP-1 2560 × 1440 at 125 %."
    assert is_bad(desktop.look_at_screens(desktop_case(paths, DesktopFacts("6.11", "xcb"))))
    bare = DesktopFacts("6.11", "xcb", FACTS.screens, tray=False, blended=False)
    assert is_bad(desktop.look_at_compositor(desktop_case(paths, bare)))
    for name, package in (("ubuntu:GNOME", "gnome-shell-extension-appindicator"), ("KDE", "panel"), ("", "trayer")):
        monkeypatch.setenv("XDG_CURRENT_DESKTOP", name)
        answer = desktop.look_at_tray(desktop_case(paths, bare))
        assert is_bad(answer)
        assert package in answer.advice


@LINUX
def test_wayland(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("DISPLAY", ":0")
    answer = desktop.look_at_session(desktop_case(paths, FACTS))
    assert is_good(answer)
    assert "can't see which window" in answer.found
    monkeypatch.delenv("DISPLAY")
    assert is_bad(desktop.look_at_session(desktop_case(paths, FACTS)))
    answer = desktop.look_at_eyes(case(paths, vision="aware", vision_explained=True))
    assert is_bad(answer)
    assert answer.way is Way.EYES
    assert is_good(desktop.look_at_eyes(case(paths, vision="off")))


@LINUX
def test_no_display(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    here = case(paths)
    assert {look(here).verdict for look in LOOKS} == {Verdict.UNKNOWN}
    assert is_bad(desktop.look_at_eyes(case(paths, vision="ask", vision_explained=True)))


@LINUX
def test_no_session_bus(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert desktop.look_at_accessibility(case(paths)).verdict is Verdict.UNKNOWN


@LINUX
@pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="no dbus-daemon here")
@pytest.mark.parametrize("installed", [True, False])
def test_a_session_bus(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    monkeypatch.setattr("alisa_desktop.vision.accessibility_atspi.LAUNCHER_SECONDS", 20.0)
    services = tmp_path / "services"
    services.mkdir()
    if installed:
        (services / "a11y.service").write_text("[D-BUS Service]\nName=org.a11y.Bus\nExec=/bin/false\n")
    configuration = tmp_path / "bus.conf"
    configuration.write_text(
        f"<busconfig><type>session</type><listen>unix:dir={tmp_path}</listen><servicedir>{services}</servicedir>"
        "<policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
        "<allow own='*'/></policy></busconfig>"
    )
    with subprocess.Popen(
        ["dbus-daemon", f"--config-file={configuration}", "--print-address", "--nofork"], stdout=subprocess.PIPE
    ) as bus:
        assert bus.stdout
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().decode().strip())
        answer = desktop.look_at_accessibility(case(paths))
        bus.terminate()
    assert is_good(answer) if installed else is_bad(answer)


# asking Qt in a child


@LINUX
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('no facts')", "Qt can't open windows"),
        ("print('{}')", "Qt can't open windows"),
        ("import os; os.abort()", "Qt can't open windows"),
        ("import time; time.sleep(600)", "doesn't answer"),
    ],
)
def test_a_desktop_that_can_t_be_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, words: str) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    longest = 0.3 if "sleep" in code else 60.0
    facts = ask_desktop(tmp_path, threading.Event(), [sys.executable, "-c", code], longest)
    assert words in facts.trouble


@LINUX
def test_a_question_that_nobody_wants_answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    cancelled = threading.Event()
    cancelled.set()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert ask_desktop(tmp_path, cancelled, command, 600.0).trouble


def test_the_child_tells_of_its_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setenv("DISPLAY", ":0")
    facts = ask_desktop(resources(), threading.Event(), longest=60.0)
    assert facts.platform == "offscreen"
    assert facts.screens and facts.screens[0].width > 0
    assert facts.tray is False
