"""Sprite packs from real folders: layered, plain, incomplete, broken and hostile ones."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from alisa_desktop.core.messages import Emotion
from alisa_desktop.ui.sprite_layers import MAX_SIDE, PackBroken, painted_rect, read_svg
from alisa_desktop.ui.sprite_manifest import RELATIVES
from alisa_desktop.ui.sprites import Pose, load_pack, load_pack_or

SHIPPED = Path(__file__).parents[2] / "resources" / "sprites" / "alisa"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 50">
<defs><g id="dot"><circle r="4" fill="#f00"/></g></defs><style>.w{{fill:#fff}}</style>
<g id="body"><rect x="10" y="30" width="20" height="20" fill="#00f"/></g>
<g id="white" display="none"><rect class="w" x="10" y="10" width="20" height="10"/></g>
<g id="iris"><use xlink:href="#dot" x="20" y="15"/></g>
<g id="lid"><rect x="10" y="10" width="20" height="2" fill="#000"/></g>
<g id="shut"><rect x="10" y="14" width="20" height="2" fill="#000"/></g>
<g id="smile"><rect x="15" y="24" width="10" height="2" fill="#0f0"/></g>
<g id="talk"><rect x="15" y="22" width="10" height="6" fill="#0f0"/></g>{extra}</svg>"""


def manifest(**changes: object) -> dict[str, object]:
    return {
        "format": 1,
        "name": "Test",
        "canvas": [40, 50],
        "art": "art.svg",
        "slots": ["body", "eye-white", "iris", "eye-lid", "mouth"],
        "defaults": {"body": ["body"], "eye-white": ["white"], "iris": ["iris"], "eye-lid": ["lid"]},
        "head": ["eye-white", "iris", "eye-lid", "mouth"],
        "neck": [20, 30],
        "breathing": ["body"],
        "expressions": {
            "neutral": {"slots": {}},
            "happy": {"slots": {"mouth": ["smile"]}, "tilt": 2},
            "shy": {"slots": {"eye-white": [], "iris": [], "eye-lid": ["shut"]}, "blinks": False},
        },
        "blink": {"closed": {"eye-white": [], "iris": [], "eye-lid": ["shut"]}},
        "mouths": {"open": ["talk"]},
        "states": {"thinking": {"look": [-3, -3]}},
        **changes,
    }


def write_pack(folder: Path, extra: str = "", **changes: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest(**changes)))
    (folder / "art.svg").write_text(SVG.format(extra=extra))
    return folder


def write_png(path: Path, size: int = 32, fill: str = "#f00", area: tuple[int, int, int, int] | None = None) -> None:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.fillRect(*(area or (0, 0, size, size)), QColor(fill))
    painter.end()
    assert image.save(str(path))


def layers_of(folder: Path, pose: Pose) -> dict[str, tuple[str, ...]]:
    return {piece.slot: piece.layers for piece in load_pack(folder).pieces(pose)}


def test_every_layer_is_rendered_alone(tmp_path: Path) -> None:
    layers = load_pack(write_pack(tmp_path)).layers
    patch = layers.render("body", QSize(80, 100), QTransform.fromScale(2, 2))
    assert patch.rect.getRect() == (20, 60, 40, 40)
    assert patch.image.pixelColor(1, 1) == QColor("#00f")


def test_a_hidden_group_styles_and_defs_work(tmp_path: Path) -> None:
    layers = load_pack(write_pack(tmp_path)).layers
    white = layers.render("white", QSize(40, 50), QTransform())
    iris = layers.render("iris", QSize(40, 50), QTransform())
    assert white.image.pixelColor(3, 3) == QColor("#fff")
    assert iris.rect.center().toTuple() == (19, 14)


def test_expression_gives_slots_and_tilt_of_the_head_only(tmp_path: Path) -> None:
    pieces = {piece.slot: piece for piece in load_pack(write_pack(tmp_path)).pieces(Pose(Emotion.HAPPY, breath=2))}
    assert pieces["mouth"].layers == ("smile",)
    assert (pieces["mouth"].tilt, pieces["body"].tilt) == (2, 0)
    assert (pieces["mouth"].breath, pieces["body"].breath) == (0, 2)


