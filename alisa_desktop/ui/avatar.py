"""Alisa on the desktop: a figure without a frame that feels, breathes, blinks, and can be moved and asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QHideEvent,
    QImage,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QShowEvent,
)

from alisa_desktop.core.messages import Emotion
from alisa_desktop.settings.schema import Settings
from alisa_desktop.ui.bridge import Bridge
from alisa_desktop.ui.click_through import Shape, needs_region
from alisa_desktop.ui.compositing import Compositing
from alisa_desktop.ui.figure import Figure, blend
from alisa_desktop.ui.gguf_drop import GgufDrop
from alisa_desktop.ui.glance import Glance, face_of
from alisa_desktop.ui.handling import Handling
from alisa_desktop.ui.liveliness import Liveliness
from alisa_desktop.ui.motion import Fade
from alisa_desktop.ui.motion_wish import wants_less_motion
from alisa_desktop.ui.places import Places, clamp
from alisa_desktop.ui.screens import ScreenWatch, screen_areas
from alisa_desktop.ui.setting_specs import spec
from alisa_desktop.ui.sprites import Pack, Pose
from alisa_desktop.ui.wakeup import Clock

ALONE = (
    Qt.WindowType.Tool
    | Qt.WindowType.FramelessWindowHint
    | Qt.WindowType.WindowStaysOnTopHint
    | Qt.WindowType.NoDropShadowWindowHint
)
APPEARING_MS = 2000
"""How long after she appears a place that nobody asked for is taken back: while an X11 window manager takes a window
over, Qt can be told a place that is not hers, and is not told again."""
FOCUS_RING = "#5A68C8"
RING, RING_RADIUS = 2, 14  # px


class Avatar(Handling):
    """The figure on the desktop. Sizes and places are device-independent pixels; GUI thread only."""

    moved = Signal(str, int, int)  # the user put her there: screen, and place relative to its corner
    height_edited = Signal(int)
    outline_changed = Signal(QRect)  # where she stands on the desktop now

    def __init__(
        self,
        pack: Pack,
        bridge: Bridge,
        settings: Settings,
        *,
        clock: Clock | None = None,
        pointer: Callable[[], QPoint] = QCursor.pos,
        random: Random | None = None,
    ) -> None:
        super().__init__(ALONE)
        for attribute in ("WA_TranslucentBackground", "WA_ShowWithoutActivating", "WA_MacAlwaysShowToolWindow"):
            self.setAttribute(Qt.WidgetAttribute[attribute])
        self.setWindowTitle("Alisa")
        self._settings = settings
        self._clock = clock or Clock(self)
        self._glance = Glance(pointer)
        self._life = Liveliness(bridge, self._clock, self._glance, random or Random(), self)
        self._fade, self._before, self._fading = Fade(), QImage(), QRect()
        self._places, self._shape = Places(), Shape()
        self._corner = QPoint()
        self.compositing = Compositing(self)
        self._appearing = QTimer(self, singleShot=True, interval=APPEARING_MS)
        self.create()
        self.windowHandle().screenChanged.connect(self._match_ratio)
        self._pose, self._less_motion = Pose(), wants_less_motion()
        self._figure = self._draw(pack)
        self._connect(bridge)
        self._follow_motion_wish()
        self._return_to_screen()

    def _connect(self, bridge: Bridge) -> None:
        bridge.settings_changed.connect(self._apply)
        self._life.changed.connect(self._refresh)
        self._clock.rang.connect(self._refresh)
        self.carried.connect(self._put)
        self.put_down.connect(self._settle)
        self.resize_wished.connect(self._wish_height)
        self.focus_shown.connect(self._ask_for_clicks)
        self.compositing.changed.connect(self._ask_for_clicks, Qt.ConnectionType.QueuedConnection)
        self._appearing.timeout.connect(self._tell_outline)
        drop = GgufDrop(self)
        drop.dropped.connect(bridge.import_requested)
        drop.hovered.connect(self.set_listening)
        watch = ScreenWatch(self)
        # a screen that went is still in the list while its signal is under way
        watch.changed.connect(self._return_to_screen, Qt.ConnectionType.QueuedConnection)

    # what she looks like

    def set_pack(self, pack: Pack) -> None:
        """Put on another look."""
        self._figure = self._draw(pack)
        self._return_to_screen()

    def set_resting(self, emotion: Emotion) -> None:
        """The face to which she returns some time after a reply: that of the mode."""
        self._life.moods.rest_at(emotion)

    def set_listening(self, on: bool) -> None:
        """The user is writing to her, or stopped."""
        self._life.moods.listen(on)

    def resting_picture(self) -> QImage:
        """How she looks at rest, in device pixels with their ratio."""
        return self._figure.image(Pose(self._life.moods.mood.resting))

    @property
    def pose(self) -> Pose:
        """How she looks now."""
        return self._pose

    def _draw(self, pack: Pack) -> Figure:
        figure = Figure(pack, self._settings.avatar_height, self.devicePixelRatioF())
        self._glance.canvas_height = pack.layers.canvas.height()
        self._fade.stop()
        self._shape.forget()
        self.setFixedSize(_logical(figure.size, figure.ratio))
        self.update()
        return figure

    def _apply(self, settings: Settings) -> None:
        grown = settings.avatar_height != self._settings.avatar_height
        self._settings = settings
        self._follow_motion_wish()
        if grown:
            self._stand_taller()

    def _stand_taller(self) -> None:
        feet = QPoint(self.geometry().center().x(), self.geometry().bottom())
        self._figure = self._draw(self._figure.pack)
        self._put(feet - QPoint(self.width() // 2, self.height() - 1))
        self._settle()
        self._refresh()

    def _wish_height(self, steps: int) -> None:
        bounds = spec("avatar_height")
        wish = self._settings.avatar_height + steps * bounds.step
        height = min(max(wish, bounds.low), bounds.high)
        if height != self._settings.avatar_height:
            self._apply(self._settings.model_copy(update={"avatar_height": height}))
            self.height_edited.emit(height)

    # time

    def _follow_motion_wish(self) -> None:
        self._life.still = self._settings.reduced_motion or self._less_motion
        self._refresh()

    def _refresh(self) -> None:
        now = self._clock.now()
        pose = self._life.pose(face_of(self.geometry()))
        self._turn_to(pose, now)
        self._name_feeling(pose)
        if self.isVisible():
            moments = [self._life.next_change(), self._fade.next_change(now)]
            self._clock.wake_at(min((moment for moment in moments if moment is not None), default=None))

    def _turn_to(self, pose: Pose, now: float) -> None:
        faded = self._fading if self._fade.running else QRect()
        self._fade.advance(now)
        if (pose.emotion, pose.state) != (self._pose.emotion, self._pose.state):
            faded = faded.united(self._begin_fade(pose, now))
        if pose == self._pose and faded.isEmpty():
            return
        part = self._figure.changed(self._pose, pose).united(faded)
        other_face = (pose.emotion, pose.state) != (self._pose.emotion, self._pose.state)
        self._pose = pose
        if other_face or not self.compositing.on:
            self._ask_for_clicks()
        self.update(_logical_rect(part, self._figure.ratio))

    def _begin_fade(self, pose: Pose, now: float) -> QRect:
        unfinished = self._fading if self._fade.running else QRect()
        self._fading = unfinished.united(self._figure.changed(self._pose, pose))
        if self.isVisible() and self.compositing.on and not self._life.still:
            self._before = self._picture(now)
            self._fade.start(now)
        return self._fading

    def _name_feeling(self, pose: Pose) -> None:
        name = f"Alisa, {pose.state if pose.state == 'thinking' else pose.emotion.value}"
        if name != self.accessibleName():
            self.setAccessibleName(name)

    # place

    def restore(self, places: Mapping[str, tuple[int, int]]) -> None:
        """Go where she stood: places by screen name, relative to its corner, the latest choice last."""
        self._places.restore(places)
        self._return_to_screen()

    def _return_to_screen(self) -> None:
        self._match_ratio()
        self._put(self._places.find(self.size(), screen_areas()))

    def _match_ratio(self) -> None:
        if self._figure.ratio != self.devicePixelRatioF():
            self._figure = self._draw(self._figure.pack)

    @property
    def outline(self) -> QRect:
        """Where she stands; just after she appeared, where she was told to, because Qt may not know better."""
        return QRect(self._corner if self._appearing.isActive() else self.pos(), self.size())

    def _put(self, corner: QPoint) -> None:
        self._corner = corner
        self.move(corner)

    def _insist(self) -> None:
        if self.pos() != self._corner:
            self.move(self._corner)

    def _settle(self) -> None:
        area = Places.area_of(self.geometry(), screen_areas())
        self._put(clamp(self.pos(), self.size(), area.rect))
        place = self._places.remember(area, self.pos())
        self.moved.emit(area.name, place.x(), place.y())

    # the window

    def covers(self, point: QPoint) -> bool:
        """Whether something of her is at `point` of the window."""
        image = self._figure.image(self._pose)
        pixel = (point.toPointF() * self._figure.ratio).toPoint()
        return image.valid(pixel) and image.pixelColor(pixel).alpha() > 0

    def _ask_for_clicks(self) -> None:
        if not (self.isVisible() and needs_region()):
            return
        image = self._figure.image(self._pose)
        if not self.compositing.on:
            region = Shape.cut(image, RING if self.by_keyboard else 0)
        else:
            region = QRegion(self.rect()) if self.by_keyboard else self._shape.blended(image)
        if region != self.mask():
            self.setMask(region)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Only the part that changed."""
        painter = QPainter(self)
        painter.drawImage(QPoint(), self._picture(self._clock.now()))
        if self.by_keyboard:
            self._paint_focus(painter)

    def _picture(self, now: float) -> QImage:
        image, share = self._figure.image(self._pose), self._fade.progress(now)
        return image if share >= 1 else blend(self._before, image, share)

    def _paint_focus(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(FOCUS_RING), RING))
        radius = RING_RADIUS if self.compositing.on else 0
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)

    def showEvent(self, event: QShowEvent) -> None:
        """Wake up."""
        super().showEvent(event)
        self._appearing.start()
        self._match_ratio()
        self._life.awake()
        self._refresh()
        self._ask_for_clicks()

    def hideEvent(self, event: QHideEvent) -> None:
        """Hold still."""
        super().hideEvent(event)
        self._fade.stop()
        self._clock.wake_at(None)

    def moveEvent(self, event: QMoveEvent) -> None:
        """Tell those who stand beside her."""
        super().moveEvent(event)
        if self._appearing.isActive() and event.pos() != self._corner:
            QTimer.singleShot(0, self, self._insist)
        self._tell_outline()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell those who stand beside her."""
        super().resizeEvent(event)
        self._ask_for_clicks()
        self._tell_outline()

    def _tell_outline(self) -> None:
        self.outline_changed.emit(self.outline)


def _logical(size: QSize, ratio: float) -> QSize:
    return QSize(round(size.width() / ratio), round(size.height() / ratio))


def _logical_rect(rect: QRect, ratio: float) -> QRect:
    return QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio).toAlignedRect()
