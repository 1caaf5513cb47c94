"""The part of a file that is here so far, with a small side-car that tells what it is a part of."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alisa_desktop.model.disk import inside, replace_file, sync_folder
from alisa_desktop.model.hub import Wanted

HASH_BYTES = 8 << 20
HASH_STEP = 1 << 20
MAX_SIDE_CAR = 16 << 10


class _SideCar(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    url: str
    etag: str
    total: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _unbuffered(path: Path, mode: str) -> IO[bytes]:
    return path.open(mode, buffering=0)


class Part:
    """One file on its way to `folder/{model id}/{name}`. Every method but `close` works on the disk and belongs into
    a worker thread, one at a time; they raise `OSError`, and `DownloadFailed` where a link leads out of the folder.

    `done` is the number of bytes that are here and hashed, `there` that of all bytes found at the beginning. `etag`
    is what the server called the file when the part was begun, where that is any use in going on.
    """

    def __init__(
        self,
        folder: Path,
        model_id: str,
        wanted: Wanted,
        *,
        open_part: Callable[[Path, str], IO[bytes]] = _unbuffered,
    ) -> None:
        self.wanted = wanted
        self.done = self.there = 0
        self.etag = ""
        self.here = False
        self._where = (folder, model_id)
        self._open = open_part
        self._hash = hashlib.sha256()
        self._file: IO[bytes] | None = None
        self._reads_target = False

    @property
    def full(self) -> bool:
        """Whether all bytes are here."""
        return self.here or self.done == self.wanted.bytes

    @property
    def target(self) -> Path:
        """Where the file is going to be."""
        return inside(*self._places(""))

    def begin(self) -> None:
        """Open what is here: the whole file, a part of it, or nothing. Then `hash_more` until it returns False."""
        target = self.target
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.is_file() and target.stat().st_size == self.wanted.bytes:
            self._use(target.open("rb"), self.wanted.bytes)
            self._reads_target = True
        else:
            self._begin_part()

    def hash_more(self) -> bool:
        """Hash up to 8 MiB of what was found here; returns whether there is more."""
        file = self._opened()
        for _ in range(HASH_BYTES // HASH_STEP):
            data = file.read(min(HASH_STEP, self.there - self.done))
            self._hash.update(data)
            self.done += len(data)
            if not data:
                return self._hashed()
        return True

    def start_over(self, etag: str) -> None:
        """Forget what is here and begin a file that the server calls `etag`."""
        self._opened().truncate(0)
        self._note(etag)
        self._use(self._opened(), 0)

    def write(self, data: bytes) -> None:
        """Append `data`, which must not be more than what is wanted; after a failure nothing of it counts."""
        file, view = self._opened(), memoryview(data)
        if self.done + len(data) > self.wanted.bytes:
            raise ValueError("more than the file has")
        file.seek(self.done)
        try:
            while view:
                view = view[file.write(view) :]
        except OSError:
            with suppress(OSError):
                file.truncate(self.done)
            raise
        self._hash.update(data)
        self.done += len(data)

    def check(self) -> bool:
        """Whether the full part is the file that is wanted; what is found right is on the disk for good."""
        if self.here:
            return True
        os.fsync(self._opened().fileno())
        return self._right()

    def finish(self) -> None:
        """Give the checked part its name."""
        if self.here:
            return
        self.close()
        part, side_car, target = inside(*self._places(".part")), inside(*self._places(".part.json")), self.target
        part.replace(target)
        side_car.unlink(missing_ok=True)
        sync_folder(target.parent)
        self.here = True

    def remove(self) -> None:
        """Remove the part and its side-car, and the model's folder if nothing else is in it."""
        self.close()
        self.done = self.there = 0
        remove_parts(*self._where, [self.wanted.name])

    def close(self) -> None:
        """Close the file. Any thread, as long as nothing else works on it."""
        if self._file:
            self._file.close()
            self._file = None

    def _places(self, suffix: str) -> tuple[Path, str, str]:
        return *self._where, self.wanted.name + suffix

    def _begin_part(self) -> None:
        path = inside(*self._places(".part"))
        known = self._side_car()
        file = self._open(path, "r+b" if known and path.exists() else "w+b")
        facts = os.fstat(file.fileno())
        self._use(file, facts.st_size)
        if not stat.S_ISREG(facts.st_mode) or self.there > self.wanted.bytes:
            file.truncate(0)
            self._use(file, 0)
        self.etag = known.etag if known and known.url == self.wanted.url else ""

    def _side_car(self) -> _SideCar | None:
        """What the part is a part of; None where that is not what is wanted, or isn't told."""
        try:
            with inside(*self._places(".part.json")).open("rb") as file:
                known = _SideCar.model_validate_json(file.read(MAX_SIDE_CAR))
        except (FileNotFoundError, ValidationError):
            return None
        return known if (known.total, known.sha256) == (self.wanted.bytes, self.wanted.sha256) else None

    def _note(self, etag: str) -> None:
        # only a strong validator says that bytes are the same (RFC 9110, section 13.1.5)
        self.etag = etag if etag.startswith('"') and len(etag) <= 1024 and etag.isascii() else ""
        known = _SideCar(url=self.wanted.url, etag=self.etag, total=self.wanted.bytes, sha256=self.wanted.sha256)
        replace_file(inside(*self._places(".part.json")), known.model_dump_json().encode())

    def _use(self, file: IO[bytes], there: int) -> None:
        self._file, self.there, self.done, self._hash = file, there, 0, hashlib.sha256()
        file.seek(0)

    def _hashed(self) -> bool:
        self.there = self.done
        if not self._reads_target:
            return False
        self._reads_target = False
        self.here = self._right()
        self.close()
        if not self.here:
            self._begin_part()
        return not self.here

    def _right(self) -> bool:
        return self.done == self.wanted.bytes and self._hash.hexdigest() == self.wanted.sha256

    def _opened(self) -> IO[bytes]:
        assert self._file, "only between `begin` and `close`"
        return self._file


def remove_parts(folder: Path, model_id: str, names: Sequence[str]) -> None:
    """Remove the parts of these files with their side-cars, and the model's folder if nothing else is in it.

    Raises `OSError`, and `DownloadFailed` where a link leads out of the folder. Any thread but the loop's.
    """
    for name in names:
        for suffix in (".part", ".part.json"):
            inside(folder, model_id, name + suffix).unlink(missing_ok=True)
    with suppress(OSError):
        inside(folder, model_id).rmdir()
