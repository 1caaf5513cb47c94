"""Waiting until another process is gone, and all that it started: only then nothing holds its files any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

POLL_SECONDS = 0.05


def family(process: int) -> list[psutil.Process]:
    """The process of this id and those that it started; empty when it is gone. Its id may be anybody's later."""
    try:
        parent = psutil.Process(process)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def are_gone(processes: Sequence[psutil.Process], end: float) -> bool:
    """Wait until all of them are gone, until the clock `time.monotonic` reads `end` at the latest."""
    while not all(map(_is_gone, processes)):
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_gone(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE  # its parent has not looked yet
    return True
