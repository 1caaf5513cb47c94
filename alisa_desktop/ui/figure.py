"""Alisa as a picture: the layers of a pack composed for a pose, sharp at any size and pixel ratio, and remembered."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QTransform

from alisa_desktop.ui.sprite_layers import FORMAT, Patch, crop
from alisa_desktop.ui.sprite_manifest import EYE_WHITE, IRIS
from alisa_desktop.ui.sprites import Pack, Piece, Pose

BREATH_STEPS = 3
BREATH_RISE = 1.5 / 240
"""How far a full breath lifts her, as a share of her height (1.5 px at 240 px)."""


class Figure:
    """One pack at one size. `height` is in device-independent pixels, pictures and rectangles in device pixels.

    GUI thread only.
    """

    def __init__(self, pack: Pack, height: int, ratio: float) -> None:
        self.pack = pack
        self.ratio = ratio
        self._scale = height * ratio / pack.layers.canvas.height()
        self.size = (pack.layers.canvas.toSizeF() * self._scale).toSize()
        self._patches = lru_cache(maxsize=512)(self._render)
        self._composed = lru_cache(maxsize=16)(self._compose)
        self._pieces = lru_cache(maxsize=64)(pack.pieces)
        self._changes = lru_cache(maxsize=64)(self._compare)

    def image(self, pose: Pose) -> QImage:
        """The whole picture of `pose`; do not paint on it, it is remembered."""
        return self._composed(self._pieces(pose))

    def changed(self, old: Pose, new: Pose) -> QRect:
        """The part of the picture that differs between two poses; empty if none does."""
        return self._changes(self._pieces(old), self._pieces(new))

    def _compare(self, before: tuple[Piece, ...], after: tuple[Piece, ...]) -> QRect:
        whites = _of_slot(before, EYE_WHITE), _of_slot(after, EYE_WHITE)
        rect = QRect()
        for pieces, others, white in ((before, set(after), whites[0]), (after, set(before), whites[1])):
            for piece in pieces:
                if piece not in others:
                    rect = rect.united(self._rect(piece, white))
        return rect

    def _rect(self, piece: Piece, white: Piece | None) -> QRect:
        rect = QRect()
        for patch in self._patches_of(piece, white):
            rect = rect.united(patch.rect)
        return rect

    def _compose(self, pieces: tuple[Piece, ...]) -> QImage:
        image = self._blank(self.size)
        painter = QPainter(image)
        white = _of_slot(pieces, EYE_WHITE)
        for piece in pieces:
            for patch in self._patches_of(piece, white):
                painter.drawImage(patch.at, patch.image)
        painter.end()
        image.setDevicePixelRatio(self.ratio)
        return image

    def _patches_of(self, piece: Piece, white: Piece | None) -> tuple[Patch, ...]:
        return self._patches(piece, white if piece.slot == IRIS else None)

    def _render(self, piece: Piece, white: Piece | None) -> tuple[Patch, ...]:
        transform = self._placed(piece)
        patches = tuple(self.pack.layers.render(name, self.size, transform) for name in piece.layers)
        if white is None:
            return patches
        return (self._inside(patches, self._patches(white, None)),)

    def _inside(self, patches: tuple[Patch, ...], frame: tuple[Patch, ...]) -> Patch:
        """Keep of `patches` only what lies on `frame`: an iris never leaves its eye."""
        seen, mask = self._stack(patches), self._stack(frame)
        painter = QPainter(seen)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.drawImage(QPoint(), mask)
        painter.end()
        return crop(seen)

    def _stack(self, patches: tuple[Patch, ...]) -> QImage:
        image = self._blank(self.size)
        painter = QPainter(image)
        for patch in patches:
            painter.drawImage(patch.at, patch.image)
        painter.end()
        return image

    def _placed(self, piece: Piece) -> QTransform:
        neck = self.pack.manifest.neck
        lift = piece.breath / BREATH_STEPS * BREATH_RISE * self.pack.layers.canvas.height()
        transform = QTransform.fromScale(self._scale, self._scale)
        transform.translate(0, -lift)
        transform.translate(*neck).rotate(piece.tilt).translate(-neck[0], -neck[1])
        return transform.translate(*piece.look)

    @staticmethod
    def _blank(size: QSize) -> QImage:
        image = QImage(size, FORMAT)
        image.fill(Qt.GlobalColor.transparent)
        return image


def blend(old: QImage, new: QImage, share: float) -> QImage:
    """A picture between two of the same size; `share` (0 to 1) of it is the new one."""
    image = old.copy()
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)  # with opacity: a straight mix
    painter.setOpacity(share)
    painter.drawImage(QPoint(), new)
    painter.end()
    return image


def _of_slot(pieces: tuple[Piece, ...], slot: str) -> Piece | None:
    return next((piece for piece in pieces if piece.slot == slot), None)
