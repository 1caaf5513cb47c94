"""Everything a text, and a part of the bubble, needs to draw itself, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontDatabase, QIcon

from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.theme import Theme

CODE_SCALE = 0.95


@dataclass(frozen=True)
class Lettering:
    """Colours and fonts of a text."""

    theme: Theme
    font: QFont

    @property
    def small(self) -> QFont:
        """The font of times, hints and notices."""
        font = QFont(self.font)
        font.setPointSizeF(max(self.theme.font_small, self.font.pointSizeF() - 1))
        return font

    @property
    def code(self) -> QFont:
        """The platform's own monospaced font."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font.pointSizeF() * CODE_SCALE)
        return font


@dataclass(frozen=True)
class Look(Lettering):
    """Lettering and icons of the bubble; `still` stands for "no animations, please"."""

    icons: Icons
    still: bool = False

    def icon(self, name: str, size: int = 18) -> QIcon:
        """A quiet icon, in the colour of text that may stand back."""
        return self.icons.draw(name, self.theme.muted, size)
