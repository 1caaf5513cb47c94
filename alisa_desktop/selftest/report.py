"""Runs checks, each for itself and within its time, and writes down what came out."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from PySide6.QtCore import QtMsgType, qInstallMessageHandler, qVersion
from PySide6.QtGui import QGuiApplication

from alisa_desktop import __version__
from alisa_desktop.core.errors import AlisaError

CHECK_SECONDS = 120.0
LIMIT_SECONDS = 480.0
"""A slow machine takes a quarter of that; one that checks every file for viruses at its first use, a half."""
OFFSCREEN = "This plugin does not support"
"""What Qt says without a display of everything that needs one."""
CHILDREN = "alisa_desktop.host.child"
"""Whose log holds what the processes of runner and eyes wrote to standard error."""
TOO_LONG = "this took more than {seconds:.0f} s, so I stopped waiting"
Work = Callable[[], Awaitable[str]]
log = logging.getLogger(__name__)


class CheckFailed(Exception):
    """What was checked is not as it has to be; the text says how."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found; `seconds` is how long it took, `trace` where a bug was."""

    name: str
    ok: bool
    seconds: float
    detail: str
    trace: str = ""


class Report:
    """What is found, told line by line at `output` and written to `file` (JSON) after every check.

    One that is not `is_kept` is not spoken of when all is well.
    """

    def __init__(self, file: Path, output: TextIO | None, *, is_kept: bool) -> None:
        self._is_kept = is_kept
        self.checks: list[Check] = []
        self._file = file
        self._output = output
        self._log: list[str] = []
        self._children: list[str] = []
        self._began, self._since = datetime.now(UTC), time.monotonic()
        self._running = "the start"
        self._finished = False

    async def check(self, name: str, work: Work) -> bool:
        """Do `work`, which returns what it found or raises; whether it went well. Never raises itself."""
        self._running, since = name, time.monotonic()
        ok, trace = False, ""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                detail, ok = await work(), True
        except TimeoutError:
            detail = TOO_LONG.format(seconds=CHECK_SECONDS)
        except (CheckFailed, AlisaError) as error:
            detail = str(error)
        except Exception as error:  # a check is a boundary: whatever one throws is what it found
            log.exception("the check “%s” failed", name)
            detail, trace = f"{type(error).__name__}: {error}", traceback.format_exc()
        self._add(Check(name, ok, round(time.monotonic() - since, 3), detail, trace))
        return ok

    def skip(self, name: str, why: str) -> None:
        """Note a check as failed that could not even be tried."""
        self._add(Check(name, False, 0.0, f"not tried, because {why}"))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep warnings for the report, and end the process with it where a check hangs for good."""
        listener, child = _Listener(self._log, logging.WARNING), _Listener(self._children, logging.DEBUG)
        logging.getLogger().addHandler(listener)
        children = logging.getLogger(CHILDREN)
        children.addHandler(child)
        children.setLevel(logging.DEBUG)  # here nobody but the self-test has spoken
        qInstallMessageHandler(self._hear_qt)
        guard = threading.Timer(LIMIT_SECONDS, self._give_up)
        guard.daemon = True
        guard.start()
        try:
            yield
        finally:
            guard.cancel()
            qInstallMessageHandler(None)
            logging.getLogger().removeHandler(listener)
            children.removeHandler(child)
            children.setLevel(logging.NOTSET)

    def finish(self) -> bool:
        """Write the report and tell how it ended; whether everything works."""
        failed = [check.name for check in self.checks if not check.ok]
        self._finished = True
        written = self._write()
        if failed or not self.checks:
            self._say(f"{len(failed)} of {len(self.checks)} checks failed: {', '.join(failed)}.")
        else:
            self._say(f"All {len(self.checks)} checks are well.")
        if not written:
            self._say(f"The report can't be written to {self._file}.")
        elif failed or self._is_kept:
            self._say(f"Report: {self._file}")
        return bool(self.checks) and not failed and written

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._say(f"{'ok    ' if check.ok else 'FAILED'}  {check.seconds:6.1f} s  {check.name}: {check.detail}")
        self._write()

    def _say(self, line: str) -> None:
        if self._output:
            self._output.write(f"{line}\n")
            self._output.flush()

    def _write(self) -> bool:
        about: dict[str, Any] = {
            "ok": self._finished and bool(self.checks) and all(check.ok for check in self.checks),
            "version": __version__,
            "began": self._began.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._since, 3),
            "platform": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "qt": qVersion(),
            "display": QGuiApplication.platformName(),
            "executable": sys.executable,
            "frozen": bool(getattr(sys, "frozen", False)),
            "checks": [asdict(check) for check in self.checks],
            "log": self._log,
            "children": self._children,
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
        except OSError:
            return False
        return True

    def _hear_qt(self, kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not message.startswith(OFFSCREEN):
            self._log.append(f"Qt: {message}")

    def _give_up(self) -> None:
        """In the guard's thread: nothing has moved for too long, and children end with us."""
        self._add(Check(self._running, False, LIMIT_SECONDS, TOO_LONG.format(seconds=LIMIT_SECONDS)))
        self.finish()
        os._exit(1)


class _Listener(logging.Handler):
    def __init__(self, lines: list[str], level: int) -> None:
        super().__init__(level)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.name}: {record.getMessage()}")
