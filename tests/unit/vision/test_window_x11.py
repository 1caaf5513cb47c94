"""The windows of a real X server, under a real window manager and without one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from desktop import wait_for
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.core.errors import SightFailed
from alisa_desktop.vision import window_x11
from alisa_desktop.vision.screen import Box, Privacy, Window
from alisa_desktop.vision.window import NO_SCREEN, ONLY_WAYLAND, NoScreen, front, open_screen
from alisa_desktop.vision.window_x11 import ELSEWHERE, LOST, X11Screen, decode, process_name

on_x11 = pytest.mark.skipif(
    sys.platform != "linux" or not (shutil.which("Xvfb") and shutil.which("openbox")), reason="no Xvfb and openbox here"
)
ATOM, CARDINAL, STRING, WM_NAME = 4, 6, 31, 39  # Xlib.Xatom, which other systems lack
SOMEWHERE = Box(100, 100, 300, 200)


@contextmanager
def x_server(*manager: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A display of its own, with this window manager."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, pass_fds=(writer,), **quiet)  # type: ignore[call-overload]
    os.close(writer)
    with os.fdopen(reader) as pipe:
        display = f":{pipe.readline().strip()}"
    started = [server]
    try:
        if manager:
            started.append(subprocess.Popen(manager, env=os.environ | {"DISPLAY": display}, **quiet))  # type: ignore[call-overload]
        yield display, server
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(10)


class Client:
    """A program with windows."""

    def __init__(self, display: str) -> None:
        from Xlib.display import Display

        self.display = Display(display)
        self.root = self.display.screen().root
        self.problems: list[object] = []
        self.display.set_error_handler(lambda error, request: self.problems.append(error))

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def show(
        self,
        title: str | bytes = "",
        *,
        box: Box = SOMEWHERE,
        names: tuple[str, str] | None = None,
        pid: int = 0,
        kind: str = "",
        popup: bool = False,
    ) -> Any:
        window = self.root.create_window(
            box.left, box.top, box.width, box.height, 0, self.display.screen().root_depth, override_redirect=popup
        )
        if title:
            data = title.encode() if isinstance(title, str) else title
            window.change_property(self.atom("_NET_WM_NAME"), self.atom("UTF8_STRING"), 8, data)
        if names:
            window.set_wm_class(*names)
        if pid:
            window.change_property(self.atom("_NET_WM_PID"), CARDINAL, 32, [pid])
        if kind:
            window.change_property(
                self.atom("_NET_WM_WINDOW_TYPE"), ATOM, 32, [self.atom(f"_NET_WM_WINDOW_TYPE_{kind}")]
            )
        window.set_wm_normal_hints(flags=1, x=box.left, y=box.top)  # USPosition: put it where it says
        window.map()
        self.display.sync()
        return window

    def tell(self, window: Any, message: str, *values: int) -> None:
        """A client message to the window manager."""
        from Xlib.protocol import event

        data = (32, [*values, *[0] * (5 - len(values))])
        told = event.ClientMessage(window=window, client_type=self.atom(message), data=data)
        self.root.send_event(told, event_mask=(1 << 19) | (1 << 20))
        self.display.sync()

    def desktops(self, count: int) -> None:
        self.tell(self.root, "_NET_NUMBER_OF_DESKTOPS", count)

    def close(self) -> None:
        self.display.close()


@pytest.fixture
def no_buses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever runs on this machine isn't asked, and the session's kind isn't known."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")


@pytest.fixture(scope="module")
def managed_display() -> Iterator[str]:
    with x_server("openbox", "--sm-disable") as (display, _):
        client = Client(display)
        supported = client.atom("_NET_SUPPORTED")
        wait_for(lambda: client.root.get_full_property(supported, 0), "the window manager")
        wait_for(lambda: gives_focus(client), "a window manager that has come up")
        yield display
        client.close()


def gives_focus(client: Client) -> bool:
    """Whether a new window becomes the active one; those that the manager finds when it comes up do not."""
    active = client.atom("_NET_ACTIVE_WINDOW")
    probe = client.show("probe")

    def is_active() -> bool:
        found = client.root.get_full_property(active, 0)
        return bool(found) and probe.id in found.value

    try:
        wait_for(is_active, "the probe to be active", 2)
    except AssertionError:
        return False
    finally:
        probe.destroy()
        client.display.sync()
    return True


@pytest.fixture(scope="module")
def bare_display() -> Iterator[str]:
    with x_server() as (display, _):
        yield display


@contextmanager
def opened(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[X11Screen]:
    monkeypatch.setenv("DISPLAY", display)
    screen = open_screen()
    assert isinstance(screen, X11Screen)
    try:
        yield screen
    finally:
        screen.close()


@pytest.fixture
def screen(managed_display: str, no_buses: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[X11Screen]:
    with opened(managed_display, monkeypatch) as it:
        yield it


@pytest.fixture
def client(managed_display: str, screen: X11Screen) -> Iterator[Client]:
    it = Client(managed_display)
    yield it
    it.close()
    wait_for(lambda: not screen.windows(), "an empty desktop")


@pytest.fixture
def bare(bare_display: str, no_buses: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[X11Screen, Client]]:
    with opened(bare_display, monkeypatch) as screen:
        client = Client(bare_display)
        yield screen, client
        client.close()
        wait_for(lambda: not screen.windows(), "an empty desktop")


def find(screen: X11Screen, window: Any, sure: Callable[[Window], object] = lambda _: True) -> Window:
    """Wait until the window is to be seen, and is as it should be."""

    def look() -> Window | None:
        return next((seen for seen in screen.windows() if seen.handle == window.id and sure(seen)), None)

    return wait_for(look, f"window {window.id:#x}")  # type: ignore[return-value]


def gone(screen: X11Screen, window: Any) -> None:
    wait_for(lambda: window.id not in [seen.handle for seen in screen.windows()], "the window's end", 10)


def titles(screen: X11Screen) -> list[str]:
    return [seen.title for seen in screen.windows()]


@on_x11
def test_a_window_says_who_it_is(screen: X11Screen, client: Client) -> None:
    shown = client.show("Notes – résumé 日本", names=("notes", "Notes"), pid=os.getpid(), box=Box(150, 120, 400, 300))
    seen = find(screen, shown, lambda window: window.active)
    assert (seen.title, seen.app, seen.pid, seen.furniture) == ("Notes – résumé 日本", "Notes", os.getpid(), False)

    def is_where_it_is() -> bool:
        place = client.root.translate_coords(shown, 0, 0)
        # the frame's title bar is above it, and not part of it
        return place.y > 120 and find(screen, shown).box == Box(place.x, place.y, 400, 300)

    wait_for(is_where_it_is, "the window inside its frame", 10)


@on_x11
def test_the_topmost_comes_first_and_one_is_active(screen: X11Screen, client: Client) -> None:
    first, second, third = [client.show(name) for name in ("first", "second", "third")]
    find(screen, third, lambda window: window.active)
    assert titles(screen) == ["third", "second", "first"]
    client.tell(first, "_NET_ACTIVE_WINDOW", 2)
    find(screen, first, lambda window: window.active)
    wait_for(lambda: titles(screen) == ["first", "third", "second"], "the first on top")
    assert [window.active for window in screen.windows()] == [True, False, False]
    assert second.id in [window.handle for window in screen.windows()]


@on_x11
def test_popups_are_above_the_window_they_belong_to(screen: X11Screen, client: Client) -> None:
    find(screen, client.show("editor", pid=1), lambda window: window.active)
    menu = client.show("menu", pid=1, popup=True, kind="DROPDOWN_MENU", box=Box(120, 130, 90, 60))
    client.show("", popup=True)  # nobody's: a window manager's own, a compositor's
    seen = find(screen, menu)
    assert seen.box == Box(120, 130, 90, 60)
    assert titles(screen) == ["menu", "editor"]
    assert front(screen.windows(), ()) == screen.windows()[1]


@on_x11
@pytest.mark.parametrize(
    ("kind", "furniture"), [("DOCK", True), ("DESKTOP", True), ("DIALOG", False), ("NORMAL", False)]
)
def test_panels_and_the_desktop_are_furniture(screen: X11Screen, client: Client, kind: str, furniture: bool) -> None:
    assert find(screen, client.show("x", kind=kind)).furniture is furniture


@on_x11
def test_a_minimised_window_is_left_out_and_comes_back(screen: X11Screen, client: Client) -> None:
    shown = client.show("away")
    find(screen, shown)
    client.tell(shown, "WM_CHANGE_STATE", window_x11.ICONIC)
    gone(screen, shown)
    shown.map()
    client.display.sync()
    find(screen, shown)


@on_x11
def test_windows_of_other_desktops_are_left_out(screen: X11Screen, client: Client) -> None:
    client.desktops(2)
    here, there, everywhere = client.show("here"), client.show("there"), client.show("everywhere")
    for shown in (here, there, everywhere):
        find(screen, shown)
    client.tell(there, "_NET_WM_DESKTOP", 1)
    client.tell(everywhere, "_NET_WM_DESKTOP", window_x11.ALL_DESKTOPS)
    gone(screen, there)
    wait_for(lambda: sorted(titles(screen)) == ["everywhere", "here"], "the two of this desktop")
    client.tell(client.root, "_NET_CURRENT_DESKTOP", 1)
    wait_for(lambda: sorted(titles(screen)) == ["everywhere", "there"], "the two of the other")
    client.tell(client.root, "_NET_CURRENT_DESKTOP", 0)
    wait_for(lambda: sorted(titles(screen)) == ["everywhere", "here"], "the first desktop")


@on_x11
def test_a_window_off_the_screen_is_left_out(screen: X11Screen, client: Client) -> None:
    client.show("far", pid=1, popup=True, box=Box(5000, 5000, 20, 20))
    near = client.show("near", pid=1, popup=True, box=Box(-5, -5, 20, 20))
    find(screen, near)
    assert titles(screen) == ["near"]


@on_x11
def test_old_titles_are_read_in_their_encoding(screen: X11Screen, client: Client) -> None:
    shown = client.show(names=("xterm", "XTerm"))
    for kind, data, title in (
        ("STRING", "Grüße".encode("latin-1"), "Grüße"),
        ("UTF8_STRING", "Ελλάδα".encode(), "Ελλάδα"),
        ("COMPOUND_TEXT", b"a \x1b%G\xce\xb1\x1b%@ \xe9", "a α é"),
    ):
        shown.change_property(WM_NAME, client.atom(kind), 8, data)
        client.display.sync()
        assert find(screen, shown).title == title


@on_x11
def test_hostile_properties_do_no_harm(screen: X11Screen, client: Client) -> None:
    shown = client.show(b"\xff\xfe broken \xe2\x80\xae\n title " + b"x" * 200_000, names=("", "y" * 9000))
    shown.change_property(client.atom("_NET_WM_PID"), STRING, 8, b"one")
    shown.change_property(client.atom("_GTK_FRAME_EXTENTS"), CARDINAL, 32, [2**32 - 1, 0, 0, 0])
    shown.change_property(client.atom("_NET_WM_WINDOW_TYPE"), CARDINAL, 16, [1, 2, 3])
    client.display.sync()
    seen = find(screen, shown)
    assert seen.title.startswith("\ufffd\ufffd broken title xxx")
    assert len(seen.title) == window_x11.LONGEST_TITLE
    assert (seen.pid, seen.furniture, seen.box.width) == (0, False, 300)
    assert len(seen.app) <= window_x11.LONGEST_TITLE
    shown.change_property(client.atom("_NET_WM_NAME"), CARDINAL, 32, [1, 2])
    shown.change_property(WM_NAME, STRING, 8, b"the old one")
    client.display.sync()
    assert find(screen, shown).title == "the old one"


@on_x11
def test_a_window_without_a_class_goes_by_its_process(screen: X11Screen, client: Client) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            wait_for(lambda: process_name(process.pid) == "sleep", "the process")
            assert find(screen, client.show("x", pid=process.pid)).app == "sleep"
        finally:
            process.kill()
    assert find(screen, client.show("y", pid=process.pid)).app == ""
    assert process_name(-1) == ""


@on_x11
def test_the_shadow_that_gtk_draws_is_not_the_window(screen: X11Screen, client: Client) -> None:
    shown = client.show("gtk", popup=True, box=Box(100, 100, 300, 200))
    shown.change_property(client.atom("_GTK_FRAME_EXTENTS"), CARDINAL, 32, [10, 20, 30, 40])
    client.display.sync()
    assert find(screen, shown).box == Box(110, 130, 270, 130)


@on_x11
def test_windows_that_vanish_while_they_are_looked_at(
    managed_display: str, screen: X11Screen, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    stays = client.show("stays")
    find(screen, stays)
    end = threading.Event()

    def flicker() -> None:
        other = Client(managed_display)
        while not end.is_set():
            for number in range(20):
                other.show(f"flicker {number}", popup=True, pid=1).destroy()
        other.close()

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        looks = [titles(screen) for _ in range(150)]
    finally:
        end.set()
        thread.join(30)
    assert all("stays" in look for look in looks)
    assert capfd.readouterr() == ("", "")


@on_x11
def test_a_window_that_is_gone_is_no_error(screen: X11Screen, capfd: pytest.CaptureFixture[str]) -> None:
    assert list(screen._facts([0x7FFFFF])) == []
    assert capfd.readouterr() == ("", "")


@on_x11
def test_without_a_window_manager(bare: tuple[X11Screen, Client]) -> None:
    screen, client = bare
    first = client.show("first", names=("a", "A"), box=Box(10, 20, 300, 200))
    second = client.show("second", pid=7, box=Box(30, 40, 300, 200))
    find(screen, second)
    assert titles(screen) == ["second", "first"]
    assert not any(window.active for window in screen.windows())
    assert find(screen, first).box == Box(10, 20, 300, 200)
    inner = first.create_window(0, 0, 10, 10, 0, 24)
    inner.map()
    inner.set_input_focus(1, 0)
    client.display.sync()
    assert find(screen, first, lambda window: window.active)
    assert [window.active for window in screen.windows()] == [False, True]
    assert not client.problems


@on_x11
def test_an_old_window_manager_that_keeps_no_list(bare: tuple[X11Screen, Client]) -> None:
    screen, client = bare
    frame = client.show(box=Box(50, 50, 320, 240))
    inner = frame.create_window(10, 30, 300, 200, 0, 24)
    inner.change_property(client.atom("WM_STATE"), client.atom("WM_STATE"), 32, [1, 0])
    inner.set_wm_class("xterm", "XTerm")
    inner.map()
    client.display.sync()
    assert find(screen, inner) == Window(inner.id, 0, "XTerm", "", Box(60, 80, 300, 200))
    assert len(screen.windows()) == 1


@on_x11
def test_a_dead_server_is_told_in_a_sentence(
    no_buses: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with x_server() as (display, server):
        monkeypatch.setenv("DISPLAY", display)
        screen = open_screen()
        assert screen.windows() == []
        server.send_signal(signal.SIGKILL)
        server.wait(10)
        for _ in range(2):
            with pytest.raises(SightFailed, match=LOST[:20]):
                screen.windows()
            with pytest.raises(SightFailed, match=LOST[:20]):
                screen.privacy()
        screen.close()
        screen.close()
    assert capfd.readouterr() == ("", "")


@on_x11
def test_a_server_that_dies_unasked_is_left_quietly(no_buses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with x_server() as (display, server):
        monkeypatch.setenv("DISPLAY", display)
        screen = open_screen()
        server.kill()
        server.wait(10)
        screen.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # python-xlib's, of the connection that failed
def test_where_there_is_no_screen(no_buses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def reason() -> str:
        screen = open_screen()
        assert isinstance(screen, NoScreen)
        for question in (screen.windows, screen.privacy):
            with pytest.raises(SightFailed) as told:
                question()
            assert told.value.sentence == screen.reason
        screen.close()
        return screen.reason

    assert reason() == NO_SCREEN
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert reason() == ONLY_WAYLAND
    for display in (":9999", "no display"):
        monkeypatch.setenv("DISPLAY", display)
        assert display in reason()


@on_x11
def test_what_xwayland_cannot_see_is_said(
    managed_display: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    with opened(managed_display, monkeypatch) as screen:
        with pytest.raises(SightFailed, match=ELSEWHERE[:20]):
            screen.windows()
        assert screen.privacy() is None
        shown = client.show("X11's own")

        def active() -> list[int]:
            with suppress(SightFailed):
                return [window.handle for window in screen.windows() if window.active]
            return []

        wait_for(lambda: active() == [shown.id], "the focus")


@on_x11
def test_a_bar_that_says_the_screen_is_shared_is_seen_wherever_it_is(screen: X11Screen, client: Client) -> None:
    assert screen.privacy() is None
    bar = client.show("meet.google.com is sharing your screen.", names=("chrome", "Google-chrome"))
    find(screen, bar)
    assert screen.privacy() is Privacy.SHARED
    client.tell(bar, "WM_CHANGE_STATE", window_x11.ICONIC)
    gone(screen, bar)
    assert screen.privacy() is Privacy.SHARED
    bar.destroy()
    client.display.sync()
    wait_for(lambda: screen.privacy() is None, "the end of the sharing")


@on_x11
def test_a_screen_locker_is_seen(screen: X11Screen, client: Client) -> None:
    find(screen, client.show("", names=("i3lock", "i3lock"), popup=True, box=Box(0, 0, 1280, 800)))
    assert screen.privacy() is Privacy.LOCKED


@on_x11
def test_the_servers_own_screen_saver_is_seen(screen: X11Screen, client: Client) -> None:
    client.display.force_screen_saver(1)
    client.display.sync()
    assert screen.privacy() is Privacy.LOCKED
    client.display.force_screen_saver(0)
    client.display.sync()
    wait_for(lambda: screen.privacy() is None, "the end of the screen saver")


@given(st.binary(max_size=60), st.sampled_from(["STRING", "UTF8_STRING", "COMPOUND_TEXT", ""]))
def test_whatever_bytes_a_title_has_they_are_text(data: bytes, encoding: str) -> None:
    decode(data, encoding).encode()


@given(st.text(max_size=20))
def test_text_comes_out_as_it_went_in(text: str) -> None:
    assert decode(text.encode(), "UTF8_STRING") == text
    assert decode(b"\x1b%G" + text.encode() + b"\x1b%@", "COMPOUND_TEXT") == text
