from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hub import LocalHub, Trick

from alisa_desktop.core.errors import CatalogFailed
from alisa_desktop.model.catalog import Attention, Catalog, Origin, Role, refresh

BUILTIN = Path(__file__).resolve().parents[3] / "resources" / "models" / "catalog.json"
SUM = "ab" * 32
COMMIT = "c0ffee" + "0" * 34


def entry(model_id: str = "tiny", **changes: Any) -> dict[str, Any]:
    plain = {
        "id": model_id,
        "title": "Tiny",
        "repository": "someone/Tiny-GGUF",
        "revision": "main",
        "files": [{"name": "tiny.gguf", "role": "model", "bytes": None, "sha256": None}],
        "licence": "MIT",
        "licence_url": "https://example.org/licence",
        "parameters": "3 million",
        "quantization": "F16",
        "context_tokens": 2048,
        "architecture": "llama",
        "attention": "full",
        "memory_bytes": None,
        "sees": False,
        "good_at": "Tests.",
        "prompt_notes": "None.",
    }
    return plain | changes


def pinned(model_id: str = "tiny", sha256: str = SUM, **changes: Any) -> dict[str, Any]:
    files = [{"name": "tiny.gguf", "role": "model", "bytes": 10, "sha256": sha256}]
    return entry(model_id, revision=COMMIT, files=files, **changes)


def write(path: Path, *models: dict[str, Any], version: int = 1) -> Path:
    path.write_text(json.dumps({"version": version, "models": list(models)}), encoding="utf-8")
    return path


def load(tmp_path: Path, *models: dict[str, Any], version: int = 1) -> Catalog:
    return Catalog.load(write(tmp_path / "builtin.json", *models, version=version), tmp_path / "refreshed.json")


class TestOurOwn:
    def test_it_offers_models_for_every_machine(self, tmp_path: Path) -> None:
        catalog = Catalog.load(BUILTIN, tmp_path / "none.json")
        assert [model.id for model in catalog.models] == [
            "qwen3-4b-instruct",
            "qwen3-vl-2b-instruct",
            "qwen3-vl-4b-instruct",
            "gemma-4-e2b-it",
            "llama-3.2-3b-instruct",
            "smolvlm-500m-instruct",
        ]
        assert all(model.recommendable for model in catalog.models)
        assert catalog.notice == ""

    def test_a_checksum_is_there_with_its_commit_or_not_at_all(self, tmp_path: Path) -> None:
        for model in Catalog.load(BUILTIN, tmp_path / "none.json").models:
            assert model.pinned == (model.revision != "main")

    def test_what_sees_has_a_projector(self, tmp_path: Path) -> None:
        catalog = Catalog.load(BUILTIN, tmp_path / "none.json")
        gemma = catalog.find("gemma-4-e2b-it")
        assert gemma
        assert [file.role for file in gemma.files] == [Role.MODEL, Role.PROJECTOR]
        assert gemma.attention is Attention.SLIDING
        assert catalog.find("no such model") is None


def with_file(**changes: Any) -> dict[str, Any]:
    made = entry()
    made["files"][0] |= changes
    return made


NAMES = [
    *("../tiny.gguf", "a/b.gguf", "a\\b.gguf", "C:tiny.gguf", "C:\\tiny.gguf", "/tiny.gguf", "tiny.gguf\0", "\0.gguf"),
    *("NUL.gguf", "con.gguf", "Com1.tiny.gguf", "lpt9.gguf", "AUX.gguf", ".hidden.gguf", ".gguf", "..gguf", "a..gguf"),
    *("tiny.gguf.", "tiny.gguf ", " tiny.gguf", "tiny.exe", "tiny.gguf\n", "tiny?.gguf", "tíny.gguf", "", "tiny.GGUF"),
    *("tiny.gguf:stream.gguf", "~tiny.gguf", "$HOME.gguf", "%TEMP%.gguf", "-tiny.gguf", "a" * 250 + ".gguf"),
]


