"""What a sprite pack says about itself: `manifest.json` as typed values, and which face stands in for a missing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alisa_desktop.core.messages import Emotion

EYE_WHITE = "eye-white"
IRIS = "iris"

RELATIVES: Mapping[str, tuple[str, ...]] = {
    Emotion.HAPPY: (Emotion.CALM, Emotion.NEUTRAL),
    Emotion.CALM: (Emotion.NEUTRAL,),
    Emotion.TEASING: (Emotion.HAPPY, Emotion.NEUTRAL),
    Emotion.SHY: (Emotion.HAPPY, Emotion.NEUTRAL),
    Emotion.SERIOUS: (Emotion.NEUTRAL,),
    Emotion.SAD: (Emotion.SERIOUS, Emotion.NEUTRAL),
    Emotion.SURPRISED: (Emotion.HAPPY, Emotion.NEUTRAL),
    Emotion.NEUTRAL: (Emotion.CALM,),
}
"""Who stands in for a face that a pack lacks, nearest first; a pack's own `fallbacks` come before."""

Name = Annotated[str, Field(min_length=1, max_length=120)]
LayerNames = Annotated[tuple[Name, ...], Field(max_length=32)]
SlotLayers = Annotated[dict[Name, LayerNames], Field(max_length=64)]


def _in_slot(slot: str) -> BeforeValidator:
    """Let `[layers]` stand for `{slot: [layers]}`."""
    return BeforeValidator(lambda value: {slot: value} if isinstance(value, list | tuple) else value)


MouthLayers = Annotated[SlotLayers, _in_slot("mouth")]
PendantLayers = Annotated[SlotLayers, _in_slot("pendant")]


class Face(BaseModel):
    """An expression or a state: what lies in the slots, where she looks (canvas units), how she tilts (degrees)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slots: SlotLayers = {}
    look: tuple[Annotated[float, Field(ge=-40, le=40)], Annotated[float, Field(ge=-40, le=40)]] | None = None
    tilt: Annotated[float, Field(ge=-30, le=30)] | None = None
    blinks: bool = True


class Manifest(BaseModel):
    """`manifest.json`, format 1; paint order of `slots` is bottom to top, lengths are canvas units."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1]
    name: Name
    author: str = Field("", max_length=200)
    license: str = Field("", max_length=200)
    canvas: tuple[Annotated[int, Field(ge=16, le=4096)], Annotated[int, Field(ge=16, le=4096)]]
    art: str = Field("", max_length=200)
    slots: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
    defaults: SlotLayers = {}
    head: frozenset[Name] = frozenset()
    neck: tuple[float, float] = (0.0, 0.0)
    breathing: frozenset[Name] = frozenset()
    expressions: Annotated[dict[Name, Face], Field(min_length=1, max_length=64)]
    fallbacks: dict[Name, tuple[Name, ...]] = {}
    blink: dict[Name, SlotLayers] = {}
    mouths: dict[Name, MouthLayers] = {}
    states: dict[Name, Face] = {}
    pendant: dict[Name, PendantLayers] = {}

    @model_validator(mode="after")
    def _slots_exist(self) -> Manifest:
        unknown = {slot for part in self._all_slot_layers() for slot in part} - set(self.slots)
        if unknown:
            raise ValueError(f"“{min(unknown)}” is used but not in the list of slots")
        return self

    def _all_slot_layers(self) -> list[dict[str, tuple[str, ...]]]:
        faces = [*self.expressions.values(), *self.states.values()]
        parts = [self.defaults, *self.blink.values(), *self.mouths.values(), *self.pendant.values()]
        return [*parts, *(face.slots for face in faces)]

    def layer_names(self) -> set[str]:
        """Every layer that is named anywhere."""
        return {name for part in self._all_slot_layers() for names in part.values() for name in names}

    def expression(self, emotion: Emotion) -> Face:
        """The face for `emotion`, or its nearest relative's, or the first one."""
        for name in (emotion, *self.fallbacks.get(emotion, ()), *RELATIVES[emotion]):
            if name in self.expressions:
                return self.expressions[name]
        return next(iter(self.expressions.values()))


def plain_manifest(name: str, canvas: tuple[int, int], pictures: Mapping[str, bool]) -> Manifest:
    """A manifest for a folder of plain pictures; `pictures` says of each file stem whether it shows the whole figure.

    A whole figure takes the place of `base`, anything else lies over it. `pictures` must not be empty.
    """
    first = "base" if "base" in pictures else next(iter(pictures))
    faces = {emotion.value: Face(slots=_place(emotion, pictures)) for emotion in Emotion if emotion.value in pictures}
    faces.setdefault(Emotion.NEUTRAL.value, Face())
    extras: dict[str, Any] = {}
    if "eyes_closed" in pictures:
        extras["blink"] = {"closed": _place("eyes_closed", pictures)}
    if "mouth_open" in pictures:
        extras["mouths"] = dict.fromkeys(("small", "open", "wide"), _place("mouth_open", pictures))
    return Manifest(
        format=1,
        name=name,
        canvas=canvas,
        slots=("base", "face", "eyes", "mouth"),
        defaults={"base": (f"{first}.png",)},
        expressions=faces,
        **extras,
    )


def _place(stem: str, pictures: Mapping[str, bool]) -> dict[str, tuple[str, ...]]:
    if pictures[stem]:
        return {"base": (f"{stem}.png",)}
    slot = {"eyes_closed": "eyes", "mouth_open": "mouth"}.get(stem, "face")
    return {slot: (f"{stem}.png",)}
