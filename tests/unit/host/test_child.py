"""What a child is told comes in its order."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from alisa_desktop.core.frames import Frame
from alisa_desktop.host.child import ChildProcess

ECHO = """
import os
while data := os.read(0, 65536):
    os.write(1, data)
"""


async def test_the_first_frame_comes_before_what_was_sent_while_it_was_made(tmp_path: Path) -> None:
    sent = threading.Event()
    heard: list[Frame] = []

    def first() -> Frame:
        assert sent.wait(60)
        return {"type": "first"}

    child = ChildProcess([sys.executable, "-c", ECHO], tmp_path, first=first, on_frame=heard.append)
    later: list[Frame] = [{"type": "later", "number": number} for number in range(3)]
    for frame in later:
        child.send(frame)
    sent.set()
    child.end()
    await asyncio.wait_for(child.ended.wait(), 60)
    await child.stop(10)
    assert heard == [{"type": "first"}, *later]
