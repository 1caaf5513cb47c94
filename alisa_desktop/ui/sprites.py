"""Sprite packs: a folder with a manifest and layers, or just plain pictures, becomes a `Pack` that can be posed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from alisa_desktop.core.messages import Emotion
from alisa_desktop.ui.sprite_layers import Layers, PackBroken, coverage, read_png, read_svg, safe_path
from alisa_desktop.ui.sprite_manifest import IRIS, Face, Manifest, plain_manifest

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 256 * 1024
PLAIN = ("base", *Emotion, "eyes_closed", "mouth_open")
WHOLE_FIGURE = 0.5
"""A plain picture that covers at least this share of what the first one covers shows the whole figure."""
STEADY_LOOK = 1.5
"""A face that looks further aside than this (canvas units) keeps looking there; others follow the pointer."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Everything that decides how she looks at one moment; lids, mouth and breath are transient, the rest stays."""

    emotion: Emotion = Emotion.NEUTRAL
    state: str = ""
    lids: str = ""
    mouth: str = ""
    pendant: str = "idle"
    look: tuple[float, float] = (0.0, 0.0)
    breath: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """What lies in one slot for one pose, and how it is placed; `look` moves irises only (canvas units)."""

    slot: str
    layers: tuple[str, ...]
    tilt: float = 0.0
    breath: int = 0
    look: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Pack:
    """A usable sprite pack: every layer its manifest names is there."""

    manifest: Manifest
    layers: Layers

    def pieces(self, pose: Pose) -> tuple[Piece, ...]:
        """The slots of `pose`, bottom to top, empty ones left out."""
        face, state = self.manifest.expression(pose.emotion), self.manifest.states.get(pose.state)
        slots = self._slots(face, state, pose)
        look = _look(face, state, pose.look)
        tilt = state.tilt if state and state.tilt is not None else (face.tilt or 0.0)
        return tuple(
            Piece(
                slot,
                slots[slot],
                tilt if slot in self.manifest.head else 0.0,
                pose.breath if slot in self.manifest.breathing else 0,
                look if slot == IRIS else (0.0, 0.0),
            )
            for slot in self.manifest.slots
            if slots.get(slot)
        )

    def _slots(self, face: Face, state: Face | None, pose: Pose) -> dict[str, tuple[str, ...]]:
        manifest = self.manifest
        slots = manifest.defaults | face.slots | manifest.pendant.get(pose.pendant, {})
        slots |= manifest.mouths.get(pose.mouth, {})
        if state:
            slots |= state.slots
        if face.blinks and (state is None or state.blinks):
            slots |= manifest.blink.get(pose.lids, {})
        return slots


def _look(face: Face, state: Face | None, pointer: tuple[float, float]) -> tuple[float, float]:
    own = (state.look if state and state.look is not None else face.look) or (0.0, 0.0)
    return own if max(map(abs, own)) > STEADY_LOOK or pointer == (0.0, 0.0) else pointer


def load_pack(folder: Path) -> Pack:
    """Read the pack in `folder`; raises `PackBroken` with a sentence that names the pack and the mistake."""
    try:
        if (folder / MANIFEST).is_file():
            return _load_layered(folder)
        return _load_plain(folder)
    except PackBroken as error:
        raise PackBroken(f"I can't wear the look “{folder.name}”: {error}. I keep my own one for now.") from error
    except OSError as error:
        raise PackBroken(f"I can't read the look “{folder.name}”. I keep my own one for now.") from error


def load_pack_or(folder: Path | None, builtin: Path) -> tuple[Pack, str]:
    """The pack in `folder`, or the built-in one with the sentence that says why."""
    if folder is None:
        return load_pack(builtin), ""
    try:
        return load_pack(folder), ""
    except PackBroken as error:
        return load_pack(builtin), error.sentence


def _load_layered(folder: Path) -> Pack:
    manifest = _read_manifest(folder)
    names = manifest.layer_names()
    pictures = {name: read_png(safe_path(folder, name)) for name in names if name.lower().endswith(".png")}
    drawings = read_svg(safe_path(folder, manifest.art)) if manifest.art else {}
    layers = Layers(QSize(*manifest.canvas), drawings, pictures)
    lost = [name for name in sorted(names) if name not in layers]
    if lost:
        raise PackBroken(f"the layer “{lost[0]}” is not in “{manifest.art}”")
    return Pack(manifest, layers)


def _read_manifest(folder: Path) -> Manifest:
    path = safe_path(folder, MANIFEST)
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise PackBroken(f"“{MANIFEST}” is larger than {MAX_MANIFEST_BYTES // 1024} kB")
    try:
        return Manifest.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        raise PackBroken(f"“{MANIFEST}” is wrong {_where(error.errors()[0])}") from error
    except (ValueError, RecursionError) as error:
        raise PackBroken(f"“{MANIFEST}” is no valid JSON ({error})") from error


def _where(mistake: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in mistake["loc"])
    reason = str(mistake["msg"]).removeprefix("Value error, ")
    return f"at “{place}” ({reason})" if place else f"({reason})"


def _load_plain(folder: Path) -> Pack:
    found = [stem for stem in PLAIN if (folder / f"{stem}.png").is_file()]
    pictures = {stem: read_png(safe_path(folder, f"{stem}.png")) for stem in found}
    if not pictures:
        raise PackBroken(f"it has neither “{MANIFEST}” nor pictures like “base.png”")
    first = next(iter(pictures.values()))
    size = first.size()
    if min(size.width(), size.height()) < 16:
        raise PackBroken("its first picture is smaller than 16 × 16 pixels")
    manifest = plain_manifest(folder.name, (size.width(), size.height()), _whole_figures(pictures))
    return Pack(manifest, Layers(size, {}, {f"{stem}.png": image for stem, image in pictures.items()}))


def _whole_figures(pictures: Mapping[str, QImage]) -> dict[str, bool]:
    needed = coverage(next(iter(pictures.values()))) * WHOLE_FIGURE
    return {stem: coverage(image) >= needed for stem, image in pictures.items()}
