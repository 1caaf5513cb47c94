"""What a GGUF file says about itself, and whether it is one that can be loaded here."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig
from alisa_desktop.model.architectures import QUANTIZATIONS, RECURRENT_KEYS, is_known, is_recurrent
from alisa_desktop.model.gguf_reader import MAX_KEPT_ARRAY, Metadata, Reader, Unreadable, Value, Weights, whole
from alisa_desktop.model.splits import parts_of

GIB = 1 << 30
MIB = 1 << 20
MAX_NAME, MAX_WORD = 120, 60
PROJECTOR = "clip"
"""What projector files call their kind."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The facts that decide whether a file can be loaded; sizes in bytes, context in tokens (0: not said).

    `width` is how many numbers a model takes for a token. `sees` marks a vision projector, and `widths` are the sides
    of its weights behind the encoder, among them the width of the model it was made for. `active_bytes` of its weights
    are read for every token. `recurrent`: in whole or in part, it keeps a memory that can't be cut back to an earlier
    token. `sliding_window`: how far back (tokens) some of its layers look, 0 where all see everything. `talks`: it
    writes text, and isn't one that only measures it. The texts are "" where the file doesn't say.
    """

    name: str
    architecture: str
    trained_context: int
    weight_bytes: int
    file_bytes: int
    cache_bytes_per_token: int
    width: int
    sees: bool
    widths: frozenset[int]
    active_bytes: int = 0
    has_template: bool = False
    parameters: str = ""
    quantization: str = ""
    licence: str = ""
    recurrent: bool = False
    sliding_window: int = 0
    talks: bool = True

    def memory_bytes(self, context_tokens: int) -> int:
        """Memory the model takes with a context of that many tokens: weights, KV cache (f16) and room to compute."""
        room = min(GIB, 128 * MIB + self.weight_bytes)
        return self.weight_bytes + self.cache_bytes_per_token * context_tokens + room

    def usable_context(self, wanted: int) -> int:
        """`wanted` tokens of context, but never more than the model was trained for; 0 asks for all of it."""
        return min(wanted, self.trained_context) if wanted and self.trained_context else wanted or self.trained_context


def check_model_file(path: Path, context_tokens: int, available_bytes: int) -> GgufHeader:
    """Return the header of a file that is safe to hand to llama.cpp.

    Raises `ModelMissing`, `ModelBroken` (empty, no GGUF, damaged, cut off, of a kind we don't know) or `ModelTooBig`
    (needs more than 80 % of `available_bytes`). Reads the disk: call it off the loop.
    """
    header, size = _open_known(path)
    check_memory(header, context_tokens, available_bytes)
    _check_complete(path, header, size)
    return header


def read_model_file(path: Path) -> GgufHeader:
    """Return the header of a model's file that is whole and of a kind we know; of several parts, name the first.

    Raises `ModelMissing` or `ModelBroken`. Reads the disk.
    """
    header, size = _open_known(path)
    _check_complete(path, header, size)
    return header


def _open_known(path: Path) -> tuple[GgufHeader, int]:
    header, size = open_header(path)
    if header.architecture == PROJECTOR:
        raise ModelBroken(f"{path.name} is only the eyes or ears of a model. Choose the model itself in Settings.")
    if not is_known(header.architecture):
        raise ModelBroken(
            f"My model file {path.name} is of a kind ({_short(header.architecture)}) that I don't know yet; "
            "a newer Alisa may. Choose another one in Settings."
        )
    return _with_parts(header, path), size


def _with_parts(header: GgufHeader, path: Path) -> GgufHeader:
    """The header of a model in several files, with the weights of all of them, counted by the size of the files."""
    if len(parts := parts_of(path)) == 1:
        return header
    sizes = [_size(part) for part in parts]
    if missing := sizes.count(0):
        raise ModelBroken(
            f"Parts of my model {path.name} are missing ({missing} of {len(parts)}). "
            "Put them beside it, or choose another one in Settings."
        )
    weights = sum(sizes)
    active = weights * header.active_bytes // header.weight_bytes if header.weight_bytes else weights
    return replace(header, weight_bytes=weights, active_bytes=active)


def _size(path: Path) -> int:
    """The size of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def check_memory(header: GgufHeader, context_tokens: int, available_bytes: int, projector_bytes: int = 0) -> None:
    """Raise `ModelTooBig` when a model with its vision projector needs more than 80 % of `available_bytes`."""
    needed = header.memory_bytes(header.usable_context(context_tokens)) + projector_bytes
    if needed > 0.8 * available_bytes:
        raise ModelTooBig(
            f"My model {header.name} needs about {_gb(needed)} of memory, and only {_gb(available_bytes)} are free. "
            "Choose a smaller model or a smaller context in Settings, or close other programs."
        )


def check_projector_file(path: Path, model: GgufHeader) -> GgufHeader:
    """Return the header of a vision projector that fits `model`; reads the disk.

    Raises `ModelMissing` or `ModelBroken` (no projector for pictures, damaged, cut off, made for another model).
    """
    header, size = open_header(path)
    if not header.sees:
        raise ModelBroken(f"My model file {path.name} has no eyes for pictures. Choose another one in Settings.")
    _check_complete(path, header, size)
    if model.width not in header.widths:
        raise ModelBroken(f"The eyes in {path.name} belong to another model. Choose another one in Settings.")
    return header


def _check_complete(path: Path, header: GgufHeader, size: int) -> None:
    if size < header.file_bytes:
        raise ModelBroken(
            f"My model file {path.name} is incomplete: {_gb(size)} of {_gb(header.file_bytes)} are there. "
            "Download it again or choose another one in Settings."
        )


def open_header(path: Path) -> tuple[GgufHeader, int]:
    """Return the header of any GGUF file, and its size in bytes; raises `ModelMissing` or `ModelBroken`."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return read_header(file, path.name, path.stem), size
    except FileNotFoundError as error:
        raise ModelMissing(f"I can't find my model file {path}. Choose another one in Settings.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        if os.path.isdir(path):  # noqa: PTH112  # Windows only says that it may not be opened; this raises nothing
            raise ModelMissing(f"{path} is a folder, not a model file. Choose a .gguf file in Settings.") from error
        raise ModelMissing(
            f"I can't read my model file {path}. Check that you may open it, or choose another one in Settings."
        ) from error


def read_header(file: BinaryIO, file_name: str = "of yours", stem: str = "model") -> GgufHeader:
    """Read the header from the start of a seekable file; raises `ModelBroken` with a sentence naming `file_name`."""
    try:
        metadata, weights, begin = Reader(file).read()
        return _describe(metadata, stem, weights, begin + weights.end)
    except Unreadable as error:
        raise ModelBroken(
            f"My model file {file_name} {error}. Download it again or choose another one in Settings."
        ) from error


def _describe(metadata: Metadata, stem: str, weights: Weights, file_bytes: int) -> GgufHeader:
    architecture = str(metadata.get("general.architecture", ""))
    if not architecture:
        raise Unreadable("doesn't say what kind of model it is")

    def said(key: str) -> Value | None:
        return metadata.get(f"{architecture}.{key}")

    return GgufHeader(
        name=_short(metadata.get("general.name"), MAX_NAME) or stem,
        architecture=architecture,
        trained_context=whole(said("context_length")),
        weight_bytes=weights.size,
        file_bytes=file_bytes,
        cache_bytes_per_token=_cache_bytes(metadata, architecture),
        width=whole(said("embedding_length")),
        sees=architecture == PROJECTOR and metadata.get("clip.has_vision_encoder") is True,
        widths=weights.widths,
        active_bytes=_active_bytes(weights, whole(said("expert_used_count")), whole(said("expert_count"))),
        has_template="tokenizer.chat_template" in metadata,
        parameters=_short(metadata.get("general.size_label")) or _counted(metadata, weights.numbers),
        quantization=_quantization(metadata.get("general.file_type")),
        licence=_short(metadata.get("general.license")),
        recurrent=is_recurrent(architecture) or any(part in key for key in metadata for part in RECURRENT_KEYS),
        sliding_window=whole(said("attention.sliding_window")),
        talks=_talks(metadata, architecture),
    )


def _talks(metadata: Metadata, architecture: str) -> bool:
    """Whether it writes text: no part of another model, and none that only measures text."""
    whole_model = architecture != PROJECTOR and metadata.get("general.type", "model") == "model"
    measures = f"{architecture}.pooling_type" in metadata or metadata.get(f"{architecture}.attention.causal") is False
    return whole_model and not measures


def _active_bytes(weights: Weights, used: int, experts: int) -> int:
    """Bytes of weights that are read for one token: of all experts, only those it asks."""
    idle = weights.experts * (experts - used) // experts if 0 < used < experts else 0
    return weights.size - weights.unread - idle


def _quantization(file_type: Value | None) -> str:
    return QUANTIZATIONS.get(file_type, "") if isinstance(file_type, int) else ""


def _counted(metadata: Metadata, numbers: int) -> str:
    """How many parameters, as models are named: 4B, 1.7B, 360M; "" for one of several parts."""
    if "split.count" in metadata:
        return ""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if numbers >= size:
            return f"{numbers / size:.{0 if numbers >= 10 * size else 1}f}".removesuffix(".0") + letter
    return ""


def _short(value: Value | None, longest: int = MAX_WORD) -> str:
    """A text of the file as it can be shown: on one line and not long; "" for anything else."""
    return on_one_line(value)[:longest] if isinstance(value, str) else ""


def on_one_line(text: str) -> str:
    """A text of others as it can be shown: without line breaks or anything else that doesn't print, cut where long."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:500]).split())


def _cache_bytes(metadata: Metadata, architecture: str) -> int:
    """Bytes of KV cache one token takes in all layers together, in f16."""

    def said(key: str) -> Value | None:
        return metadata.get(f"{architecture}.{key}")

    layers = min(whole(said("block_count")), MAX_KEPT_ARRAY)
    heads = _per_layer(said("attention.head_count"), layers)
    kv_heads = _per_layer(said("attention.head_count_kv"), layers) or heads
    head_size = whole(said("embedding_length")) // max(1, max(heads, default=1))
    width = (whole(said("attention.key_length")) or head_size) + (whole(said("attention.value_length")) or head_size)
    return sum(kv_heads) * width * 2


def _per_layer(value: Value | None, layers: int) -> list[int]:
    if isinstance(value, list):
        return [whole(one) for one in value]
    return [whole(value)] * layers if value is not None else []


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
