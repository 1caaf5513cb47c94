"""The windows of an X server, by ICCCM 2.0 and EWMH 1.5 (https://specifications.freedesktop.org/wm-spec/).

python-xlib is imported when a display is opened: other systems don't have it.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision.screen import Box, Privacy, Window
from alisa_desktop.vision.window_lock import SessionLock
from alisa_desktop.vision.window_titles import LONGEST_TITLE, is_locked, is_sharing, tidy

UNREACHABLE = "The X server {display} doesn't let me in; start me from inside the desktop session that I should see."
LOST = "The connection to the screen was lost; restart me once the desktop is back."
ELSEWHERE = (
    "The window in front is a Wayland one, and Wayland lets no application see it; log in to an X11 session "
    "(often called “Xorg” on the login screen) if I should."
)

TEXT_WORDS = LONGEST_TITLE
"""Units of 4 bytes, so that this many characters fit in any encoding."""

PROPERTIES = {
    "_NET_WM_NAME": TEXT_WORDS,
    "WM_NAME": TEXT_WORDS,
    "WM_CLASS": 64,
    "WM_STATE": 1,
    "_NET_WM_PID": 1,
    "_NET_WM_DESKTOP": 1,
    "_NET_WM_STATE": 32,
    "_NET_WM_WINDOW_TYPE": 8,
    "_GTK_FRAME_EXTENTS": 4,
}
"""What is asked of every window, in units of 4 bytes at most."""

ROOT_PROPERTIES = {
    "_NET_SUPPORTED": 1,
    "_NET_ACTIVE_WINDOW": 1,
    "_NET_CURRENT_DESKTOP": 1,
    "_NET_CLIENT_LIST": 4096,
}

FURNITURE = tuple(
    f"_NET_WM_WINDOW_TYPE_{kind}"
    for kind in ("DOCK", "DESKTOP", "NOTIFICATION", "TOOLTIP", "DND", "MENU", "DROPDOWN_MENU", "POPUP_MENU", "COMBO")
)
"""Types of windows that nobody works in, be it for their short life."""

HIDDEN = "_NET_WM_STATE_HIDDEN"
ENCODINGS = ("STRING", "UTF8_STRING", "COMPOUND_TEXT")
ATOMS = (*PROPERTIES, *ROOT_PROPERTIES, *FURNITURE, *ENCODINGS, HIDDEN)

ICONIC = 3  # WM_STATE, ICCCM 4.1.3.1
ALL_DESKTOPS = 0xFFFFFFFF
VIEWABLE = 2  # GetWindowAttributes: the window and all it stands in are mapped
INPUT_ONLY = 2  # GetWindowAttributes: a window without pixels
SAVER_ON = 1  # MIT-SCREEN-SAVER

FRAMES_DEEP = 4
"""Levels a window manager may put between the root and the application's window."""

OLD_FRAMES_DEEP = 3
"""Levels to look at where they must all be searched: the root's children, and two below."""

FRAME_PARTS = 64
"""Parts of such a frame that are looked at, so that no application with thousands holds us up."""

_UTF8_SEGMENT = re.compile(rb"\x1b%G(.*?)(?:\x1b%@|$)", re.DOTALL)
_ESCAPE = re.compile(rb"\x1b[\x20-\x2f]*[\x30-\x7e]?")


def decode(data: bytes, encoding: str) -> str:
    """Text of a property, of one of `ENCODINGS`; what is wrong in it becomes a replacement character.

    Compound text is understood where it is Latin-1 or UTF-8 (https://www.x.org/docs/CTEXT/ctext.pdf).
    """
    if encoding == "UTF8_STRING":
        return data.decode("utf-8", "replace")
    if encoding == "COMPOUND_TEXT":
        parts = _UTF8_SEGMENT.split(data)  # every second one is UTF-8
        return "".join(
            part.decode("utf-8", "replace") if number % 2 else _ESCAPE.sub(b"", part).decode("latin-1")
            for number, part in enumerate(parts)
        )
    return data.decode("latin-1")


