"""What is left of a crash in native code: the stacks of all threads, in a file that was opened for it beforehand.

A process that is killed, or whose machine loses power, leaves the file empty: that is no crash.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE = "crash.txt"
LAST = "last_crash.txt"
LONGEST = 100_000
"""Bytes of a file that are read."""
PLAIN = getattr(os, "O_BINARY", 0)
"""Windows would end each line by two characters."""
# Windows tells of errors, too, that the system's own code raises and handles, as COM does with HRESULTs (0x8...)
_FATAL = re.compile(r"^(?:Fatal Python error: |Windows fatal exception: (?!code 0x8))", re.MULTILINE)

log = logging.getLogger(__name__)


@contextmanager
def watch_crashes(folder: Path) -> Iterator[str]:
    """Catch native crashes of this process in a file in `folder`, as long as the block runs.

    Gives what the last crash left behind, once; empty when there was none. The folder belongs to one process at a time.
    """
    file = folder / FILE
    left = _take(file)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | PLAIN, 0o600)
    except OSError as error:
        log.warning("crashes leave no trace: %s", error)
        yield left
        return
    faulthandler.enable(descriptor)
    try:
        yield left
    finally:  # what was written until here was no crash
        faulthandler.disable()
        os.close(descriptor)
        with suppress(OSError):
            file.unlink()


def _take(file: Path) -> str:
    """Read what a crash left in `file`, and put it aside."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""
    if not _FATAL.search(text):
        return ""
    with suppress(OSError):
        file.replace(file.with_name(LAST))
    return text
