"""Where files live: what Alisa brings along, and the user's profile folder."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from alisa_desktop.core.errors import SettingsFailed


def resources() -> Path:
    """The folder of sprites, personas and models: beside the bundle's program, inside the wheel, or in a checkout."""
    if bundle := getattr(sys, "_MEIPASS", None):
        return Path(bundle) / "resources"
    package = Path(__file__).resolve().parents[1]
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place Alisa reads or writes. `profile` is hers alone; nothing is written anywhere else."""

    profile: Path
    resources: Path

    @classmethod
    def of(cls, profile: Path | None = None) -> Paths:
        """The places of this profile, or of the user's own where none is named. Creates nothing.

        Raises `SettingsFailed` for the home (`~name`) of somebody who has none here.
        """
        try:
            folder = profile or Path(platformdirs.user_data_dir("Alisa", appauthor=False, roaming=False))
        except RuntimeError as error:
            raise SettingsFailed(
                "You have no home folder here, so I don't know where to keep anything. Name a folder with --profile."
            ) from error
        try:
            return cls(folder.expanduser().absolute(), resources())
        except RuntimeError as error:
            raise SettingsFailed(f"There is no such folder as {folder}. Choose another one with --profile.") from error

    @property
    def settings(self) -> Path:
        """The user's choices."""
        return self.profile / "settings.json"

    @property
    def places(self) -> Path:
        """Where the windows stood."""
        return self.profile / "places.json"

    @property
    def first_picture(self) -> Path:
        """How she looked when she was last quit, for the first moment of the next start."""
        return self.profile / "first_picture.png"

    @property
    def database(self) -> Path:
        """What Alisa remembers; the seed names the file."""
        return self.profile / "alisa_memory.db"

    @property
    def personas(self) -> Path:
        """The user's own persona files."""
        return self.profile / "personas"

    @property
    def sprites(self) -> Path:
        """The user's own sprite packs, a folder each."""
        return self.profile / "sprites"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.profile / "logs"

    @property
    def lock(self) -> Path:
        """Held by the one Alisa that runs with this profile."""
        return self.profile / "alisa.lock"

    @property
    def endpoint(self) -> Path:
        """Tells overlays where the endpoint is while it runs."""
        return self.profile / "endpoint.json"

    @property
    def updates(self) -> Path:
        """What the feed of releases said the last time."""
        return self.profile / "updates.json"

    @property
    def models(self) -> Path:
        """The models that were fetched, a folder each, and what is known of them."""
        return self.profile / "models"

    @property
    def states(self) -> Path:
        """What models have read of the personas, so that they need not read it at every start."""
        return self.profile / "states"

    @property
    def graphics(self) -> Path:
        """What the graphics card was found to be good for."""
        return self.profile / "graphics.json"

    @property
    def processors(self) -> Path:
        """What the processor was found to be good for."""
        return self.profile / "processors.json"

    @property
    def speeds(self) -> Path:
        """How fast the memory of this machine was measured to be."""
        return self.profile / "speeds.json"

    @property
    def safe_models(self) -> Path:
        """Model files that need the safe way of decoding on this machine."""
        return self.profile / "safe_models.json"

    @property
    def starter_model(self) -> Path:
        """The model that comes with Alisa."""
        return self.resources / "models" / "alisa-starter.gguf"

    @property
    def builtin_personas(self) -> Path:
        """The persona files that come with Alisa."""
        return self.resources / "personas"
