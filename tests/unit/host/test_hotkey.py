"""Keys that call from every application, on a real X server; and how they are written."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from desktop import wait_for
from hypothesis import example, given
from hypothesis import strategies as st

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.host import hotkey
from alisa_desktop.host.hotkey import Hotkey, NoHotkey, open_hotkey
from alisa_desktop.host.hotkey_x11 import LOST, Keyboard, X11Hotkey, keysyms_of
from alisa_desktop.host.keys import Modifier, parse_keys

PATIENCE = 20.0
PROGRAMS = ("Xvfb", "xdotool", "setxkbmap")
on_x11 = pytest.mark.skipif(
    sys.platform in ("win32", "darwin") or not all(map(shutil.which, PROGRAMS)), reason="no Xvfb and xdotool here"
)
elsewhere = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="asks for an X server")


@dataclass
class Server:
    """An X server with a keyboard, and nothing else on it."""

    display: str
    process: subprocess.Popen[bytes]

    def run(self, *command: str) -> None:
        environment = os.environ | {"DISPLAY": self.display}
        subprocess.run(command, env=environment, check=True, timeout=PATIENCE, stderr=subprocess.DEVNULL)

    def press(self, keys: str = "ctrl+alt+l") -> None:
        self.run("xdotool", "key", keys)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server that `DISPLAY` names."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "320x200x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL) as process:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            display = f":{pipe.readline().strip()}"
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        yield Server(display, process)
        process.terminate()


@dataclass
class Presses:
    """Opens hotkeys and counts how often they call."""

    opened: list[Hotkey] = field(default_factory=list)
    heard: queue.Queue[str] = field(default_factory=queue.Queue)

    def open(self, keys: str = "Ctrl+Alt+L") -> Hotkey:
        self.opened.append(open_hotkey(keys, lambda: self.heard.put(threading.current_thread().name)))
        return self.opened[-1]

    def next(self) -> str:
        return self.heard.get(timeout=PATIENCE)

    def close(self) -> None:
        for one in self.opened:
            one.close()


@pytest.fixture
def presses() -> Iterator[Presses]:
    found = Presses()
    yield found
    found.close()
    assert found.heard.empty()  # all calls were expected
    assert not [thread for thread in threading.enumerate() if thread.name == "hotkey"]


@on_x11
def test_a_press_calls_once_in_a_thread_of_its_own(server: Server, presses: Presses) -> None:
    assert presses.open().trouble == ""
    for _ in range(3):
        server.press()
        assert presses.next() == "hotkey"


@on_x11
@pytest.mark.parametrize("locks", [["Num_Lock"], ["Caps_Lock"], ["Num_Lock", "Caps_Lock"]], ids="+".join)
def test_locks_dont_matter(server: Server, presses: Presses, locks: list[str]) -> None:
    presses.open()
    for lock in locks:
        server.press(lock)
    server.press()
    presses.next()


@on_x11
def test_other_keys_dont_call(server: Server, presses: Presses) -> None:
    presses.open()
    for keys in ("l", "ctrl+l", "alt+l", "ctrl+alt+shift+l", "ctrl+alt+super+l", "ctrl+alt+k"):
        server.press(keys)
    server.press()
    presses.next()


@on_x11
@pytest.mark.parametrize(
    ("keys", "pressed"),
    [
        ("Meta+Space", "super+space"),
        ("F9", "F9"),
        ("Shift+F12", "shift+F12"),
        ("Ctrl+Shift+PgDown", "ctrl+shift+Next"),
        ("Ctrl+Alt+1", "ctrl+alt+1"),
        ("Ctrl++", "ctrl+shift+equal"),
        ("Alt+,", "alt+comma"),
        ("ctrl + alt + del", "ctrl+alt+Delete"),
        ("Pause", "Pause"),
    ],
)
def test_all_sorts_of_keys(server: Server, presses: Presses, keys: str, pressed: str) -> None:
    assert presses.open(keys).trouble == ""
    server.press(pressed)
    presses.next()


@on_x11
def test_keys_that_are_held_call_once(server: Server, presses: Presses) -> None:
    presses.open()
    server.run("xdotool", "keydown", "ctrl+alt+l", "sleep", "1.2", "keyup", "ctrl+alt+l")  # they repeat after 0.66 s
    presses.next()
    server.press()
    presses.next()


@on_x11
def test_a_second_press_counts_however_late_the_first_one_is_dealt_with(server: Server) -> None:
    calls: queue.Queue[None] = queue.Queue()
    both = threading.Event()

    def deal() -> None:
        calls.put(None)
        both.wait(PATIENCE)

    hotkey = open_hotkey("Ctrl+Alt+L", deal)
    server.run("xdotool", "keydown", "ctrl+alt+l")
    calls.get(timeout=PATIENCE)
    server.run("xdotool", "keyup", "ctrl+alt+l", "keydown", "ctrl+alt+l")
    both.set()
    calls.get(timeout=PATIENCE)
    server.run("xdotool", "keyup", "ctrl+alt+l")
    hotkey.close()
    assert calls.empty()


@on_x11
def test_keys_of_another_program(server: Server, presses: Presses) -> None:
    first = presses.open()
    second = presses.open()
    assert second.trouble == "Another program uses Ctrl+Alt+L already. Choose other keys in Settings."
    server.press()
    presses.next()
    second.close()
    first.close()
    assert presses.open().trouble == ""


@on_x11
def test_keys_taken_with_one_lock_only_are_left_alone(server: Server, presses: Presses) -> None:
    from Xlib import X
    from Xlib.display import Display

    display = Display(server.display)
    code = display.keysym_to_keycode(ord("l"))
    display.screen().root.grab_key(
        code, X.ControlMask | X.Mod1Mask | X.LockMask, False, X.GrabModeAsync, X.GrabModeAsync
    )
    display.sync()
    assert "Another program" in presses.open().trouble
    server.press()
    display.close()


@on_x11
def test_a_new_keyboard_layout(server: Server, presses: Presses) -> None:
    there = presses.open("Ctrl+Alt+Ö")
    assert there.trouble == "This keyboard has no key for Ctrl+Alt+Ö. Choose other keys in Settings."
    server.run("setxkbmap", "de")
    wait_for(lambda: not there.trouble, "the keys of the new layout")
    server.press("ctrl+alt+odiaeresis")
    presses.next()


@on_x11
def test_a_press_while_the_keyboard_is_read_anew(
    server: Server, presses: Presses, monkeypatch: pytest.MonkeyPatch
) -> None:
    presses.open()
    read = X11Hotkey._keyboard
    reading = threading.Event()

    def pressed_meanwhile(hotkey: X11Hotkey) -> Keyboard:
        keyboard = read(hotkey)
        if not reading.is_set():
            reading.set()
            server.press()
        return keyboard

    monkeypatch.setattr(X11Hotkey, "_keyboard", pressed_meanwhile)
    server.run("setxkbmap", "us")  # the same layout
    assert reading.wait(PATIENCE)
    presses.next()


@on_x11
@pytest.mark.parametrize(("layout", "keys"), [("us,ru", "Ctrl+Alt+L"), ("us,ru", "Ctrl+Alt+Л"), ("gr", "Ctrl+Alt+λ")])
def test_layouts_of_other_letters(server: Server, presses: Presses, layout: str, keys: str) -> None:
    server.run("setxkbmap", layout)
    assert presses.open(keys).trouble == ""


@on_x11
def test_after_close_nothing_is_called(server: Server, presses: Presses) -> None:
    there = presses.open()
    there.close()
    there.close()
    server.press()
    assert presses.open().trouble == ""  # the server has worked off what was before
    server.press()
    presses.next()


@on_x11
def test_keys_change_hands_at_once(server: Server, presses: Presses) -> None:
    for _ in range(20):
        there = presses.open()
        assert there.trouble == ""
        there.close()


@on_x11
def test_a_call_may_close_it(server: Server) -> None:
    done = threading.Event()

    def close() -> None:
        there.close()
        done.set()

    there = open_hotkey("Ctrl+Alt+L", close)
    server.press()
    assert done.wait(PATIENCE)
    there.close()  # waits for its thread


@on_x11
def test_a_server_that_ends_is_told(server: Server, presses: Presses) -> None:
    there = presses.open()
    server.process.terminate()
    for thread in threading.enumerate():
        if thread.name == "hotkey":
            thread.join(PATIENCE)
    assert there.trouble == LOST


@elsewhere
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # python-xlib's, of the connection that failed
@pytest.mark.parametrize(
    ("display", "wayland", "trouble"),
    [
        ("", "", hotkey.NO_DISPLAY),
        ("", "wayland-0", hotkey.WAYLAND),
        (":0", "wayland-0", hotkey.WAYLAND),
        (":65000", "", hotkey.UNREACHABLE.format(display=":65000")),
        ("nonsense", "", hotkey.UNREACHABLE.format(display="nonsense")),
    ],
)
def test_where_there_are_no_keys(monkeypatch: pytest.MonkeyPatch, display: str, wayland: str, trouble: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("WAYLAND_DISPLAY", wayland)
    there = open_hotkey("Ctrl+Alt+L", _never)
    assert there.trouble == trouble
    there.close()


def _never() -> None:
    raise AssertionError("nobody pressed it")


@pytest.mark.parametrize("keys", ["", "  "])
def test_no_keys_are_no_trouble(keys: str) -> None:
    assert open_hotkey(keys, _never) == NoHotkey("")


def test_wrong_keys_are_told() -> None:
    assert open_hotkey("Ctrl+Nonsense", _never).trouble == "“Nonsense” is no key I know. Choose other keys in Settings."


# How they are written

C, A, S, M = Modifier.CTRL, Modifier.ALT, Modifier.SHIFT, Modifier.META


@pytest.mark.parametrize(
    ("text", "modifiers", "key"),
    [
        ("Ctrl+Alt+L", {C, A}, "l"),
        ("ctrl+alt+l", {C, A}, "l"),
        ("Ctrl+Alt+l", {C, A}, "l"),
        (" Ctrl + Alt + L ", {C, A}, "l"),
        ("Meta+Space", {M}, "space"),
        ("Ctrl+Shift+PgDown", {C, S}, "pgdown"),
        ("Ctrl++", {C}, "+"),
        ("Ctrl+Shift++", {C, S}, "+"),
        ("Ctrl+,", {C}, ","),
        ("Ctrl+Ctrl+0", {C}, "0"),
        ("F1", set(), "f1"),
        ("Shift+F24", {S}, "f24"),
        ("Ctrl+Alt+Л", {C, A}, "л"),
    ],
)
def test_keys_are_read(text: str, modifiers: set[Modifier], key: str) -> None:
    keys = parse_keys(text)
    assert (set(keys.modifiers), keys.key, str(keys)) == (modifiers, key, text.strip())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("L", "L alone"), ("Shift+L", "alone"), ("Space", "alone"), ("+", "alone"), ("Return", "alone"),
        ("Ctrl+K, Ctrl+L", "several keys"), ("Ctrl", "“Ctrl” is no key"), ("Ctrl+", "“Ctrl+” is no key"),
        ("F25", "“F25”"), ("Hyper+L", "“Hyper”"), ("Num+5", "“Num”"), ("Ctrl+\u200b", "no key"), ("Ctrl+ab", "“ab”"),
        ("+L", "+L alone"), ("+++", "no key"),
    ],
)  # fmt: skip
def test_wrong_keys_are_named(text: str, told: str) -> None:
    with pytest.raises(SettingsFailed) as failed:
        parse_keys(text)
    assert told in failed.value.sentence
    assert "Settings" in failed.value.sentence


@given(st.text(max_size=20) | st.lists(st.sampled_from(["Ctrl", "Alt", "+", "", "L", " ", "F5", ","])).map("+".join))
@example("++")
@example("+++")
def test_any_text_is_keys_or_a_sentence(text: str) -> None:
    try:
        assert parse_keys(text).key
    except SettingsFailed as error:
        assert error.sentence


@pytest.mark.parametrize(("key", "keysym"), [("l", 0x6C), ("ö", 0xF6), ("л", 0x6CC), ("λ", 0x7EB), ("f1", 0xFFBE)])
def test_keysyms(key: str, keysym: int) -> None:
    assert keysym in keysyms_of(key)


def test_a_keyboard_where_alt_and_num_lock_are_elsewhere() -> None:
    keyboard = Keyboard(
        8, [[0xFFE9], [0xFF7F], [0x6C, 0x4C], [0x31, 0x6C], [0, 0xFFEB]], [[], [], [], [12], [], [9], [], [8]]
    )
    assert keyboard.state(frozenset({A})) == 128
    assert keyboard.state(frozenset({A, M, S, C})) == 128 + 8 + 1 + 4
    assert keyboard.lock_states() == {0, 2, 32, 34}
    assert keyboard.codes("l") == (frozenset({10}), False)  # not 11, where it needs Shift
    assert keyboard.codes("1") == (frozenset({11}), False)
    assert keyboard.codes("ö") == (frozenset(), False)


CLOSERS: list[Callable[[], None]] = [NoHotkey().close, NoHotkey("trouble").close]


@pytest.mark.parametrize("close", CLOSERS)
def test_no_hotkey_closes_like_one(close: Callable[[], None]) -> None:
    close()
