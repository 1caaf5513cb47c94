"""How long she takes to be gone when she is asked to go, whatever she is busy with: her and every process of hers."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from desktop import wait_for
from tiny_gguf import write_tiny_gguf
from websockets.sync.client import connect

from .report import Row, missing
from .stage import AVATAR, Stage, address_in, lacking, stage

GOAL = 3.0
TIMES, QUICK_TIMES = 5, 1
SAID = "slow, please"


class Scene:
    """A running Alisa in a situation; `stack` ends what the situation needs."""

    def __init__(self, found: Stage, pid: int, stack: ExitStack) -> None:
        self.found = found
        self.process = psutil.Process(pid)
        self._stack = stack

    @property
    def address(self) -> str:
        return address_in(self.found.profile)

    def child(self) -> psutil.Process:
        return wait_for(self.process.children, "a process of hers")[0]

    def let_speak(self) -> None:
        client = self._stack.enter_context(connect(self.address))
        client.send(SAID)
        wait_for(lambda: str(client.recv(timeout=60)).startswith("[EMOTION]"), "her reply")
        for _ in range(3):
            client.recv(timeout=60)

    def connect_deaf(self) -> None:
        """A client that asks for everything and reads nothing."""
        port = int(self.address.rsplit(":", 1)[1].partition("/")[0])
        deaf = self._stack.enter_context(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect(("127.0.0.1", port))
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        deaf.sendall(
            f"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{upgrade}Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )


def _hang(scene: Scene) -> None:
    scene.child().suspend()


def _speak(scene: Scene) -> None:
    scene.let_speak()


def _hang_speaking(scene: Scene) -> None:
    scene.let_speak()
    scene.child().suspend()


def _flood_deaf(scene: Scene) -> None:
    scene.connect_deaf()
    scene.let_speak()


def measure(folder: Path, quick: bool, exe: Path | None = None) -> list[Row]:
    """A row for each situation: the seconds of the slowest of some times, and the median in the note."""
    if reason := lacking():
        return [missing("quit", reason)]
    times = QUICK_TIMES if quick else TIMES
    endless = str(write_tiny_gguf(folder / "endless.gguf", quant="F16", layers=2, seed=3, never_ends=True))
    with stage(folder, exe) as found:
        slow = folder / "slow.json"
        slow.write_text(json.dumps({"name": "Slow", "default": {"text": "word " * 2000, "delay_ms": 30}}))
        situations: dict[str, tuple[tuple[str, ...], Callable[[Scene], Any], bool]] = {
            "at rest": ((), lambda scene: None, False),
            "in a scripted reply": (("--scripted", str(slow)), _speak, False),
            "in a reply of a model": (("--model", endless), _speak, False),
            "model hangs at rest": ((), _hang, False),
            "model hangs in a reply": (("--model", endless), _hang_speaking, False),
            "a client does not read": (("--model", endless), _flood_deaf, False),
            "eyes are open": (("--scripted", str(slow)), lambda scene: scene.child(), True),
            "eyes hang": (("--scripted", str(slow)), _hang, True),
        }
        return [
            _row(what, [_seconds(found, folder, *situation) for _ in range(times)])
            for what, situation in situations.items()
        ]


def _row(what: str, seconds: list[float]) -> Row:
    note = f"the slowest of {len(seconds)}; median {median(seconds):.2f} s"
    return Row(f"quit, {what}", max(seconds), "s", goal=f"<= {GOAL:g} s", met=max(seconds) <= GOAL, note=note)


def _seconds(
    found: Stage, folder: Path, arguments: tuple[str, ...], prepare: Callable[[Scene], Any], eyes: bool
) -> float:
    settings = found.profile / "settings.json"
    choices = json.loads(settings.read_text()) if settings.exists() else {}
    choices |= {"welcome_shown": True, "vision": "aware" if eyes else "off", "vision_explained": True}
    settings.write_text(json.dumps(choices))
    with _running(found, folder, arguments) as (process, stack):
        scene = Scene(found, process.pid, stack)
        prepare(scene)
        family = [scene.process, *scene.process.children(recursive=True)]
        began = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(60)  # reaped here: psutil would look every few ms
        _, alive = psutil.wait_procs(family[1:], 0)
        seconds = time.perf_counter() - began
        if alive or process.returncode:
            raise RuntimeError(f"she ended with {process.returncode}; still there: {alive}")
        return seconds


@contextmanager
def _running(found: Stage, folder: Path, arguments: tuple[str, ...]) -> Iterator[tuple[Any, ExitStack]]:
    with ExitStack() as stack:
        process = found.place.start(*found.alisa(*arguments), log=folder / "output.txt")
        found.place.window(AVATAR)
        wait_for((found.profile / "endpoint.json").exists, "the endpoint")
        yield process, stack
