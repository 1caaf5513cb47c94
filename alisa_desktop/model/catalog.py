"""Which models are offered: a list that comes with Alisa, and a newer one where it has been fetched.

Nothing of a list is trusted until the whole of it has been checked; what names a file is a plain name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from alisa_desktop.core.errors import CatalogFailed, DownloadFailed
from alisa_desktop.model.disk import in_thread, replace_file
from alisa_desktop.model.web import Lost, Web

MAX_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 42
MAIN = "main"

_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
)

log = logging.getLogger(__name__)


def _no_device(name: str) -> str:
    if name.partition(".")[0].upper() in _DEVICES:
        raise ValueError("the name of a device")
    return name


def _no_control(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("not plain text")
    return text


def _no_dots(text: str) -> str:
    if ".." in text:
        raise ValueError("leads elsewhere")
    return text


FileName = Annotated[
    str,
    Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\.gguf$"),
    AfterValidator(_no_dots),
    AfterValidator(_no_device),
]
Slug = Annotated[
    str,
    Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9.-]*[a-z0-9]$"),
    AfterValidator(_no_dots),
    AfterValidator(_no_device),
]
Repository = Annotated[
    str,
    Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_no_dots),
]
Revision = Annotated[str, Field(pattern=r"^(main|[0-9a-f]{40})$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(gt=0, le=MAX_FILE_BYTES)]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_no_control)]
HttpsUrl = Annotated[str, Field(max_length=300, pattern=r"^https://[A-Za-z0-9.-]+/[!-~]*$")]


class Role(StrEnum):
    """What a file is for: the words, or the pictures."""

    MODEL = "model"
    PROJECTOR = "projector"


class Attention(StrEnum):
    """How a model keeps what it has read; a hybrid has to read its whole prompt again after each change."""

    FULL = "full"
    SLIDING = "sliding"
    HYBRID = "hybrid"


class Origin(StrEnum):
    """Which list an entry's files are from."""

    BUILTIN = "builtin"
    REFRESHED = "refreshed"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CatalogFile(_Strict):
    """A file of a model; `bytes` and `sha256` are both there once it is pinned, and both None before."""

    name: FileName
    role: Role
    bytes: Size | None
    sha256: Sha256 | None

    @property
    def pinned(self) -> bool:
        """Whether size and checksum are known."""
        return self.bytes is not None and self.sha256 is not None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.bytes is None) != (self.sha256 is None):
            raise ValueError("size and checksum belong together")
        return self


class CatalogModel(_Strict):
    """A model that is offered. `context_tokens` is what it was trained for; `memory_bytes` is what it takes with a
    context of 4096 tokens, None where nobody has measured it."""

    id: Slug
    title: Text
    repository: Repository
    revision: Revision
    files: Annotated[tuple[CatalogFile, ...], Field(min_length=1, max_length=2)]
    licence: Text
    licence_url: HttpsUrl
    parameters: Text
    quantization: Text
    context_tokens: Annotated[int, Field(gt=0, le=1 << 24)]
    architecture: Text
    attention: Attention
    memory_bytes: Size | None
    sees: bool
    good_at: Text
    prompt_notes: Text
    _origin: Origin = PrivateAttr(Origin.BUILTIN)  # no list can say itself which one it is

    @property
    def origin(self) -> Origin:
        """Which list its files are from."""
        return self._origin

    def as_refreshed(self) -> CatalogModel:
        """This entry as one of a list that was fetched."""
        copy = self.model_copy()
        copy._origin = Origin.REFRESHED
        return copy

    @property
    def pinned(self) -> bool:
        """Whether size and checksum of all its files are known."""
        return all(file.pinned for file in self.files)

    @property
    def bytes(self) -> int:
        """The size of all its files; 0 where not known."""
        return sum(file.bytes or 0 for file in self.files) if self.pinned else 0

    @property
    def recommendable(self) -> bool:
        """Whether it may be recommended at all; a hybrid never is."""
        return self.attention is not Attention.HYBRID

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        roles = [file.role for file in self.files]
        if roles.count(Role.MODEL) != 1 or roles.count(Role.PROJECTOR) != self.sees:
            raise ValueError("one file is the model, and a model that sees has one projector")
        if len({file.name.casefold() for file in self.files}) != len(self.files):
            raise ValueError("two files have the same name")
        if any(file.pinned for file in self.files) and not (self.pinned and self.revision != MAIN):
            raise ValueError("what is pinned is pinned as a whole, with its revision")
        return self


