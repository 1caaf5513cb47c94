"""Her picture of last time stands in for her for the first half second."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from alisa_desktop.ui.first_picture import FirstPicture, keep_first_picture, load_first_picture


def picture(width: int = 96, height: int = 120, ratio: float = 1.0) -> QImage:
    image = QImage(QSize(width, height), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(200, 100, 50, 128))
    image.setDevicePixelRatio(ratio)
    return image


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_it_stands_where_she_stood(qtbot: QtBot, tmp_path: Path, ratio: float):
    file = tmp_path / "Jérôme 田中.png"
    keep_first_picture(file, picture(ratio=ratio), QPoint(30, 40))
    shown = load_first_picture(file)
    assert shown
    qtbot.addWidget(shown)
    assert shown.pos() == QPoint(30, 40)
    assert shown.size() == QSize(round(96 / ratio), round(120 / ratio))
    shown.show_now()
    assert shown.isVisible()
    assert shown._painted
    shown.close()


def test_there_is_none_at_first_and_none_when_she_was_hidden(qtbot: QtBot, tmp_path: Path):
    file = tmp_path / "picture.png"
    assert load_first_picture(file) is None
    keep_first_picture(file, picture(), QPoint(1, 1))
    keep_first_picture(file, QImage(), QPoint(1, 1))
    assert not file.exists()


@pytest.mark.parametrize("corner", [QPoint(-500, 0), QPoint(100_000, 20)])
def test_a_place_on_no_screen_is_no_place(qtbot: QtBot, tmp_path: Path, corner: QPoint):
    file = tmp_path / "picture.png"
    keep_first_picture(file, picture(), corner)
    assert load_first_picture(file) is None


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40])
def test_a_broken_file_is_passed_over(qtbot: QtBot, tmp_path: Path, content: bytes):
    file = tmp_path / "picture.png"
    file.write_bytes(content)
    assert load_first_picture(file) is None


def test_a_strange_picture_is_passed_over(qtbot: QtBot, tmp_path: Path):
    file = tmp_path / "picture.png"
    assert picture().save(str(file))
    assert load_first_picture(file) is None, "it does not say where it stood"
    keep_first_picture(file, picture(5000, 10), QPoint(1, 1))
    assert load_first_picture(file) is None


def test_without_a_compositor_it_is_cut_out(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("alisa_desktop.ui.first_picture.is_blended", lambda: False)
    image = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    image.setPixelColor(20, 30, QColor("red"))
    window = FirstPicture(image, QRect(0, 0, 64, 64))
    qtbot.addWidget(window)
    assert window.mask().boundingRect() == QRect(20, 30, 1, 1)
    assert not window.isVisible()
