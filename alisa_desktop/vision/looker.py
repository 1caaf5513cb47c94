"""The child process that looks. It does so only while it is told to, and only what it was asked for leaves it.

In: `open` (first: what must not be looked at, whose windows are ours), `aware` (on or off), `look` (a depth, now),
`read` (a picture that comes along); the end of the input is the order to stop. Out: `hello`, `looking`, `saw`, `text`,
`error`. It runs at low priority.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.core.frames import PROTOCOL, Frame
from alisa_desktop.core.sight import AppKind, Depth, Sight
from alisa_desktop.host.pipe import Inbox, Outbox, connect
from alisa_desktop.vision.accessibility import open_accessible_text
from alisa_desktop.vision.apps import Apps, BlockList
from alisa_desktop.vision.screen import AccessibleText, Privacy, Screen, Window
from alisa_desktop.vision.window import covering, front, open_screen

WINDOW_SECONDS = 2.0
"""Between looks at which window is in front, while aware."""
TEXT_SECONDS = 10.0
"""Between looks at whether its text has changed, while aware."""
TROUBLE_SECONDS = 60.0
"""After which something that failed is tried again, while aware."""
IDLE_SHARE = 20
"""A reading that nobody asked for is followed by so many times its duration without another one: 5 % of one core."""
ACCESSIBLE_SECONDS = 0.3
PICTURE_SIDE = 1024
"""px: the longer side of a picture for a model."""
JPEG_QUALITY = 85
KNOWN_WINDOWS = 4
"""Windows whose text is remembered, so that going back to one reads only what has changed."""
LOW_PRIORITY = 10

AWAY = {
    Privacy.LOCKED: "the screen is locked",
    Privacy.SHARED: "the screen is being shared",
}
PRIVATE = "this window is private"
NOTHING = "no window is in front"


def main() -> int:
    """Serve the pipe on standard input and output until it closes; returns the exit status."""
    inbox, outbox = connect()
    _step_back()
    with suppress(BrokenPipeError):  # the parent is gone: nobody is left to tell
        outbox.send(type="hello", protocol=PROTOCOL, pid=os.getpid())
        if frame := inbox.next():
            with Looker.opened(frame, outbox) as looker:
                looker.run(inbox)
    return 0


def _step_back() -> None:
    """Let everything else on the machine go first."""
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            psutil.Process().nice(LOW_PRIORITY)


class Turned(Exception):
    """The eyes turn away from what is in front; the text says why."""


@dataclass(slots=True)
class Counts:
    """What was done so far, for whoever wants to prove what was not."""

    captures: int = 0
    runs: int = 0
    pixels: int = 0


class Looker:
    """Looks with one screen; call it from one thread. `run` serves until the inbox ends."""

    def __init__(
        self,
        screen: Screen,
        accessible: AccessibleText,
        apps: Apps,
        blocked: BlockList,
        own: Sequence[int],
        send: Callable[..., None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._accessible = accessible
        self._apps = apps
        self._blocked = blocked
        self._own = frozenset({*own, os.getpid()})
        self._send = send
        self._clock = clock
        self._eyes: _Eyes | None = None
        self._aware = False
        self._last: Sight | None = None
        self._text_due = 0.0
        self._trouble = ""

    @classmethod
    def opened(cls, frame: Mapping[str, Any], outbox: Outbox) -> Looker:
        """A looker as the first frame wants it."""
        return cls(
            open_screen(),
            open_accessible_text(),
            Apps.load(Path(frame["apps"])),
            BlockList.parse(Path(frame["blocked"]).read_text("utf-8"), str(frame["never"])),
            [int(pid) for pid in frame["own"]],
            outbox.send,
        )

    def __enter__(self) -> Looker:
        return self

    def __exit__(self, *_: object) -> None:
        self._accessible.close()
        self._screen.close()

    def run(self, inbox: Inbox) -> None:
        """Answer requests, and while aware look on one's own in between."""
        while not inbox.ended:
            if frame := inbox.next(WINDOW_SECONDS if self._aware else None):
                self._answer(frame)
            elif self._aware and not inbox.ended:
                self._stay_aware(lambda: inbox.waits)

    def _answer(self, frame: Frame) -> None:
        match frame["type"]:
            case "aware":
                self._aware = bool(frame["on"])
                self._last, self._text_due = None, self._clock() + WINDOW_SECONDS
                if self._aware:
                    self._stay_aware(lambda: False)
            case "look":
                self._look(int(frame["id"]), Depth(frame["depth"]))
            case "read":
                self._read(int(frame["id"]), str(frame["picture"]))

    def _read(self, request: int, picture: str) -> None:
        """Read a picture that the self-test made (a file, in base64); the screen is left alone."""
        from alisa_desktop.vision.reader import read_picture

        try:
            self._send(type="text", id=request, text=read_picture(base64.b64decode(picture)))
        except SightFailed as error:
            self._send(type="error", id=request, kind="SightFailed", sentence=error.sentence)

    def _look(self, request: int, depth: Depth) -> None:
        try:
            sight = self._see(depth, lambda: False)
        except SightFailed as error:
            self._send(type="error", id=request, kind="SightFailed", sentence=error.sentence)
        else:
            self._tell(sight, request)

    def _tell(self, sight: Sight, request: int = 0) -> None:
        counts = self._eyes.counts if self._eyes else Counts()
        self._send(type="saw", id=request, sight=asdict(sight), counts=asdict(counts))

    # on one's own

    def _stay_aware(self, is_wanted: Callable[[], bool]) -> None:
        """Look at which window is in front, and from time to time at its text; tell what is new.

        The reading ends early when `is_wanted` says that somebody waits.
        """
        try:
            sight = self._see(Depth.WINDOW, is_wanted)
            is_new = self._last is None or _place(sight) != _place(self._last)
            if is_new:
                self._last = sight
                self._tell(sight)
            if not sight.reason and self._clock() >= self._text_due:
                self._read_along(is_wanted)
            self._trouble = ""
        except SightFailed as error:
            self._text_due = self._clock() + TROUBLE_SECONDS
            if error.sentence != self._trouble:
                self._trouble = error.sentence
                self._send(type="error", id=0, kind="SightFailed", sentence=error.sentence)

    def _read_along(self, is_wanted: Callable[[], bool]) -> None:
        began, runs = self._clock(), self._eyes.counts.runs if self._eyes else 0
        sight = self._see(Depth.TEXT, is_wanted)
        took = self._clock() - began
        has_read = self._eyes is not None and self._eyes.counts.runs > runs
        self._text_due = self._clock() + max(TEXT_SECONDS, IDLE_SHARE * took if has_read else 0.0)
        if self._last is None or (_place(sight), sight.text) != (_place(self._last), self._last.text):
            self._last = sight
            self._tell(sight)

    # one look

    def _see(self, depth: Depth, is_wanted: Callable[[], bool]) -> Sight:
        """What is in front, as deep as asked for; with a reason where the eyes turn away. Raises `SightFailed`."""
        try:
            window, windows = self._allowed()
            sight = self._named(window, depth)
            if depth is Depth.WINDOW:
                return sight
            self._send(type="looking", on=True)
            try:
                return self._deeper(sight, window, windows, is_wanted)
            finally:
                self._send(type="looking", on=False)
        except Turned as turned:
            return Sight(reason=str(turned))

    def _allowed(self) -> tuple[Window, Sequence[Window]]:
        """The window in front and all others; raises `Turned` where it is none of our business."""
        if privacy := self._screen.privacy():
            raise Turned(AWAY[privacy])
        windows = self._screen.windows()
        window = front(windows, self._own)
        if window is None:
            raise Turned(NOTHING)
        if self._is_blocked(window):
            raise Turned(PRIVATE)
        return window, windows

    def _is_blocked(self, window: Window) -> bool:
        return bool(self._blocked.why(window.app, window.title, self._apps.name_of(window.app)))

    def _named(self, window: Window, depth: Depth) -> Sight:
        kind = self._apps.kind_of(window.app, window.title)
        return Sight(self._apps.name_of(window.app), window.title, kind, depth)

    def _deeper(self, sight: Sight, window: Window, windows: Sequence[Window], is_wanted: Callable[[], bool]) -> Sight:
        if sight.depth is Depth.TEXT and (lines := self._accessible.read(window, ACCESSIBLE_SECONDS)):
            from alisa_desktop.vision.digest import digest

            return _with(sight, text=digest(lines, from_end=_goes_on_below(sight.kind)))
        if self._eyes is None:
            self._eyes = _Eyes()
        covers = covering(window, windows, self._own, self._is_blocked)
        frame, _ = self._eyes.camera.take(window.box, covers)
        self._eyes.counts.captures = self._eyes.camera.captures
        self._check_again(window)
        text = self._eyes.read(window.handle, frame, is_wanted, _goes_on_below(sight.kind))
        if sight.depth is Depth.PICTURE:
            return _with(sight, text=text, picture=picture(frame))
        return _with(sight, text=text)

    def _check_again(self, window: Window) -> None:
        """What came to the front while the picture was taken may be private: then the picture is thrown away."""
        now, _ = self._allowed()
        if now.handle != window.handle or self._is_blocked(now):
            raise SightFailed("The window in front changed while I looked. Let me look again.")


