"""The pages of the welcome; each says only what is true."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from alisa_desktop.core.brains import Offer
from alisa_desktop.core.sight import Consent, EyesStatus
from alisa_desktop.settings.schema import ModelSource, Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.eyes_words import CONSENTS
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.offer_list import NO_OFFERS, NONE_FITS, Placeholder, best, cards
from alisa_desktop.ui.page import Page, button, words
from alisa_desktop.ui.theme import Theme

FACE, ICON = 180, 20
"""Height of her picture and of icons, in device-independent px."""
HELLO = (
    (
        "lock",
        "She thinks on this computer. There is no account, and nothing of what you say is sent anywhere, unless "
        "you choose a server elsewhere to think for her.",
    ),
    ("send", "Click her to talk, or just type while she has the keyboard. Right-click her for everything else."),
    ("history", "She remembers your talks, here on this computer; you can read and delete all of it."),
)
"""Icon and line. True because she begins with her starter brain: a server is chosen later, if at all."""
STARTER = "She talks with her starter brain already: small, quick, and only good for small talk. "
SOURCE = (
    "What you get here comes from huggingface.co, which learns your address on the net and which file you fetch. "
    "Nothing of what you say goes there, and nothing else of hers goes out to the net."
)
SHUT = "Her eyes are shut. She sees nothing of your screen until you allow it."
EYES = (
    ("eye", "If you do: the window in front, its name and text, or a picture of it for models that can see."),
    ("history", "No picture is kept. What she was told is yours to read and delete."),
)


class LinesPage(Page):
    """A heading, and lines with an icon each. GUI thread only."""

    def __init__(self, icons: Icons, heading: str, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._icons = icons
        self._pictures: list[tuple[QLabel, str]] = []
        self.column.setSpacing(14)
        self.heading = words(heading, title=True)
        self.lines = [self._line(icon, line) for icon, line in lines]

    def _line(self, icon: str, line: str) -> QWidget:
        picture, made = QLabel(), QWidget()
        picture.setFixedWidth(ICON)
        self._pictures.append((picture, icon))
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(words(line), 1)
        return made

    def wear(self, theme: Theme) -> None:
        """Put on this theme."""
        for picture, icon in self._pictures:
            drawn = self._icons.draw(icon, theme.link, ICON)
            picture.setPixmap(drawn.pixmap(QSize(ICON, ICON), self.devicePixelRatio()))


class HelloPage(LinesPage):
    """What she is and how to talk to her."""

    def __init__(self, picture: QImage, icons: Icons) -> None:
        super().__init__(icons, "Hi. I'm Alisa.", HELLO)
        face = QLabel()
        face.setPixmap(fitted(picture, FACE))
        face.setAccessibleName("Alisa")
        self.column.addStretch(1)
        self.column.addWidget(face, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addWidget(self.heading, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addSpacing(8)
        for line in self.lines:
            self.column.addWidget(line)
        self.column.addStretch(2)


class BrainPage(QWidget):
    """Two or three models that suit this computer, each one click away. GUI thread only."""

    kept = Signal()
    """The starter brain will do for now."""
    chooser_requested = Signal()

    def __init__(self, bridge: Bridge, settings: Settings) -> None:
        super().__init__()
        self.page = Page()
        self.machine = words("", muted=True)
        self.placeholder = Placeholder()
        self.cards = cards(bridge)
        self.none = words("")
        self.none.hide()
        self.source = words(source_words(settings), muted=True)
        title = words("Choose her brain", title=True)
        for part in (title, self.source, self.machine, self.placeholder, self.cards, self.none):
            self.page.column.addWidget(part)
        self.page.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page, 1)
        column.addLayout(self._other_ways())
        bridge.offers_loaded.connect(self._show)
        bridge.machine_told.connect(self._show_machine)
        bridge.settings_changed.connect(self._show_source)
        self._show_machine(bridge.machine)
        self.cards.hide()
        if bridge.offers:
            self._show(bridge.offers)

    def _other_ways(self) -> QHBoxLayout:
        self.keep = button("&Keep the starter brain for now", self.kept.emit)
        self.have = button("I &have one already…", self.chooser_requested.emit)
        row = QHBoxLayout()
        row.addWidget(self.keep)
        row.addWidget(self.have)
        row.addStretch(1)
        return row

    def _show_source(self, settings: Settings) -> None:
        self.source.setText(source_words(settings))

    def _show_machine(self, line: str) -> None:
        self.machine.setText(line)
        self.machine.setVisible(bool(line))

    def _show(self, offers: Sequence[Offer]) -> None:
        chosen = best(offers)
        self.cards.show_things(chosen)
        self.cards.setVisible(bool(chosen))
        self.placeholder.hide()
        self.none.setText(NONE_FITS if offers else NO_OFFERS)
        self.none.setVisible(not chosen)


class EyesPage(LinesPage):
    """What she may see: nothing yet."""

    eyes_requested = Signal()

    def __init__(self, icons: Icons, eyes: EyesStatus) -> None:
        now = ("eye-off", SHUT) if eyes.consent is Consent.OFF else ("eye", f"At the moment: {CONSENTS[eyes.consent]}.")
        super().__init__(icons, "What she may see", (now, *EYES))
        self.allow = button("Let her &look…", self.eyes_requested.emit)
        self.column.addStretch(1)
        self.column.addWidget(self.heading)
        self.column.addSpacing(4)
        for line in self.lines:
            self.column.addWidget(line)
        row = QHBoxLayout()
        row.addWidget(self.allow)
        row.addStretch(1)
        self.column.addLayout(row)
        self.column.addStretch(2)


def source_words(settings: Settings) -> str:
    """What she thinks with now, where a bigger model comes from, and what that tells others."""
    return (STARTER if settings.model_source is ModelSource.BUILTIN else "") + SOURCE


def fitted(picture: QImage, height: int) -> QPixmap:
    """A picture at this height (device-independent px), sharp on the screen that it was drawn for."""
    ratio = picture.devicePixelRatio()
    scaled = picture.scaledToHeight(round(height * ratio), Qt.TransformationMode.SmoothTransformation)
    scaled.setDevicePixelRatio(ratio)
    return QPixmap.fromImage(scaled)