def test_a_blink_leaves_the_rest_of_the_face(tmp_path: Path) -> None:
    slots = layers_of(write_pack(tmp_path), Pose(Emotion.HAPPY, lids="closed"))
    assert slots == {"body": ("body",), "eye-lid": ("shut",), "mouth": ("smile",)}


def test_a_face_without_blinks_does_not_blink(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    assert layers_of(folder, Pose(Emotion.SHY, lids="closed")) == layers_of(folder, Pose(Emotion.SHY))


def test_talking_moves_the_mouth_only(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    quiet, talking = layers_of(folder, Pose(Emotion.HAPPY)), layers_of(folder, Pose(Emotion.HAPPY, mouth="open"))
    assert talking == quiet | {"mouth": ("talk",)}


def test_the_pointer_moves_the_irises_of_a_calm_look_only(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path))
    looks = [
        next(piece.look for piece in pack.pieces(pose) if piece.slot == "iris")
        for pose in (Pose(look=(2, 1)), Pose(state="thinking", look=(2, 1)))
    ]
    assert looks == [(2, 1), (-3, -3)]


@pytest.mark.parametrize("emotion", Emotion)
def test_a_missing_face_falls_back_to_a_relative(tmp_path: Path, emotion: Emotion) -> None:
    pack = load_pack(write_pack(tmp_path))
    known = ("neutral", "happy", "shy")
    expected = emotion if emotion in known else next(name for name in RELATIVES[emotion] if name in known)
    assert pack.manifest.expression(emotion) == pack.manifest.expressions[expected]


def test_a_pack_may_name_its_own_relatives(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, fallbacks={"sad": ["shy"]}))
    assert pack.manifest.expression(Emotion.SAD) == pack.manifest.expressions["shy"]


def test_without_any_relative_the_first_face_is_used(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, expressions={"grumpy": {"slots": {"mouth": ["smile"]}}}))
    assert pack.manifest.expression(Emotion.SAD) == pack.manifest.expressions["grumpy"]


def test_a_layer_may_be_a_picture(tmp_path: Path) -> None:
    write_png(tmp_path / "mouth.png", size=40, area=(20, 20, 4, 4))
    folder = write_pack(tmp_path, expressions={"neutral": {"slots": {"mouth": ["mouth.png"]}}})
    patch = load_pack(folder).layers.render("mouth.png", QSize(40, 50), QTransform())
    assert patch.rect.center().x() in (21, 22)


def test_a_folder_of_plain_pictures_works_as_it_is(tmp_path: Path) -> None:
    write_png(tmp_path / "base.png")
    write_png(tmp_path / "happy.png", fill="#0f0")
    write_png(tmp_path / "sad.png", area=(4, 4, 4, 4))
    write_png(tmp_path / "eyes_closed.png", area=(4, 8, 20, 2))
    write_png(tmp_path / "mouth_open.png", area=(4, 20, 8, 2))
    assert layers_of(tmp_path, Pose()) == {"base": ("base.png",)}
    assert layers_of(tmp_path, Pose(Emotion.HAPPY)) == {"base": ("happy.png",)}
    assert layers_of(tmp_path, Pose(Emotion.SHY)) == {"base": ("happy.png",)}
    assert layers_of(tmp_path, Pose(Emotion.SAD)) == {"base": ("base.png",), "face": ("sad.png",)}
    talking = layers_of(tmp_path, Pose(Emotion.SAD, lids="closed", mouth="wide"))
    assert talking["eyes"] == ("eyes_closed.png",)
    assert talking["mouth"] == ("mouth_open.png",)
    assert talking["face"] == ("sad.png",)


def test_plain_pictures_of_the_whole_figure_take_its_place(tmp_path: Path) -> None:
    for stem in ("base", "eyes_closed", "mouth_open"):
        write_png(tmp_path / f"{stem}.png")
    assert layers_of(tmp_path, Pose(lids="closed")) == {"base": ("eyes_closed.png",)}
    assert layers_of(tmp_path, Pose(mouth="small")) == {"base": ("mouth_open.png",)}


