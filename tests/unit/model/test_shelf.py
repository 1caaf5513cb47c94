"""The models that are here: ours, the user's own files, and those of other programs, whatever state they are in."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_gguf import write_tiny_classifier, write_tiny_gguf
from tiny_vision import write_tiny_llava

from alisa_desktop.core.brains import Brain
from alisa_desktop.core.errors import ModelBroken, ModelMissing
from alisa_desktop.model import shelf as shelving
from alisa_desktop.model.hunt import Bounds, Hunt
from alisa_desktop.model.links import MAX_LINKS, ShelfFailed
from alisa_desktop.model.places import OllamaPlace, Place, is_gguf, known_places
from alisa_desktop.model.shelf import LINKED, OWN, Shelf

NAME = "Jérôme 田中"
not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="links and permissions need more rights there")


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("shelf") / "tiny.gguf")


@pytest.fixture
def put(model_file: Path) -> Callable[[Path], Path]:
    """Put a model there."""

    def copy(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(model_file, path)
        return path

    return copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / NAME / "models"


def only(brains: tuple[Brain, ...]) -> Brain:
    (brain,) = brains
    return brain


Put = Callable[[Path], Path]


# Our own folder


def test_a_fetched_model_is_known_by_its_folder(folder: Path, put: Put) -> None:
    path = put(folder / "qwen3-4b" / "Qwen3-4B-Q4_K_M.gguf")
    brain = only(Shelf(folder, ids={"qwen3-4b"}, context_tokens=512).brains())
    assert (brain.id, brain.title, brain.path, brain.source) == ("qwen3-4b", "Tiny F16", path, OWN)
    assert (brain.architecture, brain.context_tokens, brain.trouble, brain.linked) == ("llama", 2048, "", False)
    assert brain.bytes == path.stat().st_size < brain.memory_bytes
    assert brain.projector is None


def test_other_models_are_known_by_their_file(folder: Path, put: Put) -> None:
    put(folder / "My Model-Q4.gguf")
    put(folder / "unknown" / "model.gguf")
    put(folder / "qwen3-4b" / "deeper" / "Other_One.GGUF")
    found = Shelf(folder, ids={"qwen3-4b"}).brains()
    assert [brain.id for brain in found] == ["my-model-q4", "unknown", "other-one"]


def test_two_of_a_name_are_told_apart(folder: Path, put: Put) -> None:
    put(folder / "a" / "same.gguf")
    put(folder / "b" / "same.gguf")
    assert [brain.id for brain in Shelf(folder).brains()] == ["same", "same-2"]


def test_no_folder_no_models(folder: Path) -> None:
    assert Shelf(folder).brains() == ()
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    assert Shelf(folder).brains() == ()


def test_what_cannot_be_used_says_why(folder: Path, put: Put) -> None:
    cut = put(folder / "cut.gguf")
    cut.write_bytes(cut.read_bytes()[:-100])
    put(folder / "empty.gguf").write_bytes(b"")
    write_tiny_classifier(folder / "measures.gguf", ["a"], {"word": ["a"]})
    (folder / "vocabulary.gguf").write_bytes(
        b"GGUF"
        + struct.pack("<IQQQ", 3, 0, 1, 20)
        + b"general.architecture"
        + struct.pack("<IQ", 8, 5)
        + b"llama"
        + bytes(64)
    )
    troubles = {brain.path.stem: brain.trouble for brain in Shelf(folder).brains()}
    assert "incomplete" in troubles["cut"]
    assert "is empty" in troubles["empty"]
    assert "no model that talks" in troubles["measures"]
    assert "no weights" in troubles["vocabulary"]


def test_eyes_belong_to_their_model(folder: Path, put: Put) -> None:
    path = put(folder / "seeing" / "seeing.gguf")
    eyes = write_tiny_llava(folder / "seeing" / "mmproj-F16.gguf")
    brain = only(Shelf(folder).brains())
    assert brain.projector == eyes
    assert brain.bytes == path.stat().st_size + eyes.stat().st_size


def test_a_file_is_read_again_only_when_it_changed(folder: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder / "one.gguf")
    put(folder / "two.gguf")
    read: list[Path] = []
    really = shelving.read_model_file
    monkeypatch.setattr(shelving, "read_model_file", lambda path: read.append(path) or really(path))
    shelf = Shelf(folder)
    before = shelf.brains()
    assert shelf.brains() == before
    assert len(read) == 2
    path.write_bytes(b"")
    assert "empty" in shelf.brains()[0].trouble
    assert len(read) == 3


def test_names_of_files_can_do_nothing(folder: Path, put: Put) -> None:
    if sys.platform == "win32":
        pytest.skip("no such names there")
    put(folder / "a\n\x1b[31mred.gguf").write_bytes(b"")
    brain = only(Shelf(folder).brains())
    assert brain.title == "a [31mred"
    assert brain.id == "a-31mred"


# In parts


def in_parts(put: Put, folder: Path, *parts: int) -> None:
    for part in parts:
        put(folder / f"big-{part:05}-of-00003.gguf")


def test_a_model_in_parts_is_one(folder: Path, put: Put, model_file: Path) -> None:
    in_parts(put, folder, 1, 2, 3)
    brain = only(Shelf(folder).brains())
    assert (brain.id, brain.path.name, brain.trouble) == ("big", "big-00001-of-00003.gguf", "")
    assert brain.bytes == 3 * model_file.stat().st_size < brain.memory_bytes


@pytest.mark.parametrize(("there", "missing"), [((1, 3), 1), ((2, 3), 1), ((3,), 2)])
def test_missing_parts_are_counted(folder: Path, put: Put, there: tuple[int, ...], missing: int) -> None:
    in_parts(put, folder, *there)
    assert only(Shelf(folder).brains()).trouble.startswith(f"Parts of this model are missing ({missing} of 3). Put")


def test_all_parts_are_removed(folder: Path, put: Put) -> None:
    in_parts(put, folder / "big", 1, 2, 3)
    shelf = Shelf(folder)
    shelf.remove(only(shelf.brains()))
    assert list(folder.iterdir()) == []


# The user's own files


def test_a_file_of_the_users_stays_where_it_is(folder: Path, tmp_path: Path, put: Put) -> None:
    path = put(tmp_path / NAME / "my brain.gguf")
    brain = Shelf(folder).add_link(path)
    assert (brain.id, brain.path, brain.source, brain.linked) == ("my-brain", path, LINKED, True)
    assert Shelf(folder).brains() == (brain,)
    Shelf(folder).add_link(path)
    assert len(Shelf(folder).brains()) == 1
    Shelf(folder).remove(brain)
    assert Shelf(folder).brains() == ()
    assert path.is_file()


def test_what_is_no_model_is_not_linked(folder: Path, tmp_path: Path, put: Put) -> None:
    shelf = Shelf(folder)
    with pytest.raises(ModelMissing, match="can't find"):
        shelf.add_link(tmp_path / "none.gguf")
    with pytest.raises(ModelMissing, match="is a folder"):
        shelf.add_link(tmp_path)
    with pytest.raises(ModelMissing):
        shelf.add_link(Path("~nobody-of-that-name/x.gguf"))
    with pytest.raises(ModelMissing):
        shelf.add_link(tmp_path / "a\0b.gguf")
    with pytest.raises(ModelBroken, match="only the eyes"):
        shelf.add_link(write_tiny_llava(tmp_path / "mmproj.gguf"))
    with pytest.raises(ModelBroken, match="no model that talks"):
        shelf.add_link(write_tiny_classifier(tmp_path / "c.gguf", ["a"], {"word": ["a"]}))
    assert shelf.brains() == ()
    assert not folder.exists()


def test_any_part_leads_to_the_first(folder: Path, tmp_path: Path, put: Put) -> None:
    in_parts(put, tmp_path, 1, 2, 3)
    assert Shelf(folder).add_link(tmp_path / "big-00002-of-00003.gguf").path.name == "big-00001-of-00003.gguf"


def test_a_file_of_our_own_folder_needs_no_link(folder: Path, put: Put) -> None:
    path = put(folder / "here.gguf")
    assert Shelf(folder).add_link(path).linked is False
    assert not (folder / "linked.json").exists()


def test_a_linked_file_that_vanishes_says_so_and_can_be_forgotten(folder: Path, tmp_path: Path, put: Put) -> None:
    path = put(tmp_path / "drive" / "brain.gguf")
    shelf = Shelf(folder)
    shelf.add_link(path)
    shutil.rmtree(path.parent)
    brain = only(shelf.brains())
    assert brain.trouble == f"I can't find {path} any more. Connect its drive, put it back, or take it off the list."
    put(path)
    assert only(shelf.brains()).trouble == ""
    path.unlink()
    shelf.remove(brain)
    assert shelf.brains() == ()


@pytest.mark.parametrize("ways", [("open",), ("open", "stat")])
def test_a_file_that_may_not_be_read_says_so(
    folder: Path, tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch, ways: tuple[str, ...]
) -> None:
    path = put(tmp_path / "closed" / "brain.gguf")
    Shelf(folder).add_link(path)

    def closed(really: Callable[..., object]) -> Callable[..., object]:
        def refuse(self: Path, *arguments: object, **more: object) -> object:
            if self.parent == path.parent:
                raise PermissionError(13, "Permission denied")
            return really(self, *arguments, **more)

        return refuse

    for way in ways:
        monkeypatch.setattr(Path, way, closed(getattr(Path, way)))
    assert "Check that you may open it" in only(Shelf(folder).brains()).trouble


def test_a_refusal_of_the_system_is_a_sentence(folder: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    put(folder / "brain.gguf")
    shelf = Shelf(folder)
    brain = only(shelf.brains())
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ShelfFailed, match=r"I may not remove brain\.gguf: it is in use"):
        shelf.remove(brain)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"linked": 3}', "[" * 100_000])
def test_a_damaged_list_is_laid_aside(folder: Path, tmp_path: Path, put: Put, damage: str) -> None:
    folder.mkdir(parents=True)
    (folder / "linked.json").write_text(damage)
    shelf = Shelf(folder)
    assert shelf.brains() == ()
    shelf.add_link(put(tmp_path / "brain.gguf"))
    assert len(shelf.brains()) == 1
    assert (folder / "linked.json.damaged").read_text() == damage


def test_strange_entries_are_passed_over(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "linked.json").write_text(json.dumps({"linked": [7, None, "", "a\0b", str(tmp_path), "relative.gguf"]}))
    assert [bool(brain.trouble) for brain in Shelf(folder).brains()] == [True, True]


def test_the_list_is_bounded_and_a_folder_that_cannot_be_written_is_a_sentence(
    folder: Path, tmp_path: Path, put: Put
) -> None:
    path = put(tmp_path / "brain.gguf")
    folder.mkdir(parents=True)
    (folder / "linked.json").write_text(json.dumps({"linked": [f"/{number}.gguf" for number in range(MAX_LINKS)]}))
    with pytest.raises(ShelfFailed, match="200 model files"):
        Shelf(folder).add_link(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfFailed, match="can't keep the list"):
        Shelf(tmp_path / "file" / "models").add_link(path)


# Removing


def test_removing_takes_the_eyes_along_unless_they_are_shared(folder: Path, put: Put) -> None:
    put(folder / "seeing" / "seeing-Q4_K_M.gguf")
    put(folder / "seeing" / "seeing-Q8_0.gguf")
    eyes = write_tiny_llava(folder / "seeing" / "mmproj-seeing.gguf")
    shelf = Shelf(folder)
    shelf.remove(shelf.brains()[0])
    assert eyes.is_file()
    shelf.remove(only(shelf.brains()))
    assert list(folder.iterdir()) == []
    assert folder.is_dir()


def test_other_files_keep_a_folder(folder: Path, put: Put) -> None:
    put(folder / "one" / "one.gguf")
    (folder / "one" / "notes.txt").write_text("mine")
    shelf = Shelf(folder)
    shelf.remove(only(shelf.brains()))
    assert [path.name for path in (folder / "one").iterdir()] == ["notes.txt"]
    assert shelf.brains() == ()


def test_nothing_outside_is_ever_removed(folder: Path, tmp_path: Path, put: Put) -> None:
    put(folder / "one.gguf")
    outside = put(tmp_path / "outside.gguf")
    shelf = Shelf(folder)
    one = only(shelf.brains())
    for path in (outside, folder / ".." / ".." / "outside.gguf", folder / "notes.txt", tmp_path / "none.gguf"):
        forged = Brain(id="x", title="X", path=path, bytes=1, source=OWN, linked=False)
        with pytest.raises(ShelfFailed, match="isn't in my folder"):
            shelf.remove(forged)
    theirs = Brain(id="x", title="X", path=outside, bytes=1, source="Ollama", linked=True)
    with pytest.raises(ShelfFailed, match="belongs to Ollama"):
        shelf.remove(theirs)
    assert outside.is_file()
    assert one.path.is_file()


@not_on_windows
def test_a_link_out_of_our_folder_is_neither_followed_nor_emptied(folder: Path, tmp_path: Path, put: Put) -> None:
    outside = put(tmp_path / "outside" / "theirs.gguf")
    folder.mkdir(parents=True)
    (folder / "away").symlink_to(outside.parent)
    (folder / "away.gguf").symlink_to(outside)
    shelf = Shelf(folder)
    assert shelf.brains() == ()
    with pytest.raises(ShelfFailed):
        shelf.remove(Brain(id="x", title="X", path=folder / "away" / "theirs.gguf", bytes=1, source=OWN, linked=False))
    assert outside.is_file()


# Other programs


def ollama(models: Path, put: Put, name: str, *, eyes: bool = False, host: str = "registry.ollama.ai/library") -> Path:
    """Imitate a model of Ollama; returns its weights."""
    digest = f"{abs(hash(name)):064x}"
    weights = put(models / "blobs" / f"sha256-{digest}")
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:" + "0" * 64, "size": 1},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": 1},
    ]
    if eyes:
        write_tiny_llava(models / "blobs" / f"sha256-{'e' * 64}")
        layers.append({"mediaType": "application/vnd.ollama.image.projector", "digest": "sha256:" + "e" * 64})
    manifest = models / "manifests" / Path(host) / name.replace(":", "/")
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return weights


def of_ollama(folder: Path, models: Path) -> tuple[Brain, ...]:
    return Shelf(folder, places=[OllamaPlace("Ollama", (models,))]).elsewhere()


def test_models_of_ollama_have_its_names(folder: Path, tmp_path: Path, put: Put) -> None:
    models = tmp_path / NAME
    plain, seeing = ollama(models, put, "qwen3:4b"), ollama(models, put, "llava:7b", eyes=True)
    ollama(models, put, "mine:latest", host="hub.example/somebody")
    found = {brain.title: brain for brain in of_ollama(folder, models)}
    assert set(found) == {"qwen3:4b", "llava:7b", "hub.example/somebody/mine:latest"}
    assert (found["qwen3:4b"].path, found["qwen3:4b"].id) == (plain, "ollama-qwen3-4b")
    assert (found["llava:7b"].path, found["llava:7b"].projector) == (seeing, models / "blobs" / f"sha256-{'e' * 64}")
    assert all(brain.linked and brain.source == "Ollama" and not brain.trouble for brain in found.values())


def test_a_model_of_theirs_that_the_user_took_is_called_the_same_after_a_restart(
    folder: Path, tmp_path: Path, put: Put
) -> None:
    theirs = tmp_path / "studio"
    path = put(theirs / "their brain.gguf")
    shelf = Shelf(folder, places=[Place("LM Studio", (theirs,))])
    assert only(shelf.elsewhere()).source == "LM Studio"
    taken = shelf.add_link(path)
    assert (taken.id, taken.source) == ("their-brain", LINKED)
    assert shelf.brains() == Shelf(folder).brains() == (taken,)


def test_a_blob_that_is_not_there_is_said(folder: Path, tmp_path: Path, put: Put) -> None:
    ollama(tmp_path, put, "qwen3:4b").unlink()
    brain = only(of_ollama(folder, tmp_path))
    assert brain.trouble == "Ollama hasn't all files of this model. Let Ollama fetch it again."
    with pytest.raises(ShelfFailed, match="belongs to Ollama"):
        Shelf(folder).remove(brain)


@pytest.mark.parametrize(
    "manifest",
    [
        *("", "{", "[]", "null", '{"layers": 3}', '{"layers": [3, {}, {"digest": 4}]}', "[" * 100_000, "x" * (2 << 20)),
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../secret"}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "/etc/passwd"}]}',
    ],
)
def test_a_strange_manifest_names_nothing(folder: Path, tmp_path: Path, manifest: str) -> None:
    file = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "x" / "y"
    file.parent.mkdir(parents=True)
    file.write_text(manifest)
    (tmp_path / "manifests" / "shallow").write_text(manifest)
    assert of_ollama(folder, tmp_path) == ()


def test_models_of_other_programs_are_found_where_these_keep_them(tmp_path: Path, folder: Path, put: Put) -> None:
    home = tmp_path / "home"
    put(home / ".lmstudio" / "models" / "somebody" / "Some-GGUF" / "Some-Q4_K_M.gguf")
    put(home / ".local" / "share" / "Jan" / "data" / "llamacpp" / "models" / "Jan-v1" / "model.gguf")
    put(home / ".local" / "share" / "nomic.ai" / "GPT4All" / "old.gguf")
    put(home / ".cache" / "llama.cpp" / "fetched.gguf")
    put(tmp_path / "moved" / "models" / "second.gguf")
    (home / ".config" / "Jan").mkdir(parents=True)
    (home / ".config" / "Jan" / "settings.json").write_text(json.dumps({"data_folder": str(tmp_path / "moved")}))
    ollama(home / ".ollama" / "models", put, "qwen3:4b")
    places = [place for place in known_places(home, {}, "linux") if place.source != "Ollama"]
    places.append(OllamaPlace("Ollama", (home / ".ollama" / "models",)))
    found = {(brain.source, brain.id) for brain in Shelf(folder, places=places).elsewhere()}
    assert found == {
        *(("LM Studio", "lm-studio-some-q4-k-m"), ("Jan", "jan-jan-v1"), ("Jan", "jan-second")),
        *(("GPT4All", "gpt4all-old"), ("llama.cpp", "llama.cpp-fetched"), ("Ollama", "ollama-qwen3-4b")),
    }


def folders(environment: dict[str, str], platform: str) -> dict[str, list[str]]:
    home = Path("/home/u")
    return {
        place.source: [folder.as_posix() for folder in place.folders]
        for place in known_places(home, environment, platform)
    }


def test_places_on_all_systems() -> None:
    linux = folders({}, "linux")
    assert linux["Ollama"][0] == "/home/u/.ollama/models"
    assert "/usr/share/ollama/.ollama/models" in linux["Ollama"]
    assert linux["Hugging Face"] == ["/home/u/.cache/huggingface/hub"]
    windows = folders({}, "win32")
    assert windows["GPT4All"] == ["/home/u/AppData/Local/nomic.ai/GPT4All"]
    assert windows["Jan"][0] == "/home/u/AppData/Roaming/Jan/data/llamacpp/models"
    assert windows["Ollama"] == ["/home/u/.ollama/models"]
    macos = folders({}, "darwin")
    assert macos["Jan"][0] == "/home/u/Library/Application Support/Jan/data/llamacpp/models"
    assert macos["llama.cpp"] == ["/home/u/Library/Caches/llama.cpp"]


def test_the_environment_moves_places(tmp_path: Path) -> None:
    there = tmp_path.as_posix()
    assert folders({"OLLAMA_MODELS": there}, "linux")["Ollama"][0] == there
    assert folders({"HF_HOME": there}, "darwin")["Hugging Face"] == [f"{there}/hub"]
    assert folders({"HF_HOME": "/x", "HF_HUB_CACHE": there}, "linux")["Hugging Face"] == [there]
    assert folders({"XDG_DATA_HOME": there}, "linux")["GPT4All"] == [f"{there}/nomic.ai/GPT4All"]
    unclear = {"OLLAMA_MODELS": "here", "HF_HOME": "~nobody-of-that-name", "XDG_DATA_HOME": ""}
    assert folders(unclear, "linux") == folders({}, "linux")


@not_on_windows
def test_snapshots_of_the_hugging_face_cache_lead_to_its_own_blobs_only(tmp_path: Path, folder: Path, put: Put) -> None:
    hub, secret = tmp_path / "hub", put(tmp_path / "secret" / "secret.gguf")
    blob = put(hub / "models--a--b" / "blobs" / "0123")
    for revision in ("1", "2"):
        link = hub / "models--a--b" / "snapshots" / revision / "b-Q4_0.gguf"
        link.parent.mkdir(parents=True)
        link.symlink_to(Path("..", "..", "blobs", blob.name))
    (link.parent / "away.gguf").symlink_to(secret)
    (link.parent / "gone.gguf").symlink_to(Path("..", "..", "blobs", "none"))
    (link.parent / "round.gguf").symlink_to("round.gguf")
    (link.parent / "up").symlink_to(tmp_path)
    brain = only(Shelf(folder, places=[Place("Hugging Face", (hub,))]).elsewhere())
    assert brain.path == hub / "models--a--b" / "snapshots" / "1" / "b-Q4_0.gguf"
    assert brain.trouble == ""


def test_our_own_folder_belongs_to_nobody_else(folder: Path, tmp_path: Path, put: Put) -> None:
    put(folder / "ours.gguf")
    theirs = put(tmp_path / "theirs.gguf")
    assert only(Shelf(folder, places=[Place("Jan", (tmp_path,))]).elsewhere()).path == theirs


def test_the_places_of_this_machine_can_be_searched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(shelving.os, "environ", {})
    assert all(brain.linked for brain in Shelf(folder, bounds=Bounds(seconds=1)).elsewhere())

    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    assert Shelf(folder).elsewhere() == ()


# Bounds


def hunted(root: Path, **bounds: float) -> list[str]:
    return [path.name for path in Hunt(Bounds(**bounds)).files(root, is_gguf)]  # type: ignore[arg-type]


def test_a_hunt_has_bounds(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.gguf").write_bytes(b"")
    deep = tmp_path.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep.parent.parent.parent / "5.gguf").write_bytes(b"")
    (deep / "too deep.gguf").write_bytes(b"")
    (tmp_path / ".hidden.gguf").write_bytes(b"")
    (tmp_path / "folder.gguf").mkdir()
    assert hunted(tmp_path) == ["0.gguf", "1.gguf", "2.gguf", "3.gguf", "4.gguf", "5.gguf"]
    assert hunted(tmp_path, depth=1) == ["0.gguf", "1.gguf", "2.gguf", "3.gguf", "4.gguf"]
    assert len(hunted(tmp_path, files=3)) == 3
    assert len(hunted(tmp_path, entries=2)) <= 2
    assert hunted(tmp_path, seconds=-1) == []
    assert list(Hunt(stopped=lambda: True).files(tmp_path, is_gguf)) == []


@not_on_windows
def test_a_pipe_or_a_folder_nobody_may_read_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "link.gguf").symlink_to(tmp_path / "pipe.gguf")
    (tmp_path / "closed").mkdir(mode=0)
    began = time.monotonic()
    assert hunted(tmp_path) == []
    assert time.monotonic() - began < 30
    (tmp_path / "round").symlink_to("round")
    assert hunted(tmp_path / "round") == hunted(tmp_path / "none") == hunted(Path("a\0b")) == []


def test_a_search_can_be_stopped(folder: Path, tmp_path: Path, put: Put) -> None:
    put(tmp_path / "theirs" / "one.gguf")
    shelf = Shelf(folder, places=[Place("Jan", (tmp_path / "theirs",))])
    assert shelf.elsewhere(lambda: True) == ()
    assert len(shelf.elsewhere()) == 1
