"""Models to think with: what is offered, what is being fetched, what is here already, and how the present one does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Fit(StrEnum):
    """How a model suits this machine: well, with little memory to spare, or not at all."""

    GOOD = "good"
    TIGHT = "tight"
    TOO_BIG = "too big"


class Pinned(StrEnum):
    """Where the checksum of a model's files is known from: from us, from the hub just now, or not yet."""

    CATALOG = "catalog"
    HUB = "hub"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Offer:
    """A model of the catalog, as it suits this machine.

    `bytes` is the size of all its files and `memory_bytes` what it takes while it thinks; 0 where not known yet.
    `tokens_per_second` is what a measurement of this machine lets expect, None before. `why` is a sentence where the
    fit is not good. `installed`: its files are here; `recommended`: it is among the best for this machine.
    """

    id: str
    title: str
    good_at: str
    licence: str
    licence_url: str
    bytes: int
    memory_bytes: int
    sees: bool
    context_tokens: int
    pinned: Pinned
    fit: Fit
    why: str = ""
    tokens_per_second: float | None = None
    installed: bool = False
    recommended: bool = False


class FetchState(StrEnum):
    """Where a download stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STALLED = "stalled"
    PAUSED = "paused"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A download: bytes done and in all (0: not known), bytes a second, seconds left (None: not known).

    `sentence` says what went wrong and the way out, or what it waits for.
    """

    id: str
    title: str
    state: FetchState
    done: int = 0
    total: int = 0
    rate: float = 0.0
    left: float | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Brain:
    """A model file that is here. `linked` files belong to another program (`source` names it) and are never removed.

    `id` is that of the catalog where it comes from there, else made from the file's name. `projector` is its vision
    projector, if it has one. `trouble` is a sentence where it can't be used.
    """

    id: str
    title: str
    path: Path
    bytes: int
    source: str
    linked: bool
    licence: str = ""
    architecture: str = ""
    parameters: str = ""
    quantization: str = ""
    context_tokens: int = 0
    memory_bytes: int = 0
    projector: Path | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server of models on this machine, by the name of its program, with the models it offers."""

    program: str
    url: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrainUse:
    """How the present model does: tokens of context used and in all, tokens a second of the last reply, the share of
    its prompt that needed no decoding (0-1), and the memory of its process (bytes; 0 while it rests)."""

    context_used: int = 0
    context_tokens: int = 0
    tokens_per_second: float = 0.0
    reused: float = 0.0
    memory_bytes: int = 0