def process_name(pid: int) -> str:
    """The name of a process, or nothing where the system doesn't tell."""
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip() if pid > 0 else ""
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class _Properties:
    """What a window says of itself."""

    values: dict[str, Any]
    names: dict[int, str]

    def numbers(self, name: str) -> list[int]:
        """A property of numbers; empty where it isn't there, or something else."""
        size, numbers = self._value(name)
        return list(numbers) if size == 32 else []

    def number(self, name: str, default: int = 0) -> int:
        """The first of the numbers."""
        return next(iter(self.numbers(name)), default)

    def atoms(self, name: str) -> set[str]:
        """The names of atoms in a property, as far as we know them."""
        return {self.names[number] for number in self.numbers(name) if number in self.names}

    def text(self, name: str) -> str:
        """A property of text."""
        size, data = self._value(name)
        encoding = self.names.get(self.values[name].property_type, "") if size == 8 else ""
        return decode(bytes(data), encoding) if size == 8 else ""

    def _value(self, name: str) -> tuple[int, Any]:
        answer = self.values.get(name)
        return answer.value if answer is not None and answer.property_type and answer.value else (0, b"")


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that is known of a window, in X's words."""

    handle: int
    attributes: Any
    box: Box
    properties: _Properties

    @property
    def title(self) -> str:
        """Its title; an old one where there is no new one."""
        return tidy(self.properties.text("_NET_WM_NAME") or self.properties.text("WM_NAME"))

    @property
    def pid(self) -> int:
        """The process it says it belongs to, or 0."""
        return self.properties.number("_NET_WM_PID")

    @property
    def app(self) -> str:
        """Its class, or its process's name."""
        names = self.properties.text("WM_CLASS").split("\0")
        return tidy(names[1] if len(names) > 1 and names[1] else names[0]) or process_name(self.pid)

    def shown(self, desktop: int) -> bool:
        """Whether it is mapped, not minimised, and on this desktop."""
        its = self.properties.number("_NET_WM_DESKTOP", ALL_DESKTOPS)
        return (
            self.attributes.map_state == VIEWABLE
            and self.properties.number("WM_STATE") != ICONIC
            and HIDDEN not in self.properties.atoms("_NET_WM_STATE")
            and (its == ALL_DESKTOPS or desktop in (its, ALL_DESKTOPS))
        )

    def window(self, active: int) -> Window:
        """The same in our words."""
        return Window(
            handle=self.handle,
            pid=self.pid,
            app=self.app,
            title=self.title,
            box=self.box,
            active=self.handle == active,
            furniture=not self.properties.atoms("_NET_WM_WINDOW_TYPE").isdisjoint(FURNITURE),
        )


@contextmanager
def _connected() -> Iterator[None]:
    """Raises `SightFailed` when the server goes away."""
    from Xlib.error import ConnectionClosedError

    try:
        yield
    except (ConnectionClosedError, OSError) as trouble:
        raise SightFailed(LOST) from trouble


