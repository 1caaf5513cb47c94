"""What a GGUF file says about itself, read without trusting a single number of it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3). Only the header is read; every
count is checked against the bytes that are left, so a damaged or hostile file costs neither memory nor time.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig

MAX_ENTRIES = 65_536
MAX_ARRAY = 16_000_000
MAX_TEXT = 4 * 1024 * 1024
MAX_KEPT_ARRAY = 4_096
MAX_WEIGHTS = 1 << 50
ENCODERS = ("v.blk.", "v.position_embd", "v.patch_embd", "a.")
"""Begin the names of those weights of a projector file that know nothing of the model."""
GIB = 1 << 30
MIB = 1 << 20

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

# ggml type: weights per block, bytes per block (ggml/src/ggml.c, type_traits)
_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
    **{16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82)},
    **{23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2)},
    **{34: (256, 54), 35: (256, 66), 39: (32, 17)},
}

Value = int | float | bool | str | list[int | float | bool]


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The facts that decide whether a file can be loaded; sizes in bytes, context in tokens (0: not said).

    `width` is how many numbers a model takes for a token. `sees` marks a vision projector, and `widths` are the sides
    of its weights behind the encoder, among them the width of the model it was made for.
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

    def memory_bytes(self, context_tokens: int) -> int:
        """Memory the model takes with a context of that many tokens: weights, KV cache (f16) and room to compute."""
        room = min(GIB, 128 * MIB + self.weight_bytes)
        return self.weight_bytes + self.cache_bytes_per_token * context_tokens + room

    def usable_context(self, wanted: int) -> int:
        """`wanted` tokens of context, but never more than the model was trained for; 0 asks for all of it."""
        return min(wanted, self.trained_context) if wanted and self.trained_context else wanted or self.trained_context


def check_model_file(path: Path, context_tokens: int, available_bytes: int) -> GgufHeader:
    """Return the header of a file that is safe to hand to llama.cpp.

    Raises `ModelMissing`, `ModelBroken` (empty, no GGUF, damaged, cut off) or `ModelTooBig` (needs more than 80 % of
    `available_bytes`). Reads the disk: call it off the loop.
    """
    header, size = _open_and_read(path)
    check_memory(header, context_tokens, available_bytes)
    _check_complete(path, header, size)
    return header


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
    header, size = _open_and_read(path)
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


def _open_and_read(path: Path) -> tuple[GgufHeader, int]:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return read_header(file, path.name, path.stem), size
    except FileNotFoundError as error:
        raise ModelMissing(f"I can't find my model file {path}. Choose another one in Settings.") from error
    except IsADirectoryError as error:
        raise ModelMissing(f"{path} is a folder, not a model file. Choose a .gguf file in Settings.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        raise ModelMissing(
            f"I can't read my model file {path}. Check that you may open it, or choose another one in Settings."
        ) from error


def read_header(file: BinaryIO, file_name: str = "of yours", stem: str = "model") -> GgufHeader:
    """Read the header from the start of a seekable file; raises `ModelBroken` with a sentence naming `file_name`."""
    try:
        return _Reader(file).header(stem)
    except _Unreadable as error:
        raise ModelBroken(
            f"My model file {file_name} {error}. Download it again or choose another one in Settings."
        ) from error


class _Unreadable(Exception):
    """Why the bytes are no usable header, as the end of a sentence."""


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = file.seek(0, os.SEEK_END)
        self._position = 0
        file.seek(0)

    def header(self, stem: str) -> GgufHeader:
        self._check_magic()
        tensors, entries = self._count("tensors", 24), self._count("entries", 13)
        metadata: dict[str, Value] = {}
        for _ in range(entries):
            key = self._text()
            value = self._value(self._number("I"))
            if value is not None:
                metadata[key] = value
        weights, end, widths = self._tensors(tensors)
        return _describe(metadata, stem, weights, self._aligned(metadata) + end, widths)

    def _check_magic(self) -> None:
        start = self._take(min(self._left, 4))
        if not start:
            raise _Unreadable("is empty")
        if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise _Unreadable("is a web page, not a model")
        if start != b"GGUF":
            raise _Unreadable("is no GGUF model")
        version = self._number("I")
        if version not in (2, 3):
            raise _Unreadable("has a GGUF version I don't know")

    def _count(self, what: str, smallest: int) -> int:
        count = int(self._number("Q"))
        if count > MAX_ENTRIES or count * smallest > self._left:
            raise _Unreadable(f"is damaged (its list of {what} can't be right)")
        return count

    def _value(self, kind: int | float) -> Value | None:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array()
        return self._number(self._format(kind))

    def _array(self) -> list[int | float | bool] | None:
        kind, length = self._number("I"), int(self._number("Q"))
        if length > MAX_ARRAY:
            raise _Unreadable("is damaged (a list in its header has no end)")
        if kind == _STRING:
            for _ in range(length):
                self._skip(int(self._number("Q")))
            return None
        form = self._format(kind)
        size = struct.calcsize(form)
        if length > MAX_KEPT_ARRAY:
            self._skip(size * length)
            return None
        return [self._number(form) for _ in range(length)]

    def _tensors(self, count: int) -> tuple[int, int, frozenset[int]]:
        weights = end = 0
        widths: set[int] = set()
        for _ in range(count):
            name = self._text()
            dimensions = int(self._number("I"))
            if dimensions > 4:
                raise _Unreadable("is damaged (a tensor has too many dimensions)")
            sides = [int(self._number("Q")) for _ in range(dimensions)]
            if not name.startswith(ENCODERS):
                widths.update(sides)
            per_block, block_bytes = _BLOCKS.get(int(self._number("I")), (1, 0))
            size = -(-math.prod(sides) // per_block) * block_bytes
            weights += size
            end = max(end, int(self._number("Q")) + size)
            if max(weights, end) > MAX_WEIGHTS:
                raise _Unreadable("is damaged (its tensors have impossible sizes)")
        return weights, end, frozenset(widths)

    def _aligned(self, metadata: dict[str, Value]) -> int:
        alignment = _whole(metadata.get("general.alignment")) or 32
        return -(-self._position // alignment) * alignment

    def _text(self) -> str:
        length = int(self._number("Q"))
        if length > MAX_TEXT:
            raise _Unreadable("is damaged (a text in its header has no end)")
        return self._take(length).decode("utf-8", "replace")

    @staticmethod
    def _format(kind: int | float) -> str:
        try:
            return "<" + _SCALARS[int(kind)]
        except KeyError:
            raise _Unreadable("is damaged (its header holds an unknown kind of value)") from None

    def _number(self, form: str) -> int | float | bool:
        form = form if form[0] == "<" else "<" + form
        number: int | float | bool = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return number

    def _take(self, length: int) -> bytes:
        self._claim(length)
        data = self._file.read(length)
        if len(data) != length:
            raise _Unreadable("is incomplete: it ends inside its header")
        return data

    def _skip(self, length: int) -> None:
        self._claim(length)
        self._file.seek(length, os.SEEK_CUR)

    def _claim(self, length: int) -> None:
        if length > self._left:
            raise _Unreadable("is incomplete: it ends inside its header")
        self._left -= length
        self._position += length


def _describe(
    metadata: dict[str, Value], stem: str, weights: int, file_bytes: int, widths: frozenset[int]
) -> GgufHeader:
    architecture = str(metadata.get("general.architecture", ""))
    if not architecture:
        raise _Unreadable("doesn't say what kind of model it is")
    return GgufHeader(
        name=str(metadata.get("general.name", "")).strip() or stem,
        architecture=architecture,
        trained_context=_whole(metadata.get(f"{architecture}.context_length")),
        weight_bytes=weights,
        file_bytes=file_bytes,
        cache_bytes_per_token=_cache_bytes(metadata, architecture),
        width=_whole(metadata.get(f"{architecture}.embedding_length")),
        sees=architecture == "clip" and metadata.get("clip.has_vision_encoder") is True,
        widths=widths,
    )


def _cache_bytes(metadata: dict[str, Value], architecture: str) -> int:
    """Bytes of KV cache one token takes in all layers together, in f16."""

    def said(key: str) -> Value | None:
        return metadata.get(f"{architecture}.{key}")

    layers = min(_whole(said("block_count")), MAX_KEPT_ARRAY)
    heads = _per_layer(said("attention.head_count"), layers)
    kv_heads = _per_layer(said("attention.head_count_kv"), layers) or heads
    head_size = _whole(said("embedding_length")) // max(1, max(heads, default=1))
    width = (_whole(said("attention.key_length")) or head_size) + (_whole(said("attention.value_length")) or head_size)
    return sum(kv_heads) * width * 2


def _per_layer(value: Value | None, layers: int) -> list[int]:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return [_whole(value)] * layers if value is not None else []


def _whole(value: Value | None) -> int:
    return value if isinstance(value, int) and 0 < value < 1 << 32 else 0


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
