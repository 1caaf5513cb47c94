"""The end of the app: everything that may ask for it, and how long it may take."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QSessionManager

from alisa_desktop.ui.application import Application

if TYPE_CHECKING:
    from alisa_desktop.host.session import XSession

SESSION_SECONDS = 3.0
"""The end of a session waits for us no longer; Windows kills who takes 5 s."""
LAST_RESORT_SECONDS = 10
"""Closing takes 3 s at most where a child hangs, and 5 s more where another program holds the database; what is not
over then never will be."""
THREADS_SECONDS = 0.5
"""Everything is saved and closed by then: a thread that waits for something, as for a keyring, is left behind."""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl-C, a polite kill, a terminal or a session that closes, and Ctrl-Break; each where it exists."""
log = logging.getLogger(__name__)


class Leaving:
    """Hears whoever ends her: the menu (`leave`), signals, the log-out and the power-off. On the loop's GUI thread.

    `asked` is set once somebody did. Only then the time runs: a process that is still there after
    `LAST_RESORT_SECONDS` writes into the log of the folder `logs` what each thread does, and is gone.
    """

    def __init__(self, application: Application, logs: Path) -> None:
        self.asked = asyncio.Event()
        self.save: Callable[[], Awaitable[None]] | None = None
        """Writes everything down and stays; for a session that may end, or not."""
        self._logs = logs
        self._record: IO[str] | None = None
        self._closed = False
        self._session: XSession | None = None
        self._waiting: list[QEventLoop] = []
        direct = Qt.ConnectionType.DirectConnection  # the system waits only for what is done when these return
        application.commitDataRequest.connect(self._save_session, direct)
        application.saveStateRequest.connect(_never_restart, direct)
        application.quit_requested.connect(self._end_session, direct)
        application.aboutToQuit.connect(self._end_session, direct)

    def hear_signals(self) -> None:
        """Leave when the system's signals say so, from now until the process is gone."""
        self._signals = QuitSignals(lambda: self.leave("a signal"))

    async def join_session(self) -> None:
        """Be told by the session manager of X11, where there is one."""
        from alisa_desktop.host.session import XSession

        loop = asyncio.get_running_loop()
        try:
            self._session = await asyncio.to_thread(
                XSession, self._begin_to_save, lambda: self.leave("the session ends")
            )
        except OSError as error:
            log.debug("no session manager: %s", error)
            return
        loop.add_reader(self._session.fileno(), self._hear_session)

    def leave(self, why: str = "the menu") -> None:
        """Begin to leave; harmless when begun already."""
        if not self.asked.is_set():
            log.info("quitting: %s", why)
            self._record = _arm_last_resort(self._logs)
            self.asked.set()

    def close(self) -> None:
        """Everything is closed: let go of whoever waits for that, and leave threads behind that still wait."""
        self._closed = True
        self._leave_session()
        if self.asked.is_set():
            _leave_threads_behind()
        for loop in self._waiting:
            loop.quit()

    def _hear_session(self) -> None:
        if self._session and not self._session.process():
            self._leave_session()

    def _leave_session(self) -> None:
        session, self._session = self._session, None
        if session:
            asyncio.get_running_loop().remove_reader(session.fileno())
            session.close()

    def _begin_to_save(self) -> None:
        self._saving = asyncio.ensure_future(self._save_for_session())

    async def _save_for_session(self) -> None:
        if self.save and not self.asked.is_set():
            log.info("the session may end: saving")
            with suppress(TimeoutError):
                async with asyncio.timeout(SESSION_SECONDS):
                    await self.save()
        if self._session:
            self._session.saved()

    def _save_session(self, session: QSessionManager) -> None:
        """The session may end, unless another program objects: whatever must not be lost is written down now."""
        _never_restart(session)
        if self.save and not self.asked.is_set():
            log.info("the session may end: saving")
            saving = asyncio.ensure_future(self.save())
            self._wait(lambda loop: saving.add_done_callback(lambda _: loop.quit()))
            saving.cancel()

    def _end_session(self) -> None:
        """The session ends, and on Windows we with it as soon as this returns."""
        if not self._closed:
            self.leave("the session ends")
            self._wait(self._waiting.append)

    def _wait(self, begin: Callable[[QEventLoop], None]) -> None:
        loop = QEventLoop()
        begin(loop)
        QTimer.singleShot(int(SESSION_SECONDS * 1000), loop, loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)


class QuitSignals:
    """Signals that end her in good order, until the process is gone: one may come twice.

    Python sees signals only when it runs: a socket wakes it.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._reader.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._drain)
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
                signal.signal(number, lambda *_: leave())

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._reader.recv(64):
                pass


def _leave_threads_behind() -> None:
    timer = threading.Timer(THREADS_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()


def _never_restart(session: QSessionManager) -> None:
    """Autostart alone decides whether she is there after the next log-in, not the session of the last time."""
    session.setRestartHint(QSessionManager.RestartHint.RestartNever)


def _arm_last_resort(logs: Path) -> IO[str] | None:
    """End the process after a while even where no line of Python runs any more; returns the file to be kept open."""
    try:
        record = (logs / "alisa.log").open("a", encoding="utf-8")
    except OSError:
        record = None
    if file := record or sys.__stderr__:
        with suppress(OSError, ValueError):  # an error output that is no file
            faulthandler.dump_traceback_later(LAST_RESORT_SECONDS, exit=True, file=file)
    return record
