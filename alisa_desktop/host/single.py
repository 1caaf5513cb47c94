"""One Alisa a profile: a lock that the system takes back when the process ends, however it ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alisa_desktop.core.errors import AlreadyRunning

log = logging.getLogger(__name__)


@contextmanager
def only_instance(lock: Path) -> Iterator[None]:
    """Hold `lock`, a file, as long as the block runs; raises `AlreadyRunning` when another process holds it.

    A profile that can't be written holds no lock and keeps nobody out: nothing is written there that could clash.
    """
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        log.warning("no lock in the profile: %s", error.strerror)
        yield
        return
    try:
        if not _lock(handle):
            raise AlreadyRunning("I am running already; look for me in the tray.")
        yield
    finally:
        os.close(handle)


def is_held(lock: Path) -> bool:
    """Whether a process holds `lock` at this moment. Creates nothing."""
    try:
        handle = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(handle)
    finally:
        os.close(handle)  # gives the lock back at once


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:  # some network drives know no locks
            log.warning("no lock in the profile: %s", error.strerror)
        return True
