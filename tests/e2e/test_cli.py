"""The command line of the real program, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exe import alisa_command
from websockets.sync.client import connect

import alisa_desktop

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(alisa_desktop.__file__).parents[1]
COMMAND = alisa_command("-W", "error")


@pytest.fixture
def run(profile: Path) -> Run:
    """Runs a command of the program to its end."""

    def execute(*arguments: str, code: int = 0, given: str = "") -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        done = subprocess.run(
            [*COMMAND, *arguments, "--profile", str(profile)],
            env=environment, input=given, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return execute


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.json"
    replies: list[dict[str, Any]] = [
        {"when": "slow", "text": "word " * 400, "delay_ms": 50, "emotion": "calm"},
        {"when": "broken", "text": "I was ab", "fail": "crash"},
        {"text": "Hello, 田中 😀.", "emotion": "happy"},
    ]
    path.write_text(json.dumps({"name": "Script", "replies": replies}), encoding="utf-8")
    return str(path)


def test_version_and_help(run: Run) -> None:
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"Alisa Desktop {alisa_desktop.__version__}"
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in ("say", "serve", "history", "forget"))


def test_say_streams_a_reply_of_the_real_model(run: Run) -> None:
    done = run("say", "hi alisa")
    assert done.stdout.strip()
    assert "<" not in done.stdout
    assert done.stderr == ""


def test_say_json(run: Run, script: str) -> None:
    told = json.loads(run("say", "hi", "--json", "--mode", "study", "--scripted", script).stdout)
    assert told["text"] == "Hello, 田中 😀."
    assert (told["mode"], told["emotion"], told["outcome"]) == ("study", "happy", "done")
    assert told["tokens"] > 0
    assert told["seconds"] >= 0
    told = json.loads(run("say", "hi", "--json", "--scripted", script).stdout)
    assert told["mode"] == "default", "--mode holds for one reply"


def test_say_switches_the_mode_for_good(run: Run, script: str) -> None:
    assert run("say", "/mode study", "--scripted", script).stdout == "(study)\n"
    assert json.loads(run("say", "hi", "--json", "--scripted", script).stdout)["mode"] == "study"
    assert "I have no mode “loud”" in run("say", "/mode loud", "--scripted", script, code=1).stderr


def test_say_tells_failures_by_sentence_and_exit_code(run: Run, script: str, tmp_path: Path) -> None:
    done = run("say", "broken", "--scripted", script, code=3)
    assert done.stdout.startswith("I was ab\n\n")
    page = tmp_path / "page.gguf"
    page.write_text("<!doctype html><html>404</html>")
    assert "Settings" in run("say", "hi", "--model", str(page), code=3).stdout
    assert "I have no mode “loud”" in run("say", "hi", "--mode", "loud", "--scripted", script, code=1).stderr
    run("say", code=2)
    run("dance", code=2)
    history = json.loads(run("history", "--json").stdout)
    assert [turn["user"] for turn in history] == ["broken", "hi"], "what the user wrote is kept"
    assert history[0]["outcome"] == "failed"


def test_history_and_forget(run: Run, script: str, profile: Path) -> None:
    assert "Nothing" in run("history").stdout
    for text in ("one", "two", "three"):
        run("say", text, "--scripted", script)
    assert [turn["user"] for turn in json.loads(run("history", "--limit", "2", "--json").stdout)] == ["two", "three"]
    assert "You:   three" in run("history").stdout
    assert run("forget", code=2).stderr
    run("forget", "--all", given="n\n", code=130)
    assert "three" in run("history").stdout
    assert "3 turns" in run("forget", "--all", given="y\n").stdout
    run("say", "four", "--scripted", script)
    assert "1 turn." in run("forget", "--all", "--yes").stdout
    assert json.loads(run("history", "--json").stdout) == []
    assert b"three" not in (profile / "alisa_memory.db").read_bytes()


def test_without_a_display_she_talks_in_the_terminal(run: Run, script: str) -> None:
    done = run("--scripted", script, given="hi\n/mode study\n/mode loud\n\nhi again\n")
    assert "no display" in done.stdout
    assert "ws://127.0.0.1:" in done.stdout
    assert done.stdout.count("Hello, 田中 😀.  (happy)\n") == 2, "every line is answered to its end"
    assert "(study)" in done.stdout
    assert "I have no mode “loud”" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_stops_a_reply_and_keeps_it(profile: Path, script: str) -> None:
    command = [*COMMAND, "say", "slow please", "--scripted", script, "--profile", str(profile)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.read(4) == "word"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    done = subprocess.run(
        [*COMMAND, "history", "--json", "--profile", str(profile)], capture_output=True, text=True, check=True
    )
    [turn] = json.loads(done.stdout)
    assert turn["outcome"] == "stopped"
    assert turn["alisa"].startswith("word")
    assert len(rest) < 1900


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_serve_prints_its_address_and_talks(run: Run, profile: Path, script: str) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--scripted", script, "--profile", str(profile)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        line = process.stdout.readline()
        address = re.search(r"ws://127\.0\.0\.1:\d+/ws/chat", line)
        assert address, line
        assert json.loads((profile / "endpoint.json").read_text())["address"] == address[0]
        assert "running already" in run("serve", "--scripted", script, code=6).stderr
        assert (
            "running already" in run("forget", "--all", "--yes", code=6).stderr
            or not (profile / "alisa_memory.db").exists()
        )
        with connect(address[0]) as client:
            client.send('{"message": "hi"}')
            frames = []
            while (frame := client.recv(timeout=20)) != "[END]":
                frames.append(frame)
        program = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        assert program
        code = program[1].replace("ws://127.0.0.1:8000/ws/chat", address[0])
        shown = subprocess.run([sys.executable, "-c", code], input="hi\n", capture_output=True, text=True, check=True)
        assert shown.stdout == "you: [EMOTION]happy\nHello, 田中 😀.[EMOTION]happy\n"
        assert frames[0] == "[EMOTION]happy"
        assert "".join(str(frame) for frame in frames[1:-1]) == "Hello, 田中 😀."
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == ""
    assert not (profile / "endpoint.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP] if sys.platform != "win32" else [])
def test_a_polite_kill_keeps_what_was_said(run: Run, profile: Path, script: str, number: signal.Signals) -> None:
    command = [*COMMAND, "say", "slow please", "--scripted", script, "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.read(4) == "word"
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, errors) == (130, "")
    [turn] = json.loads(run("history", "--json").stdout)
    assert (turn["user"], turn["outcome"]) == ("slow please", "stopped")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("arguments", [["say", "slow please"], ["history"]])
def test_a_reader_that_leaves_ends_her_quietly(run: Run, profile: Path, script: str, arguments: list[str]) -> None:
    for _ in range(3 if arguments == ["history"] else 0):
        run("say", "hello " * 8000, "--scripted", script, code=3)  # too much for her, and more than a pipe holds
    command = [*COMMAND, *arguments, "--scripted", script, "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(4)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(20) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")
def test_without_any_input_she_ends(profile: Path, script: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = subprocess.list2cmdline([*COMMAND, "--scripted", script, "--profile", str(profile)])
    done = subprocess.run(
        f"{command} <&-", shell=True, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""


def test_a_damaged_memory_is_told_by_history(run: Run, profile: Path) -> None:
    profile.mkdir()
    (profile / "alisa_memory.db").write_bytes(b"<html>not a database</html>" * 200)
    done = run("history")
    assert "alisa_memory.damaged" in done.stderr
    assert "Nothing has been said yet." in done.stdout


def test_a_bug_is_told_in_one_sentence_and_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, profile: Path
) -> None:
    from alisa_desktop import cli

    def broken(_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "has_display", lambda: True)
    monkeypatch.setattr(cli, "start_logging", lambda *_, **__: None)
    told: list[str] = []
    assert cli.main(["--profile", str(profile)], broken, told.append) == 1
    assert capsys.readouterr().err.strip() == cli.BROKE
    assert told == [cli.BROKE], "nobody sees a terminal here"
    assert "ZeroDivisionError" in caplog.text


def test_the_detailed_log_is_asked_for_and_forgotten(run: Any, script: str, profile: Path) -> None:
    run("say", "zebra crossing", "--scripted", script)
    assert not list((profile / "logs").glob("*-detailed.log"))
    run("say", "zebra crossing", "--scripted", script, "--debug")
    details = profile / "logs" / "commands-detailed.log"
    assert "zebra crossing" in details.read_text(encoding="utf-8")
    assert "zebra" not in (profile / "logs" / "commands.log").read_text(encoding="utf-8")
    run("forget", "--all", "--yes")
    assert details.read_text(encoding="utf-8") == ""
