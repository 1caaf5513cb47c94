"""What a start of Alisa is asked for, by the command line or a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alisa_desktop.host.paths import Paths


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for; None leaves it to the settings.

    `alone` refuses to run beside another Alisa with this profile; `endpoint` serves overlays where the settings allow;
    `eyes` lets her see where they allow; `hidden` keeps her in the tray until she is wanted, and her model at rest;
    `mode` holds for this run only.
    """

    paths: Paths
    model: Path | None = None
    scripted: Path | None = None
    alone: bool = True
    endpoint: bool = True
    eyes: bool = True
    hidden: bool = False
    port: int | None = None
    mode: str | None = None
