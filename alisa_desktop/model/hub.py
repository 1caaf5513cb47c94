"""The hub where models are from: what it says about its files, and what is held on to once it has been said.

The shape of its metadata is that of the Hugging Face Hub, `/api/models/{repository}/revision/{revision}?blobs=true`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alisa_desktop.core.brains import Pinned
from alisa_desktop.core.errors import CatalogFailed, DownloadFailed
from alisa_desktop.model.catalog import CatalogFile, CatalogList, CatalogModel, Origin, Role, Sha256, Size
from alisa_desktop.model.disk import in_thread, replace_file
from alisa_desktop.model.web import Web

DEFAULT_ENDPOINT = "https://huggingface.co"
MAX_METADATA = 4 << 20

log = logging.getLogger(__name__)


def hub_endpoint(environ: Mapping[str, str]) -> str:
    """The address of the hub: HF_ENDPOINT of the environment (a mirror), else the hub itself."""
    return environ.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT


@dataclass(frozen=True, slots=True)
class Pin:
    """What a file has to be: the commit it is taken from, its size in bytes, and its SHA-256 in hex."""

    revision: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch, and what it has to be."""

    name: str
    role: Role
    url: str
    bytes: int
    sha256: str


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Lfs(_Lenient):
    size: Size
    sha256: Sha256


class _Sibling(_Lenient):
    rfilename: str
    lfs: Any = None


class _Metadata(_Lenient):
    sha: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    siblings: list[_Sibling]


class Hub:
    """Asks the hub at `endpoint` through `web`, which must be open. On the loop's thread."""

    def __init__(self, web: Web, endpoint: str) -> None:
        self._web = web
        self.endpoint = endpoint

    async def pins(self, model: CatalogModel) -> dict[str, Pin]:
        """What the hub says about the files of `model`, by name; a file it tells no checksum of is left out.

        Raises `web.Lost` for what may pass, else `DownloadFailed`.
        """
        url = f"{self.endpoint}/api/models/{model.repository}/revision/{model.revision}?blobs=true"
        text = await self._web.read(url, MAX_METADATA, f"what the hub knows about {model.title}")
        try:
            return _pins_of(model, _Metadata.model_validate_json(text))
        except ValidationError as error:
            raise DownloadFailed(
                f"I don't understand what {self.endpoint} says about {model.title}. If this network has a sign-in "
                "page, sign in with the browser; then try again."
            ) from error


def _pins_of(model: CatalogModel, told: _Metadata) -> dict[str, Pin]:
    there = {one.rfilename: one.lfs for one in told.siblings}
    pins: dict[str, Pin] = {}
    for file in model.files:
        if file.name not in there:
            raise DownloadFailed(f"{model.title} is no longer offered as {file.name}. Choose another model.")
        if there[file.name] is not None:
            lfs = _Lfs.model_validate(there[file.name])
            pins[file.name] = Pin(told.sha, lfs.size, lfs.sha256)
    return pins


