"""The shipped icons in the theme's colours."""

import pytest
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication

from alisa_desktop.ui.icons import Icons

NAMES = [
    "send",
    "stop",
    "regenerate",
    "pin",
    "unpin",
    "close",
    "copy",
    "settings",
    "history",
    "trash",
    "search",
    "menu",
]


def colours(icon: QIcon, size: int = 18) -> set[str]:
    image: QImage = icon.pixmap(size, size).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return {pixel.name().upper() for pixel in pixels if pixel.alpha() == 255}


@pytest.mark.parametrize("name", NAMES)
def test_icon_takes_the_colour(qapp: QApplication, icons: Icons, name: str):
    icon = icons.draw(name, "#E4577B", 48)
    assert "#E4577B" in colours(icon, 48)
    assert "#000000" not in colours(icon, 48)


def test_icon_is_drawn_once(qapp: QApplication, icons: Icons):
    assert icons.draw("send", "#FFFFFF") is icons.draw("send", "#FFFFFF")


def test_icon_has_a_picture_for_sharp_screens(qapp: QApplication, icons: Icons):
    assert (
        icons.draw("send", "#FFFFFF", 18).pixmap(icons.draw("send", "#FFFFFF").availableSizes()[0], 2.0).width() == 36
    )
