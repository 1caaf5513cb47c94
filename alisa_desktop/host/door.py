"""Her door as a visitor finds it: a socket, or a named pipe of Windows, that only programs of the same user reach.

There is one door for each profile and user. On Windows it is a pipe; elsewhere a socket (0600) in the first of these
folders that belongs to the user alone: `$XDG_RUNTIME_DIR`, `/run/user/UID`, and `/tmp/alisa-desktop-UID`. None of them
hangs on the profile's own folder, whose path may be too long for a socket and whose drive may know none. A visitor
looks in all of them, because who starts her from a desktop and who asks her to quit from a cron job know different
variables. Needs neither Qt nor a loop: the installer asks her to quit through this.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from alisa_desktop.core.errors import AlisaError, AlreadyRunning
from alisa_desktop.core.knocks import (
    LONGEST_ANSWER,
    Answer,
    Lines,
    NoSuchWords,
    Refused,
    Show,
    Stop,
    Wish,
    read_answer,
    write_wish,
)

NO_ANSWER = "Alisa runs, but she does not answer. End “alisa-desktop” in the task manager, then start her again."
RETRY_SECONDS = 0.05
"""Between two knocks at a door that does not open yet: she may be about to start."""
SILENCE_SECONDS = 20.0
"""Her loop may stand still for seconds while she starts on a slow machine, but not for longer than this."""

log = logging.getLogger(__name__)


class NobodyThere(AlisaError):
    """No Alisa hears at that door, or the one who did is gone."""


class HungUp(NobodyThere):
    """She hung up before she had answered: she is leaving."""


class Line(Protocol):
    """An open connection to the door."""

    def read(self, seconds: float) -> bytes:
        """What has come, empty at the end; raises `TimeoutError` when nothing does, and `OSError`."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises `OSError`."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Visit:
    """One visit at the door of `profile`; a context manager. Any thread, one at a time.

    Knocks for `patience` seconds until somebody opens; raises `NobodyThere`.
    """

    def __init__(self, profile: Path, patience: float = 0.0) -> None:
        self._line = _knock(profile, patience)
        self._lines = Lines(LONGEST_ANSWER)
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; she stops what she is saying to us."""
        self._line.close()

    def ask(self, wish: Wish, silence: float = SILENCE_SECONDS) -> Answer:
        """Say what is wanted; returns the first answer. Raises `HungUp`, and `NobodyThere` after `silence` seconds."""
        for answer in self.answers(wish, silence):
            return answer
        raise HungUp(NO_ANSWER)

    def answers(self, wish: Wish, silence: float | None = None) -> Iterator[Answer]:
        """Say what is wanted, and give her answers as they come, until she hangs up.

        Ctrl-C asks her to stop, once; the second time it is raised. Raises `HungUp`, and `NobodyThere` when she has
        said nothing for `silence` seconds (None: she may think for as long as she likes).
        """
        try:
            self._line.write(write_wish(wish))
            while data := self._read(silence):
                yield from map(read_answer, self._lines.feed(data))
        except (TimeoutError, NoSuchWords) as error:
            raise NobodyThere(NO_ANSWER) from error
        except OSError as error:
            raise HungUp(NO_ANSWER) from error

    def _read(self, silence: float | None) -> bytes:
        while True:
            try:
                return self._line.read(silence or 3600.0)
            except TimeoutError:
                if silence:
                    raise
            except KeyboardInterrupt:
                if self._stopped:
                    raise
                self._stopped = True
                self._line.write(write_wish(Stop()))


def bring_forward(visit: Visit) -> None:
    """Ask her to come to the front of everything; raises `NobodyThere`, and `AlreadyRunning` where she can't."""
    _lend_foreground()
    answer = visit.ask(Show())
    if isinstance(answer, Refused):
        raise AlreadyRunning(answer.sentence)


def is_answered(address: str) -> bool:
    """Whether somebody opens there: a socket that a killed one left behind is nobody's."""
    try:
        _open(address).close()
    except OSError:
        return False
    return True


def _knock(profile: Path, patience: float) -> Line:
    end = time.monotonic() + patience
    while True:
        for address in addresses(profile):
            with suppress(OSError):
                return _open(address)
        if time.monotonic() >= end:
            raise NobodyThere("No Alisa runs with this profile.")
        time.sleep(RETRY_SECONDS)


