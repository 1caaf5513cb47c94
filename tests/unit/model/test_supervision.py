from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop.core.errors import ModelCrashed
from alisa_desktop.core.messages import Message, ModelState, Prompt, Role
from alisa_desktop.model.safe_list import SafeList

Start = Callable[..., Awaitable[Any]]

# A runner without a model: it crashes on its first decode unless it is told to load the safe way.
PROGRAM = """
import os, sys
from alisa_desktop.core.frames import FrameDecoder, encode

def send(**frame):
    os.write(1, encode(frame))

def answer(frame):
    if frame["type"] == "greet":
        return
    if frame["type"] == "try":
        return send(type="tried", proven=True)
    with open(sys.argv[1], "a") as log:
        log.write(frame["type"] + (" safe" if frame.get("safe") else "") + "\\n")
    if frame["type"] == "load":
        send(type="opened", name="Delicate", context=frame["context"])
        if sys.argv[2] == "always" or (sys.argv[2] == "unsafe" and not frame["safe"]):
            os._exit(3)
        send(type="ready", context=64, labels=0, sees=bool(frame["mmproj"]))
    elif frame["type"] == "generate" and frame["picture"]:
        os._exit(3)
    elif frame["type"] == "generate" and sys.argv[2] == "deaf":
        send(type="chunk", id=frame["id"], text="la")
    elif frame["type"] == "generate":
        send(type="done", id=frame["id"], prompt=1, decoded=1, reply=0)

if sys.argv[2] == "garbage":
    os.write(1, b"Traceback (most recent call last)")
facts = {"build": "1", "processor": "i9", "variants": ["plain"]}
send(type="hello", protocol=1 if sys.argv[2] == "foreign" else 2, pid=os.getpid(), **facts)
decoder = FrameDecoder()
while data := os.read(0, 65536):
    for frame in decoder.feed(data):
        answer(frame)
"""

HELLO = Prompt((Message(Role.USER, "hello"),))


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "delicate.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    script, log = tmp_path / "runner.py", tmp_path / "log.txt"
    script.write_text(PROGRAM, encoding="utf-8")
    return lambda how: [sys.executable, str(script), str(log), how]


def logged(tmp_path: Path) -> list[str]:
    return (tmp_path / "log.txt").read_text().splitlines()


async def test_a_crash_while_loading_is_tried_again_the_safe_way(
    start: Start, tmp_path: Path, model_file: Path, program: Callable[[str], list[str]]
) -> None:
    alisa = await start(model_file, command=program("unsafe"))
    assert (await alisa.hear(HELLO)).usage.prompt == 1
    assert logged(tmp_path) == ["load", "load safe", "generate"]
    assert model_file in alisa.safe_list

    await start(model_file, command=program("unsafe"))
    assert logged(tmp_path)[3:] == ["load safe"]


async def test_a_runner_that_always_crashes_is_tried_three_times(
    start: Start, tmp_path: Path, model_file: Path, program: Callable[[str], list[str]]
) -> None:
    alisa = await start(model_file, command=program("always"), ready=False)
    with pytest.raises(ModelCrashed, match="three times"):
        await alisa.model.ready()
    assert logged(tmp_path) == ["load", "load safe", "load safe"]
    assert model_file not in alisa.safe_list
    await alisa.model.start()  # by the user's wish
    with pytest.raises(ModelCrashed, match="three times"):
        await alisa.model.ready()
    assert len(logged(tmp_path)) == 6


async def test_eyes_that_crash_it_twice_are_left_out(
    start: Start, tmp_path: Path, model_file: Path, program: Callable[[str], list[str]]
) -> None:
    model_file.with_name("mmproj-delicate.gguf").touch()
    alisa = await start(model_file, command=program("well"))
    for _ in range(2):
        assert alisa.model.status.sees
        with pytest.raises(ModelCrashed, match="say it once more"):
            await alisa.hear(replace(HELLO, picture="data:image/png;base64,"))
        await alisa.told.until(lambda status: status.state is ModelState.LOADING and bool(status.detail))
        assert not alisa.told.all[-1].sees
        await alisa.model.ready()
        alisa.told.all.clear()
    assert not alisa.model.status.sees
    assert (await alisa.hear(HELLO)).usage.prompt == 1


@pytest.mark.parametrize("how", ["garbage", "foreign"])
async def test_a_program_that_is_no_runner_of_ours_fails_with_a_sentence(
    start: Start, model_file: Path, program: Callable[[str], list[str]], how: str
) -> None:
    alisa = await start(model_file, command=program(how), ready=False)
    with pytest.raises(ModelCrashed):
        await alisa.model.ready()
    assert alisa.model.status.state is ModelState.FAILED
    assert alisa.model.status.detail.endswith(".")


async def test_a_program_that_does_not_exist_fails_with_a_sentence(start: Start, model_file: Path) -> None:
    alisa = await start(model_file, command=["/no/such/program"], ready=False)
    with pytest.raises(ModelCrashed, match="three times"):
        await alisa.model.ready()


async def test_a_runner_deaf_to_cancel_is_killed_and_replaced(
    start: Start,
    tmp_path: Path,
    model_file: Path,
    program: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alisa_desktop.model.llama.CANCEL_SECONDS", 0.05)
    alisa = await start(model_file, command=program("deaf"))
    stream = alisa.model.stream(HELLO)
    await anext(stream)
    await stream.aclose()
    await alisa.told.until(lambda status: bool(status.detail))
    await alisa.model.ready()
    assert len(alisa.processes) == 2


def test_the_list_survives_and_knows_changed_files(tmp_path: Path, model_file: Path) -> None:
    file = tmp_path / "deep" / "safe.json"
    SafeList(file).add(model_file)
    assert model_file in SafeList(file)
    assert tmp_path / "other.gguf" not in SafeList(file)
    model_file.write_bytes(b"GGUF, but longer")
    assert model_file not in SafeList(file)


@pytest.mark.parametrize("content", ["", "{", "{}", json.dumps([1, None])])
def test_a_broken_list_is_an_empty_one(tmp_path: Path, model_file: Path, content: str) -> None:
    file = tmp_path / "safe.json"
    file.write_text(content)
    assert model_file not in SafeList(file)
    SafeList(file).add(model_file)
    assert model_file in SafeList(file)


def test_a_list_that_cannot_be_written_is_no_error(
    tmp_path: Path, model_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    SafeList(blocked / "safe.json").add(model_file)
    assert "can't be written" in caplog.text
