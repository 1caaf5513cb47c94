"""The pages and their files, asked for as uvicorn asks, and every way out of a sprite pack that names can hide."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.messages import ModelState
from alisa_desktop.server.access import FOR_ANYBODY
from alisa_desktop.server.packs import LARGEST, Packs
from alisa_desktop.server.pages import Folders, Site, State, pages, prefers_html
from alisa_desktop.ui import sprite_layers, sprites

RESOURCES = Path(__file__).resolve().parents[3] / "resources"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
STATE = State("ws://127.0.0.1:8765/ws/chat", "Default", "llama", ModelState.READY, 1)
PNG = b"\x89PNG\r\n\x1a\n not really"


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Door:
    """Asks the pages; `target` is the path as it stands in the request line."""

    def __init__(self, folder: Path) -> None:
        self.sprites = folder / "Jérôme 田中" / "sprites"
        self.sprites.mkdir(parents=True)
        self.state = STATE
        self._app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        self._app.include_router(pages(Site(Folders(RESOURCES, self.sprites), lambda: self.state)))

    async def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        raw = target.encode()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": method, "path": unquote_to_bytes(raw).decode("utf-8", "replace"), "raw_path": raw,
            "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8765),
        }  # fmt: skip
        await self._app(scope, receive, send)
        start, *rest = sent
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], told, b"".join(part.get("body", b"") for part in rest))

    def pack(self, name: str, **files: bytes) -> Path:
        folder = self.sprites / name
        folder.mkdir(parents=True)
        for stem, content in files.items():
            (folder / f"{stem}.png").write_bytes(content)
        return folder


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


# the home page


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.1, application/json", ";;,q=x"])
async def test_programs_get_the_status_of_the_seed(door: Door, accept: str | None) -> None:
    got = await door.ask("/", **({} if accept is None else {"accept": accept}))
    assert (got.status, got.body) == (200, b'{"status":"ok","message":"Alisa Backend Running"}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["vary"] == "Accept"


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "text/*", "application/json;q=0.5, text/html"])
async def test_a_browser_gets_the_home_page(door: Door, accept: str) -> None:
    got = await door.ask("/", accept=accept)
    assert got.status == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert got.headers["vary"] == "Accept"
    assert got.text.count("ws://127.0.0.1:8765/ws/chat") >= 7
    assert "http://127.0.0.1:8765/overlay" in got.text
    assert 'href="/overlay"' in got.text
    assert 'href="/schema"' in got.text
    assert "$" not in got.text


async def test_the_home_page_tells_how_things_stand(door: Door) -> None:
    door.state = replace(STATE, mode="Study", model="tiny", model_state=ModelState.MISSING, clients=3)
    text = (await door.ask("/", accept=BROWSER)).text
    assert "Study" in text
    assert "tiny is missing" in text
    assert "3 clients" in text
    assert text.count('class="note" hidden') == 2
    door.state = replace(STATE, wants_token=True)
    text = (await door.ask("/", accept=BROWSER)).text
    assert "1 client<" in text
    assert 'class="note" hidden' not in text


async def test_everything_on_the_home_page_is_escaped(door: Door) -> None:
    evil = "<script>alert('$x')</script>\"&"
    door.state = State(f"ws://h{evil}:1/ws", evil, evil, ModelState.READY, 0)
    text = (await door.ask("/", accept=BROWSER)).text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(&#x27;$x&#x27;)&lt;/script&gt;&quot;&amp;") >= 3


class _Buttons(HTMLParser):
    """The ids of a page and what its buttons copy; inline scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.copies: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_ones = dict(attrs)
        self.ids.add(given_ones.get("id") or "")
        self.copies += [given_ones["data-copies"] or ""] if "data-copies" in given_ones else []
        if tag == "style" or (tag == "script" and not given_ones.get("src")):
            self.inline.append(tag)
        self.inline += [name for name in given_ones if name == "style" or name.startswith("on")]


async def test_every_example_has_a_button_and_nothing_is_inline(door: Door) -> None:
    text = (await door.ask("/", accept=BROWSER)).text
    found = _Buttons(text)
    assert set(found.copies) <= found.ids
    assert len(found.copies) == text.count("<pre") + 1  # and the address
    assert not found.inline
    assert not _Buttons((await door.ask("/overlay")).text).inline


def test_the_colours_are_the_ones_of_the_windows() -> None:
    from alisa_desktop.ui import theme

    css = (RESOURCES / "overlay" / "home.css").read_text(encoding="utf-8").lower()
    for look in (theme.light, theme.dark):
        for colour in (look.surface, look.window, look.code_fill, look.border, look.text, look.muted, look.link):
            assert colour.lower() in css


@given(st.text(max_size=60))
def test_no_accept_header_is_too_strange(accept: str) -> None:
    assert prefers_html(accept) in (True, False)


# the overlay and its files


