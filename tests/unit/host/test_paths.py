from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.host.paths import Paths, resources


def test_what_she_brings_along_is_there() -> None:
    paths = Paths.of()
    assert paths.resources == resources()
    assert paths.starter_model.is_file()
    assert (paths.builtin_personas / "default.txt").is_file()
    for file in ("prompts/character.txt", "safety/crisis_patterns.txt", "safety/crisis_answer.txt"):
        assert (paths.resources / file).is_file()


def test_everything_of_the_users_is_inside_the_profile(profile: Path) -> None:
    paths = Paths.of(profile)
    places = [paths.settings, paths.places, paths.database, paths.personas, paths.sprites, paths.logs, paths.lock]
    places += [paths.endpoint, paths.safe_models, paths.graphics, paths.processors]
    assert all(place.parent == profile for place in places)
    assert len(set(places)) == len(places)
    assert paths.database.name == "alisa_memory.db"
    assert not profile.exists()


def test_home_and_the_present_folder_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.of(Path("~/Alisa")).profile == Path.home() / "Alisa"
    assert Paths.of(Path("田中")).profile == tmp_path / "田中"
    monkeypatch.chdir(tmp_path.parent)
    assert Paths.of(tmp_path).profile == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="XDG")
def test_the_usual_profile_is_where_the_system_keeps_data(tmp_path: Path) -> None:
    assert Paths.of().profile.is_relative_to(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="homes of others are not looked up there")
def test_the_home_of_nobody_is_told() -> None:
    with pytest.raises(SettingsFailed, match="~nobody-of-this-name"):
        Paths.of(Path("~nobody-of-this-name/Alisa"))


def test_in_a_bundle_resources_are_beside_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources() == tmp_path / "resources"
