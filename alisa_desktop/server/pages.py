"""What a browser may open: the page that tells how to connect, the overlay, and the sprites the overlay draws."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TypeVar

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alisa_desktop.core.messages import ModelState
from alisa_desktop.server.packs import Packs

STATUS = {"status": "ok", "message": "Alisa Backend Running"}
PACKS = "/overlay/packs/"
STATIC = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Files of the pages by their ending."""
MODEL = {
    ModelState.LOADING: "is being loaded",
    ModelState.READY: "is ready",
    ModelState.RESTING: "rests until it is needed",
    ModelState.MISSING: "is missing",
    ModelState.FAILED: "does not work",
}
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class State:
    """What the home page tells. `address` is the WebSocket's, `clients` the number of connected ones."""

    address: str
    mode: str
    model: str
    model_state: ModelState
    clients: int
    wants_token: bool = False


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the pages come from; `sprites` is the folder of the user's own packs."""

    resources: Path
    sprites: Path


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are made of. `state` is asked on the loop."""

    folders: Folders
    state: Callable[[], State]


def pages(site: Site) -> APIRouter:
    """The routes of all pages; GET and HEAD only."""
    shelf = _Shelf(site)
    return APIRouter(
        routes=[
            Route("/", shelf.home),
            Route("/overlay", shelf.overlay),
            Route("/overlay/", shelf.overlay),
            Route(PACKS, shelf.packs),
            Route(PACKS + "{pack}/", shelf.pack),
            Route(PACKS + "{pack}/{file:path}", shelf.sprite),
            Route("/overlay/{file}", shelf.static),
        ]
    )


class _Shelf:
    """The handlers; files are read one after the other in a thread, never on the loop."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._folder = site.folders.resources / "overlay"
        self._packs = Packs(site.folders.resources / "sprites", site.folders.sprites)
        self._turn = asyncio.Lock()

    async def home(self, request: Request) -> Response:
        """For programs the seed's status, for people a page."""
        if not prefers_html(request.headers.get("accept", "")):
            return JSONResponse(STATUS, headers={"Vary": "Accept"})
        template = await self._read((self._folder / "home.html").read_text, "utf-8")
        return Response(_home(template, self._site.state()), media_type=STATIC[".html"], headers={"Vary": "Accept"})

    async def overlay(self, _: Request) -> Response:
        """The overlay's page."""
        return Response(await self._read((self._folder / "index.html").read_bytes), media_type=STATIC[".html"])

    async def static(self, request: Request) -> Response:
        """One of the pages' own files."""
        wish = request.path_params["file"]
        content = await self._read(self._own_file, wish)
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type=STATIC[Path(wish).suffix])

    def _own_file(self, wish: str) -> bytes | None:
        # looked up among those there are; `home.html` is a template, not a page
        known = (path for path in self._folder.iterdir() if path.suffix in STATIC and path.name != "home.html")
        found = next((path for path in known if path.name == wish), None)
        return found.read_bytes() if found else None

    async def packs(self, _: Request) -> Response:
        """Which sprite packs there are, and which one she wears."""
        names, default = await self._read(lambda: (self._packs.names(), self._packs.default()))
        return JSONResponse({"packs": names, "default": default})

    async def pack(self, request: Request) -> Response:
        """The files at the top of a pack."""
        name = _decoded_once(request, request.path_params["pack"])
        files = await self._read(self._packs.files, name)
        if files is None:
            raise HTTPException(404)
        return JSONResponse({"name": name, "files": files})

    async def sprite(self, request: Request) -> Response:
        """A file of a pack."""
        name, wish = request.path_params["pack"], request.path_params["file"]
        found = await self._read(self._packs.read, name, _decoded_once(request, wish))
        if found is None:
            raise HTTPException(404)
        return Response(found.content, media_type=found.media_type)

    async def _read(self, look: Callable[..., _Found], *arguments: str) -> _Found:
        async with self._turn:  # one thread is enough
            return await asyncio.to_thread(look, *arguments)


def _decoded_once(request: Request, wish: str) -> str:
    """`wish`, unless a slash of it was written in a way that hides it from who reads addresses."""
    raw = request.scope.get("raw_path", b"").lower()
    if b"%2f" in raw or b"%5c" in raw or b"%00" in raw:
        raise HTTPException(404)
    return wish


def prefers_html(accept: str) -> bool:
    """Whether an `Accept` header likes HTML better than JSON; programs that say nothing or `*/*` do not."""
    likings = dict(_likings(accept))
    return _liking(likings, "text", "html") > _liking(likings, "application", "json")


def _likings(accept: str) -> list[tuple[str, float]]:
    found = []
    for entry in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            found.append((kind, float(quality)))
        except ValueError:
            continue
    return found


def _liking(likings: dict[str, float], group: str, kind: str) -> float:
    names = (f"{group}/{kind}", f"{group}/*", "*/*")
    return next((likings[name] for name in names if name in likings), 0.0)


def _home(template: str, state: State) -> str:
    host = state.address.partition("://")[2].partition("/")[0]
    values = {
        "address": state.address,
        "page": f"http://{host}",
        "mode": state.mode,
        "model": state.model,
        "model_state": MODEL[state.model_state],
        "model_mark": state.model_state.value,
        "clients": "1 client" if state.clients == 1 else f"{state.clients} clients",
    }
    escaped = {name: html.escape(value) for name, value in values.items()}
    return Template(template).substitute(escaped, token_note="" if state.wants_token else "hidden")
