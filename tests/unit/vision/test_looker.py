"""The process that looks: only when told to, never at what is private, and only as deep as it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.core.sight import AppKind, Depth
from alisa_desktop.vision import capture, looker, reader
from alisa_desktop.vision.accessibility import NoAccessibleText
from alisa_desktop.vision.apps import Apps, BlockList
from alisa_desktop.vision.looker import TEXT_SECONDS, WINDOW_SECONDS, Looker
from alisa_desktop.vision.screen import Box, Privacy, TextLine, Window

OURS = 77
EDITOR = Window(1, 10, "code", "main.py", Box(0, 0, 640, 400), active=True)
VAULT = Window(2, 11, "keepassxc", "Passwords", Box(0, 0, 640, 400), active=True)
BUBBLE = Window(3, OURS, "alisa", "Talk with Alisa", Box(500, 300, 140, 100))


class Desk:
    """A screen whose windows a test sets; `after_picture` comes to the front when a picture is taken."""

    def __init__(self) -> None:
        self.front: list[Window] = [EDITOR]
        self.away: Privacy | None = None
        self.after_picture: list[Window] | None = None
        self.refuses = ""

    def windows(self) -> Sequence[Window]:
        if self.refuses:
            raise SightFailed(self.refuses)
        return self.front

    def privacy(self) -> Privacy | None:
        return self.away

    def close(self) -> None:
        pass


class FakeCamera:
    """Gives white pictures and counts them."""

    taken: list[tuple[Box, list[Box]]]

    def __init__(self, desk: Desk) -> None:
        self.captures = 0
        self.taken = []
        self.desk = desk
        self.frame = np.full((400, 640, 3), 255, np.uint8)

    def take(self, box: Box, covers: Sequence[Box] = ()) -> tuple[Any, Box]:
        self.captures += 1
        self.taken.append((box, list(covers)))
        if self.desk.after_picture:
            self.desk.front = self.desk.after_picture
        return self.frame.copy(), box


class FakeReader:
    """Reads the same words from every region."""

    def __init__(self) -> None:
        self.runs = self.pixels = 0
        self.text = "NameError: name 'x' is not defined"

    def read(self, frame: Any, region: Box) -> list[TextLine]:
        self.runs += 1
        self.pixels += region.width * region.height
        return [TextLine(self.text, Box(region.left + 4, region.top + 4, 100, 12))]


class Watch:
    """A looker with everything around it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.sent, self.time = Desk(), [], 0.0
        self.camera, self.reader = FakeCamera(self.desk), FakeReader()
        monkeypatch.setattr(capture, "Camera", lambda: self.camera)
        monkeypatch.setattr(reader, "Reader", lambda: self.reader)
        self.looker = Looker(
            self.desk,
            NoAccessibleText(),
            Apps.parse("[code]\ncode = Visual Studio Code\n"),
            BlockList.parse("[applications]\nkeepassxc\n[titles]\nonline banking\n"),
            [OURS],
            lambda **frame: self.sent.append(frame),
            lambda: self.time,
        )

    def ask(self, depth: Depth) -> dict[str, Any]:
        self.looker._answer({"type": "look", "id": 5, "depth": depth.value})
        return self.sent[-1]

    def pass_time(self, seconds: float) -> None:
        end = self.time + seconds
        while self.time < end:
            self.time += WINDOW_SECONDS
            self.looker._stay_aware(lambda: False)

    def seen(self) -> list[dict[str, Any]]:
        return [frame["sight"] for frame in self.sent if frame["type"] == "saw"]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def test_which_window_is_in_front_takes_no_pixels(watch: Watch) -> None:
    frame = watch.ask(Depth.WINDOW)
    assert (frame["id"], frame["type"]) == (5, "saw")
    assert frame["sight"]["app"] == "Visual Studio Code"
    assert frame["sight"]["kind"] == AppKind.CODE
    assert frame["sight"]["title"] == "main.py"
    assert watch.camera.captures == 0
    assert not any(frame["type"] == "looking" for frame in watch.sent)


def test_text_is_read_of_the_window_without_our_own(watch: Watch) -> None:
    watch.desk.front = [BUBBLE, EDITOR]
    frame = watch.ask(Depth.TEXT)
    assert "NameError" in frame["sight"]["text"]
    assert watch.camera.taken == [(EDITOR.box, [BUBBLE.box])]
    assert [frame["on"] for frame in watch.sent if frame["type"] == "looking"] == [True, False]
    assert frame["counts"]["captures"] == 1
    assert not frame["sight"]["picture"]


