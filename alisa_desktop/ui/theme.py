"""How every window looks: colours, spacing and type for light and dark, and the watcher that follows the system."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from alisa_desktop.settings.schema import Appearance
from alisa_desktop.ui import stylesheet as sheets


@dataclass(frozen=True, slots=True)
class Theme:
    """One look: colours as `#rrggbb`, lengths in device-independent pixels, font sizes in points.

    Every text colour has a contrast of at least 7:1 on every fill it is written on, focus rings at least 3:1.
    """

    name: str
    surface: str
    """Fill of the bubble."""
    window: str
    """Fill of ordinary windows."""
    raised: str
    """Fill of input fields, cards and menus."""
    user_fill: str
    """Fill behind the user's own words."""
    code_fill: str
    """Fill behind code."""
    hover: str
    """Fill of quiet controls under the pointer."""
    border: str
    text: str
    muted: str
    """Text that may stand back: times, hints, notices."""
    link: str
    accent: str
    """Decoration only (ribbon, progress, send button): not for text."""
    button: str
    """Fill of the main button of a window."""
    on_button: str
    """Text on `button`."""
    on_accent: str
    """Icons on `accent`."""
    focus: str
    """Ring around the control that has the keyboard."""
    selection: str
    on_selection: str
    danger: str
    """Text of what cannot be undone, and of failures."""
    shadow: str
    shadow_alpha: int
    """Opacity of the bubble's shadow where it is darkest, 0-255."""
    radius: int = 14
    radius_small: int = 8
    space_xs: int = 4
    space_s: int = 8
    space_m: int = 12
    space_l: int = 16
    space_xl: int = 24
    font_small: float = 9.5
    font_body: float = 10.5
    font_title: float = 13.0

    @property
    def is_dark(self) -> bool:
        """True for light text on dark fills."""
        return self.name == "dark"


light = Theme(
    name="light",
    surface="#FFFDFC",
    window="#F7F5FB",
    raised="#FFFFFF",
    user_fill="#ECE8F8",
    code_fill="#F4F1F9",
    hover="#EFEBF7",
    border="#D6D0E4",
    text="#2E2A47",
    muted="#4C4667",
    link="#8E1645",
    accent="#E4577B",
    button="#A01F4C",
    on_button="#FFFFFF",
    on_accent="#FFFFFF",
    focus="#5A68C8",
    selection="#CDD3F7",
    on_selection="#211D38",
    danger="#8F1238",
    shadow="#2E2A47",
    shadow_alpha=60,
)

dark = Theme(
    name="dark",
    surface="#26233A",
    window="#1F1C30",
    raised="#2D2A44",
    user_fill="#332E52",
    code_fill="#1E1B2F",
    hover="#343050",
    border="#4A4568",
    text="#F4F1FB",
    muted="#C9C3E6",
    link="#FFB0C4",
    accent="#E4577B",
    button="#FF9DB6",
    on_button="#26162A",
    on_accent="#FFFFFF",
    focus="#A9B4FF",
    selection="#3F4C9C",
    on_selection="#FFFFFF",
    danger="#FFB3C1",
    shadow="#000000",
    shadow_alpha=120,
)


def current(app: QGuiApplication) -> Theme:
    """The look that the system asks for now; light where it does not say."""
    return _of(app.styleHints().colorScheme())


def _of(scheme: Qt.ColorScheme) -> Theme:
    return dark if scheme == Qt.ColorScheme.Dark else light


def body_font(theme: Theme) -> QFont:
    """The platform's own UI font, never smaller than the theme's body size."""
    font = QGuiApplication.font()
    font.setPointSizeF(max(font.pointSizeF(), theme.font_body))
    return font


def palette(theme: Theme) -> QPalette:
    """The theme as a palette, for what the style sheet leaves to the widget style."""
    roles = QPalette.ColorRole
    colours = {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.raised,
        roles.AlternateBase: theme.code_fill,
        roles.Text: theme.text,
        roles.Button: theme.raised,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.danger,
        roles.ToolTipBase: theme.raised,
        roles.ToolTipText: theme.text,
        roles.PlaceholderText: theme.muted,
        roles.Link: theme.link,
        roles.LinkVisited: theme.link,
        roles.Highlight: theme.selection,
        roles.HighlightedText: theme.on_selection,
        roles.Accent: theme.accent,
    }
    result = QPalette()
    for role, colour in colours.items():
        result.setColor(role, QColor(colour))
    return result


def stylesheet(theme: Theme) -> str:
    """The style sheet of ordinary windows (settings, history, about), so that all look like one family.

    A button with the property `primary` is the window's main one, one with `danger` warns; a label with the property
    `muted` stands back, with `title` it is a heading.
    """
    return sheets.WINDOW.substitute(_names(theme))


def bubble_stylesheet(theme: Theme) -> str:
    """The style sheet of the bubble, whose own shape is painted."""
    return sheets.BUBBLE.substitute(_names(theme))


def _names(theme: Theme) -> dict[str, object]:
    return {name: getattr(theme, name) for name in Theme.__dataclass_fields__}


class ThemeWatcher(QObject):
    """Follows the user's choice of light or dark, or the system's where that is the choice. GUI thread only."""

    changed = Signal(object)
    """The new `Theme`."""

    def __init__(
        self, app: QGuiApplication, appearance: Appearance = Appearance.SYSTEM, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._system = current(app)
        self.theme = self._chosen()
        """The theme that is on now."""
        app.styleHints().colorSchemeChanged.connect(self._follow)

    def choose(self, appearance: Appearance) -> None:
        """The user wants it light, dark, or like the system."""
        self._appearance = appearance
        self._show()

    def _follow(self, scheme: Qt.ColorScheme) -> None:
        self._system = _of(scheme)
        self._show()

    def _chosen(self) -> Theme:
        return {Appearance.LIGHT: light, Appearance.DARK: dark}.get(self._appearance, self._system)

    def _show(self) -> None:
        theme = self._chosen()
        if theme != self.theme:
            self.theme = theme
            self.changed.emit(theme)