@pytest.mark.parametrize("path", ["/overlay", "/overlay/"])
async def test_the_overlay_has_two_addresses(door: Door, path: str) -> None:
    got = await door.ask(path)
    assert got.status == 200
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert b"/overlay/overlay.js" in got.body
    assert (await door.ask(path, "HEAD")).headers["content-length"] == str(len(got.body))
    assert (await door.ask(path, "POST")).status == 405


async def test_every_file_of_the_pages_is_served_as_what_it_is(door: Door) -> None:
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    files = [path for path in (RESOURCES / "overlay").iterdir() if path.suffix in kinds]
    assert len(files) > 8
    for path in files:
        got = await door.ask(f"/overlay/{path.name}")
        assert (got.status, got.body) == (200, path.read_bytes())
        assert got.headers["content-type"] == kinds[path.suffix]


def test_what_the_pages_load_is_there_and_is_ours() -> None:
    folder = RESOURCES / "overlay"
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r'from "\./([^"]+)"', text) + re.findall(r'"/overlay/([\w.]+\.(?:js|css))"', text):
            assert (folder / name).is_file(), f"{path.name} loads {name}"
        outside = set(re.findall(r"(?:https?|wss?)://[^\s\"'`<$]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not outside, f"{path.name} knows {outside}"


def test_the_pages_own_files_need_no_token() -> None:
    assert FOR_ANYBODY.fullmatch("/overlay")
    assert all(FOR_ANYBODY.fullmatch(f"/overlay/{path.name}") for path in (RESOURCES / "overlay").iterdir())
    assert not FOR_ANYBODY.fullmatch("/overlay/packs/")


@pytest.mark.parametrize(
    "target",
    [
        "/overlay/home.html",
        "/overlay/nothing.js",
        "/overlay/packs",
        "/overlay/../overlay/overlay.js",
        "/overlay/..%2foverlay.js",
        "/overlay/%2e%2e",
        "/overlay/overlay.js%00",
        "/overlay/OVERLAY.JS",
        "/overlay//overlay.js",
        "/overlay/%ff",
    ],
)
async def test_nothing_else_is_served(door: Door, target: str) -> None:
    assert (await door.ask(target)).status == 404


# sprite packs


async def test_the_built_in_pack(door: Door) -> None:
    folder = RESOURCES / "sprites" / "alisa"
    assert json.loads((await door.ask("/overlay/packs/")).body) == {"packs": ["alisa"], "default": "alisa"}
    listed = json.loads((await door.ask("/overlay/packs/alisa/")).body)
    assert listed == {"name": "alisa", "files": ["alisa.svg", "manifest.json"]}
    for name, kind in (("alisa.svg", "image/svg+xml"), ("manifest.json", "application/json")):
        got = await door.ask(f"/overlay/packs/alisa/{name}")
        assert (got.status, got.body) == (200, (folder / name).read_bytes())
        assert got.headers["content-type"] == kind


async def test_the_users_packs_come_first_and_the_first_is_worn(door: Door) -> None:
    door.pack("zoë", base=PNG)
    door.pack("Meine Ärmel 田中", base=PNG, happy=PNG)
    (door.sprites / "notes.txt").write_text("no pack")
    found = json.loads((await door.ask("/overlay/packs/")).body)
    assert found == {"packs": ["Meine Ärmel 田中", "zoë", "alisa"], "default": "Meine Ärmel 田中"}


async def test_names_may_be_unicode_and_hold_spaces(door: Door) -> None:
    door.pack("Meine Ärmel 田中", base=PNG)
    for name in ("Meine%20%C3%84rmel%20%E7%94%B0%E4%B8%AD", "Meine%20A%CC%88rmel%20%E7%94%B0%E4%B8%AD"):
        got = await door.ask(f"/overlay/packs/{name}/base.png")
        assert (got.status, got.body, got.headers["content-type"]) == (200, PNG, "image/png")


async def test_a_pack_of_the_users_wins_over_the_built_in_one(door: Door) -> None:
    door.pack("alisa", base=PNG)
    assert json.loads((await door.ask("/overlay/packs/")).body)["packs"] == ["alisa"]
    assert (await door.ask("/overlay/packs/alisa/base.png")).body == PNG
    assert (await door.ask("/overlay/packs/alisa/alisa.svg")).status == 404


async def test_only_pictures_and_the_manifest_of_a_pack(door: Door) -> None:
    folder = door.pack("mine", base=PNG)
    (folder / "faces").mkdir()
    (folder / "faces" / "happy.PNG").write_bytes(PNG)
    for name in ("secret.txt", "other.json", "page.html", "script.js", ".hidden.png", "noending"):
        (folder / name).write_bytes(b"x")
        assert (await door.ask(f"/overlay/packs/mine/{name}")).status == 404
    assert (await door.ask("/overlay/packs/mine/faces/happy.PNG")).body == PNG
    assert (await door.ask("/overlay/packs/mine/faces/")).status == 404
    assert json.loads((await door.ask("/overlay/packs/mine/")).body)["files"] == ["base.png"]


def test_the_sizes_are_those_of_the_figure_on_the_desktop() -> None:
    desktop = (sprites.MAX_MANIFEST_BYTES, sprite_layers.MAX_SVG_BYTES, sprite_layers.MAX_PNG_BYTES)
    assert (LARGEST[".json"], LARGEST[".svg"], LARGEST[".png"]) == desktop


@pytest.mark.parametrize("name", ["manifest.json", "art.svg", "base.png"])
async def test_a_file_that_is_too_large_is_not_sent(door: Door, name: str) -> None:
    path = door.pack("mine") / name
    with path.open("wb") as file:
        file.truncate(LARGEST[path.suffix])
    assert (await door.ask(f"/overlay/packs/mine/{name}")).status == 200
    with path.open("ab") as file:
        file.write(b"x")
    assert (await door.ask(f"/overlay/packs/mine/{name}")).status == 404


@pytest.mark.parametrize(
    "target",
    [
        "/overlay/packs/unknown/",
        "/overlay/packs/unknown/base.png",
        "/overlay/packs/../secret.png",
        "/overlay/packs/mine/../../secret.png",
        "/overlay/packs/mine/%2e%2e/%2e%2e/secret.png",
        "/overlay/packs/mine/..%2f..%2fsecret.png",
        "/overlay/packs/mine%2f..%2f/secret.png",
        "/overlay/packs/..%2fsprites%2fmine/base.png",
        "/overlay/packs/mine/faces%2fbase.png",
        "/overlay/packs/mine/..%5c..%5csecret.png",
        "/overlay/packs/mine/..\\..\\secret.png",
        "/overlay/packs/mine//base.png",
        "/overlay/packs/mine/./base.png",
        "/overlay/packs/mine/{secret}",
        "/overlay/packs/mine/%2f{secret}",
        "/overlay/packs/{sprites}/base.png",
        "/overlay/packs/./mine/base.png",
        "/overlay/packs/../mine/base.png",
        "/overlay/packs/%2e%2e/secret.png",
        "/overlay/packs/mine/base.png%00",
        "/overlay/packs/mine/base.png%00.png",
        "/overlay/packs/mine%00/base.png",
        "/overlay/packs/mine/base.png.",
        "/overlay/packs/mine/base.png%20",
        "/overlay/packs/mine/base.png::$DATA",
        "/overlay/packs/mine/NUL.png",
        "/overlay/packs/mine/con",
        "/overlay/packs/mine/COM1.svg",
        "/overlay/packs/NUL/base.png",
        "/overlay/packs/mine/CON/base.png",
        "/overlay/packs/mine/out.png",
        "/overlay/packs/mine/outside/secret.png",
        "/overlay/packs/mine/loop.png",
        "/overlay/packs/mine/folder.png",
        "/overlay/packs/mine/text.png",
        "/overlay/packs/mine/" + "x" * 300 + ".png",
        "/overlay/packs/mine/" + "x/" * 900 + "x.png",
        "/overlay/packs/" + "x" * 5000 + "/base.png",
        "/overlay/packs/mine/%ff.png",
        "/overlay/packs/mine/%ed%a0%80.png",
    ],
)
async def test_no_name_leads_out_of_a_pack(door: Door, target: str) -> None:
    folder = door.pack("mine", base=PNG)
    secret = door.sprites.parent / "secret.png"
    secret.write_bytes(b"secret")
    (door.sprites / "secret.png").write_bytes(b"secret")
    (folder / "folder.png").mkdir()
    (folder / "notes.txt").write_text("secret")
    try:
        (folder / "out.png").symlink_to(secret)
        (folder / "text.png").symlink_to(folder / "notes.txt")
        (folder / "outside").symlink_to(secret.parent, target_is_directory=True)
        (folder / "loop.png").symlink_to(folder / "loop.png")
    except OSError:
        pass  # Windows lets few make links
    got = await door.ask(target.format(secret=secret, sprites=door.sprites))
    assert got.status == 404
    assert b"secret" not in got.body
    assert json.loads((await door.ask("/overlay/packs/mine/")).body)["files"] == ["base.png"]


@given(st.text(max_size=40))
def test_no_strange_name_is_a_file(name: str) -> None:
    packs = Packs(RESOURCES / "sprites", RESOURCES / "nothing")
    if name not in ("manifest.json", "alisa.svg"):
        assert packs.read("alisa", name) is None
    if name != "alisa":
        assert packs.files(name) is None


async def test_without_any_pack_of_the_users(tmp_path: Path) -> None:
    packs = Packs(RESOURCES / "sprites", tmp_path / "not there")
    assert (packs.names(), packs.default()) == (["alisa"], "alisa")
