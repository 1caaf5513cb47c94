"""What a child has of its pipe: nobody but itself reads or writes there, and nobody waits for its reading."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from alisa_desktop.core.frames import Frame, FrameDecoder, encode

CODE = """
import os, sys
from alisa_desktop.host.pipe import connect
inbox, outbox = connect()
print("a stray word")
os.system("echo another")
outbox.send(type="read", rest=os.read(0, 100).decode(), own=sys.stdin.read())
import numpy  # loads libraries that ask for standard input, while we wait for a frame
outbox.send(type="loaded", sum=int(numpy.ones(4).sum()))
outbox.send(type="asked", word=inbox.next()["word"])
"""


def _frames(pipe: IO[bytes]) -> Iterator[Frame]:
    decoder = FrameDecoder()
    while data := os.read(pipe.fileno(), 65_536):
        yield from decoder.feed(data)


def test_the_streams_are_the_pipe_for_nobody_else() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", CODE], stdin=pipe, stdout=pipe, stderr=pipe) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        frames = _frames(child.stdout)
        found = [next(frames), next(frames)]
        child.stdin.write(encode({"type": "ask", "word": "what"}))
        child.stdin.flush()
        found.append(next(frames))
        child.stdin.close()
        said = child.stderr.read().decode()
    assert found == [
        {"type": "read", "rest": "", "own": ""},
        {"type": "loaded", "sum": 4},
        {"type": "asked", "word": "what"},
    ]
    assert "a stray word" in said
    assert "another" in said
