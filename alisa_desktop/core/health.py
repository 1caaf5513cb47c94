"""What a check-up found: one finding for every part that was looked at, in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a part is."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Way(StrEnum):
    """Where in her windows something can be done about a finding."""

    NONE = ""
    OVERLAYS = "overlays"
    MODEL = "model"
    EYES = "eyes"
    BRAINS = "brains"
    FOLDER = "folder"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part: `name` for programs, `title` for people, one sentence, and what to do.

    `advice` is empty where nothing is to be done.
    """

    name: str
    title: str
    verdict: Verdict
    found: str
    advice: str = ""
    way: Way = Way.NONE


@dataclass(frozen=True, slots=True)
class Checkup:
    """How far a check-up is: the findings so far, in their order, of `total`; `over` when there will be no more.

    `busy` is the title of what takes long just now, `share` (0-1) how far it is with that. `report` is all of it as a
    text without names and folders of this machine; empty until it is over.
    """

    findings: tuple[Finding, ...] = ()
    total: int = 0
    over: bool = False
    busy: str = ""
    share: float | None = None
    report: str = ""
