"""Where other programs keep their models, on all three systems, and what these are called there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alisa_desktop.model.hunt import Hunt

MAX_MANIFEST = 1 << 20
WEIGHTS, EYES = "application/vnd.ollama.image.model", "application/vnd.ollama.image.projector"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_FIRST_OF_OLLAMA = ("registry.ollama.ai", "library")


@dataclass(frozen=True, slots=True)
class Found:
    """A model file of the program `source`, called `name` there (else ""), with its eyes where that program says."""

    path: Path
    source: str
    name: str = ""
    projector: Path | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Folders in which the program `source` keeps GGUF files."""

    source: str
    folders: tuple[Path, ...]

    def find(self, hunt: Hunt) -> Iterator[Found]:
        """The GGUF files there, as far as the hunt goes."""
        for folder in self.folders:
            yield from (Found(path, self.source) for path in hunt.files(folder, is_gguf))


@dataclass(frozen=True, slots=True)
class OllamaPlace(Place):
    """Folders in which Ollama keeps blobs without names, and manifests that name them."""

    def find(self, hunt: Hunt) -> Iterator[Found]:
        """The models that have a manifest, as far as the hunt goes."""
        for folder in self.folders:
            manifests = folder / "manifests"
            for manifest in hunt.files(manifests, lambda name: not name.startswith(".")):
                layers = _layers(manifest) if manifest.parts[-5:-4] == ("manifests",) else {}
                if weights := _blob(folder, layers.get(WEIGHTS)):
                    yield Found(weights, self.source, _ollama_name(manifest), _blob(folder, layers.get(EYES)))


def is_gguf(name: str) -> bool:
    """Whether a file of that name may be a model; those that begin with a dot are of the system's."""
    return name.lower().endswith(".gguf") and not name.startswith(".")


def known_places(home: Path, environment: Mapping[str, str], platform: str) -> tuple[Place, ...]:
    """Where programs keep models by default, or where the environment sends them. `platform` is `sys.platform`."""
    data, config, cache = _folders(home, environment, platform)

    def named(*names: str) -> Path | None:
        return next((path for name in names if (path := _told(environment, name))), None)

    hugging_home = named("HF_HOME") or (named("XDG_CACHE_HOME") or home / ".cache") / "huggingface"
    system = [Path("/usr/share/ollama/.ollama/models"), Path("/var/lib/ollama")] if platform == "linux" else []
    ollama = [named("OLLAMA_MODELS") or home / ".ollama" / "models", *system]
    jan = [folder / part for folder in _jan(data, config) for part in (Path("llamacpp", "models"), Path("models"))]
    return (
        OllamaPlace("Ollama", tuple(ollama)),
        Place("LM Studio", (home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models")),
        Place("Jan", tuple(jan)),
        Place("GPT4All", ((cache if platform == "win32" else data) / "nomic.ai" / "GPT4All",)),
        Place("Hugging Face", (named("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") or hugging_home / "hub",)),
        Place("llama.cpp", (named("LLAMA_CACHE") or cache / "llama.cpp",)),
    )


def _folders(home: Path, environment: Mapping[str, str], platform: str) -> tuple[Path, Path, Path]:
    """Where programs put data, settings, and what they can fetch again (on Windows: what stays on this machine)."""

    def told(name: str, *usual: str) -> Path:
        return _told(environment, name) or home.joinpath(*usual)

    if platform == "win32":
        roaming = told("APPDATA", "AppData", "Roaming")
        return roaming, roaming, told("LOCALAPPDATA", "AppData", "Local")
    if platform == "darwin":
        support = home / "Library" / "Application Support"
        return support, support, home / "Library" / "Caches"
    data, config = told("XDG_DATA_HOME", ".local", "share"), told("XDG_CONFIG_HOME", ".config")
    return data, config, told("XDG_CACHE_HOME", ".cache")


def _told(environment: Mapping[str, str], name: str) -> Path | None:
    """The folder that a variable names; one that depends on where a program was started says nothing to us."""
    path = Path(environment.get(name, ""))
    with suppress(RuntimeError):  # "~name" of nobody here
        path = path.expanduser()
    return path if path.is_absolute() else None


def _jan(data: Path, config: Path) -> Iterator[Path]:
    """Jan's data folders: the usual ones, and where its settings moved them to."""
    for base in dict.fromkeys((data, config)):
        yield base / "Jan" / "data"
        moved = _read_json(base / "Jan" / "settings.json").get("data_folder")
        if isinstance(moved, str) and moved:
            yield Path(moved)


def _layers(manifest: Path) -> dict[str, str]:
    """The digest of the first layer of each kind."""
    layers = _read_json(manifest).get("layers")
    digests: dict[str, str] = {}
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and isinstance(layer.get("digest"), str):
            digests.setdefault(str(layer.get("mediaType")), layer["digest"])
    return digests


def _blob(folder: Path, digest: str | None) -> Path | None:
    """The file of a digest; None for what is no digest and could lead anywhere."""
    found = _DIGEST.fullmatch(digest or "")
    return folder / "blobs" / f"sha256-{found[1]}" if found else None


def _ollama_name(manifest: Path) -> str:
    """What Ollama calls the model: name:tag, with its owner and host where these aren't the usual ones."""
    host, owner, name, tag = manifest.parts[-4:]
    owner = "" if owner == _FIRST_OF_OLLAMA[1] else f"{owner}/"
    host = "" if host == _FIRST_OF_OLLAMA[0] else f"{host}/"
    return f"{host}{owner}{name}:{tag}"


def _read_json(file: Path) -> dict[str, object]:
    """What a small JSON file says; nothing where it is none."""
    with suppress(OSError, ValueError, RecursionError):
        with file.open("rb") as opened:
            said = json.loads(opened.read(MAX_MANIFEST))
        if isinstance(said, dict):
            return said
    return {}
