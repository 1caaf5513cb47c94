"""Profiles of every schema there ever was, made by the versions of their time, opened by the program of today."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from exe import alisa_command

from alisa_desktop.memory.schema import HEAD
from alisa_desktop.memory.upgrade import configuration

PROFILES = Path(__file__).parents[1] / "profiles"
"""A folder `schema-REVISION` each; the version that brings a revision adds one, talked with by that version itself."""
REVISIONS = [folder.name.removeprefix("schema-") for folder in sorted(PROFILES.iterdir())]
MEMORY_FAILED = 4

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(profile: Path, tmp_path: Path) -> Run:
    """Runs a command of the program with the profile."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"name": "Script", "replies": [{"text": "Here I am.", "emotion": "happy"}]}))

    def execute(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ["--scripted", str(script)] if arguments[0] == "say" else []
        command = [*alisa_command(), *arguments, *given, "--profile", str(profile)]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False)

    return execute


def turns(path: Path) -> list[tuple[object, ...]]:
    """What was said, read without any code of ours."""
    with closing(sqlite3.connect(path)) as database:
        said = "SELECT turn_id, position, role, text, emotion, at, mode, model FROM messages JOIN turns ON id = turn_id"
        return database.execute(f"{said} ORDER BY at, position").fetchall()


def revision(path: Path) -> str:
    """The schema of a database."""
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_every_schema_has_a_profile() -> None:
    migrations = ScriptDirectory.from_config(configuration()).walk_revisions()
    assert sorted(migration.revision for migration in migrations) == REVISIONS


@pytest.mark.parametrize("older", REVISIONS)
def test_an_older_profile_is_migrated_with_a_backup_beside_it(older: str, profile: Path, run: Run) -> None:
    shutil.copytree(PROFILES / f"schema-{older}", profile)
    database = profile / "alisa_memory.db"
    backup = profile / f"alisa_memory.db.bak-{older}"
    before = turns(database)
    choices = json.loads((profile / "settings.json").read_text())
    said = run("say", "are you still there?", "--json")
    assert (said.returncode, said.stderr) == (0, "")
    assert json.loads(said.stdout)["mode"] == "chill", "the mode chosen then"
    after = turns(database)
    assert after[: len(before)] == before
    assert [row[3] for row in after[len(before) :]] == ["are you still there?", "Here I am."]
    assert revision(database) == HEAD
    told = json.loads(run("history", "--json").stdout)
    assert "my name is Jérôme 田中" in [turn["user"] for turn in told]
    assert choices.items() <= json.loads((profile / "settings.json").read_text()).items()
    if older == HEAD:
        assert not backup.exists()
    else:
        assert (revision(backup), turns(backup)) == (older, before)


def test_a_newer_profile_is_refused_with_a_sentence(profile: Path, run: Run) -> None:
    shutil.copytree(PROFILES / f"schema-{HEAD}", profile)
    database = profile / "alisa_memory.db"
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    before = database.read_bytes()
    refused = run("history")
    assert refused.returncode == MEMORY_FAILED
    assert "newer version" in refused.stderr and "update me" in refused.stderr and "Traceback" not in refused.stderr
    said = run("say", "hello")
    assert said.stdout.strip() == "Here I am.", "she talks on without a memory"
    assert "newer version" in said.stderr
    assert database.read_bytes() == before
    assert sorted(file.name for file in profile.glob("alisa_memory*")) == ["alisa_memory.db"]
