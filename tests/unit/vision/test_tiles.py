"""What has changed in a window is found tile by tile, and only that is read again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.vision.screen import Box, TextLine
from alisa_desktop.vision.tiles import TILE, Mosaic, bands

WIDTH, HEIGHT = 1280, 800


def page() -> np.ndarray:
    """A white page with a dark line every 40 px."""
    frame = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for top in range(10, HEIGHT - 20, 40):
        frame[top : top + 14, 20:900] = 30
    return frame


def read_all(mosaic: Mosaic, frame: np.ndarray) -> list[Box]:
    regions = mosaic.changed(frame)
    mosaic.begin()
    for region in regions:
        mosaic.read(region, [TextLine("words", region)])
    return regions


def test_the_first_time_all_is_read_and_then_nothing() -> None:
    mosaic = Mosaic()
    assert read_all(mosaic, page()) == [Box(0, 0, WIDTH, HEIGHT)]
    assert mosaic.changed(page()) == []


def test_a_clock_in_the_corner_costs_its_tile_alone() -> None:
    mosaic, frame = Mosaic(), page()
    read_all(mosaic, frame)
    mosaic.lines = [TextLine("12:00", Box(1200, 4, 60, 14))]
    frame[4:18, 1210:1216] = 0
    [region] = mosaic.changed(frame)
    assert region.cut(Box(1200, 4, 60, 14)) == Box(1200, 4, 60, 14), "the whole line, so that no word is cut"
    assert region.width * region.height < (3 * TILE) ** 2


def test_what_was_not_read_still_differs_the_next_time() -> None:
    mosaic, frame = Mosaic(), page()
    read_all(mosaic, frame)
    frame[700:714, 1000:1100] = 0
    assert mosaic.changed(frame)
    assert mosaic.changed(frame)


def test_noise_is_no_change() -> None:
    mosaic, frame = Mosaic(), page()
    read_all(mosaic, frame)
    frame[::2] = np.clip(frame[::2].astype(int) + 5, 0, 255).astype(np.uint8)
    assert mosaic.changed(frame) == []


def test_a_line_known_in_a_region_is_replaced() -> None:
    mosaic, frame = Mosaic(), page()
    mosaic.changed(frame)
    mosaic.read(Box(0, 0, WIDTH, 400), [TextLine("old", Box(20, 10, 100, 14))])
    mosaic.read(Box(0, 400, WIDTH, 400), [TextLine("below", Box(20, 450, 100, 14))])
    mosaic.begin()
    mosaic.read(Box(0, 0, 300, 100), [TextLine("new", Box(20, 10, 100, 14))])
    assert {line.text for line in mosaic.lines} == {"new", "below"}
    assert [line.text for line in mosaic.fresh] == ["new"]


def test_another_size_is_another_page() -> None:
    mosaic = Mosaic()
    read_all(mosaic, page())
    assert mosaic.changed(page()[:600]) == [Box(0, 0, WIDTH, 600)]
    assert mosaic.lines == []


PATCHES = st.lists(
    st.tuples(st.integers(0, WIDTH - 50), st.integers(0, HEIGHT - 50), st.integers(8, 50), st.integers(8, 50)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40)
@given(PATCHES)
def test_every_change_lies_in_a_region_and_no_regions_meet(patches: list[tuple[int, int, int, int]]) -> None:
    mosaic, frame = Mosaic(), np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    mosaic.changed(frame)
    mosaic.read(Box(0, 0, WIDTH, HEIGHT), [])
    for left, top, width, height in patches:
        frame[top : top + height, left : left + width] = 0
    regions = mosaic.changed(frame)
    for left, top, width, height in patches:
        patch = Box(left, top, width, height)
        assert any(region.cut(patch) == patch for region in regions)
    for region in regions:
        assert not any(region.cut(other) for other in regions if other is not region)


def test_bands_cut_where_no_line_is_and_leave_nothing_out() -> None:
    frame = page()
    region = Box(0, 0, WIDTH, HEIGHT)
    cut = list(bands(region, frame))
    assert len(cut) > 1
    assert cut[0].top == 0 and cut[-1].bottom == HEIGHT
    for above, below in pairwise(cut):
        assert above.bottom == below.top
        assert frame[above.bottom, :, :].min() == 255, "between two lines"
