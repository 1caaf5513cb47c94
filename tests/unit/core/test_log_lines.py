"""A record is one line, and what people said, saw or keep secret is in none of them."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from alisa_desktop.core.errors import MemoryFailed, UnknownMode
from alisa_desktop.core.log_lines import Lines, Repeats, brief, signature, told, visible

SAID = "zebra crossing at midnight"


class Frame(BaseModel):
    count: int


def _key() -> str:
    nothing: dict[str, str] = {}
    return nothing[SAID]


def _own() -> None:
    raise UnknownMode(f"There is no mode {SAID}.")


def _linked() -> None:
    try:
        _key()
    except KeyError as error:
        raise RuntimeError(SAID) from error


def _grouped() -> None:
    raise ExceptionGroup(SAID, [ValueError(SAID), OSError(SAID)])


SPEAKING: list[Callable[[], object]] = [
    _key,
    _own,
    _linked,
    _grouped,
    lambda: int(SAID),
    lambda: Frame.model_validate({"count": SAID}),
    lambda: Path(SAID).read_bytes(),
]


def _error(raising: Callable[[], object]) -> BaseException:
    with pytest.raises((Exception, ExceptionGroup)) as caught:
        raising()
    return caught.value


def _record(name: str, text: object, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, __file__, 1, text, args, info)


@pytest.mark.parametrize("raising", SPEAKING)
def test_errors_are_told_without_what_they_failed_on(raising: Callable[[], object]) -> None:
    error = _error(raising)
    record = _record("alisa_desktop.x", "it failed: %s", error, error=error)
    text = Lines().format(record)
    assert type(error).__name__ in text
    assert "test_log_lines.py" in text, "where it happened is what helps"
    assert SAID not in text
    assert SAID in Lines(detailed=True).format(record)


def test_the_words_of_python_and_of_the_system_are_told() -> None:
    assert brief(AttributeError("'X' object has no attribute 'y'")) == "AttributeError: 'X' object has no attribute 'y'"
    assert brief(FileNotFoundError(2, "No such file or directory", SAID)) == (
        "FileNotFoundError: No such file or directory"
    )
    assert brief(MemoryFailed("The disk is full.")) == "MemoryFailed: The disk is full."


def test_libraries_are_told_without_their_arguments() -> None:
    lines = Lines("%(message)s")
    assert SAID not in lines.format(_record("uvicorn.error", "connection %s is open", SAID))
    assert lines.format(_record("asyncio", f"Exception in callback f({SAID!r}) at x.py:1\nhandle: {SAID}")) == (
        "Exception in callback f"
    )
    assert lines.format(_record("strange", ValueError(SAID))) == "ValueError"


def test_a_task_nobody_waits_for_tells_nothing_of_what_it_held(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError(SAID)

    async def live() -> None:
        await asyncio.wait([asyncio.ensure_future(fail())])

    asyncio.run(live())
    written = [Lines().format(record) for record in caplog.records]
    assert "Task exception was never retrieved" in written[0]
    assert "ValueError" in written[0]
    assert SAID not in "".join(written)


@given(st.text())
def test_nobody_can_write_a_line_of_their_own(text: str) -> None:
    written = Lines("%(levelname)s %(message)s").format(_record("alisa_desktop.x", "%s", text))
    assert len(written.splitlines()) == 1
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in written)


@given(st.text())
def test_lines_of_an_error_can_not_pass_for_records(text: str) -> None:
    _, *rest = Lines(detailed=True).format(_record("alisa_desktop.x", "failed", error=ValueError(text))).split("\n")
    assert rest
    assert all(line.startswith("  ") for line in rest)
    assert "\x1b" not in visible(text)


def test_an_endless_recursion_is_told_briefly() -> None:
    def deeper(depth: int) -> int:
        return deeper(depth + 1)

    assert len(told(_error(lambda: deeper(0)))) < 100


def test_an_error_that_is_its_own_cause_is_told_once() -> None:
    error = ValueError("x")
    other = KeyError("y")
    error.__cause__, other.__cause__ = other, error
    assert len(told(error)) == 2


def test_the_same_error_a_thousand_times_is_four_records_and_one_traceback() -> None:
    repeats, lines = Repeats(), Lines("%(message)s")
    written = []
    for _ in range(1000):
        record = _record("alisa_desktop.x", "failed", error=_error(_key))
        asked = repeats.filter(record), repeats.filter(record)  # by two handlers
        assert asked[0] is asked[1]
        if asked[0]:
            written.append(lines.format(record))
    assert len(written) == 4
    assert "\n" in written[0]
    assert written[3] == "failed (KeyError, 1000 times by now)"


def test_other_errors_are_no_repetition() -> None:
    repeats = Repeats()
    assert all(repeats.filter(_record("alisa_desktop.x", "f", error=_error(raising))) for raising in SPEAKING)
    assert signature(_error(_key)) == signature(_error(_key)) != signature(_error(_own))
    assert all(repeats.filter(_record("alisa_desktop.x", "no error")) for _ in range(20))
