"""The header of a GGUF file, read without trusting a single number of it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3). Only the header is read; every
count is checked against the bytes that are left, so a damaged or hostile file costs neither memory nor time.
"""

from __future__ import annotations

import math
import os
import struct
from typing import BinaryIO, NamedTuple

MAX_ENTRIES = 65_536
MAX_ARRAY = 16_000_000
MAX_TEXTS = 2_000_000
BLOCK = 1 << 20
MAX_TEXT = 4 * 1024 * 1024
MAX_KEPT_ARRAY = 4_096
MAX_WEIGHTS = 1 << 50
ENCODERS = ("v.blk.", "v.position_embd", "v.patch_embd", "a.")
"""Begin the names of those weights of a projector file that know nothing of the model."""

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q")

# ggml type: weights per block, bytes per block (ggml/src/ggml.c, type_traits)
_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
    **{16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82)},
    **{23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2)},
    **{34: (256, 54), 35: (256, 66), 39: (32, 17)},
}

_TABLES = ("token_embd.weight", "output.weight")
"""The table that tokens are looked up in, and what scores them; where the latter is missing, the table does both."""

Value = int | float | bool | str | list[int | float | bool]
Metadata = dict[str, Value]


class Weights(NamedTuple):
    """The tensors together: bytes, where the last one ends, how many numbers, and the bytes of the experts.

    `unread` are those of the table of which a token needs one row.
    """

    size: int
    end: int
    numbers: int
    experts: int
    unread: int
    widths: frozenset[int]


class Unreadable(Exception):
    """Why the bytes are no usable header, as the end of a sentence."""


class Reader:
    """Reads the header from the start of a seekable file; raises `Unreadable`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = file.seek(0, os.SEEK_END)
        self._position = 0
        file.seek(0)

    def read(self) -> tuple[Metadata, Weights, int]:
        """The entries, but for long lists and lists of text, the tensors together, and where these begin (bytes)."""
        self._check_magic()
        tensors, entries = self._count("tensors", 24), self._count("entries", 13)
        metadata: Metadata = {}
        for _ in range(entries):
            key = self._text()
            value = self._value(self._number("I"))
            if value is not None:
                metadata[key] = value
        weights = self._tensors(tensors)
        return metadata, weights, self._aligned(metadata)

    def _check_magic(self) -> None:
        start = self._take(min(self._left, 4))
        if not start:
            raise Unreadable("is empty")
        if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise Unreadable("is a web page, not a model")
        if start != b"GGUF":
            raise Unreadable("is no GGUF model")
        version = self._number("I")
        if version not in (2, 3):
            raise Unreadable("has a GGUF version I don't know")

    def _count(self, what: str, smallest: int) -> int:
        count = int(self._number("Q"))
        if count > MAX_ENTRIES or count * smallest > self._left:
            raise Unreadable(f"is damaged (its list of {what} can't be right)")
        return count

    def _value(self, kind: int | float) -> Value | None:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array()
        return self._number(self._format(kind))

    def _array(self) -> list[int | float | bool] | None:
        kind, length = self._number("I"), int(self._number("Q"))
        if length > (MAX_TEXTS if kind == _STRING else MAX_ARRAY):
            raise Unreadable("is damaged (a list in its header has no end)")
        if kind == _STRING:
            self._skip_texts(length)
            return None
        form = self._format(kind)
        size = struct.calcsize(form)
        if length > MAX_KEPT_ARRAY:
            self._skip(size * length)
            return None
        return [self._number(form) for _ in range(length)]

    def _tensors(self, count: int) -> Weights:
        weights = end = numbers = experts = 0
        tables: dict[str, int] = {}
        widths: set[int] = set()
        for _ in range(count):
            name = self._text()
            dimensions = int(self._number("I"))
            if dimensions > 4:
                raise Unreadable("is damaged (a tensor has too many dimensions)")
            sides = [int(self._number("Q")) for _ in range(dimensions)]
            if not name.startswith(ENCODERS):
                widths.update(sides)
            per_block, block_bytes = _BLOCKS.get(int(self._number("I")), (1, 0))
            size = -(-math.prod(sides) // per_block) * block_bytes
            weights += size
            numbers += math.prod(sides)
            experts += size if "_exps." in name else 0
            if name in _TABLES:
                tables[name] = size
            end = max(end, int(self._number("Q")) + size)
            if max(weights, end) > MAX_WEIGHTS:
                raise Unreadable("is damaged (its tensors have impossible sizes)")
        unread = tables.get(_TABLES[0], 0) if _TABLES[1] in tables else 0
        return Weights(weights, end, numbers, experts, unread, frozenset(widths))

    def _aligned(self, metadata: Metadata) -> int:
        alignment = whole(metadata.get("general.alignment")) or 32
        return -(-self._position // alignment) * alignment

    def _text(self) -> str:
        length = int(self._number("Q"))
        if length > MAX_TEXT:
            raise Unreadable("is damaged (a text in its header has no end)")
        return self._take(length).decode("utf-8", "replace")

    @staticmethod
    def _format(kind: int | float) -> str:
        try:
            return "<" + _SCALARS[int(kind)]
        except KeyError:
            raise Unreadable("is damaged (its header holds an unknown kind of value)") from None

    def _number(self, form: str) -> int | float | bool:
        form = form if form[0] == "<" else "<" + form
        number: int | float | bool = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return number

    def _take(self, length: int) -> bytes:
        self._claim(length)
        data = self._file.read(length)
        if len(data) != length:
            raise Unreadable("is incomplete: it ends inside its header")
        return data

    def _skip(self, length: int) -> None:
        self._claim(length)
        self._file.seek(length, os.SEEK_CUR)

    def _skip_texts(self, count: int) -> None:
        """Pass over texts, each with its length before it; a vocabulary has 300,000 of them."""
        start, passed = self._file.tell(), 0
        block, begin = b"", 0  # what was read last, and where that is, as seen from the start
        for _ in range(count):
            if passed - begin + 8 > len(block):
                self._file.seek(start + passed)
                block, begin = self._file.read(BLOCK), passed
                if len(block) < 8:
                    raise Unreadable("is incomplete: it ends inside its header")
            passed += 8 + _LENGTH.unpack_from(block, passed - begin)[0]
            if passed > self._left:
                raise Unreadable("is incomplete: it ends inside its header")
        self._file.seek(start)
        self._skip(passed)

    def _claim(self, length: int) -> None:
        if length > self._left:
            raise Unreadable("is incomplete: it ends inside its header")
        self._left -= length
        self._position += length


def whole(value: Value | None) -> int:
    """The value where it is a whole number that can be a size, else 0."""
    return value if isinstance(value, int) and 0 < value < 1 << 32 else 0
