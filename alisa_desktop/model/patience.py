"""Trying again: how long to bear with a server, and when to give it up."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from alisa_desktop.core.errors import DownloadFailed
from alisa_desktop.model.part import Part
from alisa_desktop.model.web import Lost

T = TypeVar("T")


def free_bytes(folder: Path) -> int:
    """The bytes that are free where `folder` is."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Means:
    """What a download takes from its surroundings: time in seconds, chance between 0 and 1, free bytes, parts."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    free: Callable[[Path], int] = free_bytes
    part: Callable[..., Part] = Part


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to bear with a server, in seconds: to connect, without a byte, and between tries (`first_wait`, twice
    as long each time up to `longest_wait`, varied by chance); `tries` is how often to try without any progress."""

    connect: float = 15.0
    silence: float = 30.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    tries: int = 8

    def wait(self, failures: int, chance: float) -> float:
        """Seconds to wait after that many failures, `chance` being between 0 and 1."""
        longest = min(self.longest_wait, self.first_wait * 2.0 ** min(failures - 1, 30))
        return longest * (0.5 + chance / 2)


async def persist(
    attempt: Callable[[], Awaitable[T]],
    done: Callable[[], int],
    on_setback: Callable[[str], object],
    patience: Patience,
    means: Means,
) -> T:
    """Try until it works; `on_setback` gets a sentence before each wait.

    Raises `DownloadFailed` after `patience.tries` failures without a byte (`done`) more than ever before.
    """
    failures, best = 0, done()
    while True:
        try:
            return await attempt()
        except Lost as lost:
            failures = 1 if done() > best else failures + 1
            best = max(best, done())
            if failures > patience.tries:
                raise DownloadFailed(
                    f"{lost} I tried {failures} times. What is here is kept; check the connection and try again."
                ) from lost
            backing_off = patience.wait(failures, means.chance())
            seconds = backing_off if lost.wait is None else max(lost.wait, min(lost.wait + 1, backing_off))
            on_setback(f"{lost} I try again in {seconds:.0f} s.")
            await means.sleep(seconds)
