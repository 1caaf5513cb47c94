"""Which vision projector (`mmproj`) in a model's folder is its own, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_MMPROJ = "mmproj"
# How the weights are stored (Q4_K_M, UD-IQ2_XXS, BF16, MXFP4 ...), which is no part of a model's name.
_WEIGHTS = re.compile(r"(^|-)(ud-)?(i?q\d+(-(\d|k|nl|x*[sml]))*|bf16|fp?(16|32)|mxfp4)$")


def projector_beside(model: Path) -> Path | None:
    """Return the projector that belongs to the file `model`, None where there is none; reads the folder."""
    try:
        names = sorted(one.name for one in model.parent.iterdir() if one.suffix.lower() == ".gguf")
    except OSError:
        return None
    name = chosen_projector(model.name, names)
    return model.with_name(name) if name else None


def chosen_projector(model: str, names: Sequence[str]) -> str | None:
    """Return which of the `names` of GGUF files is the projector of the file named `model`.

    The one that shares the most of its name; else one that names no model; else the only one beside the only model.
    """
    projectors = [name for name in names if _MMPROJ in name.lower() and name != model]
    models = {model, *(name for name in names if _MMPROJ not in name.lower())}
    named = [name for name in projectors if _belongs(name, model)]
    nameless = [name for name in projectors if not _made_for(name)]
    if named:
        return max(named, key=lambda name: len(_made_for(name)))
    if nameless:
        return nameless[0]
    return projectors[0] if len(projectors) == len(models) == 1 else None


def _belongs(projector: str, model: str) -> bool:
    made_for, base = _made_for(projector), _base(model)
    return bool(made_for and base) and (made_for in base or base in made_for)


def _made_for(projector: str) -> str:
    """The name of the model that a projector's own name brings, "" for none; "model" is what converters write."""
    base = _base(projector)
    return "" if base == "model" else base


def _base(name: str) -> str:
    """A file's name without what doesn't tell models apart."""
    stem = name.lower().removesuffix(".gguf").replace(_MMPROJ, " ")
    return _WEIGHTS.sub("", "-".join(re.split(r"[\W_]+", stem)).strip("-")).strip("-")