class TestStrictness:
    @pytest.mark.parametrize("name", NAMES)
    def test_a_file_has_a_plain_name(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(CatalogFailed, match="none that I understand"):
            load(tmp_path, with_file(name=name))

    @pytest.mark.parametrize("name", ["tiny.gguf", "Qwen3-4B_Q4_K_M.v1+x.gguf", "console.gguf", "nuller.gguf"])
    def test_a_plain_name_is_taken(self, tmp_path: Path, name: str) -> None:
        assert load(tmp_path, with_file(name=name)).models[0].files[0].name == name

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "../tiny"},
            {"id": "Tiny"},
            {"id": "nul"},
            {"id": "a..b"},
            {"id": "tiny."},
            {"id": ".tiny"},
            {"id": ""},
            {"id": "con.x"},
            {"title": ""},
            {"title": "two\nlines"},
            {"title": "x" * 201},
            {"title": "turned \u202eround"},
            {"repository": "tiny"},
            {"repository": "a/b/c"},
            {"repository": "../b"},
            {"repository": "a/.."},
            {"repository": "a/b?x=1"},
            {"revision": "master"},
            {"revision": "refs/pr/1"},
            {"revision": "c0ffee"},
            {"licence_url": "http://example.org/x"},
            {"licence_url": "javascript:alert(1)"},
            {"licence_url": "https://me@example.org/"},
            {"context_tokens": 0},
            {"context_tokens": "2048"},
            {"context_tokens": 2048.5},
            {"memory_bytes": -1},
            {"attention": "none"},
            {"sees": True},
            {"sees": 1},
            {"files": []},
            {"files": [{"name": "a.gguf", "role": "projector", "bytes": None, "sha256": None}]},
            {"files": [{"name": "a.gguf", "role": "model", "bytes": 10, "sha256": None}], "revision": COMMIT},
            {"files": [{"name": "a.gguf", "role": "model", "bytes": 10, "sha256": SUM}]},
            {"files": [{"name": "a.gguf", "role": "model", "bytes": 0, "sha256": SUM}], "revision": COMMIT},
            {"files": [{"name": "a.gguf", "role": "model", "bytes": 10, "sha256": SUM.upper()}], "revision": COMMIT},
            {"files": [{"name": "a.gguf", "role": "model", "bytes": 10, "sha256": "ab"}], "revision": COMMIT},
            {"new": "field"},
        ],
    )
    def test_nothing_else_is_taken(self, tmp_path: Path, change: dict[str, Any]) -> None:
        with pytest.raises(CatalogFailed):
            load(tmp_path, entry() | change)

    @pytest.mark.parametrize("field", sorted(entry()))
    def test_nothing_may_be_missing(self, tmp_path: Path, field: str) -> None:
        made = entry()
        del made[field]
        with pytest.raises(CatalogFailed):
            load(tmp_path, made)

    def test_two_files_have_two_names_on_every_system(self, tmp_path: Path) -> None:
        made = entry(sees=True)
        made["files"].append({"name": "Tiny.gguf", "role": "projector", "bytes": None, "sha256": None})
        with pytest.raises(CatalogFailed):
            load(tmp_path, made)

    def test_a_model_is_pinned_as_a_whole(self, tmp_path: Path) -> None:
        made = pinned(sees=True)
        made["files"].append({"name": "eyes.gguf", "role": "projector", "bytes": None, "sha256": None})
        with pytest.raises(CatalogFailed):
            load(tmp_path, made)
        made["files"][1] |= {"bytes": 5, "sha256": SUM}
        assert load(tmp_path, made).models[0].bytes == 15

    def test_an_id_is_there_once(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogFailed):
            load(tmp_path, entry(), entry())

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1, "models": []}', '{"version": 0}', "[" * 100_000])
    def test_what_is_no_list_is_told(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "builtin.json").write_text(text)
        with pytest.raises(CatalogFailed):
            Catalog.load(tmp_path / "builtin.json", tmp_path / "none.json")

    def test_a_missing_list_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogFailed, match="I can't read the list of models"):
            Catalog.load(tmp_path / "none.json", tmp_path / "none.json")

    def test_a_list_without_end_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "builtin.json").write_text(" " * (1 << 20) + "{}")
        with pytest.raises(CatalogFailed, match="too long"):
            Catalog.load(tmp_path / "builtin.json", tmp_path / "none.json")

    def test_a_hybrid_is_never_recommended(self, tmp_path: Path) -> None:
        assert not load(tmp_path, entry(attention="hybrid")).models[0].recommendable


