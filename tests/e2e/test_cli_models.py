"""`alisa-desktop models`: the command line of the real program, with a hub on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exe import alisa_command
from hub import COMMIT, LocalHub, Trick
from tiny_gguf import write_tiny_gguf

import alisa_desktop

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(alisa_desktop.__file__).parents[1]
COMMAND = alisa_command("-W", "error")
REPOSITORY = "someone/Tiny-GGUF"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


def catalog(version: int = 1000, **changes: Any) -> dict[str, Any]:
    """A list that offers one model."""
    model = {
        "id": "tiny", "title": "Tiny One", "repository": REPOSITORY, "revision": "main",
        "files": [{"name": "tiny.gguf", "role": "model", "bytes": None, "sha256": None}],
        "licence": "MIT", "licence_url": "https://example.org/licence", "parameters": "1 million",
        "quantization": "F16", "context_tokens": 2048, "architecture": "llama", "attention": "full",
        "memory_bytes": None, "sees": False, "good_at": "Tests.", "prompt_notes": "None.",
    }  # fmt: skip
    return {"version": version, "models": [model | changes]}


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    """A tiny model of some hundred kilobytes."""
    return write_tiny_gguf(tmp_path / "made.gguf", never_ends=True).read_bytes()


@pytest.fixture
def hub(data: bytes, profile: Path) -> Iterator[LocalHub]:
    """A hub with the one model that the list of the profile offers."""
    (profile / "models").mkdir(parents=True)
    (profile / "models" / "catalog.json").write_text(json.dumps(catalog()))
    with LocalHub() as opened:
        opened.put(REPOSITORY, "tiny.gguf", data)
        yield opened


def environment(hub: LocalHub | None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {"HF_ENDPOINT": hub.endpoint if hub else "http://127.0.0.1:9"}


@pytest.fixture
def run(profile: Path, request: pytest.FixtureRequest) -> Run:
    """Runs a command of the program to its end."""
    hub = request.getfixturevalue("hub") if "hub" in request.fixturenames else None

    def execute(*arguments: str, code: int = 0, given: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, "models", *arguments, "--profile", str(profile)],
            env=environment(hub), input=given, capture_output=True, text=True, encoding="utf-8", timeout=100,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert "WARNING" not in done.stderr
        return done

    return execute


def present(run: Run) -> str:
    return str(json.loads(run("list", "--json").stdout)["present"])


def test_the_offers_that_come_with_her_are_listed(run: Run) -> None:
    told = json.loads(run("list", "--json").stdout)
    built_in = json.loads((ROOT / "resources" / "models" / "catalog.json").read_text(encoding="utf-8"))
    assert {offer["id"] for offer in told["offers"]} == {model["id"] for model in built_in["models"]}
    assert told["present"] == "starter"
    assert told["brains"] == []
    assert told["machine"]
    assert all(offer["fit"] in ("good", "tight", "too big") and offer["licence"] for offer in told["offers"])
    shown = run("list").stdout
    assert "* starter" in shown
    assert all(offer["id"] in shown and offer["licence"] in shown for offer in told["offers"])
    assert all(offer["why"] in shown for offer in told["offers"])


def test_a_model_is_fetched_used_verified_and_removed(run: Run, hub: LocalHub, profile: Path, data: bytes) -> None:
    done = run("download", "tiny")
    assert "Tiny One" in done.stdout
    assert "alisa-desktop models use tiny" in done.stdout
    assert "100 %" in done.stderr
    assert (profile / "models" / "tiny" / "tiny.gguf").read_bytes() == data
    assert present(run) == "starter", "nobody said that she should think with it"
    run("use", "tiny")
    assert present(run) == "tiny"
    assert "(the present one)" in next(line for line in run("list").stdout.splitlines() if line.startswith("* tiny"))
    said = subprocess.run(
        [*COMMAND, "say", "hi", "--json", "--profile", str(profile)], capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout)["outcome"] == "done"
    assert "every byte" in run("verify").stdout
    run("remove", "tiny", given="n\n", code=130)
    assert "starter brain" in run("remove", "tiny", given="y\n").stdout
    assert present(run) == "starter"
    assert not (profile / "models" / "tiny").exists()


def test_json_is_all_there_is_on_standard_output(run: Run, hub: LocalHub) -> None:
    done = run("download", "tiny", "--use", "--json")
    told = json.loads(done.stdout)
    assert (told["id"], told["linked"], told["present"]) == ("tiny", False, True)
    assert "Tiny One" in done.stderr
    assert json.loads(run("use", "starter", "--json").stdout)["present"] == "starter"
    assert json.loads(run("verify", "tiny", "--json").stdout) == [
        {"id": "tiny", "path": told["path"], "checked": "sha256", "trouble": ""}
    ]
    done = run("remove", "tiny", "--json", given="y\n")
    assert json.loads(done.stdout) == {"removed": "tiny", "linked": False}
    assert json.loads(run("search-local", "--json").stdout) == []
    assert json.loads(run("verify", "--json").stdout) == []


def test_what_is_not_there_is_told_with_the_way_out(run: Run, hub: LocalHub, tmp_path: Path) -> None:
    assert "models list" in run("download", "nobody", code=3).stderr
    assert "nobody" in run("use", "nobody", code=3).stderr
    assert "nobody" in run("remove", "nobody", "--yes", code=3).stderr
    assert "nobody" in run("verify", "nobody", code=3).stderr
    assert run("import", str(tmp_path / "gone.gguf"), code=3).stderr
    page = tmp_path / "page.gguf"
    page.write_text("<!doctype html><html>404</html>")
    assert run("import", str(page), code=3).stderr
    assert "stays" in run("remove", "starter", "--yes", code=3).stderr
    run("download", code=2)
    hub.put(REPOSITORY, "tiny.gguf", b"GGUF", lfs=False)
    done = run("download", "tiny", "--json", code=1)
    assert "checksum" in done.stderr
    assert done.stdout == ""


def test_a_damaged_file_is_named_and_fetched_again(run: Run, hub: LocalHub, profile: Path, data: bytes) -> None:
    run("download", "tiny")
    file = profile / "models" / "tiny" / "tiny.gguf"
    file.write_bytes(data[:-100] + bytes(100))
    assert "tiny.gguf is not the file it has to be" in run("verify", code=3).stdout
    [told] = json.loads(run("verify", "--json", code=3).stdout)
    assert "Fetch" in told["trouble"]
    run("download", "tiny")
    assert file.read_bytes() == data
    run("verify")


def test_a_damaged_download_is_refused(run: Run, hub: LocalHub, profile: Path, data: bytes) -> None:
    hub.tricks.append(Trick(body=data[:-100] + bytes(100)))
    assert "checksum is another" in run("download", "tiny", "--use", code=1).stderr
    assert present(run) == "starter"
    assert not (profile / "models" / "tiny").exists()


def test_a_file_of_the_user_s_is_linked_and_never_copied(run: Run, profile: Path, tmp_path: Path) -> None:
    mine = write_tiny_gguf(tmp_path / "Mine Ünïcode.gguf")
    told = json.loads(run("import", str(mine), "--json").stdout)
    assert (told["path"], told["linked"]) == (str(mine), True)
    assert not list(profile.rglob("*.gguf"))
    run("use", told["id"])
    assert present(run) == told["id"]
    assert "header is sound" in run("verify", told["id"]).stdout
    mine.write_bytes(b"no model any more")
    assert told["id"] in run("verify", code=3).stdout
    run("use", told["id"], code=3)
    assert "its file stays" in run("remove", told["id"], "--yes").stdout
    assert mine.exists()
    assert present(run) == "starter"


def test_models_of_other_programs_are_found_and_used_where_they_are(run: Run, tmp_path: Path) -> None:
    folder = Path(os.environ["HOME"]) / ".lmstudio" / "models" / "someone" / "Tiny"
    folder.mkdir(parents=True)
    theirs = write_tiny_gguf(folder / "theirs.gguf")
    [found] = json.loads(run("search-local", "--json").stdout)
    assert found["path"] == str(theirs)
    assert found["id"] in run("search-local").stdout
    run("use", found["id"])
    [linked] = json.loads(run("list", "--json").stdout)["brains"]
    assert linked["path"] == str(theirs)
    assert present(run) == linked["id"]


def test_a_model_too_big_for_any_machine_is_not_even_fetched(run: Run, hub: LocalHub, profile: Path) -> None:
    changes = {"memory_bytes": 1 << 41, "title": "Giant"}
    (profile / "models" / "catalog.json").write_text(json.dumps(catalog(1001, **changes)))
    done = run("download", "tiny", "--use", code=3)
    assert "Giant needs about 2048 GB of memory, this machine has" in done.stderr
    assert not hub.files
    assert "2048 GB" in run("list").stdout


def wait_until(true: Callable[[], object], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@POSIX
def test_ctrl_c_keeps_the_part_and_says_how_to_go_on(run: Run, hub: LocalHub, profile: Path, tmp_path: Path) -> None:
    data = write_tiny_gguf(tmp_path / "larger.gguf", d=256, ff=2048, layers=3).read_bytes()
    hub.put(REPOSITORY, "tiny.gguf", data)
    assert len(data) > 5_000_000, "more than is held back before it is written"
    hub.tricks.extend(Trick(hold_after=1_200_000) for _ in range(9))  # one for each time that it loses patience
    command = [*COMMAND, "models", "download", "tiny", "--json", "--profile", str(profile)]
    part = profile / "models" / "tiny" / "tiny.gguf.part"
    with subprocess.Popen(
        command, env=environment(hub), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_until(lambda: part.exists() and part.stat().st_size)
            assert json.loads(run("list", "--json").stdout)["offers"], "reading goes on beside it"
            assert "being fetched already" in run("download", "tiny", code=1).stderr
            assert "being fetched already" in run("remove", "tiny", "--yes", code=1).stderr
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out == ""
    assert "alisa-desktop models download tiny" in errors
    assert "Traceback" not in errors
    kept, asked = part.stat().st_size, len(hub.files)
    assert kept
    hub.release()
    run("list")
    assert len(hub.files) == asked, "listing what there is does not go on with it"
    run("download", "tiny")
    assert hub.files[asked].range == f"bytes={kept}-"
    assert part.with_suffix("").read_bytes() == data


@POSIX
def test_what_was_begun_can_be_removed(run: Run, hub: LocalHub, profile: Path, data: bytes) -> None:
    folder = profile / "models" / "tiny"
    folder.mkdir()
    (folder / "tiny.gguf.part").write_bytes(data[:1000])
    assert "deleted" in run("remove", "tiny", "--yes").stdout
    assert not folder.exists()
    assert not hub.files


@POSIX
def test_on_a_terminal_one_line_shows_the_way(hub: LocalHub, profile: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [*COMMAND, "models", "download", "tiny", "--profile", str(profile)]
    done = subprocess.run(command, env=environment(hub), stdout=subprocess.PIPE, stderr=theirs, timeout=100, check=True)
    shown = os.read(ours, 1 << 16).decode()
    for end in (ours, theirs):
        os.close(end)
    assert b"Tiny One is here" in done.stdout
    assert "\rTiny One: [####################] 100 % of" in shown
    assert shown.count("\n") == 1, "written over, not below"


def test_maintainers_pin_the_list_of_a_checkout(run: Run, hub: LocalHub, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(catalog(7)))
    done = run("pin", "--catalog", str(file))
    stored = hub.stored(REPOSITORY, "tiny.gguf")
    assert stored
    assert stored.sha256 in done.stdout
    assert COMMIT in done.stdout
    written = json.loads(file.read_text())
    assert written["version"] == 8
    assert written["models"][0]["files"] == [
        {"name": "tiny.gguf", "role": "model", "bytes": len(data), "sha256": stored.sha256}
    ]
    assert "nothing changed" in run("pin", "--catalog", str(file)).stdout
    assert json.loads(run("pin", "--catalog", str(file), "--json").stdout)["pinned"] == []
    file.write_text("<html>")
    assert "--catalog" in run("pin", "--catalog", str(file), code=1).stderr
    assert "--catalog" in run("pin", "--catalog", str(tmp_path / "gone.json"), code=1).stderr


def test_the_list_is_refreshed(run: Run, hub: LocalHub, profile: Path) -> None:
    address = f"{hub.endpoint}/cdn/someone/list/catalog.json"
    hub.put("someone/list", "catalog.json", json.dumps(catalog(2000, title="Tiny Two")).encode())
    assert "version 2000" in run("refresh", address).stdout
    assert [offer["title"] for offer in json.loads(run("list", "--json").stdout)["offers"]] == ["Tiny Two"]
    hub.put("someone/list", "catalog.json", json.dumps(catalog(1999)).encode())
    assert "older" in run("refresh", address, code=1).stderr
    assert "safe (https) address" in run("refresh", "http://example.org/list.json", code=1).stderr
    (profile / "models" / "catalog.json").write_text("{")
    told = subprocess.run(
        [*COMMAND, "models", "list", "--json", "--profile", str(profile)], capture_output=True, text=True, check=True
    )
    assert "damaged, so I use my own" in told.stderr
    assert json.loads(told.stdout)["offers"]


@POSIX
def test_beside_an_alisa_that_runs_nothing_is_changed_behind_her_back(
    run: Run, hub: LocalHub, profile: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": "Hello."}]}))
    command = [*COMMAND, "serve", "--port", "0", "--scripted", str(script), "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert "ws://" in process.stdout.readline()
            assert present(run) == "starter"
            for command in (["use", "starter"], ["remove", "tiny", "--yes"], ["download", "tiny", "--use"]):
                assert "Choose her brain" in run(*command, code=6).stderr
            assert not hub.files
            run("download", "tiny")
            run("verify")
            run("import", str(write_tiny_gguf(tmp_path / "mine.gguf")))
            assert len(json.loads(run("list", "--json").stdout)["brains"]) == 2
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
