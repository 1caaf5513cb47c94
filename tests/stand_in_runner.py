"""A runner without a model: for machines that have little memory, a bad graphics card, or a processor that lies."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import json, os, signal, sys, time
from alisa_desktop.core.frames import FrameDecoder, encode

machine = json.loads(sys.argv[2])
facts = {"build": "1", "processor": "i9", "variants": ["plain"], **machine.get("facts", {})}
known = machine.get("known", 1 << 20)

def send(**frame):
    os.write(1, encode(frame))

def crash(kind):
    kinds = {"killed": "SIGKILL", "illegal": "SIGILL", "segfault": "SIGSEGV"}
    if kind in kinds:
        os.kill(os.getpid(), getattr(signal, kinds[kind]))
    os._exit(3)

def note(*words):
    with open(sys.argv[1] + ("-tried" if words[0] == "try" else ""), "a") as log:
        log.write(" ".join(map(str, words)) + "\\n")

def load(frame):
    context = min(frame["context"], known) or known
    note("load", context, *["safe"] * frame["safe"], *["card"] * (frame["gpu_layers"] > 0))
    if context > machine.get("room", 1 << 20):
        return send(type="error", id=0, kind="ModelTooBig", sentence="Too big.", context=context)
    send(type="opened", name="Delicate", context=context)
    global variant
    variant = frame["variant"]
    if variant in machine.get("bad_later", ()):
        crash("illegal")
    if context > machine.get("holds", 1 << 20) or (frame["gpu_layers"] and machine.get("bad_card")):
        crash(machine.get("crash"))
    send(type="ready", context=context, labels=0, sees=False)

def probe(frame):
    note("probe", frame["context"])
    match machine.get("probe"):
        case "crash":
            crash("")
        case "hang":
            time.sleep(60)
        case "error":
            send(type="error", id=0, kind="ModelMissing", sentence="Gone.")
        case layers:
            send(type="probed", layers=layers)

def attempt(variant):
    note("try", variant)
    if variant in machine.get("bad", ()):
        crash(machine.get("ends"))
    send(type="tried", proven=machine.get("proven", True))

if machine.get("dies_at_once"):
    crash("illegal")
send(type="hello", protocol=2, pid=os.getpid(), gpu=machine.get("card", ""), **facts)
decoder = FrameDecoder()
while data := os.read(0, 65536):
    for frame in decoder.feed(data):
        if frame["type"] == "try":
            attempt(frame["variant"])
        elif frame["type"] == "load":
            load(frame)
        elif frame["type"] == "probe":
            probe(frame)
        elif frame["type"] == "generate":
            if variant in machine.get("bad_talk", ()):
                crash("illegal")
            send(type="done", id=frame["id"], prompt=1, decoded=1, reply=0)
"""


class StandIn:
    """Its model file, its command on a machine of some kind, and what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.model = folder / "delicate.gguf"
        self.model.write_bytes(b"GGUF")
        self._log, self._script = folder / "log.txt", folder / "machine.py"
        self._script.write_text(PROGRAM, encoding="utf-8")
        self._log.touch()

    def has(self, **what: Any) -> list[str]:
        """The command of a runner on a machine like that."""
        return [sys.executable, str(self._script), str(self._log), json.dumps(what)]

    def asked(self) -> list[str]:
        """What was asked since the last time."""
        lines = self._log.read_text().splitlines()
        self._log.write_text("")
        return lines

    def tried(self) -> list[str]:
        """The processor variants that were tried since the last time."""
        log = self._log.with_name(self._log.name + "-tried")
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return [line.removeprefix("try ") for line in lines]
