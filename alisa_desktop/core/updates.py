"""Whether there is a newer version of her, as far as anybody asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REPOSITORY = ""
"""Where she is published, `OWNER/NAME` at GitHub; empty as long as nobody has decided that. Who publishes her writes
it here: the feed of releases and the home page of the packages follow."""


class Freshness(StrEnum):
    """How this version stands."""

    UNKNOWN = "unknown"
    CHECKING = "checking"
    CURRENT = "current"
    NEWER = "newer"
    """There is a newer one."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Update:
    """What is known: the newer version, an https address that tells of it (or empty), its notes as plain text, and why
    nothing is known."""

    state: Freshness = Freshness.UNKNOWN
    version: str = ""
    address: str = ""
    notes: str = ""
    trouble: str = ""