def _name(profile: Path) -> str:
    """One name for each profile, however its path is written; short, because the path of a socket may not be long."""
    real = os.path.normcase(os.path.realpath(profile))
    return f"alisa-desktop-{hashlib.sha256(real.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    PIPES = "\\\\.\\pipe\\"
    POLL_SECONDS = 0.02

    def addresses(profile: Path) -> list[str]:
        """Where the door of `profile` may be."""
        return [f"{PIPES}{_name(profile)}"]

    def door_address(profile: Path) -> str:
        """Where she opens the door of `profile`; empty where there is no place for it."""
        return addresses(profile)[0]

    def may_enter(handle: int) -> bool:
        """Whether whoever is connected to the door is the same user: the pipe lets nobody else in."""
        return True

    def _lend_foreground() -> None:
        """Let another program come forward in our stead: the user has just started us, not her."""
        ctypes.WinDLL("user32").AllowSetForegroundWindow(wintypes.DWORD(0xFFFFFFFF))

    class _Pipe:
        """A named pipe that is looked at before it is read: a read that waits can't be interrupted by Ctrl-C, and
        keeps others from writing."""

        def __init__(self, address: str) -> None:
            self._file = open(address, "r+b", buffering=0)  # noqa: SIM115, PTH123  # closed by `close`; a pipe, no path
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._handle = wintypes.HANDLE(msvcrt.get_osfhandle(self._file.fileno()))
            if not self._is_hers():
                self._file.close()
                raise PermissionError("somebody else's pipe")

        def read(self, seconds: float) -> bytes:
            """See `Line.read`."""
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                waiting = wintypes.DWORD()
                if not self._kernel.PeekNamedPipe(self._handle, None, 0, None, ctypes.byref(waiting), None):
                    return b""  # she has hung up
                if waiting.value:
                    return self._file.read(waiting.value) or b""
                time.sleep(POLL_SECONDS)
            raise TimeoutError

        def write(self, data: bytes) -> None:
            """See `Line.write`."""
            while data:
                data = data[self._file.write(data) or 0 :]

        def close(self) -> None:
            """See `Line.close`."""
            with suppress(OSError):
                self._file.close()

        def _is_hers(self) -> bool:
            """Whether the other end belongs to this user: anybody may make a pipe of that name while she is away."""
            import psutil

            number = wintypes.DWORD()
            if not self._kernel.GetNamedPipeServerProcessId(self._handle, ctypes.byref(number)):
                return False
            try:
                return psutil.Process(number.value).username() == psutil.Process().username()
            except psutil.Error:
                return False

    def _open(address: str) -> Line:
        return _Pipe(address)

else:
    import socket
    import stat
    import struct

    LONGEST_PATH = 100
    """Bytes; systems allow 104 or 108."""
    LINUX_CREDENTIALS = struct.Struct("3i")
    """struct ucred: process, user, group."""
    MAC_CREDENTIALS = struct.Struct("=II")
    """The beginning of struct xucred: version, user."""
    MAC_LOCAL_PEERCRED = 1

    def addresses(profile: Path) -> list[str]:
        """Where the door of `profile` may be."""
        sockets = [str(folder / f"{_name(profile)}.sock") for folder in _folders()]
        return [path for path in dict.fromkeys(sockets) if len(os.fsencode(path)) <= LONGEST_PATH]

    def door_address(profile: Path) -> str:
        """Where she opens the door of `profile`; empty where there is no place for it."""
        for address in addresses(profile):
            folder = Path(address).parent
            if folder == _own_folder():
                with suppress(OSError):
                    folder.mkdir(mode=0o700)
            if _is_private(folder):
                return address
        return ""

    def may_enter(handle: int) -> bool:
        """Whether whoever is connected by the socket `handle` is the same user, as the system says."""
        with socket.socket(fileno=os.dup(handle)) as connection:
            return _is_mine(connection)

    def _lend_foreground() -> None:
        """Systems other than Windows ask for no leave."""

    def _folders() -> list[Path]:
        named = os.environ.get("XDG_RUNTIME_DIR", "")
        return [*([Path(named)] if Path(named).is_absolute() else []), Path(f"/run/user/{os.getuid()}"), _own_folder()]

    def _own_folder() -> Path:
        return Path(f"/tmp/alisa-desktop-{os.getuid()}")  # not $TMPDIR, which is not the same for everybody

    def _is_private(folder: Path) -> bool:
        try:
            about = folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o077

    def _is_mine(connection: socket.socket) -> bool:
        try:
            if sys.platform == "darwin":
                told = connection.getsockopt(0, MAC_LOCAL_PEERCRED, 128)
                return bool(MAC_CREDENTIALS.unpack_from(told)[1] == os.getuid())
            told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, LINUX_CREDENTIALS.size)
            return bool(LINUX_CREDENTIALS.unpack(told)[1] == os.getuid())
        except (OSError, struct.error, AttributeError):  # a system that can't tell: the folder is private
            return True

    class _Socket:
        def __init__(self, address: str) -> None:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.settimeout(SILENCE_SECONDS)
                self._socket.connect(address)
                if not _is_mine(self._socket):
                    raise PermissionError("somebody else's socket")
            except BaseException:
                self._socket.close()
                raise

        def read(self, seconds: float) -> bytes:
            """See `Line.read`."""
            self._socket.settimeout(seconds)
            return self._socket.recv(65_536)

        def write(self, data: bytes) -> None:
            """See `Line.write`."""
            self._socket.settimeout(SILENCE_SECONDS)
            self._socket.sendall(data)

        def close(self) -> None:
            """See `Line.close`."""
            self._socket.close()

    def _open(address: str) -> Line:
        return _Socket(address)
