"""The single images of a sprite pack, rendered one at a time: groups of an SVG file, and PNG pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter, QTransform
from PySide6.QtSvg import QSvgRenderer

from alisa_desktop.core.errors import AlisaError

MAX_SVG_BYTES = 4 * 2**20
MAX_PNG_BYTES = 16 * 2**20
MAX_SIDE = 4096
SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
EMBEDDED = ("data:image/png;", "data:image/jpeg;")
FORMAT = QImage.Format.Format_ARGB32_Premultiplied


class PackBroken(AlisaError):
    """A sprite pack can't be used."""


@dataclass(frozen=True)
class Patch:
    """A rendered layer without its empty margin; `at` is its place in the whole picture, in device pixels."""

    at: QPoint
    image: QImage

    @property
    def rect(self) -> QRect:
        """The part of the whole picture that it covers, in device pixels."""
        return QRect(self.at, self.image.size())


def safe_path(folder: Path, name: str) -> Path:
    """The file `name` inside `folder`; raises `PackBroken` when it is elsewhere or not there."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise PackBroken(f"“{name}” points outside of its folder")
    if not path.is_file():
        raise PackBroken(f"“{name}” is missing")
    return path


def read_png(path: Path) -> QImage:
    """The picture at `path`; raises `PackBroken` when it is too big or no PNG."""
    if path.stat().st_size > MAX_PNG_BYTES:
        raise PackBroken(f"“{path.name}” is larger than {MAX_PNG_BYTES // 2**20} MB")
    reader = QImageReader(str(path), QByteArray(b"png"))
    size = reader.size()
    if max(size.width(), size.height()) > MAX_SIDE:
        raise PackBroken(f"“{path.name}” is larger than {MAX_SIDE} × {MAX_SIDE} pixels")
    image = reader.read()
    if image.isNull():
        raise PackBroken(f"“{path.name}” is no PNG picture that I can read")
    return image.convertToFormat(FORMAT)


def read_svg(path: Path) -> dict[str, bytes]:
    """Each top-level group of the drawing as an SVG document of its own, by id; raises `PackBroken`."""
    if path.stat().st_size > MAX_SVG_BYTES:
        raise PackBroken(f"“{path.name}” is larger than {MAX_SVG_BYTES // 2**20} MB")
    text = path.read_bytes()
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise PackBroken(f"“{path.name}” has a document type; save it as plain SVG")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise PackBroken(f"“{path.name}” is no SVG drawing ({error})") from error
    _check_references(root, path.name)
    _plain_names(root)
    return dict(_groups(root))


def _check_references(root: ET.Element, file: str) -> None:
    for element in root.iter():
        text = " ".join([*element.attrib.values(), element.text or ""]).replace(" ", "").replace("'", "").lower()
        outside = text.count("url(") != text.count("url(#") + text.count('url("#') or "@import" in text
        for key in (XLINK_HREF, "href"):
            target = element.get(key, "#").strip().lower()
            outside = outside or not target.startswith(("#", *EMBEDDED))
        if outside:
            raise PackBroken(f"“{file}” refers to something outside of itself")


def _plain_names(root: ET.Element) -> None:
    # Qt looks for `xlink:href` by that very spelling, and the prefixes ElementTree makes up would hide it
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        target = element.attrib.pop(XLINK_HREF, None)
        for key in [key for key in element.attrib if key.startswith("{")]:
            del element.attrib[key]
        if target is not None:
            element.set("xlink:href", target)
    root.set("xmlns", SVG.strip("{}"))
    root.set("xmlns:xlink", XLINK_HREF.removesuffix("href").strip("{}"))


def _groups(root: ET.Element) -> Iterator[tuple[str, bytes]]:
    shared = [child for child in root if child.tag in ("defs", "style")]
    for child in root:
        name = child.get("id")
        if child.tag == "g" and name:
            document = ET.Element("svg", root.attrib)
            document.extend([*shared, _visible(child)])
            yield name, ET.tostring(document)


def _visible(group: ET.Element) -> ET.Element:
    # artists hide the groups they do not look at; in a pack the manifest says what is shown
    group = deepcopy(group)
    group.attrib.pop("display", None)
    group.attrib.pop("visibility", None)
    return group


class Layers:
    """All layers of a pack by name: a group's id, or a file name that ends in `.png`."""

    def __init__(self, canvas: QSize, drawings: Mapping[str, bytes], pictures: Mapping[str, QImage]) -> None:
        self.canvas = canvas
        self._drawings = drawings
        self._pictures = pictures
        self._renderer = cache(self._open)

    def __contains__(self, name: object) -> bool:
        return name in self._drawings or name in self._pictures

    def _open(self, name: str) -> QSvgRenderer:
        return QSvgRenderer(QByteArray(self._drawings[name]))

    def render(self, name: str, size: QSize, transform: QTransform) -> Patch:
        """Paint one layer into a picture of `size`; `transform` leads from canvas units to device pixels."""
        image = QImage(size, FORMAT)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(transform)
        area = QRectF(0, 0, self.canvas.width(), self.canvas.height())
        if name in self._pictures:
            painter.drawImage(area, self._near_size(name, size))
        else:
            self._renderer(name).render(painter, area)
        painter.end()
        return crop(image)

    def _near_size(self, name: str, size: QSize) -> QImage:
        # the painter's own scaling skips pixels below one half; scaling ahead of it does not
        wish = (Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        return self._pictures[name].scaled(size, *wish)


def crop(image: QImage) -> Patch:
    """Cut off the empty margin of `image`."""
    rect = painted_rect(image)
    return Patch(rect.topLeft(), image.copy(rect) if not rect.isEmpty() else QImage())


def painted_rect(image: QImage) -> QRect:
    """The smallest rectangle that holds every pixel that is not fully transparent; empty if there is none."""
    rows = list(_alpha_rows(image))
    top = next((y for y, row in enumerate(rows) if row.strip(b"\0")), None)
    if top is None:
        return QRect()
    bottom = next(y for y in range(len(rows) - 1, -1, -1) if rows[y].strip(b"\0"))
    left = min(len(row) - len(row.lstrip(b"\0")) for row in rows[top : bottom + 1])
    right = max(len(row.rstrip(b"\0")) for row in rows[top : bottom + 1])
    return QRect(left, top, right - left, bottom - top + 1)


def coverage(image: QImage) -> float:
    """The share of pixels (0 to 1) that one can see."""
    rows = list(_alpha_rows(image))
    total = sum(len(row) for row in rows)
    return sum(len(row) - row.count(0) for row in rows) / total if total else 0.0


def _alpha_rows(image: QImage) -> Iterator[bytes]:
    alpha = image.convertToFormat(QImage.Format.Format_Alpha8)
    data, stride, width = bytes(alpha.constBits()), alpha.bytesPerLine(), alpha.width()
    for y in range(alpha.height()):
        yield data[y * stride : y * stride + width]
