"""The real program on machines that are not like ours: other languages, and users without a home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from desktop import Desktop, wait_for
from exe import alisa_command
from websockets.sync.client import ClientConnection, connect

from alisa_desktop.core.messages import Emotion

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="locales and users of Linux")
COMMAND = alisa_command("-W", "error", "-P")
LANGUAGES = ["tr_TR.UTF-8", "ja_JP.UTF-8"]
NOBODY = 54321
"""No user of this number is known to the system."""
BUBBLE = "^Talk with Alisa$"
MENU = "^Alisa's menu$"

pytestmark = LINUX


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the languages, made here, since machines for tests have none."""
    if not shutil.which("localedef") or not Path("/usr/share/i18n/locales/tr_TR").exists():
        pytest.skip("no locales can be made here (package locales)")
    folder = tmp_path_factory.mktemp("locales")
    for name in LANGUAGES:
        language, _, charmap = name.partition(".")
        subprocess.run(["localedef", "-i", language, "-f", charmap, folder / name], check=True)
    return folder


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, locales: Path) -> dict[str, str]:
    """The variables that make a program speak it; they are tried first."""
    variables = {"LOCPATH": str(locales), "LC_ALL": request.param, "LANG": request.param, "LANGUAGE": ""}
    code = "import locale; print(locale.setlocale(locale.LC_ALL, ''), locale.localeconv()['decimal_point'])"
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [request.param, "," if "tr" in request.param else "."]
    return variables


def run(*arguments: str, env: dict[str, str], code: int | None = 0, become: Sequence[str] = ()) -> str:
    """Run a command to its end without a display, as somebody else if so; returns what it prints.

    It ends with `code`, or as it likes where that is None.
    """
    here = {key: value for key, value in env.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [*become, *COMMAND, *arguments], env=here, capture_output=True, text=True, encoding="utf-8", timeout=100,
        check=False,
    )  # fmt: skip
    assert code in (None, done.returncode), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


# other languages


def test_commands_in_another_language(language: dict[str, str], profile: Path) -> None:
    env, given = os.environ | language, ("--profile", str(profile))
    said = json.loads(run("say", "What is 7 / 2?", "--json", *given, env=env))
    assert "3.5" in said["text"]
    assert said["emotion"] in list(Emotion)
    for words in ("/MODE CHILL", "/mode Chill", "/Mode chill"):
        assert run("say", words, *given, env=env).strip() == "(chill)"
    told = json.loads(run("history", "--json", *given, env=env))
    assert [turn["user"] for turn in told] == ["What is 7 / 2?"]
    assert told[0]["at"][:2] == "20"
    found = json.loads(run("doctor", "--json", *given, env=env, code=None))
    bad = {check["name"] for check in found["checks"] if check["verdict"] == "bad"}
    assert bad <= {"port"}, "which an Alisa of another test may have"


def frames_until_end(client: ClientConnection) -> list[str]:
    """All frames up to the end of a reply."""
    frames: list[str] = []
    while "[END]" not in frames:
        frames.append(str(client.recv(60)))
    return frames


def test_her_desktop_in_another_language(place: Desktop, start: Any, language: dict[str, str]) -> None:
    place.environment |= language
    program = start()
    with program.client() as client:
        client.send("What is 7 / 2?")
        assert "3.5" in "".join(frames_until_end(client))
        client.send("/MODE CHILL")
        assert frames_until_end(client) == ["[MODE CHANGED]", "[END]"]
        client.send("Hi!")
        frames = frames_until_end(client)
    emotion = next(frame for frame in frames if frame.startswith("[EMOTION]")).removeprefix("[EMOTION]")
    assert emotion in list(Emotion)
    wait_for(lambda: program.settings().get("mode") == "chill", "the mode in the settings")
    program.open_menu()
    place.keys("s")
    place.focused("Settings")
    place.keys("Escape")
    program.quit()
    places = json.loads((program.profile / "settings.json").read_text(encoding="utf-8"))
    assert places["avatar_height"] == 240


# no home


@pytest.fixture
def homeless(tmp_path: Path) -> dict[str, str]:
    """The few variables that a service or a cron job has."""
    return {"PATH": os.environ["PATH"]}


def test_commands_without_a_home(homeless: dict[str, str], profile: Path) -> None:
    given = ("--profile", str(profile))
    assert run("say", "Hi!", *given, env=homeless).strip()
    assert len(json.loads(run("history", "--json", *given, env=homeless))) == 1
    found = {
        check["name"]: check for check in json.loads(run("doctor", "--json", *given, env=homeless, code=None))["checks"]
    }
    assert found["profile"]["verdict"] == found["database"]["verdict"] == "good"


def test_her_desktop_without_a_home(place: Desktop, start: Any) -> None:
    for name in [name for name in place.environment if name == "HOME" or name.startswith("XDG_")]:
        del place.environment[name]
    program = start()
    with program.client() as client:
        client.send("Hi!")
        frames_until_end(client)
    program.quit()


@pytest.fixture
def unknown() -> list[str]:
    """What runs a command as a user whom the system does not know, with the rights of the present one."""
    become = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    if not shutil.which("unshare") or subprocess.run([*become, "true"], capture_output=True, check=False).returncode:
        pytest.skip("nobody can become another user here")
    return become


def test_a_user_whom_nobody_knows(homeless: dict[str, str], unknown: list[str], profile: Path) -> None:
    given = ("--profile", str(profile))
    assert run("say", "Hi!", *given, env=homeless, become=unknown).strip()
    assert len(json.loads(run("history", "--json", *given, env=homeless, become=unknown))) == 1
    run("doctor", *given, env=homeless, code=None, become=unknown)


def test_a_user_whom_nobody_knows_and_no_profile(homeless: dict[str, str], unknown: list[str]) -> None:
    run("say", "Hi!", env=homeless, code=1, become=unknown)
    told = json.loads(run("doctor", "--json", env=homeless, code=1, become=unknown))
    found = {check["name"]: check for check in told["checks"]}
    assert found["profile"]["verdict"] == "bad"
    assert "--profile" in found["profile"]["advice"]
    bad = {name for name, check in found.items() if check["verdict"] == "bad"}
    assert bad <= {"port", "profile"}, "a port that an Alisa of another test may have"


def test_the_desktop_of_a_user_whom_nobody_knows(
    place: Desktop, unknown: list[str], profile: Path, tmp_path: Path
) -> None:
    for name in [name for name in place.environment if name == "HOME" or name.startswith("XDG_")]:
        del place.environment[name]
    log = tmp_path / "output.txt"
    program = place.start(*unknown, *COMMAND, "--profile", str(profile), log=log)
    wait_for((profile / "endpoint.json").exists, "the endpoint's file", 60)
    with connect(json.loads((profile / "endpoint.json").read_text())["address"]) as client:
        client.send("Hi!")
        frames_until_end(client)
    program.terminate()
    assert program.wait(30) == 0
    assert "Traceback" not in log.read_text()