class _Server:
    """An X server that is asked many things at once: a question returns at once, `answer` waits.

    A window may vanish between two questions, so an X error is just no answer.
    """

    def __init__(self) -> None:
        from Xlib.display import Display
        from Xlib.error import ConnectionClosedError, DisplayError
        from Xlib.protocol import request

        try:
            with redirect_stdout(io.StringIO()):  # where it would print warnings, and ours may be a pipe
                self._display = Display()
        except (DisplayError, ConnectionClosedError, OSError) as trouble:
            raise SightFailed(UNREACHABLE.format(display=os.environ.get("DISPLAY", ""))) from trouble
        self._display.set_error_handler(lambda error, request: None)  # the default one prints
        self._request = request
        self.root: int = self._display.screen().root.id
        asked = {name: self._ask("InternAtom", name=name, only_if_exists=False) for name in ATOMS}
        self.atoms: dict[str, int] = {name: self.answer(reply).atom for name, reply in asked.items()}
        self.names = {atom: name for name, atom in self.atoms.items()}

    def _ask(self, question: str, **arguments: object) -> Any:
        return getattr(self._request, question)(display=self._display.display, defer=True, **arguments)

    def answer(self, question: Any) -> Any:
        """The reply to a question, or None."""
        from Xlib.error import XError

        try:
            question.reply()
        except XError:
            return None
        return question

    def attributes(self, window: int) -> Any:
        """Asks for a window's attributes."""
        return self._ask("GetWindowAttributes", window=window)

    def tree(self, window: int) -> Any:
        """Asks for a window's parent and children, the topmost last."""
        return self._ask("QueryTree", window=window)

    def geometry(self, window: int) -> Any:
        """Asks for a window's size in px."""
        return self._ask("GetGeometry", drawable=window)

    def place(self, window: int) -> Any:
        """Asks where a window's top left px is on the root."""
        return self._ask("TranslateCoords", src_wid=window, dst_wid=self.root, src_x=0, src_y=0)

    def focus(self) -> Any:
        """Asks which window has the keyboard."""
        return self._ask("GetInputFocus")

    def properties(self, window: int, names: dict[str, int]) -> dict[str, Any]:
        """Asks for properties, of some units of 4 bytes at most."""
        return {
            name: self._ask(
                "GetProperty",
                delete=0,
                window=window,
                property=self.atoms[name],
                type=0,
                long_offset=0,
                long_length=size,
            )
            for name, size in names.items()
        }

    def values(self, asked: dict[str, Any]) -> _Properties:
        """The replies to `properties`."""
        return _Properties({name: self.answer(question) for name, question in asked.items()}, self.names)

    def saver_on(self) -> bool:
        """Whether the server's own screen saver covers the screen."""
        if "MIT-SCREEN-SAVER" not in self._display.extensions:
            return False
        return bool(self._display.screen().root.screensaver_query_info().state == SAVER_ON)

    def close(self) -> None:
        """Hang up; the server may have done so already."""
        from Xlib.error import ConnectionClosedError

        with suppress(ConnectionClosedError, OSError):
            self._display.close()


def _id(resource: Any) -> int:
    return int(getattr(resource, "id", resource))


