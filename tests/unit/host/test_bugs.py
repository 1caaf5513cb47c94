"""Errors that nobody catches are logged and known once, wherever they end, and stop nobody."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from pathlib import Path

import pytest

from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import HistoryChanged
from alisa_desktop.host.bugs import MOST, Bugs, caught

SAID = "zebra crossing at midnight"


def _log(profile: Path) -> str:
    return (profile / "logs" / "alisa.log").read_text(encoding="utf-8")


def _fail() -> None:
    raise ValueError(SAID)


def _in_a_slot() -> None:
    try:
        _fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)


def _in_a_thread() -> None:
    thread = threading.Thread(target=_fail, name="worker")
    thread.start()
    thread.join()


class Dying:
    def __del__(self) -> None:
        _fail()


def _in_a_finalizer() -> None:
    Dying()
    gc.collect()


def _in_a_task() -> None:
    async def fail() -> None:
        _fail()

    async def live() -> None:
        await asyncio.wait([asyncio.ensure_future(fail())])

    asyncio.run(live())


def _in_a_callback() -> None:
    async def live() -> None:
        asyncio.get_running_loop().call_soon(_fail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(live())


def _in_a_subscriber() -> None:
    bus = EventBus()
    bus.subscribe(lambda _: _fail())
    bus.publish(HistoryChanged())


@pytest.mark.parametrize(
    "happen", [_in_a_slot, _in_a_thread, _in_a_finalizer, _in_a_task, _in_a_callback, _in_a_subscriber]
)
def test_a_bug_is_logged_and_told_once(bugs: Bugs, profile: Path, happen: object) -> None:
    heard: list[int] = []
    bugs.hear = lambda: heard.append(len(bugs.found))
    for _ in range(12):
        happen()  # type: ignore[operator]  # one of the above
    assert heard == [1]
    assert any("_fail" in line for line in bugs.found[0].lines)
    text = _log(profile)
    assert text.count("raise ValueError(SAID)") == 1
    assert "10 times by now" in text
    assert SAID not in text + str(bugs.found)


def test_what_nobody_did_wrong_is_no_bug(bugs: Bugs) -> None:
    log = logging.getLogger("asyncio")
    for error in (ConnectionResetError("x"), BrokenPipeError("x"), EOFError("x")):
        log.error("Exception in callback", exc_info=error)
    logging.getLogger("alisa_desktop.x").error("no error to see")
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join()
    assert not bugs.found


def test_a_listener_that_fails_is_no_endless_story(bugs: Bugs, profile: Path) -> None:
    def tell() -> None:
        _in_a_slot()
        _fail()

    bugs.hear = tell
    _in_a_slot()
    assert len(bugs.found) == 1
    assert _log(profile).count("raise ValueError(SAID)") == 1


def test_there_is_an_end_to_what_is_remembered(bugs: Bugs) -> None:
    for number in range(3 * MOST):
        try:
            exec(compile("\n" * number + "1 / 0", f"made-{number}", "exec"))
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    assert len(bugs.found) == MOST


def test_a_hook_that_can_not_log_is_silent(bugs: Bugs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise MemoryError

    monkeypatch.setattr(logging.Logger, "handle", broken)
    _in_a_slot()
    _in_a_thread()


def test_hooks_are_given_back() -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, logging.getLogger().handlers[:]
    with caught():
        assert sys.excepthook is not before[0]
    assert before == (sys.excepthook, threading.excepthook, sys.unraisablehook, logging.getLogger().handlers[:])
