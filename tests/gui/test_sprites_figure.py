"""The composed figure: irises stay in the eyes, only what differs is repainted, sizes are exact at any pixel ratio."""

from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from alisa_desktop.core.messages import Emotion
from alisa_desktop.ui.click_through import painted_region
from alisa_desktop.ui.figure import BREATH_STEPS, Figure
from alisa_desktop.ui.sprites import Pack, Pose, load_pack

SHIPPED = Path(__file__).parents[2] / "resources" / "sprites" / "alisa"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SHIPPED)


def difference(one: QImage, other: QImage) -> QRect:
    rect = QRect()
    for y in range(one.height()):
        for x in range(one.width()):
            if one.pixel(x, y) != other.pixel(x, y):
                rect = rect.united(QRect(x, y, 1, 1))
    return rect


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_it_has_as_many_pixels_as_the_screen_shows(pack: Pack, ratio: float) -> None:
    image = Figure(pack, 240, ratio).image(Pose())
    assert image.height() == round(240 * ratio)
    assert image.devicePixelRatio() == ratio


@pytest.mark.parametrize(
    "pose",
    [
        Pose(lids="closed"),
        Pose(mouth="wide"),
        Pose(look=(6, 4)),
        Pose(breath=BREATH_STEPS),
        Pose(pendant="missing"),
        Pose(Emotion.TEASING),
    ],
)
def test_nothing_differs_outside_of_the_part_that_is_repainted(pack: Pack, pose: Pose) -> None:
    figure = Figure(pack, 120, 1)
    found = difference(figure.image(Pose()), figure.image(pose))
    assert not found.isEmpty()
    assert figure.changed(Pose(), pose).contains(found)


def test_a_blink_repaints_less_than_half_of_her(pack: Pack) -> None:
    figure = Figure(pack, 240, 1)
    part = figure.changed(Pose(), Pose(lids="closed"))
    assert part.width() * part.height() < figure.size.width() * figure.size.height() / 2


def test_equal_poses_repaint_nothing(pack: Pack) -> None:
    assert Figure(pack, 240, 1).changed(Pose(Emotion.SHY), Pose(Emotion.SHY)).isEmpty()


def test_irises_never_leave_the_eyes(pack: Pack) -> None:
    figure = Figure(pack, 200, 1)
    white = Pose()
    pieces = {piece.slot: piece for piece in pack.pieces(white)}
    frame = figure._rect(pieces["eye-white"], None)
    part = figure.changed(Pose(look=(-30, 0)), Pose(look=(30, 0)))
    assert frame.contains(part)


def test_the_region_for_clicks_holds_every_visible_pixel(pack: Pack) -> None:
    figure = Figure(pack, 160, 1)
    image = figure.image(Pose(Emotion.SAD))
    region = painted_region(image, image.size())
    seen = [(x, y) for y in range(image.height()) for x in range(image.width()) if image.pixel(x, y) >> 24]
    assert all(region.contains(QRect(x, y, 1, 1)) for x, y in seen)
    assert not region.contains(QRect(0, image.height() // 2, 1, 1))
