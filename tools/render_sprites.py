"""Render every expression of a sprite set on one contact sheet, to look at the drawing.

python tools/render_sprites.py OUT.png --height 160 --background wallpaper
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QRadialGradient, QTransform
from PySide6.QtSvg import QSvgRenderer

SVG = "http://www.w3.org/2000/svg"
SPRITES = Path(__file__).resolve().parent.parent / "resources" / "sprites"
Slots = dict[str, list[str]]


@dataclass(frozen=True)
class Pose:
    """What is painted: layer ids per slot, the look of the irises in canvas units, the head tilt in degrees."""

    name: str
    slots: Slots
    look: tuple[float, float]
    tilt: float


class SpriteSet:
    """One manifest and its drawing, every layer rendered on demand."""

    def __init__(self, folder: Path) -> None:
        """Read `manifest.json` and the drawing it names from `folder`."""
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        ET.register_namespace("", SVG)
        self._root = ET.parse(folder / self.manifest["art"]).getroot()
        self.layers = {child.get("id", ""): child for child in self._root if child.tag == f"{{{SVG}}}g"}
        self._renderers: dict[str, QSvgRenderer] = {}

    def check(self) -> list[str]:
        """Return what is wrong with the set: unknown slots and layers, layers nobody names."""
        named: set[str] = set()
        faults: list[str] = []
        for where, slots in self._named_slots():
            faults += [f"{where}: unknown slot {slot}" for slot in slots if slot not in self.manifest["slots"]]
            named.update(layer for layers in slots.values() for layer in layers)
        faults += [f"no such layer: {layer}" for layer in sorted(named - self.layers.keys())]
        return faults + [f"unused layer: {layer}" for layer in sorted(self.layers.keys() - named)]

    def _named_slots(self) -> Iterator[tuple[str, Slots]]:
        manifest = self.manifest
        yield "defaults", manifest["defaults"]
        for group in ("expressions", "states"):
            for name, entry in manifest[group].items():
                yield f"{group}.{name}", entry.get("slots", {})
        for name, slots in manifest["blink"].items():
            yield f"blink.{name}", slots
        for group, slot in (("mouths", "mouth"), ("pendant", "pendant")):
            for name, layers in manifest[group].items():
                yield f"{group}.{name}", {slot: layers}

    def renderer(self, layer: str) -> QSvgRenderer:
        """Return the renderer of one layer: the root, its <defs> and that single group."""
        if layer not in self._renderers:
            root = ET.Element(self._root.tag, self._root.attrib)
            root.extend(copy.deepcopy(child) for child in self._root if child.tag == f"{{{SVG}}}defs")
            root.append(self.layers[layer])
            self._renderers[layer] = QSvgRenderer(QByteArray(ET.tostring(root)))
        return self._renderers[layer]

    def pose(self, name: str, *overlays: Mapping[str, Any]) -> Pose:
        """Return the expression `name` with overlays (states, blinks, mouths) laid over it in turn."""
        slots: Slots = dict(self.manifest["defaults"])
        look: Sequence[float] = (0.0, 0.0)
        tilt = 0.0
        for entry in (self.manifest["expressions"][name], *overlays):
            slots.update(entry.get("slots", {}))
            look = entry.get("look", look)
            tilt = entry.get("tilt", tilt)
        return Pose(name, slots, (look[0], look[1]), tilt)

    def poses(self) -> Iterator[Pose]:
        """Yield every expression, then the states, the blinks and the mouths over neutral."""
        manifest = self.manifest
        for name in manifest["expressions"]:
            yield self.pose(name)
        for name, state in manifest["states"].items():
            lit = {"pendant": manifest["pendant"][name]} if name in manifest["pendant"] else {}
            yield self.pose("neutral", {"slots": lit}, state)
        for slots in manifest["blink"].values():
            yield self.pose("neutral", {"slots": slots})
        for layers in manifest["mouths"].values():
            yield self.pose("neutral", {"slots": {"mouth": layers}})

    def paint(self, pose: Pose, height: int) -> QImage:
        """Return `pose` as a transparent picture, `height` pixels high."""
        width, canvas_height = self.manifest["canvas"]
        scale = height / canvas_height
        picture = blank(round(width * scale), height)
        eyes = blank(picture.width(), height)
        for slot in self.manifest["slots"]:
            transform = self._transform(pose, slot, scale)
            layers = pose.slots.get(slot, [])
            if slot in ("eye-white", "iris"):
                self._paint_layers(eyes, layers, transform, clipped=slot == "iris")
                if slot == "eye-white":
                    continue
                painter = QPainter(picture)
                painter.drawImage(0, 0, eyes)
                painter.end()
            else:
                self._paint_layers(picture, layers, transform)
        return picture

    def _transform(self, pose: Pose, slot: str, scale: float) -> QTransform:
        transform = QTransform.fromScale(scale, scale)
        if slot in self.manifest["head"] and pose.tilt:
            x, y = self.manifest["neck"]
            transform.translate(x, y).rotate(pose.tilt).translate(-x, -y)
        if slot == "iris":
            transform.translate(*pose.look)
        return transform

    def _paint_layers(
        self, picture: QImage, layers: list[str], transform: QTransform, *, clipped: bool = False
    ) -> None:
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for layer in layers:
            single = blank(picture.width(), picture.height())
            single_painter = QPainter(single)
            single_painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            single_painter.setTransform(transform)
            self.renderer(layer).render(single_painter, QRectF(0, 0, *self.manifest["canvas"]))
            single_painter.end()
            if clipped:
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceAtop)
            painter.drawImage(0, 0, single)
        painter.end()


def blank(width: int, height: int) -> QImage:
    """Return a transparent picture of the given size in pixels."""
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


def background(kind: str, width: int, height: int) -> QImage:
    """Return a white, black or busy background; the busy one is the same on every call."""
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(QColor({"white": "#ffffff", "black": "#000000"}.get(kind, "#1f6f78")))
    if kind != "wallpaper":
        return picture
    chance = random.Random(7)
    painter = QPainter(picture)
    painter.setPen(Qt.PenStyle.NoPen)
    for _ in range(width * height // 1500):
        centre = QPointF(chance.uniform(0, width), chance.uniform(0, height))
        radius = chance.uniform(10, 70)
        colour = QColor.fromHsv(chance.randrange(360), chance.randrange(90, 230), chance.randrange(60, 250))
        fade = QRadialGradient(centre, radius)
        fade.setColorAt(0, colour)
        fade.setColorAt(0.8, colour)
        fade.setColorAt(1, QColor(colour.red(), colour.green(), colour.blue(), 0))
        painter.setBrush(fade)
        painter.drawEllipse(centre, radius, radius)
    painter.end()
    return picture


def contact_sheet(sprites: SpriteSet, poses: Sequence[Pose], height: int, kind: str, columns: int) -> QImage:
    """Return all `poses` side by side on one background."""
    cells = [sprites.paint(pose, height) for pose in poses]
    gap = max(4, height // 20)
    step_x, step_y = cells[0].width() + gap, height + gap
    rows = -(-len(cells) // columns)
    sheet = background(kind, columns * step_x + gap, rows * step_y + gap)
    painter = QPainter(sheet)
    for index, cell in enumerate(cells):
        painter.drawImage(gap + index % columns * step_x, gap + index // columns * step_y, cell)
    painter.end()
    return sheet


def main() -> int:
    """Write the sheet; return 1 when the manifest and the drawing disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sprite", default="alisa", help="folder below resources/sprites")
    parser.add_argument("--height", type=int, default=160, help="height of one picture in pixels")
    parser.add_argument("--background", choices=("white", "black", "wallpaper"), default="white")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--only", nargs="*", help="names of expressions, in the order wanted")
    arguments = parser.parse_args()
    application = QGuiApplication([])
    sprites = SpriteSet(SPRITES / arguments.sprite)
    faults = sprites.check()
    print("\n".join(faults) or f"{len(sprites.layers)} layers, no faults")
    poses = [sprites.pose(name) for name in arguments.only] if arguments.only else list(sprites.poses())
    sheet = contact_sheet(sprites, poses, arguments.height, arguments.background, arguments.columns)
    sheet.save(str(arguments.out))
    application.quit()
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
