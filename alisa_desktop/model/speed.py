"""How fast this machine reads its memory, measured in two seconds by a child process that stands back for others.

Decoding reads all weights for every token, so that rate tells how quick a model will be: see `fit.tokens_per_second`.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from alisa_desktop.host.child import no_window
from alisa_desktop.model.disk import replace_file

BUFFER = 256 << 20
"""Bytes; more than the caches of nearly all processors hold."""
PIECE = 4 << 20
WINDOW = 0.2
SECONDS = 1.5
LONGEST = 10.0
"""Seconds until a child that doesn't answer is given up: starting Python on a busy machine takes some."""
MAX_ENTRIES = 20
PLAUSIBLE = (1e8, 1e13)
"""Bytes a second; anything else is no measurement."""

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """The child: measure with so many threads and print the rate (bytes/s) as JSON; returns the exit status."""
    _stand_back()
    print(json.dumps(read_rate(int(arguments[0]))), flush=True)  # noqa: T201 - the parent reads it
    return 0


def measure(command: Sequence[str], threads: int, cwd: Path, cancelled: threading.Event | None = None) -> float | None:
    """Bytes a second that `threads` threads read from memory together, None where that can't be known.

    `command` starts `main` in a child process, in the folder `cwd`. Takes about 2 s, 10 at most, and 256 MiB; ends
    early once `cancelled` is set. Call it in a worker thread.
    """
    cancelled = cancelled or threading.Event()
    try:
        child = subprocess.Popen(
            [*command, str(threads)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=no_window(),
        )
    except OSError as error:
        log.warning("the speed of memory can't be measured: %s", error)
        return None
    with child:
        return _rate(_answer(child, cancelled))


def _answer(child: subprocess.Popen[bytes], cancelled: threading.Event) -> bytes:
    """What the child says before it is too late or not wanted any more; then it is ended."""
    patience = time.monotonic() + LONGEST
    while time.monotonic() < patience and not cancelled.is_set():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=0.05)[0]
    child.kill()
    return b""


def _rate(answer: bytes) -> float | None:
    """The rate in what a child or a file says, None where it is none."""
    try:
        rate = json.loads(answer)
    except ValueError:
        return None
    return float(rate) if _is_plausible(rate) else None


def _is_plausible(rate: object) -> bool:
    return isinstance(rate, int | float) and PLAUSIBLE[0] < rate < PLAUSIBLE[1]


def read_rate(threads: int, seconds: float = SECONDS, size: int = BUFFER) -> float:
    """Bytes a second that the threads read together from a buffer of `size` bytes: the best of some short windows.

    Others' work only ever makes a window worse, so the best one is nearest to what the machine can do. Reads with the
    C library's memcmp, which lets go of Python's lock; 0.0 where there is no memory for the buffer.
    """
    try:
        readers = _Readers(threads, size)
    except MemoryError:
        return 0.0
    return readers.best_rate(seconds)


class _Readers:
    """Threads that compare neighbouring pieces of a buffer, which are equal, and count what they have read."""

    def __init__(self, threads: int, size: int) -> None:
        self._buffer = bytearray(b"\1") * size  # not zeros: pages of nothing but zeros may be one and the same page
        self._share = size // threads
        self._half = min(PIECE, self._share // 2)
        self._done = [0] * threads
        self._stop = threading.Event()
        self._compare = _memcmp()

    def best_rate(self, seconds: float) -> float:
        """Let them read that long; the best rate of all windows (bytes/s)."""
        first = (ctypes.c_char * len(self._buffer)).from_buffer(self._buffer)
        address = ctypes.addressof(first)
        threads = [
            threading.Thread(target=self._read, args=(number, address), name="memory reader", daemon=True)
            for number in range(len(self._done))
        ]
        for thread in threads:
            thread.start()
        try:
            return self._watch(time.perf_counter() + seconds)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            del first

    def _watch(self, end: float) -> float:
        best, before, since = 0.0, sum(self._done), time.perf_counter()
        while (now := time.perf_counter()) < end or not best:
            time.sleep(WINDOW)
            now, done = time.perf_counter(), sum(self._done)
            best = max(best, (done - before) / (now - since))
            before, since = done, now
        return best

    def _read(self, number: int, address: int) -> None:
        half, start = self._half, address + number * self._share
        begins = range(start, start + self._share - 2 * half + 1, 2 * half)
        while True:
            for begin in begins:
                if self._stop.is_set():
                    return
                self._compare(begin, begin + half, half)
                self._done[number] += 2 * half


def _memcmp() -> Callable[[int, int, int], int]:
    library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
    compare = library.memcmp
    compare.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    compare.restype = ctypes.c_int
    return compare


def _stand_back() -> None:
    """Let everything else go first."""
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(10)


class SpeedList:
    """Remembers what was measured, by processor and number of threads, in a JSON file at `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self, processor: str, threads: int) -> float | None:
        """Bytes a second measured on that processor, None where it wasn't. Reads the disk."""
        rate = self._rates().get(_key(processor, threads))
        return float(rate) if isinstance(rate, int | float) and _is_plausible(rate) else None

    def keep(self, processor: str, threads: int, rate: float) -> None:
        """Remember a rate; a list that can't be written costs one more measurement, nothing else."""
        rates = {**self._rates(), _key(processor, threads): round(rate)}
        latest = dict(list(rates.items())[-MAX_ENTRIES:])
        try:
            replace_file(self._file, json.dumps(latest, ensure_ascii=False, indent=1).encode("utf-8"))
        except (OSError, UnicodeEncodeError) as error:
            log.warning("the speed of memory can't be kept: %s", error)

    def _rates(self) -> dict[str, object]:
        with suppress(OSError, ValueError):
            rates = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(rates, dict):
                return rates
        return {}


def _key(processor: str, threads: int) -> str:
    return f"{processor or 'unknown'}, {threads} threads"
