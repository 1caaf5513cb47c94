"""Pixels are taken of one window on one monitor, without what covers hide; every way it can fail has its sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mss.exception import ScreenShotError

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.capture import Camera
from alisa_desktop.vision.screen import Box

ALL = {"left": 0, "top": 0, "width": 3000, "height": 1000}
LEFT = {"left": 0, "top": 0, "width": 1000, "height": 1000}
RIGHT = {"left": 1000, "top": 0, "width": 2000, "height": 1000}


class Grabber:
    """A screen of one brightness; `scale` px for each unit, as on a Mac."""

    def __init__(self, *monitors: dict[str, int], level: int = 200, scale: int = 1, fails: bool = False) -> None:
        self.monitors = [ALL, *monitors]
        self._level, self._scale, self._fails = level, scale, fails
        self.is_closed = False

    def grab(self, part: Any) -> Any:
        if self._fails:
            raise ScreenShotError("no")
        width, height = part["width"] * self._scale, part["height"] * self._scale
        return SimpleNamespace(width=width, height=height, raw=bytearray([self._level]) * (4 * width * height))

    def close(self) -> None:
        self.is_closed = True


def test_only_the_part_on_the_monitor_with_most_of_the_window_is_taken() -> None:
    grabber = Grabber(LEFT, RIGHT)
    frame, part = Camera(lambda: grabber).take(Box(900, 100, 500, 300))
    assert part == Box(1000, 100, 400, 300)
    assert frame.shape == (300, 400, 3)
    assert grabber.is_closed


@pytest.mark.parametrize("scale", [1, 2])
def test_what_covers_hide_is_not_in_the_picture(scale: int) -> None:
    frame, _ = Camera(lambda: Grabber(LEFT, scale=scale)).take(
        Box(100, 100, 200, 200), [Box(150, 150, 20, 10), Box(290, 290, 99, 99), Box(0, 0, 50, 50)]
    )
    frame = frame[::scale, ::scale]
    assert not frame[50:60, 50:70].any()
    assert not frame[190:, 190:].any()
    assert frame[:50].all()
    assert np.count_nonzero(frame == 0) < 3 * (12 * 22 + 12 * 12)


@pytest.mark.parametrize(
    ("grabber", "words"),
    [
        (Grabber(), "no monitor that I could look at"),
        (Grabber(LEFT), "on no monitor that I can see"),
        (Grabber(RIGHT, level=0), "nothing but black"),
        (Grabber(RIGHT, fails=True), "doesn't let me see"),
    ],
)
def test_every_failure_has_its_sentence(grabber: Grabber, words: str) -> None:
    with pytest.raises(SightFailed, match=words):
        Camera(lambda: grabber).take(Box(1200, 100, 200, 200))
    assert grabber.is_closed


def test_no_screen_at_all() -> None:
    def refuse() -> Grabber:
        raise ScreenShotError("no display")

    with pytest.raises(SightFailed, match="no monitor"):
        Camera(refuse).take(Box(0, 0, 10, 10))


def test_a_monitor_that_is_unplugged_between_two_looks() -> None:
    monitors = [Grabber(LEFT, RIGHT), Grabber(LEFT)]
    camera = Camera(lambda: monitors.pop(0))
    camera.take(Box(1200, 100, 200, 200))
    with pytest.raises(SightFailed, match="on no monitor"):
        camera.take(Box(1200, 100, 200, 200))
    assert camera.captures == 1
