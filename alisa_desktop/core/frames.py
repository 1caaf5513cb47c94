"""The words of the pipe between the engine and a child process: JSON objects, each behind its length. Pure, no I/O."""

from __future__ import annotations

import json
import struct
from typing import Any

PROTOCOL = 2
"""What engine and child processes say to each other, by version: both must be of the same."""
MAX_FRAME = 64 * 1024 * 1024

Frame = dict[str, Any]

_LENGTH = struct.Struct(">I")


class FrameError(ValueError):
    """The other side sent something that is no frame; the pipe is useless from here on."""


def encode(frame: Frame) -> bytes:
    """Return `frame` as bytes: 4 bytes of length (big-endian) and UTF-8 JSON. Lone surrogates survive the way."""
    body = json.dumps(frame, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_FRAME:
        raise FrameError(f"a frame of {len(body)} bytes is over the limit of {MAX_FRAME}")
    return _LENGTH.pack(len(body)) + body


class FrameDecoder:
    """Takes bytes as they come, in any pieces, and gives whole frames back."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes; raises `FrameError` when the stream is no stream of frames."""
        self._buffer += data
        frames = []
        while (body := self._take()) is not None:
            frames.append(_decode(body))
        return frames

    def _take(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_FRAME:
            raise FrameError(f"a frame of {length} bytes is over the limit of {MAX_FRAME}")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return body


def _decode(body: bytes) -> Frame:
    try:
        frame = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FrameError("a frame is no JSON") from error
    if not isinstance(frame, dict):
        raise FrameError("a frame is no JSON object")
    return frame
