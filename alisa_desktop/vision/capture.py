"""Takes pixels of one window, as far as they may be taken. In the eyes' process, one thread.

A frame lives as long as whoever asked for it holds it; nothing here keeps, stores or logs one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import cv2
import mss
import numpy as np
from mss.exception import ScreenShotError
from numpy.typing import NDArray

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.screen import Box

NO_MONITOR = "There is no monitor that I could look at."
ELSEWHERE = "The window in front is on no monitor that I can see. Move it to one, then let me look again."
REFUSED = (
    "Your system doesn't let me see the screen. Allow Alisa screen recording in its privacy settings, then let me look "
    "again."
)
BLACK = "The window in front shows me nothing but black; its content is protected against pictures."
SMALLEST = 48
"""px; a smaller window may well be black all over."""
DARK = 2
"""The brightest value (0-255) of a frame that is called black."""

Frame = NDArray[np.uint8]
"""A picture: rows, columns, and blue, green, red, each 0-255."""


class Grabber(Protocol):
    """The part of mss that is used."""

    @property
    def monitors(self) -> Sequence[Mapping[str, int]]:
        """All monitors together, then each of them, in px."""
        ...

    def grab(self, monitor: Any) -> Any:
        """Take a picture of a part of the screen."""
        ...

    def close(self) -> None:
        """Let go of the screen."""
        ...


class Camera:
    """Takes frames; `captures` counts them. mss is opened for each, so that it knows the monitors of the moment."""

    def __init__(self, open_grabber: Callable[[], Grabber] = mss.MSS) -> None:
        self.captures = 0
        self._open = open_grabber

    def take(self, box: Box, covers: Sequence[Box] = ()) -> tuple[Frame, Box]:
        """A frame of `box`, as far as it is on one monitor, and that part of it; what `covers` hide is blank in it.

        Raises `SightFailed` where there is nothing to be seen.
        """
        try:
            grabber = self._open()
        except ScreenShotError as error:
            raise SightFailed(NO_MONITOR) from error
        try:
            part = _on_one_monitor(box, [_box(monitor) for monitor in grabber.monitors[1:]])
            self.captures += 1
            shot = grabber.grab({"left": part.left, "top": part.top, "width": part.width, "height": part.height})
        except ScreenShotError as error:
            raise SightFailed(REFUSED) from error
        finally:
            grabber.close()
        bgra = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        if _is_black(bgra):
            raise SightFailed(BLACK)
        frame = cast(Frame, cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR))
        for cover in covers:
            _blank(frame, part, cover.cut(part))
        return frame, part


def _box(monitor: Mapping[str, int]) -> Box:
    return Box(monitor["left"], monitor["top"], monitor["width"], monitor["height"])


def _on_one_monitor(box: Box, monitors: Sequence[Box]) -> Box:
    if not monitors or not any(monitors):
        raise SightFailed(NO_MONITOR)
    part = max((box.cut(monitor) for monitor in monitors), key=lambda part: part.width * part.height)
    if not part:
        raise SightFailed(ELSEWHERE)
    return part


def _is_black(bgra: Frame) -> bool:
    return min(bgra.shape[:2]) >= SMALLEST and int(bgra[::2, ::2, :3].max()) <= DARK


def _blank(frame: Frame, part: Box, cover: Box) -> None:
    """Paint over `cover`; the frame may have more pixels than its part of the screen has units (macOS)."""
    if not cover:
        return
    across, down = frame.shape[1] / part.width, frame.shape[0] / part.height
    left, right = int((cover.left - part.left) * across), round((cover.right - part.left) * across + 0.5)
    top, bottom = int((cover.top - part.top) * down), round((cover.bottom - part.top) * down + 0.5)
    frame[top:bottom, left:right] = 0
