"""What a child writes to standard error comes into the log, but nothing of what it was told or saw."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import pytest

from alisa_desktop.host.child import ChildProcess

SAID = "zebra crossing at midnight"
BEGIN = f"""
import faulthandler, logging, os, sys, threading
from alisa_desktop.host.pipe import connect
inbox, outbox = connect()
said = "{SAID}"
print(said)
print("#3 llama_decode (text=" + said + ")", file=sys.stderr, flush=True)
def fall():
"""


async def _ended(code: str, cwd: Path) -> int | None:
    command = [sys.executable, "-c", BEGIN + f"    {code}\nfall()"]
    child = ChildProcess(command, cwd, first=lambda: {"type": "greet"}, on_frame=lambda _: None, name="part")
    await asyncio.wait_for(child.ended.wait(), 60)
    await child.stop(10)
    return child.exit_status


def _shown(caplog: pytest.LogCaptureFixture, level: int) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno >= level)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("raise ValueError(said)", ["CRITICAL alisa_desktop.host.bugs: a bug", "in fall", "part:   ValueError"]),
        ("faulthandler._sigsegv()", ["Fatal Python error: Segmentation fault", "in fall"]),
        (
            "logging.getLogger('alisa_desktop.x').warning('%s', OSError(28, 'No room')); os._exit(3)",
            ["OSError: No room"],
        ),
        (
            "t = threading.Thread(target=int, args=(said,), name='t'); t.start(); t.join(); os._exit(3)",
            ["in the thread t"],
        ),
        ("print('/x/ggml.c:12: GGML_ASSERT(a <= b) failed', file=sys.stderr, flush=True); os.abort()", ["(a <= b)"]),
    ],
)
async def test_how_a_child_ended_is_logged_without_what_was_said(
    code: str, wanted: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await _ended(code, tmp_path)
    shown = _shown(caplog, logging.INFO)
    for part in wanted:
        assert part in shown
    assert SAID not in shown
    assert SAID in _shown(caplog, logging.DEBUG), "the detailed log has it"


async def test_a_child_without_a_standard_error_of_python_writes_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = BEGIN.replace("inbox,", "sys.stderr = None\ninbox,") + "    raise ValueError\nfall()"
    command = [sys.executable, "-c", code]
    child = ChildProcess(command, tmp_path, first=lambda: {"type": "x"}, on_frame=lambda _: None, name="part")
    await asyncio.wait_for(child.ended.wait(), 60)
    await child.stop(10)
    assert "in fall" in _shown(caplog, logging.WARNING)
