"""Parts of the eyes in a process of their own: `eyes_alone.py read TIMES` or `capture TIMES`; prints one JSON line.

`read` draws a dense picture and reads it whole, then again with one line changed. `capture` takes pictures of the
whole screen in turn with plain mss, kept open and opened for each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mss
import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.eyes_text import line

from alisa_desktop.vision.capture import Camera, Frame
from alisa_desktop.vision.reader import Reader
from alisa_desktop.vision.screen import Box
from alisa_desktop.vision.tiles import Mosaic, bands

WIDTH, HEIGHT = 1920, 1080
LINES, LENGTH = 50, 140
LINE_HEIGHT, FONT_SIZE, MARGIN = 21, 16, 14
CHANGED = 25
"""The line that changes."""


def main() -> None:
    """Do what the command line says."""
    what, times = sys.argv[1:]
    print(json.dumps({"read": _read, "capture": _capture}[what](int(times))))


def _read(times: int) -> dict[str, Any]:
    reader = Reader()
    lines = [line(number, LENGTH) for number in range(LINES)]
    loading = _reading(reader, Mosaic(), _picture(lines[:1])[:64])
    whole, one, same = [], [], []
    for number in range(times):
        mosaic = Mosaic()
        whole.append(_reading(reader, mosaic, _picture(lines)) | {"right": _right(mosaic, lines)})
        changed = [*lines[:CHANGED], line(LINES + number, LENGTH), *lines[CHANGED + 1 :]]
        one.append(_reading(reader, mosaic, _picture(changed)) | {"right": _right(mosaic, changed)})
        same.append(_reading(reader, mosaic, _picture(changed)))
    return {"loading": loading, "whole": whole, "one": one, "same": same, "pixels": WIDTH * HEIGHT}


def _reading(reader: Reader, mosaic: Mosaic, frame: Frame) -> dict[str, float]:
    """Read what has changed in `frame`, as the eyes do: how long it took (s), on cores, and what was read."""
    pixels, runs = reader.pixels, reader.runs
    began, on_cores = time.perf_counter(), time.process_time()
    regions = mosaic.changed(frame)
    for band in [band for region in regions for band in bands(region, frame)]:
        mosaic.read(band, reader.read(frame, band))
    return {
        "seconds": time.perf_counter() - began, "cpu": time.process_time() - on_cores,
        "pixels": reader.pixels - pixels, "runs": reader.runs - runs,
    }  # fmt: skip


def _picture(lines: list[str]) -> Frame:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(FONT_SIZE)
    for number, text in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * LINE_HEIGHT), text, "black", font)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _right(mosaic: Mosaic, lines: list[str]) -> float:
    """The share of the drawn words that were read."""
    found = " ".join(read.text for read in mosaic.lines).split()
    drawn = " ".join(lines).split()
    right = 0
    for word in drawn:
        if word in found:
            found.remove(word)
            right += 1
    return right / len(drawn)


def _capture(times: int) -> dict[str, Any]:
    camera = Camera()
    with mss.MSS() as grabber:
        screen = dict(grabber.monitors[1])
        box = Box(screen["left"], screen["top"], screen["width"], screen["height"])

        def opened() -> None:
            with mss.MSS() as fresh:
                fresh.grab(screen)

        ways = {"camera": lambda: camera.take(box), "plain": lambda: grabber.grab(screen), "opened": opened}
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(times):
            for name, way in ways.items():
                taken[name].append(_seconds(way))
    return {"seconds": taken, "size": [box.width, box.height]}


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