class Pins:
    """What files have to be, held on to in a file of the profile: what was found first counts from then on.

    `notice` is a sentence where the file was damaged. Small reads on the calling thread, writes in a worker thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notice = ""
        self._pins = self._load()
        self._writing = asyncio.Lock()

    def known(self, model: CatalogModel) -> Pinned:
        """Where the checksums of a model's files are known from."""
        if model.pinned and model.origin is Origin.BUILTIN:
            return Pinned.CATALOG
        if all(self._kept(model, file) for file in model.files):
            return Pinned.HUB
        return Pinned.CATALOG if model.pinned else Pinned.UNKNOWN

    def size(self, model: CatalogModel) -> int:
        """The bytes of all its files; 0 where not known yet."""
        pins = [self._pin(model, file) for file in model.files]
        return sum(pin.bytes for pin in pins if pin) if all(pins) else 0

    async def settle(self, model: CatalogModel, hub: Hub) -> tuple[Wanted, ...]:
        """What the files of `model` have to be, asking the hub only for what nobody has told yet.

        Raises `web.Lost` for what may pass, and `DownloadFailed` where the hub tells no checksum, or another one than
        it did before.
        """
        if not all(self._pin(model, file) for file in model.files):
            told = await hub.pins(model)
            self._compare(model, told)
            await self._keep(model, told)
        pins = {file: self._pin(model, file) for file in model.files}
        return tuple(
            Wanted(file.name, file.role, _address(hub.endpoint, model, file, pin), pin.bytes, pin.sha256)
            for file, pin in pins.items()
            if pin
        )

    def _compare(self, model: CatalogModel, told: Mapping[str, Pin]) -> None:
        for file in model.files:
            known, new = self._pin(model, file), told.get(file.name)
            if not (known or new):
                raise DownloadFailed(
                    f"The hub tells no checksum of {file.name}, so I can't tell whether it would be the right file. "
                    "Choose another model."
                )
            if known and new and (known.sha256, known.bytes) != (new.sha256, new.bytes):
                raise DownloadFailed(disagreement(file.name))

    async def _keep(self, model: CatalogModel, told: Mapping[str, Pin]) -> None:
        """Write what is new; what is there already stays as it is."""
        async with self._writing:  # else of two models at once, only one would be known
            pins = {**self._pins, model.repository: {**told, **self._pins.get(model.repository, {})}}
            await self._write(model, pins)
            self._pins = pins

    async def _write(self, model: CatalogModel, pins: Mapping[str, Mapping[str, Pin]]) -> None:
        plain = {repository: {name: asdict(pin) for name, pin in files.items()} for repository, files in pins.items()}
        text = json.dumps({"version": 1, "pins": plain}, indent=2).encode() + b"\n"
        try:
            await in_thread(replace_file, self._path, text)
        except OSError as error:
            raise DownloadFailed(
                f"I can't note what the files of {model.title} have to be ({error.strerror}). "
                f"Make room or allow writing in {self._path.parent}."
            ) from error

    def _pin(self, model: CatalogModel, file: CatalogFile) -> Pin | None:
        """Our own list counts most, then what was found first, then a list that was fetched."""
        listed = Pin(model.revision, file.bytes, file.sha256) if file.bytes and file.sha256 else None
        if listed and model.origin is Origin.BUILTIN:
            return listed
        return self._kept(model, file) or listed

    def _kept(self, model: CatalogModel, file: CatalogFile) -> Pin | None:
        return self._pins.get(model.repository, {}).get(file.name)

    def _load(self) -> dict[str, dict[str, Pin]]:
        try:
            kept = _PinsFile.model_validate_json(self._path.read_bytes()).pins
        except FileNotFoundError:
            return {}
        except (ValidationError, OSError) as error:
            log.warning("the checksums of models can't be read: %s", error)
            self._set_aside()
            return {}
        return {
            repository: {name: Pin(one.revision, one.bytes, one.sha256) for name, one in files.items()}
            for repository, files in kept.items()
        }

    def _set_aside(self) -> None:
        kept = self._path.with_name(f"{self._path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}.json")
        with suppress(OSError):
            self._path.replace(kept)
        self.notice = "My notes about what model files have to be were damaged, so I ask the hub again."


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    bytes: Size
    sha256: Sha256


class _PinsFile(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    pins: dict[str, dict[str, _Kept]]


def disagreement(name: str) -> str:
    """The sentence for a file that is no longer what it was said to be."""
    return (
        f"The hub now has another file under the name {name} than the one I know, and I don't take it. "
        "Choose another model, or wait for a new version of me."
    )


def _address(endpoint: str, model: CatalogModel, file: CatalogFile, pin: Pin) -> str:
    return f"{endpoint}/{model.repository}/resolve/{pin.revision}/{quote(file.name)}"


async def pin_catalog(path: Path, endpoint: str = DEFAULT_ENDPOINT, *, web: Web | None = None) -> list[str]:
    """For maintainers: fill in revision, sizes and checksums of every unpinned model in the list at `path`.

    Pinned entries stay as they are. Returns the ids that were pinned, and raises the list's version by one if there
    are any. Raises `CatalogFailed`, `DownloadFailed` or `web.Lost`, and then leaves the file as it was.
    """
    text = await in_thread(path.read_bytes)
    raw, listed = json.loads(text), CatalogList.model_validate_json(text)
    pinned: list[str] = []
    async with web or Web(endpoint) as opened:
        hub = Hub(opened, endpoint)
        for entry, model in zip(raw["models"], listed.models, strict=True):
            if not model.pinned:
                _fill_in(entry, await hub.pins(model))
                pinned.append(model.id)
    if pinned:
        raw["version"] += 1
        fresh = (json.dumps(raw, ensure_ascii=False, indent=2) + "\n").encode()
        CatalogList.model_validate_json(fresh)
        await in_thread(replace_file, path, fresh)
    return pinned


def _fill_in(entry: dict[str, Any], pins: Mapping[str, Pin]) -> None:
    for file in entry["files"]:
        if not (pin := pins.get(file["name"])):
            raise CatalogFailed(f"The hub tells no checksum of {file['name']}. Choose another file for {entry['id']}.")
        entry["revision"] = pin.revision
        file |= {"bytes": pin.bytes, "sha256": pin.sha256}
