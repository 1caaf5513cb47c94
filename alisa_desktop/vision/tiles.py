"""Notices cheaply what has changed in a window, tile by tile, so that only that is read again. Pure, one thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from alisa_desktop.vision.capture import Frame
from alisa_desktop.vision.screen import Box, TextLine

SHRINK = 4
"""Each pixel of the small picture that is compared stands for so many px a side."""
TILE = 64
"""px a side."""
DIFFERENCE = 10
"""Grey levels (0-255) by which a pixel of the small picture must differ: less is noise, and one letter is more."""
MARGIN = 12
"""px around what has changed that are read with it, so that no letter is cut."""
BAND = 256
"""px; a region is read in bands of about this height, between which somebody who can't wait is let in."""

Grey = NDArray[np.uint8]


class Mosaic:
    """What is known of one window: how it looked when it was read last, and its lines of text.

    Boxes are in px of the frame.
    """

    def __init__(self) -> None:
        self.lines: list[TextLine] = []
        self.fresh: list[TextLine] = []
        """Those of `lines` that were read last: where something happens."""
        self._read: Grey | None = None
        self._now: Grey | None = None

    def changed(self, frame: Frame) -> list[Box]:
        """The regions of `frame` that differ from what was read, none of them within another; empty for none."""
        self._now = _small(frame)
        whole = Box(0, 0, frame.shape[1], frame.shape[0])
        if self._read is None or self._read.shape != self._now.shape:
            self._read = np.zeros_like(self._now)
            self.lines = []
            return [whole]
        tiles = _differing(self._read, self._now)
        if 2 * np.count_nonzero(tiles) > tiles.size:
            return [whole]
        return _disjoint([self._whole_lines(region).cut(whole) for region in _regions(tiles)])

    def read(self, region: Box, lines: Iterable[TextLine]) -> None:
        """`lines` are what stands in `region` of the frame that `changed` saw last."""
        lines = list(lines)
        self.lines = [line for line in self.lines if not line.box.cut(region)] + lines
        self.fresh = [line for line in self.fresh if line in self.lines] + lines
        if self._read is not None and self._now is not None:
            part = _in_small(region)
            self._read[part] = self._now[part]

    def begin(self) -> None:
        """What is read from here on is fresh, and nothing else."""
        self.fresh = []

    def _whole_lines(self, region: Box) -> Box:
        """`region`, with the known lines that it touches."""
        touched = [line.box for line in self.lines if line.box.cut(region)]
        return _around([region, *touched])


def bands(region: Box, frame: Frame) -> Iterator[Box]:
    """`region` in bands of about `BAND` px height, cut where no line of text is, if there is such a place."""
    top = region.top
    while region.bottom - top > BAND + BAND // 2:
        bottom = top + BAND
        rows = frame[bottom - BAND // 4 : bottom + BAND // 4, region.left : region.right]
        bottom = bottom - BAND // 4 + _calmest(rows)
        yield Box(region.left, top, region.width, bottom - top)
        top = bottom
    yield Box(region.left, top, region.width, region.bottom - top)


def _calmest(rows: Frame) -> int:
    """The row with the least contrast, the middle one of equals."""
    contrast = rows.max(axis=(1, 2)).astype(int) - rows.min(axis=(1, 2))
    calm = np.flatnonzero(contrast == contrast.min())
    return int(calm[len(calm) // 2])


def _small(frame: Frame) -> Grey:
    height, width = max(1, frame.shape[0] // SHRINK), max(1, frame.shape[1] // SHRINK)
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return cast(Grey, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _differing(before: Grey, now: Grey) -> NDArray[np.bool_]:
    """Which tiles differ."""
    step = TILE // SHRINK
    differing = cv2.absdiff(before, now) > DIFFERENCE
    rows, columns = -differing.shape[0] % step, -differing.shape[1] % step
    padded = np.pad(differing, ((0, rows), (0, columns)))
    tiles = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    return cast("NDArray[np.bool_]", tiles.any(axis=(1, 3)))


def _regions(tiles: NDArray[np.bool_]) -> list[Box]:
    """Boxes around tiles that touch each other, with a margin."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(tiles.astype(np.uint8), connectivity=8)
    found = []
    for left, top, width, height, _ in stats[1:count].tolist():
        box = Box(left * TILE, top * TILE, width * TILE, height * TILE)
        found.append(Box(box.left - MARGIN, box.top - MARGIN, box.width + 2 * MARGIN, box.height + 2 * MARGIN))
    return found


def _disjoint(boxes: list[Box]) -> list[Box]:
    """Boxes that meet become one."""
    done: list[Box] = []
    while boxes:
        box = boxes.pop()
        if met := [other for other in done if other.cut(box)]:
            done = [other for other in done if other not in met]
            boxes.append(_around([box, *met]))
        else:
            done.append(box)
    return sorted(done, key=lambda box: (box.top, box.left))


def _around(boxes: list[Box]) -> Box:
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _in_small(region: Box) -> tuple[slice, slice]:
    rows = slice(max(0, region.top // SHRINK), -(-region.bottom // SHRINK))
    return rows, slice(max(0, region.left // SHRINK), -(-region.right // SHRINK))
