"""Logging set-up: one rotating file in the profile, warnings to the terminal. Never what was said or seen."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(folder: Path | None, level: int = logging.INFO) -> None:
    """Send our log to `folder/alisa.log` (1 MB, three old files) and warnings to standard error.

    A folder that cannot be written is not a reason to stop: then only standard error gets the log.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks, one a line
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:  # a windowed program on Windows has none
        console = logging.StreamHandler()
        console.setLevel(logging.WARNING)
        handlers.append(console)
    if folder is not None:
        from logging.handlers import RotatingFileHandler  # brings sockets and mail along: only where it is used

        try:
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the profile is nobody else's business
            folder.mkdir(exist_ok=True)
            handlers.append(
                RotatingFileHandler(folder / "alisa.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8")
            )
        except OSError as error:
            logging.getLogger(__name__).warning("no log file: %s", error)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        root.addHandler(handler)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
