"""Reads text off a picture, with the models that RapidOCR brings along. In the eyes' process, one thread.

It never goes to the network. Loading takes about 0.7 s and reading up to 0.7 GB of memory, given back after each read.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.capture import Frame
from alisa_desktop.vision.screen import Box, TextLine

MISSING = "I can't read text off the screen: a part of me is missing. Please install me again."
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""For ONNX Runtime; see its Privacy.md."""
LEAST_SCORE = 0.6
LARGEST_SIDE = 2000
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""mallopt(3), glibc."""
KEPT_BYTES = 256 * 1024 * 1024
"""While reading: giving every big buffer back to the system at once took half of the time."""


class Reader:
    """Reads lines of text; `runs` counts the pictures it was given and `pixels` their size."""

    def __init__(self) -> None:
        self.runs = 0
        self.pixels = 0
        self._engine: Any = None

    def read(self, frame: Frame, region: Box) -> list[TextLine]:
        """The lines in a region of `frame`, boxes in px of the frame; raises `SightFailed` when it can't read at all.

        Cheap when the region is of one colour.
        """
        part = frame[region.top : region.bottom, region.left : region.right]
        if not part.size or int(part.max()) - int(part.min()) < 16:
            return []
        self._engine = self._engine or _open()
        self.runs += 1
        self.pixels += part.shape[0] * part.shape[1]
        try:
            found = self._engine(part, use_cls=False)  # the first time, this loads the models
        except Exception as error:  # whatever a damaged model throws
            raise _missing(error) from error
        finally:
            _give_back()
        if found.boxes is None or found.txts is None:
            return []
        lines = [
            TextLine(text.strip(), _box(corners, region))
            for corners, text, score in zip(found.boxes.tolist(), found.txts, found.scores, strict=True)
            if score >= LEAST_SCORE and text.strip()
        ]
        return sorted(lines, key=lambda line: (line.box.top, line.box.left))


def read_picture(data: bytes) -> str:
    """The text on a picture, line by line; raises `SightFailed` when it can't be read.

    `data` is a JPEG file: the OpenCV of the bundle knows no others.
    """
    frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        raise SightFailed("That is no picture.")
    height, width = frame.shape[:2]
    lines = Reader().read(cast(Frame, frame), Box(0, 0, width, height))
    return "\n".join(line.text for line in lines)


def _open() -> Any:
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    cv2.setNumThreads(1)
    threads = max(1, (os.cpu_count() or 2) // 2)
    os.environ[NO_TELEMETRY] = "1"  # before the first import: else it gives this machine a name and tells its makers
    try:
        import rapidocr
        from rapidocr import RapidOCR

        models = Path(rapidocr.__file__).with_name("models")
        _keep_buffers()
        return RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,  # text on a screen stands upright
                "Global.max_side_len": LARGEST_SIDE,
                "Det.model_path": _model(models, "det"),
                "Rec.model_path": _model(models, "rec"),
                "Det.limit_type": "max",  # never enlarge: a small region is read in a tenth of the time
                "Det.limit_side_len": LARGEST_SIDE,
                "Rec.rec_batch_num": 1,  # line by line: less memory, and no slower on a processor
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
    except Exception as error:  # whatever a broken installation throws: files, libraries
        raise _missing(error) from error


def _model(folder: Path, part: str) -> str:
    """The file of one of the models; RapidOCR fetches those from the network whose file is not named to it."""
    return str(next(folder.glob(f"*_{part}_*.onnx")))


def _missing(error: Exception) -> SightFailed:
    print(f"OCR: {error!r}", file=sys.stderr)  # noqa: T201 - standard error is our log; no words of the screen
    return SightFailed(MISSING)


def _keep_buffers() -> None:
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def _give_back() -> None:
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def _box(corners: list[list[float]], region: Box) -> Box:
    columns, rows = [x for x, _ in corners], [y for _, y in corners]
    left, top = int(min(columns)), int(min(rows))
    return Box(region.left + left, region.top + top, int(max(columns)) - left, int(max(rows)) - top)
