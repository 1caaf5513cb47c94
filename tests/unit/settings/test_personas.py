"""The user's own persona files win over the built-in ones, and are never thrown away."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.host.paths import resources
from alisa_desktop.settings.personas import LARGEST, ORDER, Personas

BUILTIN = resources() / "personas"


@pytest.fixture
def personas(profile: Path) -> Personas:
    return Personas(BUILTIN, profile / "personas")


def own(personas: Personas, name: str, content: bytes | str) -> Path:
    personas.own.mkdir(parents=True, exist_ok=True)
    path = personas.own / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def test_without_files_of_the_users_there_are_the_built_in_ones(personas: Personas) -> None:
    assert tuple(personas.texts()) == ORDER
    assert not personas.own.exists()


def test_the_users_file_wins_and_additions_come_after(personas: Personas) -> None:
    own(personas, "study.txt", "Mine.")
    own(personas, "Jérôme 田中.txt", "Ahoy.")
    own(personas, "notes.md", "nothing")
    texts = personas.texts()
    assert tuple(texts) == (*ORDER, "Jérôme 田中")
    assert (texts["study"], texts["Jérôme 田中"]) == ("Mine.", "Ahoy.")
    assert texts["chill"] == personas.builtin_text("chill")


def test_the_case_of_a_name_makes_no_second_persona(personas: Personas) -> None:
    own(personas, "Study.txt", "Mine.")
    texts = personas.texts()
    assert tuple(texts) == ORDER
    assert texts["study"] == "Mine."


def test_what_is_no_text_does_no_harm(personas: Personas) -> None:
    own(personas, "latin.txt", "Jérôme".encode("latin-1"))
    own(personas, "._study.txt", b"\x00\x05\x16\x07")
    own(personas, "huge.txt", b"a" * (LARGEST + 10))
    (personas.own / "folder.txt").mkdir()
    texts = personas.texts()
    assert texts["latin"] == "J\ufffdr\ufffdme"
    assert len(texts["huge"]) == LARGEST
    assert tuple(texts) == (*ORDER, "huge", "latin")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_nowhere_is_left_out(personas: Personas) -> None:
    personas.own.mkdir(parents=True)
    (personas.own / "gone.txt").symlink_to(personas.own / "nowhere")
    assert tuple(personas.texts()) == ORDER


def test_a_copy_is_made_once_and_kept(personas: Personas) -> None:
    copy = personas.edit_copy("study")
    assert copy.read_bytes() == (BUILTIN / "study.txt").read_bytes()
    copy.write_text("Mine.", encoding="utf-8")
    assert personas.edit_copy("study").read_text(encoding="utf-8") == "Mine."


def test_a_copy_that_can_not_be_written_is_told(personas: Personas) -> None:
    personas.own.parent.mkdir(parents=True)
    personas.own.write_text("a file")
    with pytest.raises(SettingsFailed):
        personas.edit_copy("study")
    with pytest.raises(SettingsFailed):
        Personas(BUILTIN, personas.own.parent / "other").edit_copy("nobody")


def test_reset_puts_the_copy_aside(personas: Personas) -> None:
    assert personas.reset("study") is False
    own(personas, "study.txt", "Mine.")
    own(personas, "pirate.txt", "Ahoy.")
    assert personas.reset("study") is True
    assert personas.texts()["study"] == personas.builtin_text("study")
    assert (personas.own / "study.txt.old").read_text(encoding="utf-8") == "Mine."
    assert personas.reset("pirate") is False
    assert personas.texts()["pirate"] == "Ahoy."
