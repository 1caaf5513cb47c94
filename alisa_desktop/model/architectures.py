"""The kinds of models that our llama.cpp knows, and the words for how their weights are stored."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alisa_desktop.host.paths import resources

# general.file_type (enum llama_ftype in llama.cpp's include/llama.h), as file names write it
QUANTIZATIONS = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S"},
    **{12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K"},
    **{19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL"},
    **{26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16"},
    **{36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0"},
}
RECURRENT_KEYS = (".ssm.", ".wkv.", ".shortconv.", ".kda.", ".full_attention_interval")
"""Parts of the header keys that only models with recurrent layers have."""


def is_known(architecture: str) -> bool:
    """Whether our llama.cpp can load models of that kind; a list that is lost keeps nothing out."""
    kinds = _kinds(resources() / "models" / "architectures.txt")
    return not kinds or architecture in kinds


def is_recurrent(architecture: str) -> bool:
    """Whether models of that kind, in whole or in part, keep a memory that can't be cut back to an earlier token."""
    return bool(_kinds(resources() / "models" / "architectures.txt").get(architecture))


@cache
def _kinds(file: Path) -> dict[str, str]:
    """Each name with "recurrent", "hybrid" or nothing; reads the file once."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {name: kind for name, _, kind in pairs}
