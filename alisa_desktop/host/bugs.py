"""Errors that nobody caught, wherever they end: in a thread, a Qt slot, the loop, a finalizer. All go to the log.

From there this hears of every error that was logged with where it came from, because each boundary (a turn, a task of
the engine, a subscriber of the bus, a client's frame) writes its bugs there too.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from alisa_desktop.core.log_lines import OURS, Lines, signature, told

MOST = 20
"""Bugs that are remembered; after so many there is no need for more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug, however often it comes: when it came first, what was logged, and the lines of its error."""

    at: datetime
    said: str
    lines: tuple[str, ...]


class Bugs(logging.Handler):
    """Remembers each kind of bug once. Any thread; `hear` is called in the one where the bug is."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[Bug] = []
        """In the order in which they came."""
        self.hear: Callable[[], None] = lambda: None
        """Called when there is one more."""
        self._known: set[Hashable] = set()
        self._words = Lines("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of a bug that is new."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or len(self.found) >= MOST or _is_theirs(record, error):
            return
        kind = signature(error)
        if kind in self._known:
            return
        self._known.add(kind)
        at = datetime.fromtimestamp(record.created, UTC)
        self.found.append(Bug(at, f"{record.name}: {self._words.message(record)}", tuple(told(error))))
        try:
            self.hear()
        except Exception:  # noqa: BLE001 - to log it would come here again
            self.handleError(record)


def _is_theirs(record: logging.LogRecord, error: BaseException) -> bool:
    """Whether it is only another side that hung up, which libraries call an error."""
    return record.name.partition(".")[0] != OURS and isinstance(error, ConnectionError | EOFError)


@contextmanager
def caught() -> Iterator[Bugs]:
    """Let every error that nobody catches go to the log, as long as the block runs. Logging is set up before."""
    bugs = Bugs()
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    catch()
    logging.getLogger().addHandler(bugs)
    try:
        yield bugs
    finally:
        logging.getLogger().removeHandler(bugs)
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def catch() -> None:
    """Let every error that nobody catches go to the log, until the process ends."""
    sys.excepthook, threading.excepthook, sys.unraisablehook = _in_a_slot, _in_a_thread, _in_no_place


def _in_a_slot(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A bug in a Qt slot ends here, or one that ends the program."""
    _write("a bug", error.with_traceback(trace))


def _in_a_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _write(f"a bug in the thread {args.thread.name if args.thread else '?'}", args.exc_value)


def _in_no_place(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        place = getattr(args.object, "__qualname__", type(args.object).__qualname__)
        _write(f"a bug in {place}, where none can be raised", args.exc_value)


def _write(said: str, error: BaseException) -> None:
    try:
        log.critical("%s", said, exc_info=error)
    except Exception:  # noqa: BLE001 - a hook is the last place: there is nobody to tell
        return