def test_one_picture_is_enough(tmp_path: Path) -> None:
    write_png(tmp_path / "serious.png")
    assert layers_of(tmp_path, Pose(Emotion.HAPPY)) == {"base": ("serious.png",)}


@pytest.mark.parametrize(
    ("changes", "extra", "reason"),
    [
        ({"canvas": [0, 50]}, "", "canvas"),
        ({"format": 2}, "", "format"),
        ({"expressions": {}}, "", "expressions"),
        ({"art": "other.svg"}, "", "missing"),
        ({"art": "../art.svg"}, "", "outside"),
        ({"defaults": {"wings": ["body"]}}, "", "wings"),
        ({"defaults": {"body": ["tail"]}}, "", "tail"),
        ({"defaults": {"body": ["lost.png"]}}, "", "lost.png"),
        ({"defaults": {"body": ["../secret.png"]}}, "", "outside"),
        ({}, '<image xlink:href="file:///etc/passwd"/>', "outside"),
        ({}, '<image href="other.png"/>', "outside"),
        ({}, '<image href="data:image/svg+xml;base64,AAAA"/>', "outside"),
        ({}, '<rect fill="url(http://evil.example/x)"/>', "outside"),
        ({}, "<style>@import 'x.css';</style>", "outside"),
        ({}, "<broken>", "no SVG"),
    ],
)
def test_a_broken_pack_says_what_is_wrong_and_hers_is_used(
    tmp_path: Path, changes: dict[str, object], extra: str, reason: str
) -> None:
    folder = write_pack(tmp_path / "mine", extra, **changes)
    write_png(tmp_path / "secret.png")
    (tmp_path / "art.svg").write_text(SVG.format(extra=""))
    pack, sentence = load_pack_or(folder, SHIPPED)
    assert pack.manifest.name == "Alisa"
    assert "“mine”" in sentence
    assert reason in sentence


def test_bad_json_and_document_types_are_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    (folder / "art.svg").write_text('<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(PackBroken, match="document type"):
        load_pack(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(PackBroken, match="no valid JSON"):
        load_pack(folder)


def test_an_empty_folder_and_a_lost_folder_are_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "lost"):
        with pytest.raises(PackBroken, match="neither"):
            load_pack(folder)


def test_a_huge_picture_is_refused_before_it_is_read(tmp_path: Path) -> None:
    image = QImage(MAX_SIDE + 1, 16, QImage.Format.Format_Mono)
    image.fill(0)
    assert image.save(str(tmp_path / "base.png"))
    with pytest.raises(PackBroken, match="larger than"):
        load_pack(tmp_path)


def test_a_text_that_calls_itself_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.png").write_text("no picture")
    with pytest.raises(PackBroken, match="no PNG"):
        load_pack(tmp_path)


def test_no_wish_is_no_error() -> None:
    pack, sentence = load_pack_or(None, SHIPPED)
    assert (pack.manifest.name, sentence) == ("Alisa", "")


def test_the_shipped_pack_has_all_eight_faces_and_draws_them() -> None:
    pack = load_pack(SHIPPED)
    assert set(pack.manifest.expressions) >= set(Emotion)
    faces = {pack.pieces(Pose(emotion)) for emotion in Emotion}
    assert len(faces) == len(Emotion)
    drawn = read_svg(SHIPPED / pack.manifest.art)
    assert {name for name in pack.manifest.layer_names() if not name.endswith(".png")} <= set(drawn)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 14)), max_size=6))
def test_the_painted_rectangle_is_exact(points: list[tuple[int, int]]) -> None:
    image = QImage(20, 15, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    for x, y in points:
        image.setPixelColor(x, y, QColor(0, 0, 0, 1))
    rect = painted_rect(image)
    if not points:
        assert rect.isEmpty()
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    assert rect.getCoords() == (min(xs), min(ys), max(xs), max(ys))