class CatalogList(_Strict):
    """The list as it is written: its version grows with every change."""

    version: Annotated[int, Field(gt=0, lt=1 << 31)]
    models: Annotated[tuple[CatalogModel, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({model.id for model in self.models}) != len(self.models):
            raise ValueError("two models have the same id")
        return self


class Catalog:
    """The models that are offered. `notice` is a sentence where the refreshed list could not be used."""

    def __init__(self, builtin: CatalogList, refreshed: CatalogList | None = None, notice: str = "") -> None:
        self._builtin = builtin
        self.notice = notice
        newer = refreshed if refreshed and refreshed.version > builtin.version else None
        self.version: int = (newer or builtin).version
        self.models: Sequence[CatalogModel] = _merged(builtin, newer) if newer else builtin.models

    @classmethod
    def load(cls, builtin: Path, refreshed: Path) -> Catalog:
        """Read the list that came with Alisa and, where it is newer, the one in the profile. Reads the disk.

        Raises `CatalogFailed` when the built-in list can't be read; a damaged refreshed one is left alone and told.
        """
        own = _parse(_read(builtin))
        try:
            return cls(own, _parse(_read(refreshed)) if refreshed.exists() else None)
        except CatalogFailed as error:
            log.warning("the refreshed list of models is not used: %s", error.__cause__)
            return cls(own, notice="The list of models that I fetched is damaged, so I use my own. Refresh it.")

    def find(self, model_id: str) -> CatalogModel | None:
        """The model of that id, or None."""
        return next((model for model in self.models if model.id == model_id), None)

    def with_refreshed(self, refreshed: CatalogList) -> Catalog:
        """This catalog with another refreshed list; it is used where its version is higher than the built-in one."""
        return Catalog(self._builtin, refreshed)


async def refresh(url: str, refreshed: Path, current: Catalog, *, web: Web | None = None) -> Catalog:
    """Fetch a newer list (https, at most 1 MiB), keep it at `refreshed` and return the catalog with it.

    A list of the same version changes nothing. Raises `CatalogFailed`; the present list is then kept. On the loop.
    """
    try:
        async with web or Web(url) as opened:
            text = await opened.read(url, MAX_BYTES, "the list of models")
    except (Lost, DownloadFailed) as error:
        raise CatalogFailed(f"I can't refresh the list of models. {error}") from error
    fetched = _parse(text)
    if fetched.version < current.version:
        raise CatalogFailed(
            f"The list of models at {url} is older (version {fetched.version}) than mine ({current.version}), "
            "so I keep mine. Try again later."
        )
    if fetched.version == current.version:
        return current
    try:
        await in_thread(replace_file, refreshed, text)
    except OSError as error:
        raise CatalogFailed(
            f"I can't keep the list of models ({error.strerror}). Make room or allow writing in {refreshed.parent}."
        ) from error
    return current.with_refreshed(fetched)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CatalogFailed(f"I can't read the list of models {path} ({error.strerror}). Install me again.") from error


def _parse(text: bytes) -> CatalogList:
    if len(text) > MAX_BYTES:
        raise CatalogFailed("The list of models is too long to be one. Check its address.")
    try:
        return CatalogList.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = re.sub(r"[^\w.-]", "?", ".".join(str(part) for part in first["loc"]))
        raise CatalogFailed(
            f"The list of models is none that I understand{f' (at {where})' if where else ''}. "
            "Check its address, or try again later."
        ) from error


def _merged(builtin: CatalogList, refreshed: CatalogList) -> tuple[CatalogModel, ...]:
    """The refreshed list, but with our own entry wherever we have pinned its files."""
    pinned = {model.id: model for model in builtin.models if model.pinned}
    return tuple(pinned.get(model.id) or model.as_refreshed() for model in refreshed.models)