class X11Screen:
    """The desktop of an X server, or what XWayland knows of a Wayland one. For one thread.

    On Wayland it raises `SightFailed` while the window in front is none of X11's; others that stand above are unknown.
    """

    def __init__(self, *, on_wayland: bool = False) -> None:
        """Raises `SightFailed` when the server doesn't let us in."""
        self._on_wayland = on_wayland
        self._server = _Server()
        self._lock = SessionLock()

    def windows(self) -> Sequence[Window]:
        """The visible windows, the topmost first; raises `SightFailed`."""
        with _connected():
            found = list(self._windows())
        if self._on_wayland and not any(window.active for window in found):
            raise SightFailed(ELSEWHERE)
        return found

    def privacy(self) -> Privacy | None:
        """Why this is no moment to look; raises `SightFailed` when the server is gone."""
        if self._lock.locked():
            return Privacy.LOCKED
        with _connected():
            if self._server.saver_on():
                return Privacy.LOCKED
            windows = list(self._windows(everywhere=True))
        if is_locked(windows):
            return Privacy.LOCKED
        return Privacy.SHARED if is_sharing(windows) else None

    def close(self) -> None:
        """Leave the server and the buses."""
        self._server.close()
        self._lock.close()

    def _windows(self, *, everywhere: bool = False) -> Iterator[Window]:
        """The windows, the topmost first; with those that can't be seen (they come last) when `everywhere`."""
        size, tree = self._server.geometry(self._server.root), self._server.tree(self._server.root)
        root = self._server.values(self._server.properties(self._server.root, ROOT_PROPERTIES))
        size, tree = self._server.answer(size), self._server.answer(tree)
        listed = root.numbers("_NET_CLIENT_LIST")
        tops = [_id(child) for child in reversed(tree.children)]
        managed = bool(root.numbers("_NET_SUPPORTED"))
        handles = self._clients(tops, listed)
        if everywhere:
            handles = list(dict.fromkeys([*handles, *listed]))
        known = list(self._facts(handles))
        active = root.number("_NET_ACTIVE_WINDOW") if managed else self._focused(handles)
        desktop = root.number("_NET_CURRENT_DESKTOP", ALL_DESKTOPS)
        screen = Box(0, 0, size.width, size.height)
        for facts in known:
            if everywhere or (facts.shown(desktop) and facts.box.cut(screen)):
                window = facts.window(active)
                if window.pid or window.app or window.title:  # else it is the window manager's
                    yield window

    def _clients(self, tops: list[int], listed: list[int]) -> list[int]:
        """For each child of the root, the topmost first, the application's window inside it, or itself."""
        asked = [(top, self._server.attributes(top)) for top in tops]
        seen = [(top, self._server.answer(reply)) for top, reply in asked]
        tops = [top for top, its in seen if its and its.map_state == VIEWABLE and its.win_class != INPUT_ONLY]
        framed = self._framed(set(tops), listed) if listed else self._inner(tops)
        return [framed.get(top, top) for top in tops]

    def _framed(self, tops: set[int], listed: list[int]) -> dict[int, int]:
        """Frames and the applications' windows in them, found from within: a frame may have many other parts."""
        found: dict[int, int] = {}
        level = {client: client for client in listed}
        for _ in range(FRAMES_DEEP):
            found |= {at: client for client, at in level.items() if at in tops}
            asked = [(client, self._server.tree(at)) for client, at in level.items() if at not in tops]
            trees = [(client, self._server.answer(tree)) for client, tree in asked]
            level = {client: _id(tree.parent) for client, tree in trees if tree}
        return found

    def _inner(self, tops: list[int]) -> dict[int, int]:
        """The same under an old window manager that keeps no list, found by what ICCCM has it write on them."""
        found: dict[int, int] = {}
        level = [(top, top) for top in tops]
        for _ in range(OLD_FRAMES_DEEP):
            asked = [self._server.properties(node, {"WM_STATE": 1}) for _, node in level]
            trees = [self._server.tree(node) for _, node in level]
            states = [self._server.values(properties).numbers("WM_STATE") for properties in asked]
            found |= {top: node for (top, node), state in zip(level, states, strict=True) if state}
            parts = [(top, self._server.answer(tree)) for (top, _), tree in zip(level, trees, strict=True)]
            level = [
                (top, _id(child))
                for top, tree in parts
                if tree and top not in found
                for child in tree.children[-FRAME_PARTS:]
            ]
        return found

    def _facts(self, handles: Iterable[int]) -> Iterator[_Facts]:
        """What is to be known of windows; those that vanished are left out."""
        server = self._server
        asked = [
            (handle, server.attributes(handle), server.geometry(handle), server.place(handle),
             server.properties(handle, PROPERTIES))
            for handle in handles
        ]  # fmt: skip
        for handle, attributes, geometry, place, properties in asked:
            its, size, at = server.answer(attributes), server.answer(geometry), server.answer(place)
            values = server.values(properties)
            if its and size and at and its.win_class != INPUT_ONLY:
                box = Box(at.x, at.y, size.width, size.height)
                yield _Facts(handle, its, _without_shadow(box, values.numbers("_GTK_FRAME_EXTENTS")), values)

    def _focused(self, handles: Sequence[int]) -> int:
        """The window with the keyboard, which may be deep inside one of `handles`; 0 where it is in none."""
        at = _id(self._server.answer(self._server.focus()).focus)
        for _ in range(32):
            if at in handles:
                return at
            above = self._server.answer(self._server.tree(at)) if at > 1 else None  # 0 and 1: none, the pointer's
            at = _id(above.parent) if above else 0
        return 0


def _without_shadow(box: Box, margins: Sequence[int]) -> Box:
    """GTK draws a window's shadow into the window: left, right, top and bottom px that aren't it."""
    if len(margins) != 4 or margins[0] + margins[1] >= box.width or margins[2] + margins[3] >= box.height:
        return box
    left, right, top, bottom = margins
    return Box(box.left + left, box.top + top, box.width - left - right, box.height - top - bottom)
