"""Checks of what is painted: the real figure, bubble and windows become pictures, and none of these is blank."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from alisa_desktop.core.events import Event, ModelChanged
from alisa_desktop.core.messages import Emotion, ModelState, ModelStatus
from alisa_desktop.host.paths import Paths
from alisa_desktop.selftest.report import CheckFailed
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.about import About
from alisa_desktop.ui.avatar import Avatar
from alisa_desktop.ui.brain_window import BrainWindow
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.bubble import Bubble
from alisa_desktop.ui.checkup_window import CheckupWindow
from alisa_desktop.ui.consent_window import ConsentWindow
from alisa_desktop.ui.history_window import HistoryWindow
from alisa_desktop.ui.icons import Icons
from alisa_desktop.ui.last_word import last_word
from alisa_desktop.ui.ledger_window import LedgerWindow
from alisa_desktop.ui.model_window import ModelWindow
from alisa_desktop.ui.report_window import ReportWindow
from alisa_desktop.ui.settings_window import SettingsWindow
from alisa_desktop.ui.sprites import load_pack
from alisa_desktop.ui.theme import ThemeWatcher, palette
from alisa_desktop.ui.welcome_window import WelcomeWindow

FEWEST_COLOURS = 24
"""Colours of a picture that shows something; smooth letters alone have more."""
FEWEST_PIXELS = 400
"""Pixels that an answer in the bubble changes, at least."""
TEXT_SIZE, TEXT_LEADING, TEXT_MARGIN = 28, 52, 24
"""px of the test picture: height of the letters, of a line, and around it."""
SETTLING_SECONDS = 0.1
SETTLED_AFTER = 50
"""Looks at a window until it is said to never come to rest."""


class Studio:
    """Paints into `folder`. GUI thread only; nothing of it is seen on the desktop."""

    def __init__(self, paths: Paths, folder: Path) -> None:
        self._paths = paths
        self._folder = folder
        self._bridge = Bridge()
        self._bridge.deliver(ModelChanged(ModelStatus(ModelState.READY, "starter brain")))
        self._settings = Settings()
        self._icons = Icons(paths.resources / "icons")

    async def avatar(self) -> str:
        """Every feeling has a face of its own."""
        avatar = self._avatar()
        try:
            pictures: dict[Emotion, QImage] = {}
            for emotion in Emotion:
                avatar.set_resting(emotion)
                pictures[emotion] = avatar.resting_picture().copy()
                self._keep(f"avatar-{emotion}", pictures[emotion])
        finally:
            avatar.deleteLater()
        for one in pictures:
            if twin := next((other for other in pictures if other != one and pictures[other] == pictures[one]), None):
                raise CheckFailed(f"{one} looks like {twin}")
        size = pictures[Emotion.NEUTRAL].size()
        return f"{len(pictures)} faces of {size.width()} x {size.height()} px"

    async def bubble(self, said: Sequence[Event]) -> str:
        """The bubble shows what was `said`."""
        watcher = self._watcher()
        bubble = Bubble(self._bridge, watcher, self._icons, self._settings)
        try:
            before = await self._painted(bubble)
            for event in said:
                self._bridge.deliver(event)
            after = await self._painted(bubble)
            self._keep("bubble", after)
        finally:
            bubble.deleteLater()
        if not said:
            raise CheckFailed("there was no answer to show")
        if (changed := _difference(before, after)) < FEWEST_PIXELS:
            raise CheckFailed(f"the answer changed {changed} pixels of {after.width()} x {after.height()}")
        return f"{after.width()} x {after.height()} px, {_colours(after)} colours"

    async def windows(self) -> str:
        """Every other window can be made and painted."""
        watcher, bridge, settings, icons = self._watcher(), self._bridge, self._settings, self._icons
        QApplication.setPalette(palette(watcher.theme))
        avatar = self._avatar()
        made: list[QWidget] = [avatar]
        try:
            card = self._paths.resources / "models" / "alisa-starter.md"
            icon = self._paths.resources / "icons" / "alisa.svg"
            made += [
                SettingsWindow(bridge, watcher, settings),
                HistoryWindow(bridge, watcher),
                About(bridge, watcher, settings),
                ModelWindow(bridge, watcher, settings, card),
                BrainWindow(bridge, watcher, settings),
                LedgerWindow(bridge, watcher),
                ConsentWindow(watcher, icons, settings),
                CheckupWindow(bridge, watcher, icons),
                ReportWindow(bridge, watcher),
                WelcomeWindow(bridge, watcher, icons, settings, avatar.resting_picture()),
                last_word(self._application(), "This is said where nobody sees her.", str(icon)),
            ]
            for window in made[1:]:
                self._keep(f"window-{type(window).__name__}", await self._painted(window))
        finally:
            for window in made:
                window.deleteLater()
        return f"{len(made) - 1} windows"

    def _avatar(self) -> Avatar:
        return Avatar(load_pack(self._paths.resources / "sprites" / "alisa"), self._bridge, self._settings)

    def _watcher(self) -> ThemeWatcher:
        return ThemeWatcher(self._application(), self._settings.appearance)

    def _application(self) -> QApplication:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        return application

    async def _painted(self, window: QWidget) -> QImage:
        """How it looks when it has come to rest, as if it was on the desktop."""
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.show()
        before = QImage()
        for _ in range(SETTLED_AFTER):
            await asyncio.sleep(SETTLING_SECONDS)
            after = window.grab().toImage()
            if after == before:
                return after
            before = after
        raise CheckFailed(f"{window.windowTitle()} never comes to rest")

    def _keep(self, name: str, picture: QImage) -> None:
        """Write a picture; raises `CheckFailed` for one that shows nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(self._folder / f"{name}.png")):
            raise CheckFailed(f"the picture {name}.png can't be written")
        if (colours := _colours(picture)) < FEWEST_COLOURS:
            raise CheckFailed(f"the picture {name} is blank: it has {colours} colours")


def page_of_text(lines: Sequence[str]) -> bytes:
    """A picture (JPEG) of lines of text, as they stand in a window."""
    font = QFont("Sans", weight=QFont.Weight.Normal)
    font.setPixelSize(TEXT_SIZE)
    image = QImage(900, TEXT_LEADING * len(lines) + TEXT_MARGIN, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(QColor("black"))
    for number, line in enumerate(lines, 1):
        painter.drawText(QPoint(TEXT_MARGIN, TEXT_LEADING * number), line)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG", 95)  # type: ignore[call-overload]  # the stubs want bytes, the library text
    return bytes(data.data())


def _colours(picture: QImage) -> int:
    return len(set(_pixels(picture)))


def _difference(one: QImage, other: QImage) -> int:
    """Pixels that differ; all of them where the sizes do."""
    if one.size() != other.size():
        return other.width() * other.height()
    return sum(before != after for before, after in zip(_pixels(one), _pixels(other), strict=True))


def _pixels(picture: QImage) -> memoryview:
    """Its pixels, one number each."""
    plain = picture.convertToFormat(QImage.Format.Format_ARGB32)
    return memoryview(bytes(plain.constBits())).cast("I")