def test_a_picture_is_small_and_ours(watch: Watch) -> None:
    frame = watch.ask(Depth.PICTURE)
    assert frame["sight"]["picture"].startswith("data:image/jpeg;base64,")
    assert "NameError" in frame["sight"]["text"]


@pytest.mark.parametrize("depth", Depth)
@pytest.mark.parametrize(
    "private",
    [VAULT, Window(1, 10, "firefox", "Online Banking - Firefox", Box(0, 0, 640, 400), active=True)],
)
def test_no_pixel_is_taken_of_what_is_private(watch: Watch, depth: Depth, private: Window) -> None:
    watch.desk.front = [private, EDITOR]
    sight = watch.ask(depth)["sight"]
    assert sight["reason"] == looker.PRIVATE
    assert not (sight["app"] or sight["title"] or sight["text"] or sight["picture"])
    assert watch.camera.captures == 0
    assert watch.reader.runs == 0


@pytest.mark.parametrize("away", Privacy)
def test_no_pixel_is_taken_of_a_locked_or_shared_screen(watch: Watch, away: Privacy) -> None:
    watch.desk.away = away
    assert watch.ask(Depth.PICTURE)["sight"]["reason"] == looker.AWAY[away]
    assert watch.camera.captures == 0


def test_a_private_window_above_is_left_out_of_the_picture(watch: Watch) -> None:
    above = Window(4, 12, "keepassxc", "x", Box(100, 100, 50, 50))
    watch.desk.front = [above, EDITOR]
    watch.ask(Depth.TEXT)
    [(_, covers)] = watch.camera.taken
    assert any(cover.cut(above.box) == above.box for cover in covers)


def test_a_picture_is_thrown_away_when_something_private_came_up_meanwhile(watch: Watch) -> None:
    watch.desk.after_picture = [VAULT]
    sight = watch.ask(Depth.PICTURE)["sight"]
    assert sight["reason"] == looker.PRIVATE
    assert not sight["picture"]
    assert watch.reader.runs == 0


def test_another_window_meanwhile_is_said(watch: Watch) -> None:
    watch.desk.after_picture = [Window(9, 10, "code", "other.py", EDITOR.box, active=True)]
    frame = watch.ask(Depth.TEXT)
    assert frame["type"] == "error"
    assert "changed while I looked" in frame["sentence"]


def test_what_the_system_refuses_is_said_in_its_sentence(watch: Watch) -> None:
    watch.desk.refuses = "I'm not allowed to see the screen. Open the settings."
    assert watch.ask(Depth.TEXT)["sentence"] == watch.desk.refuses
    watch.pass_time(20)
    assert len([frame for frame in watch.sent if frame["type"] == "error"]) == 2, "once asked, once on its own"


def test_aware_reads_an_unchanging_screen_once(watch: Watch) -> None:
    watch.pass_time(600)
    runs = watch.reader.runs
    assert runs <= 2, "one reading, in two bands"
    assert watch.camera.captures > 30
    assert [(sight["depth"], bool(sight["text"])) for sight in watch.seen()] == [("window", False), ("text", True)]


def test_aware_tells_each_new_window_once(watch: Watch) -> None:
    watch.pass_time(6)
    watch.desk.front = [Window(8, 13, "files", "Home", EDITOR.box, active=True)]
    watch.pass_time(6)
    watch.desk.front = [VAULT]
    watch.pass_time(6)
    told = [(sight["title"], sight["reason"]) for sight in watch.seen() if sight["depth"] == "window"]
    assert told == [("main.py", ""), ("Home", ""), ("", looker.PRIVATE)]


def test_a_long_reading_on_one_s_own_is_followed_by_a_rest(watch: Watch) -> None:
    read = watch.reader.read

    def slow(frame: Any, region: Box) -> list[TextLine]:
        watch.time += 3
        return read(frame, region)

    watch.reader.read = slow  # type: ignore[method-assign]
    watch.pass_time(TEXT_SECONDS + WINDOW_SECONDS)
    captures = watch.camera.captures
    watch.camera.frame[:] = 0
    watch.pass_time(40)
    assert watch.camera.captures == captures, "3 s of reading are paid with a minute of rest"
    watch.ask(Depth.TEXT)
    assert watch.camera.captures == captures + 1, "who asks does not wait for that"


def test_somebody_who_asks_interrupts_a_reading_nobody_asked_for(watch: Watch) -> None:
    watch.time = TEXT_SECONDS
    watch.looker._stay_aware(lambda: watch.camera.captures > 0)
    assert watch.reader.runs == 0
    assert "NameError" in watch.ask(Depth.TEXT)["sight"]["text"]
