"""Windows and menus put on the theme, and change with it."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.field_stylesheet import field_stylesheet
from alisa_desktop.ui.theme import Theme, ThemeWatcher, palette, stylesheet


class Dress(QObject):
    """Gives `widget` the theme's palette and style sheet, now and whenever the theme changes; goes with it."""

    def __init__(self, widget: QWidget, watcher: ThemeWatcher) -> None:
        super().__init__(widget)
        self._widget = widget
        self._put_on(watcher.theme)
        watcher.changed.connect(self._put_on)

    def _put_on(self, theme: Theme) -> None:
        self._widget.setPalette(palette(theme))
        self._widget.setStyleSheet(stylesheet(theme) + field_stylesheet(theme))
