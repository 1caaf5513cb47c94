"""The look: readable in light and dark, and following the system."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from alisa_desktop.settings.schema import Appearance
from alisa_desktop.ui import theme
from alisa_desktop.ui.theme import Theme, ThemeWatcher

LOOKS = [theme.light, theme.dark]
FILLS = ["surface", "window", "raised", "user_fill", "code_fill", "hover"]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """Contrast ratio, WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
@pytest.mark.parametrize("ink", ["text", "muted", "link", "danger"])
@pytest.mark.parametrize("fill", FILLS)
def test_text_has_contrast_of_seven(look: Theme, ink: str, fill: str):
    assert contrast(getattr(look, ink), getattr(look, fill)) >= 7


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_text_on_buttons_and_selections_has_contrast_of_seven(look: Theme):
    assert contrast(look.on_button, look.button) >= 7
    assert contrast(look.on_selection, look.selection) >= 7


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
@pytest.mark.parametrize("fill", FILLS)
def test_focus_ring_is_visible(look: Theme, fill: str):
    assert contrast(look.focus, getattr(look, fill)) >= 3


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_icon_on_accent_is_visible(look: Theme):
    assert contrast(look.on_accent, look.accent) >= 3


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_stylesheet_fills_every_name_and_shows_focus(look: Theme):
    sheet = theme.stylesheet(look)
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}")
    assert re.search(rf"QLineEdit:focus[^{{]*{{[^}}]*{look.focus}", sheet)
    assert re.search(rf"QPushButton:focus[^{{]*{{[^}}]*{look.focus}", sheet)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_stylesheet_is_understood_by_qt(qtbot: QtBot, look: Theme, capfd: pytest.CaptureFixture[str]):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.setStyleSheet(theme.stylesheet(look))
    widget.show()
    assert "parse" not in capfd.readouterr().err


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_palette_speaks_the_theme(look: Theme):
    palette = theme.palette(look)
    assert palette.color(QPalette.ColorRole.Window).name().upper() == look.window
    assert palette.color(QPalette.ColorRole.HighlightedText).name().upper() == look.on_selection


def test_body_font_is_large_enough(qapp: QApplication):
    assert theme.body_font(theme.light).pointSizeF() >= 10.5


def test_watcher_follows_the_system_live(qapp: QApplication, qtbot: QtBot):
    watcher = ThemeWatcher(qapp)
    assert watcher.theme == theme.current(qapp)
    watcher.theme = theme.light
    with qtbot.waitSignal(watcher.changed) as seen:
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)  # the offscreen platform has no switch
    assert seen.args == [theme.dark]
    assert watcher.theme is theme.dark


def test_watcher_is_silent_when_nothing_changes(qapp: QApplication, qtbot: QtBot):
    watcher = ThemeWatcher(qapp)
    watcher.theme = theme.dark
    with qtbot.assertNotEmitted(watcher.changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)


def test_unknown_scheme_is_light(qapp: QApplication):
    watcher = ThemeWatcher(qapp)
    watcher.theme = theme.dark
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Unknown)
    assert watcher.theme is theme.light


def test_the_user_s_choice_wins_over_the_system(qapp: QApplication, qtbot: QtBot):
    watcher = ThemeWatcher(qapp, Appearance.DARK)
    assert watcher.theme is theme.dark
    with qtbot.assertNotEmitted(watcher.changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    with qtbot.waitSignal(watcher.changed):
        watcher.choose(Appearance.SYSTEM)
    assert watcher.theme is theme.light
