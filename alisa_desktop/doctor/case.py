"""What the doctor's checks get to know, and what they answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from alisa_desktop.core.health import Finding, Verdict, Way
from alisa_desktop.doctor.desktop_facts import DesktopFacts, ask_desktop
from alisa_desktop.host.hardware import Hardware, look
from alisa_desktop.host.paths import Paths
from alisa_desktop.settings.file import SettingsFile
from alisa_desktop.settings.schema import Settings


class Cancelled(Exception):
    """Nobody wants to know any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found; see `Finding`."""

    verdict: Verdict
    found: str
    advice: str = ""
    way: Way = Way.NONE


good = partial(Answer, Verdict.GOOD)
bad = partial(Answer, Verdict.BAD)
unknown = partial(Answer, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at, for at most so many seconds. `long` ones read big files and tell how far they are."""

    name: str
    title: str
    look: Callable[[Case], Answer]
    seconds: float = 20.0
    long: bool = False

    def finding(self, answer: Answer) -> Finding:
        """The answer with this check's names."""
        return Finding(self.name, self.title, answer.verdict, answer.found, answer.advice, answer.way)


@dataclass(slots=True)
class Case:
    """The Alisa that is looked at. `settings` are those of the file, and `settings_trouble` what was wrong with it.

    `homeless` is a sentence where the profile's place is not known. `quick` leaves out what reads big files. What is
    asked of the machine and of the desktop is asked once. Any thread.
    """

    paths: Paths
    homeless: str = ""
    quick: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str, float], None] = lambda title, share: None
    """Called by long checks with their title and how far they are (0-1)."""
    settings: Settings = field(init=False)
    settings_trouble: str = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _desktop: DesktopFacts | None = field(default=None, init=False)
    _hardware: Hardware | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        file = SettingsFile(self.paths.settings, tidy=False)
        self.settings = file.load()
        self.settings_trouble = file.notice

    @property
    def desktop(self) -> DesktopFacts:
        """The desktop as Qt sees it; takes a second the first time."""
        with self._lock:
            if self._desktop is None:
                self._desktop = ask_desktop(self.paths.resources, self.stopped)
            return self._desktop

    @property
    def hardware(self) -> Hardware:
        """This machine, with the disk of the profile."""
        with self._lock:
            if self._hardware is None:
                self._hardware = look(self.paths.profile)
            return self._hardware

    def progress(self, title: str, done: int, total: int) -> None:
        """Tell how far a long check is; raises `Cancelled` when it is not wanted any more."""
        if self.stopped.is_set():
            raise Cancelled
        self.tell(title, done / total if total else 0.0)
