"""A window in the shape of a balloon that stays beside the avatar and on her screen."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QRegion, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from alisa_desktop.ui.balloon import RIM, Balloon, body, outline
from alisa_desktop.ui.compositing import Compositing
from alisa_desktop.ui.grip import Grip
from alisa_desktop.ui.placement import Placement, Side, beside, screen_for
from alisa_desktop.ui.theme import Theme

WIDTH = 360
"""Width of the body, in device-independent pixels, unless the user drags it."""
WIDTHS = (280, 640)
LEAST_HEIGHT = 160
SHARE = 0.6
"""The part of the screen's height that it takes at most by itself."""
FLAGS = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint


class BalloonWindow(QWidget):
    """Frameless, translucent, on top, in no task bar. Subclasses tell how high they are and arrange themselves.

    All lengths are device-independent pixels. GUI thread only.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, FLAGS | Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow)
        self.theme = theme
        """The theme its shape is painted in."""
        self._balloon = Balloon()
        self.compositing = Compositing(self)
        """Whether it may be translucent; where not, it is cut out and has no shadow."""
        self.compositing.changed.connect(self._cut, Qt.ConnectionType.QueuedConnection)
        self._avatar: QRect | None = None
        self._place = Placement(QRect(), Side.LEFT, 0)
        self._chosen: QSize | None = None
        self._grabbed = QSize()
        self._settling = False
        self.grip = Grip(self)
        """The corner that makes it larger."""
        self.grip.grabbed.connect(self._grab)
        self.grip.dragged.connect(self._drag)
        self.grip.released.connect(self._release)

    @property
    def side(self) -> Side:
        """The side of the avatar on which it is."""
        return self._place.side

    def content_height(self, width: int) -> int:
        """The height that the content would like to have at this width."""
        raise NotImplementedError

    def arrange(self, area: QRect) -> None:
        """Put the content into this part of the window."""
        raise NotImplementedError

    def place_beside(self, avatar: QRect) -> None:
        """Stay beside the avatar, which is here now (in coordinates of the whole desktop)."""
        self._avatar = QRect(avatar)
        self.settle()

    def settle(self) -> None:
        """Take the size that the content needs, at the place where it belongs; waits while it is hidden."""
        if self._settling or not self.isVisible():
            return
        self._settling = True
        self._place = self.find_place()
        if self._place.rect == self.geometry():
            self._arrange()
        else:
            self.setGeometry(self._place.rect)
        self._settling = False
        self._cut()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Find its place before it is seen."""
        super().showEvent(event)
        self.settle()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint shadow, body and tail."""
        painter = QPainter(self)
        if not self.compositing.on:
            painter.fillRect(self.rect(), QColor(self.theme.border))
        shadow = self.compositing.on
        self._balloon.paint(painter, self.rect(), self.theme, self._place.side, self._place.tail, shadow=shadow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the content anew."""
        self._arrange()

    def _cut(self) -> None:
        if self.compositing.on:
            self.clearMask()
        else:
            path = outline(self.rect(), self.theme.radius, self._place.side, self._place.tail)
            self.setMask(QRegion(path.toFillPolygon().toPolygon()))

    def find_place(self) -> Placement:
        """Where it belongs now, also while it is hidden."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        avatar = self._avatar or _corner(QGuiApplication.primaryScreen().availableGeometry())
        screen = screen_for(avatar, screens)
        return beside(avatar, self._wanted_size(screen), screen, self._place.side)

    def _arrange(self) -> None:
        area = body(self.rect())
        left = self._place.side is Side.LEFT
        self.grip.face(self._place.side)
        self.grip.move(area.topLeft() if left else area.topRight() - QPoint(self.grip.width() - 1, 0))
        self.grip.raise_()
        space = self.theme.space_m
        self.arrange(area.adjusted(space, space, -space, -space))

    def _wanted_size(self, screen: QRect) -> QSize:
        rims = 2 * RIM
        if self._chosen:
            return self._chosen + QSize(rims, rims)
        space = 2 * self.theme.space_m
        height = self.content_height(WIDTH - space) + space
        return QSize(WIDTH, min(height, int(screen.height() * SHARE))) + QSize(rims, rims)

    def _grab(self) -> None:
        self._grabbed = body(self.rect()).size()

    def _drag(self, way: QPoint) -> None:
        width = max(WIDTHS[0], min(self._grabbed.width() + way.x(), WIDTHS[1]))
        self._chosen = QSize(width, max(LEAST_HEIGHT, self._grabbed.height() + way.y()))
        self.settle()

    def _release(self) -> None:
        self._chosen = None
        self.settle()


def _corner(screen: QRect) -> QRect:
    """Where the avatar would be, before anybody told."""
    return QRect(screen.x() + screen.width() - 40, screen.y() + screen.height() - 200, 40, 200)
