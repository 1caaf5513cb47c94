"""What a log record becomes: one line, and below it where an error came from, indented. Never what was said or seen.

Errors carry the values they failed on (a frame, a prompt, an address with its key), and libraries put them into their
messages. So an error is told by its kind and its place in the code, its words only where Python itself chose them, and
of a library's message the part that is the same every time.
"""

from __future__ import annotations

import copy
import logging
import re
import traceback
from collections import Counter
from collections.abc import Hashable, Iterator

from alisa_desktop.core.errors import AlisaError

OURS = "alisa_desktop"
TAG = "| "
"""Begins each line of a child's log on its standard error, where others print what they like."""
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
FRAMES = 30
"""The innermost calls of an error that are told."""
LONGEST = 2000
"""Characters of a line."""
MOST_KINDS = 500
"""Errors that are told apart before counting begins anew."""
MOST_LINKS = 8
"""Errors of a chain or a group that are told."""
TOLD_BY_PYTHON = frozenset(
    {AttributeError, ImportError, IndexError, ModuleNotFoundError, NameError, RecursionError, TypeError}
    | {UnboundLocalError, ZeroDivisionError}
)
"""Errors whose words name what is in the code, not what it worked on."""
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CONSTANT = re.compile(r"[\w ,.'!-]{0,80}")


def visible(text: str) -> str:
    """`text` on one line: what breaks it, steers a terminal or turns the reading direction is shown as an escape."""
    line = _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text[: LONGEST + 1])
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def brief(error: BaseException) -> str:
    """The kind of an error, and its words where they can't hold what was said, seen or kept secret."""
    words = _harmless_words(error)
    return f"{type(error).__qualname__}: {words}" if words else type(error).__qualname__


def _harmless_words(error: BaseException) -> str:
    if isinstance(error, AlisaError):
        return visible(error.sentence) if error.may_be_logged else ""
    if isinstance(error, OSError) and type(error).__module__ in ("builtins", "socket"):
        return visible(error.strerror) if isinstance(error.strerror, str) else ""  # not the file's name
    return visible(str(error)) if type(error) in TOLD_BY_PYTHON else ""


def in_full(error: BaseException) -> str:
    """The kind of an error and all its words, on one line."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - an error that can't even speak must not become another one
        words = "(no words)"
    return f"{type(error).__qualname__}: {visible(words)}"


def told(error: BaseException, *, detailed: bool = False) -> list[str]:
    """Where an error came from, one call a line, what it followed from first; every line is indented."""
    headline = in_full if detailed else brief
    lines = []
    for link in reversed(list(_chain(error))):
        calls = traceback.StackSummary.extract(traceback.walk_tb(link.__traceback__), limit=-FRAMES).format()
        lines += [f"  {line.rstrip()}" for call in calls for line in call.splitlines()]
        lines.append(f"  {headline(link)}")
    return lines


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what is in it if it is a group, and what it followed from."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < MOST_LINKS:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
        before = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        waiting += [before] if before else []


def signature(error: BaseException) -> Hashable:
    """What tells one bug from another: the kind of the error and the innermost calls."""
    calls = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return type(error), tuple(calls[-3:])


class Repeats(logging.Filter):
    """Lets an error through when it comes for the first time, and then only the 10th, the 100th ... time."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[Hashable] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; it remembers in `times`, because every handler asks."""
        if not record.exc_info or record.exc_info[1] is None:
            return True
        times = getattr(record, "times", 0)
        if not times:
            if len(self._seen) >= MOST_KINDS:
                self._seen.clear()
            kind = record.name, signature(record.exc_info[1])
            self._seen[kind] += 1
            record.times = times = self._seen[kind]
        return str(times).strip("0") == "1"  # a power of ten


class Lines(logging.Formatter):
    """Writes records so; `detailed` tells everything, the words of errors and of libraries too."""

    def __init__(self, pattern: str = FORMAT, *, detailed: bool = False) -> None:
        super().__init__(pattern)
        self._detailed = detailed

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record and those of its error."""
        shown = copy.copy(record)
        shown.message = visible(self.message(record))
        if self.usesTime():
            shown.asctime = self.formatTime(record)
        times = getattr(record, "times", 1)
        error = record.exc_info[1] if record.exc_info else None
        if times > 1 and error:
            shown.message += f" ({brief(error)}, {times} times by now)"
            error = None
        return "\n".join([self.formatMessage(shown), *(told(error, detailed=self._detailed) if error else ())])

    def message(self, record: logging.LogRecord) -> str:
        """What the record says, as far as it may be told."""
        if self._detailed:
            return record.getMessage()
        text = str(record.msg)
        if record.name.partition(".")[0] == OURS:
            args = record.args if isinstance(record.args, tuple) else ()
            return text % tuple(brief(arg) if isinstance(arg, BaseException) else arg for arg in args) if args else text
        constant = _CONSTANT.match(text) if isinstance(record.msg, str) else None
        return constant[0].strip() if constant else type(record.msg).__name__


class TaggedLines(Lines):
    """The lines of a child process, which its parent tells from anything else that is printed there."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Each line with its tag."""
        return "\n".join(f"{TAG}{line}" for line in super().format(record).split("\n"))
