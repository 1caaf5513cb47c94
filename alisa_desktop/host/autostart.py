"""Whether she starts when the user logs in. The system knows; nothing of ours keeps it a second time."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from alisa_desktop.core.errors import AutostartFailed, SettingsFailed
from alisa_desktop.host.paths import Paths

HIDDEN = "--hidden"
"""Started so, she stays in the tray until she is wanted."""

log = logging.getLogger(__name__)


class Entry(Protocol):
    """What the system starts at the log-in, under one name. Any thread."""

    def read(self) -> list[str]:
        """The command, as a list of arguments; empty where there is none, or where the user has switched it off.

        Raises `OSError`.
        """
        ...

    def write(self, command: Sequence[str]) -> None:
        """Start this from the next log-in on; raises `OSError`."""
        ...

    def remove(self) -> None:
        """Start nothing; harmless when there is nothing. Raises `OSError`."""
        ...


class NoEntry:
    """Null object: nobody knows how to start her again, or where that is written down, so nothing can be started."""

    def __init__(self, reason: str = "it is not known which program to start") -> None:
        self._reason = reason

    def read(self) -> list[str]:
        """Nothing."""
        return []

    def write(self, command: Sequence[str]) -> None:
        """Refuses."""
        raise OSError(self._reason)

    def remove(self) -> None:
        """There is nothing."""


class Autostart:
    """Starts her with this profile at the log-in, or not. Any thread."""

    def __init__(self, paths: Paths) -> None:
        own = _is_own(paths.profile)
        command = program()
        self._entry = _entry_for("" if own else _short(paths.profile)) if command else NoEntry()
        self._command = [*command, HIDDEN, *([] if own else ["--profile", str(paths.profile)])]

    @property
    def is_on(self) -> bool:
        """Whether the system will start her; False where it does not tell."""
        return bool(self._read())

    @property
    def is_lost(self) -> bool:
        """Whether the system would start a program that is no longer there."""
        command = self._read()
        return bool(command) and not Path(command[0]).exists()

    def turn(self, on: bool) -> None:
        """Start her at the log-in from now on, or not; raises `AutostartFailed`."""
        try:
            self._entry.write(self._command) if on else self._entry.remove()
        except OSError as error:
            raise AutostartFailed(
                f"I can't change what starts when you log in ({error.strerror or error}). "
                "Your system's own settings may let you do it."
            ) from error

    def correct(self) -> None:
        """Let an entry follow the program that was moved: its old place is empty, or this is the installed one.

        A copy in a developer's folder leaves the entry of an installed one alone.
        """
        command = self._read()
        if not command or command == self._command:
            return
        if getattr(sys, "frozen", False) or not Path(command[0]).exists():
            log.info("what starts at the log-in is corrected")
            try:
                self._entry.write(self._command)
            except OSError as error:
                log.warning("it could not be: %s", error.strerror)

    def _read(self) -> list[str]:
        try:
            return self._entry.read()
        except OSError as error:
            log.warning("what starts at the log-in can't be read: %s", error.strerror)
            return []


def program() -> list[str]:
    """What starts this program without a console; empty where nobody knows."""
    if not sys.executable:
        return []
    here = Path(sys.executable)
    if getattr(sys, "frozen", False):
        return [str(here.with_name(here.name.replace("alisa-desktop-cli", "alisa-desktop")))]
    windowed = here.with_name("pythonw.exe")
    return [str(windowed if windowed.is_file() else here), "-P", "-m", "alisa_desktop"]


def _entry_for(profile: str) -> Entry:
    try:
        return _entry(profile)
    except RuntimeError:  # Path.home: a user without a home
        return NoEntry("you have no home folder here")


def _is_own(profile: Path) -> bool:
    """Whether it is the one that nobody need name."""
    try:
        return profile == Paths.of().profile
    except SettingsFailed:  # a user without a home has none
        return False


def _short(profile: Path) -> str:
    return hashlib.sha256(os.fsencode(profile)).hexdigest()[:8]


if sys.platform == "win32":

    def _entry(profile: str) -> Entry:
        from alisa_desktop.host.autostart_windows import RunValue

        return RunValue(profile)

elif sys.platform == "darwin":

    def _entry(profile: str) -> Entry:
        from alisa_desktop.host.autostart_macos import LaunchAgent

        return LaunchAgent(profile)

else:

    def _entry(profile: str) -> Entry:
        from alisa_desktop.host.autostart_linux import DesktopEntry

        return DesktopEntry(profile)
