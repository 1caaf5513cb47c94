"""Logging set-up: a rotating file in the profile, warnings to the terminal. Never what was said or seen.

That is only in the detailed log, a file of its own, which the user may ask for. Every kind of process has files of its
own name, because two that write the same one can't begin it anew.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alisa_desktop.core.log_lines import OURS, Lines, Repeats

if TYPE_CHECKING:
    from alisa_desktop.core.log_file import LogFile

APP = "alisa"
"""The log of the one Alisa that holds the profile."""
COMMANDS = "commands"
"""The log of commands that end soon and may run beside her."""
DETAILED = "-detailed.log"
DETAILS_KEPT = 7 * 24 * 3600
"""Seconds after which a detailed log is deleted."""


def start_logging(folder: Path | None, name: str = APP, *, detailed: bool = False) -> None:
    """Send our log to `name`.log in `folder` (1 MB, three old files) and warnings to standard error.

    A folder that cannot be written is not a reason to stop: then only standard error gets the log.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.INFO)
    logging.getLogger(OURS).setLevel(logging.NOTSET)
    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks, one a line
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:  # a windowed program on Windows has none
        console = logging.StreamHandler()
        console.setLevel(logging.WARNING)
        handlers.append(console)
    if folder is not None:
        from alisa_desktop.core.log_file import LogFile  # brings sockets and mail along: only where it is used

        try:
            _provide(folder)
            handlers.append(LogFile(folder / f"{name}.log"))
        except OSError as error:
            _warn(handlers, "no log file: %s", error)
    repeats = Repeats()
    for handler in handlers:
        handler.setFormatter(Lines())
        handler.addFilter(repeats)
        root.addHandler(handler)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if detailed:
        set_detailed(True)


def is_detailed() -> bool:
    """Whether the detailed log is on."""
    return any(handler.level == logging.DEBUG for handler in _files())


def set_detailed(on: bool) -> None:
    """Switch the detailed log on or off: everything that happens, also what is said and seen, beside the log file."""
    root = logging.getLogger()
    logging.getLogger(OURS).setLevel(logging.DEBUG if on else logging.NOTSET)
    for handler in _files():
        if handler.level == logging.DEBUG:
            root.removeHandler(handler)
            handler.close()
    if not on:
        return
    from alisa_desktop.core.log_file import LogFile

    for file in _files():
        path = Path(file.baseFilename)
        try:
            details = LogFile(path.with_name(path.stem + DETAILED), logging.DEBUG, old_files=1)
        except OSError as error:
            logging.getLogger(__name__).warning("no detailed log: %s", error)
            continue
        details.setFormatter(Lines(detailed=True))
        root.addHandler(details)


def forget_details(folder: Path) -> None:
    """Empty the detailed logs in `folder`; the one that is being written goes on from nothing."""
    for file in folder.glob(f"*{DETAILED}*"):
        with suppress(OSError):
            file.write_bytes(b"")


def _files() -> list[LogFile]:
    from alisa_desktop.core.log_file import LogFile

    return [handler for handler in logging.getLogger().handlers if isinstance(handler, LogFile)]


def _provide(folder: Path) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the profile is nobody else's business
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(OSError):
        folder.chmod(0o700)
    for file in folder.glob(f"*{DETAILED}*"):
        with suppress(OSError):
            if file.stat().st_mtime < time.time() - DETAILS_KEPT:
                file.unlink()


def _warn(handlers: list[logging.Handler], text: str, error: OSError) -> None:
    """Say it to the terminal, before logging is set up."""
    record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (error,), None)
    for handler in handlers:
        handler.setFormatter(Lines())
        handler.handle(record)