class _Eyes:
    """What deeper looks need; made at the first of them, because it takes memory."""

    def __init__(self) -> None:
        from alisa_desktop.vision.capture import Camera
        from alisa_desktop.vision.reader import Reader

        self.camera = Camera()
        self.counts = Counts()
        self._reader = Reader()
        self._known: dict[int, Any] = {}

    def read(self, handle: int, frame: Any, is_wanted: Callable[[], bool], from_end: bool) -> str:
        """The text of a window worth telling; only what has changed since the last time is read."""
        from alisa_desktop.vision.digest import digest
        from alisa_desktop.vision.tiles import Mosaic, bands

        mosaic = self._known.pop(handle, None) or Mosaic()
        self._known[handle] = mosaic  # the latest last
        while len(self._known) > KNOWN_WINDOWS:
            del self._known[next(iter(self._known))]
        regions = mosaic.changed(frame)
        if regions:
            mosaic.begin()
        for band in [band for region in regions for band in bands(region, frame)]:
            if is_wanted():  # the rest still differs next time
                break
            mosaic.read(band, self._reader.read(frame, band))
        self.counts.runs, self.counts.pixels = self._reader.runs, self._reader.pixels
        return digest(mosaic.lines, mosaic.fresh, from_end=from_end)


def picture(frame: Any) -> str:
    """`frame` as a small JPEG, as a `data:` address."""
    import cv2

    height, width = frame.shape[:2]
    shrink = min(1.0, PICTURE_SIDE / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _place(sight: Sight) -> tuple[str, str, str]:
    return sight.app, sight.title, sight.reason


def _with(sight: Sight, text: str, picture: str = "") -> Sight:
    return Sight(sight.app, sight.title, sight.kind, sight.depth, text, picture)


def _goes_on_below(kind: AppKind) -> bool:
    return kind in (AppKind.TERMINAL, AppKind.CHAT)
