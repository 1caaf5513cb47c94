"""What the settings say about themselves, read from their declaration for those who show or bound them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from alisa_desktop.settings.schema import Settings

MOST_SLIDER_STEPS = 200


@dataclass(frozen=True)
class Spec:
    """One setting as its field shows it. `kind` is how it is edited: choice, switch, number, text, file, url, ..."""

    name: str
    title: str
    help: str
    group: str
    kind: str
    low: int = 0
    high: int = 2**31 - 1
    step: int = 1
    unit: str = ""
    filter: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, object] = field(default_factory=dict)
    default: object = None

    @property
    def slides(self) -> bool:
        """Whether a slider makes sense: one with too many steps can't be aimed."""
        return (self.high - self.low) // self.step <= MOST_SLIDER_STEPS


def spec(name: str) -> Spec:
    """The setting called `name`; raises KeyError."""
    info = Settings.model_fields[name]
    extra: Mapping[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    bounds = _bounds(info)
    known = {key: extra[key] for key in ("unit", "step", "filter", "when") if key in extra}
    return Spec(
        name=name,
        title=info.title or name,
        help=info.description or "",
        group=str(extra.get("group", "Alisa")),
        kind=str(extra.get("kind", _kind(info))),
        labels=_labels(info, extra),
        default=info.default,
        low=bounds.get("low", 0),
        high=bounds.get("high", 2**31 - 1),
        **known,
    )


def specs() -> list[Spec]:
    """All settings of the window in the order of their declaration: those that say what they are."""
    return [spec(name) for name, info in Settings.model_fields.items() if info.json_schema_extra]


def _kind(info: FieldInfo) -> str:
    kinds: dict[object, str] = {bool: "switch", int: "number", SecretStr: "secret"}
    if isinstance(info.annotation, type) and issubclass(info.annotation, Enum):
        return "choice"
    return kinds.get(info.annotation, "text")


def _labels(info: FieldInfo, extra: Mapping[str, Any]) -> dict[str, str]:
    if not (isinstance(info.annotation, type) and issubclass(info.annotation, Enum)):
        return {}
    given = extra.get("labels", {})
    return {str(choice.value): str(given.get(choice.value, choice.value)) for choice in info.annotation}


def _bounds(info: FieldInfo) -> dict[str, int]:
    bounds: dict[str, int] = {}
    for mark in info.metadata:
        if isinstance(mark, Ge):
            bounds["low"] = int(mark.ge)  # type: ignore[call-overload]
        elif isinstance(mark, Le):
            bounds["high"] = int(mark.le)  # type: ignore[call-overload]
    return bounds
