"""What a model has read of its fixed prompt, kept on disk, so that no start reads the persona anew. Child side.

Kept is the KV state of the tokens before the first word of the talk: persona, mode and the template around them. They
come from the persona files and hold nothing of what was ever said; a state never reaches into the talk.

A file is good for one model file, one prompt, one size of context and one build of llama.cpp, which make its name and
stand in its header, with the length and the SHA-256 of the rest. One that doesn't fit is deleted and done without, as
is one that was being loaded when the runner died: it has another name until the first word after it is out.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

LEAST_TOKENS = 256
"""Fewer tokens are read faster than they are worth a file."""
BUDGET = 1 << 30
LARGEST = BUDGET // 3
"""Bytes all states may take on the disk together, and one of them."""
LEFT_FREE = 1 << 30
"""Bytes that stay free on the disk whatever happens."""
MAGIC = b"AlisaKV\0"
VERSION = 1
KEPT, LOADING, FRESH = ".state", ".loading", ".new"
STALE_SECONDS = 600.0
"""After so long nobody is writing a file any more."""

_HEAD = struct.Struct("<8sIIQ32s")  # magic, version, bytes of the key, bytes of the state, SHA-256 of the state

log = logging.getLogger(__name__)

Origin = Sequence[str | int]
"""What a state is good for beside its tokens: model file, context, build of the library."""


class KeptStates:
    """The states in `folder`, for a model described by `origin`. Call it from one thread; files are written in another.

    Whatever the disk refuses costs a prefill and nothing else: no method raises `OSError`.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._folder = folder
        self._origin = list(origin)
        self._loading: Path | None = None
        self._done: set[str] = set()
        self._writer: threading.Thread | None = None
        for path in [*self._files(LOADING), *(one for one in self._files(FRESH) if _age(one) > STALE_SECONDS)]:
            _delete(path)  # the runner died with the first, or while it wrote the second

    def take(self, tokens: Sequence[int]) -> bytearray | None:
        """Return the state of exactly these tokens, None where there is none; `settle` or `condemn` must follow."""
        path = self._path(tokens)
        marked = path.with_suffix(LOADING)
        try:
            path.replace(marked)
            with marked.open("rb") as file:
                state = _read(file, self._key(tokens))
            if state is not None:
                os.utime(marked)
        except OSError:
            state = None
        self._loading = marked
        if state is None:
            self.condemn()
        return state

    def settle(self) -> None:
        """What was taken works: keep it. Costs nothing when nothing was taken."""
        if self._loading:
            with suppress(OSError):
                self._loading.replace(self._loading.with_suffix(KEPT))
            self._loading = None

    def condemn(self) -> None:
        """What was taken does not work: delete it."""
        if self._loading:
            _delete(self._loading)
            self._loading = None

    def keep(self, tokens: Sequence[int], state: Callable[[int], bytearray | None]) -> None:
        """Write the state of `tokens` unless it is there; `state` copies it, up to so many bytes, None where it can't.

        Does nothing while another one is being written. What failed once is not tried again.
        """
        path = self._path(tokens)
        if len(tokens) < LEAST_TOKENS or path.name in self._done or (self._writer and self._writer.is_alive()):
            return
        self._done.add(path.name)
        if path.exists() or not (data := state(LARGEST)):
            return
        key = self._key(tokens)
        self._writer = threading.Thread(target=self._write, args=(path, key, data), name="state writer")
        self._writer.start()

    def close(self) -> None:
        """Wait until everything is written."""
        if self._writer:
            self._writer.join()

    def _key(self, tokens: Sequence[int]) -> bytes:
        prompt = hashlib.sha256(struct.pack(f"<{len(tokens)}i", *tokens)).hexdigest()
        return json.dumps([*self._origin, len(tokens), prompt]).encode("ascii")

    def _path(self, tokens: Sequence[int]) -> Path:
        return self._folder / (hashlib.sha256(self._key(tokens)).hexdigest()[:32] + KEPT)

    def _files(self, suffix: str) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.suffix == suffix]
        except OSError:
            return []

    # In the writer's thread

    def _write(self, path: Path, key: bytes, data: bytearray) -> None:
        fresh = path.with_name(f"{path.stem}-{os.getpid()}{FRESH}")
        size = _HEAD.size + len(key) + len(data)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(size)
            if shutil.disk_usage(self._folder).free < size + LEFT_FREE:
                return
            with fresh.open("wb") as file:
                file.write(_HEAD.pack(MAGIC, VERSION, len(key), len(data), hashlib.sha256(data).digest()) + key)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            log.warning("the state of the prompt can't be kept: %s", error)
            _delete(fresh)

    def _make_room(self, size: int) -> None:
        """Delete what was not used for the longest time until `size` bytes more stay within the budget."""
        kept = sorted(_facts(self._files(KEPT)), reverse=True)
        for _, length, path in kept:
            size += length
            if size > BUDGET:
                _delete(path)


def build_of(version: str, library: Path) -> str:
    """Describe a build of llama.cpp: its version, and size and time of the libraries beside `library`."""
    facts = [(length, when) for when, length, _ in _facts(list(library.parent.glob("*")))]
    return f"{version} {sum(length for length, _ in facts)} {max((when for _, when in facts), default=0)}"


def _facts(paths: Sequence[Path]) -> Iterator[tuple[int, int, Path]]:
    """Time of change (ns) and size of the files that are there."""
    for path in paths:
        with suppress(OSError):
            facts = path.stat()
            yield facts.st_mtime_ns, facts.st_size, path


def _read(file: BufferedReader, key: bytes) -> bytearray | None:
    """The state in a file, None for one that is not whole or was made for something else."""
    head = file.read(_HEAD.size)
    if len(head) != _HEAD.size:
        return None
    magic, version, key_length, length, digest = _HEAD.unpack(head)
    if (magic, version, key_length) != (MAGIC, VERSION, len(key)) or not 0 < length <= LARGEST:
        return None
    if os.fstat(file.fileno()).st_size != _HEAD.size + key_length + length or file.read(key_length) != key:
        return None
    data = bytearray(length)
    if file.readinto(data) != length or hashlib.sha256(data).digest() != digest:
        return None
    return data


def _age(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
