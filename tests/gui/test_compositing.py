"""Without a compositor nothing is translucent: windows are cut to what they show."""

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.ui.balloon import RIM
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.click_through import Shape
from alisa_desktop.ui.compositing import Compositing, is_blended


class Desktop:
    """A desktop whose compositor can be ended."""

    blends = True

    def __call__(self) -> bool:
        return self.blends


def test_a_compositor_that_ends_is_noticed_when_the_window_is_exposed(qtbot: QtBot) -> None:
    window, place = QWidget(), Desktop()
    qtbot.addWidget(window)
    compositing = Compositing(window, ask=place)
    with qtbot.waitExposed(window):
        window.show()
    assert compositing.on
    place.blends = False
    with qtbot.waitSignal(compositing.changed):
        window.update()
    assert not compositing.on


def test_where_windows_are_always_blended_nobody_is_asked(qapp: object) -> None:
    assert is_blended()


def test_the_bubble_is_cut_to_its_shape_and_back(bubble: Bubble, qtbot: QtBot) -> None:
    place = Desktop()
    place.blends = False
    bubble.compositing.ask = place
    bubble.appear()
    qtbot.waitUntil(lambda: not bubble.mask().isEmpty())
    assert not bubble.mask().contains(QPoint(RIM // 2, RIM // 2))
    assert bubble.mask().contains(bubble.rect().center())
    bubble._drag(QPoint(100, 100))
    assert bubble.mask().boundingRect().bottom() > bubble.height() - RIM - 3
    place.blends = True
    bubble.compositing.look()
    qtbot.waitUntil(lambda: bubble.mask().isEmpty())


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_figure_is_cut_to_its_solid_pixels_with_room_for_its_ring(qapp: object, ratio: float) -> None:
    image = QImage(round(40 * ratio), round(40 * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(0, 0, 0, 0))
    solid = QRect(round(10 * ratio), round(10 * ratio), round(20 * ratio), round(20 * ratio))
    for y in range(solid.top(), solid.bottom() + 1):
        for x in range(solid.left(), solid.right() + 1):
            image.setPixelColor(x, y, QColor("red"))
    image.setDevicePixelRatio(ratio)
    assert Shape.cut(image, 0).boundingRect() == QRect(10, 10, 20, 20)
    ringed = Shape.cut(image, 2)
    assert ringed.boundingRect() == QRect(0, 0, 40, 40)
    assert not ringed.contains(QPoint(5, 5))