class TestRefreshed:
    def test_a_newer_list_takes_the_place_of_ours(self, tmp_path: Path) -> None:
        write(tmp_path / "refreshed.json", entry("new", title="New"), version=2)
        catalog = load(tmp_path, entry("old"))
        assert [model.id for model in catalog.models] == ["new"]
        assert catalog.version == 2
        assert catalog.models[0].origin is Origin.REFRESHED

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_list_that_is_not_newer_does_not(self, tmp_path: Path, version: int) -> None:
        write(tmp_path / "refreshed.json", entry("new"), version=version)
        catalog = load(tmp_path, entry("old"), version=2)
        assert [model.id for model in catalog.models] == ["old"]
        assert catalog.version == 2

    def test_it_never_changes_what_we_have_pinned(self, tmp_path: Path) -> None:
        evil = pinned(sha256="cd" * 32, repository="evil/Tiny-GGUF", title="Better")
        write(tmp_path / "refreshed.json", evil, pinned("other"), version=2)
        catalog = load(tmp_path, pinned())
        tiny, other = catalog.models
        assert (tiny.files[0].sha256, tiny.repository, tiny.origin) == (SUM, "someone/Tiny-GGUF", Origin.BUILTIN)
        assert other.origin is Origin.REFRESHED

    def test_it_can_not_say_that_it_is_ours(self, tmp_path: Path) -> None:
        write(tmp_path / "refreshed.json", entry(origin="builtin"), version=2)
        assert load(tmp_path, entry()).notice
        with pytest.raises(CatalogFailed):
            load(tmp_path, entry(origin="builtin"))

    def test_a_damaged_one_is_told_and_ours_is_used(self, tmp_path: Path) -> None:
        (tmp_path / "refreshed.json").write_text("{")
        catalog = load(tmp_path, entry())
        assert [model.id for model in catalog.models] == ["tiny"]
        assert catalog.notice == "The list of models that I fetched is damaged, so I use my own. Refresh it."


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub


class TestRefresh:
    async def fetch(self, hub: LocalHub, tmp_path: Path, text: bytes, *, version: int = 1) -> Catalog:
        hub.put("lists/models", "catalog.json", text)
        url = f"{hub.endpoint}/lists/models/resolve/main/catalog.json"
        return await refresh(url, tmp_path / "profile" / "refreshed.json", load(tmp_path, entry(), version=version))

    @staticmethod
    def text(*models: dict[str, Any], version: int) -> bytes:
        return json.dumps({"version": version, "models": deepcopy(models)}).encode()

    async def test_a_newer_list_is_kept_and_used(self, hub: LocalHub, tmp_path: Path) -> None:
        catalog = await self.fetch(hub, tmp_path, self.text(entry("new"), version=2))
        assert [model.id for model in catalog.models] == ["new"]
        again = Catalog.load(tmp_path / "builtin.json", tmp_path / "profile" / "refreshed.json")
        assert again.models == catalog.models
        assert [path.name for path in (tmp_path / "profile").iterdir()] == ["refreshed.json"]

    async def test_the_same_version_changes_nothing(self, hub: LocalHub, tmp_path: Path) -> None:
        catalog = await self.fetch(hub, tmp_path, self.text(entry("new"), version=1))
        assert [model.id for model in catalog.models] == ["tiny"]
        assert not (tmp_path / "profile").exists()

    async def test_it_never_goes_back(self, hub: LocalHub, tmp_path: Path) -> None:
        with pytest.raises(CatalogFailed, match=r"is older \(version 4\) than mine \(5\)"):
            await self.fetch(hub, tmp_path, self.text(entry("new"), version=4), version=5)

    async def test_one_wrong_entry_refuses_the_whole_list(self, hub: LocalHub, tmp_path: Path) -> None:
        with pytest.raises(CatalogFailed, match=r"at models\.1\.id"):
            await self.fetch(hub, tmp_path, self.text(entry("new"), entry("../x"), version=2))
        assert not (tmp_path / "profile").exists()

    async def test_a_list_without_end_is_refused(self, hub: LocalHub, tmp_path: Path) -> None:
        with pytest.raises(CatalogFailed, match="far too long"):
            await self.fetch(hub, tmp_path, bytes(1 << 21))

    @pytest.mark.parametrize("trick", [Trick(status=404), Trick(status=503), Trick(cut_after=10)])
    async def test_a_failure_is_told(self, hub: LocalHub, tmp_path: Path, trick: Trick) -> None:
        hub.tricks.append(trick)
        with pytest.raises(CatalogFailed, match=r"I can't refresh the list of models\. .*127\.0\.0\.1"):
            await self.fetch(hub, tmp_path, self.text(entry("new"), version=2))

    @pytest.mark.parametrize("url", ["http://example.org/list.json", "file:///etc/passwd", "", "list.json"])
    async def test_only_https_is_asked(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(CatalogFailed, match="no safe"):
            await refresh(url, tmp_path / "refreshed.json", load(tmp_path, entry()))

    async def test_a_profile_that_can_not_be_written_is_told(self, hub: LocalHub, tmp_path: Path) -> None:
        (tmp_path / "profile").write_text("a file")
        with pytest.raises(CatalogFailed, match="I can't keep the list of models"):
            await self.fetch(hub, tmp_path, self.text(entry("new"), version=2))
