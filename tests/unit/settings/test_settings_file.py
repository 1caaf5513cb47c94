"""The user's choices are never lost: not by damage, not by a full disk, not by a newer or older Alisa."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.settings.file import SettingsFile, write_json
from alisa_desktop.settings.schema import ModelSource, Settings

CHOSEN = Settings(model_source=ModelSource.FILE, model_file="~/Modèles/田中.gguf", mode="study", avatar_height=300)


@pytest.fixture
def path(profile: Path) -> Path:
    return profile / "settings.json"


@pytest.fixture
def written(path: Path) -> Any:
    """Puts this text or these bytes into the file."""

    def write(content: str | bytes) -> SettingsFile:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return SettingsFile(path)

    return write


def test_without_a_file_everything_is_default_and_nothing_is_written(path: Path) -> None:
    file = SettingsFile(path)
    assert file.load() == Settings()
    assert file.notice == ""
    assert not path.parent.exists()


def test_what_is_saved_is_loaded(path: Path) -> None:
    SettingsFile(path).save(CHOSEN)
    assert SettingsFile(path).load() == CHOSEN
    assert "田中" in path.read_text(encoding="utf-8")
    assert list(path.parent.iterdir()) == [path]


def test_the_key_of_a_server_is_never_written(path: Path) -> None:
    SettingsFile(path).save(CHOSEN.model_copy(update={"server_key": SecretStr("hunter2")}))
    assert "hunter2" not in path.read_text(encoding="utf-8")
    assert "server_key" not in path.read_text(encoding="utf-8")


def test_an_editor_may_leave_its_mark(written: Any) -> None:
    file = written(b"\xef\xbb\xbf" + json.dumps({"mode": "chill"}).replace(", ", ",\r\n").encode())
    assert file.load().mode == "chill"
    assert file.notice == ""


DAMAGED: list[str | bytes] = [
    "",
    "{",
    "nonsense",
    "[1, 2]",
    "null",
    '"text"',
    b"\xff\xfe\x00",
    "[" * 200_000,
    "1" * 9999,
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_kept_aside_and_told(written: Any, path: Path, content: str | bytes) -> None:
    file = written(content)
    assert file.load() == Settings()
    (kept,) = path.parent.glob("settings.damaged-*.json")
    assert str(kept) in file.notice
    raw = content.encode() if isinstance(content, str) else content
    assert kept.read_bytes() == raw
    assert not path.exists()
    assert file.load() == Settings()
    assert file.notice == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("avatar_height", "large"), ("avatar_height", 5), ("avatar_height", 5000), ("avatar_height", None),
        ("endpoint_port", 80), ("endpoint_port", 1e999), ("endpoint_port", 8000.5), ("endpoint_on", "maybe"),
        ("model_source", "cloud"), ("mode", 7), ("mode", ["study"]), ("model_file", {"a": 1}),
    ],
)  # fmt: skip
def test_a_wrong_value_costs_only_itself(written: Any, path: Path, field: str, value: Any) -> None:
    file = written(json.dumps({"bubble_pinned": True, field: value}))
    assert file.load() == Settings(bubble_pinned=True)
    assert field in file.notice
    assert path.exists()


def test_what_a_newer_alisa_wrote_does_no_harm(written: Any) -> None:
    file = written(json.dumps({"mode": "study", "hologram": True, "": None}))
    assert file.load() == Settings(mode="study")
    assert file.notice == ""


def test_a_file_that_can_not_be_read_is_told_and_left(path: Path) -> None:
    path.mkdir(parents=True)
    file = SettingsFile(path)
    assert file.load() == Settings()
    assert str(path) in file.notice
    assert path.is_dir()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(sorted(Settings.model_fields))


@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELDS | st.text(max_size=4), JSON, max_size=6))
def test_whatever_stands_in_the_file_there_are_settings(written: Any, told: dict[str, Any]) -> None:
    loaded = written(json.dumps(told)).load()
    assert Settings.model_validate(loaded.model_dump() | {"server_key": ""})


# the way to the disk


@pytest.fixture
def broken_disk(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """The system call of this name fails as on a full disk."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, request.param, fail)
    yield


@pytest.mark.parametrize("broken_disk", ["fsync", "replace"], indirect=True)
@pytest.mark.usefixtures("broken_disk")
def test_a_full_disk_leaves_the_old_file_and_no_rest(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"mode": "chill"}', encoding="utf-8")
    with pytest.raises(SettingsFailed, match="No space left") as caught:
        SettingsFile(path).save(CHOSEN)
    assert str(path.parent) in caught.value.sentence
    assert list(path.parent.iterdir()) == [path]
    assert SettingsFile(path).load().mode == "chill"


def test_what_is_no_json_leaves_the_old_file(path: Path) -> None:
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]


def test_a_path_that_is_no_unicode_can_be_saved(path: Path) -> None:
    odd = CHOSEN.model_copy(update={"model_file": "/models/\udcff.gguf"})  # what Linux makes of undecodable names
    SettingsFile(path).save(odd)
    assert SettingsFile(path).load() == odd


def test_a_profile_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsFailed):
        SettingsFile(tmp_path / "file" / "settings.json").save(CHOSEN)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    path.symlink_to(real)
    SettingsFile(path).save(CHOSEN)
    assert path.is_symlink()
    assert SettingsFile(real).load() == CHOSEN
