"""Which window the user works in, what must not be in a picture of it, and what titles give away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.vision.screen import Box, Privacy, Window
from alisa_desktop.vision.window import TITLE_BAR, covering, front
from alisa_desktop.vision.window_macos import privacy_of, window_of, with_active
from alisa_desktop.vision.window_titles import LONGEST_TITLE, is_locked, is_sharing, tidy
from alisa_desktop.vision.window_win32 import app_name

OURS = 1
BOX = Box(100, 100, 400, 300)


def window(
    handle: int, *, pid: int = 50, active: bool = False, furniture: bool = False, box: Box = BOX, app: str = "App"
) -> Window:
    return Window(handle, pid, app, f"window {handle}", box, active, furniture)


boxes = st.builds(Box, *[st.integers(-500, 2000)] * 2, *[st.integers(0, 2000)] * 2)
desktops = st.lists(
    st.builds(
        window,
        st.integers(1, 10**6),
        pid=st.sampled_from([OURS, 50, 60]),
        active=st.booleans(),
        furniture=st.booleans(),
        box=boxes,
    ),
    max_size=6,
    unique_by=lambda it: it.handle,
)


@pytest.mark.parametrize(
    ("windows", "handle"),
    [
        ([], None),
        ([window(1), window(2, active=True)], 2),
        ([window(1), window(2)], 1),
        ([window(1, pid=OURS, active=True), window(2), window(3)], 2),
        ([window(1, furniture=True, active=True), window(2)], 2),
        ([window(1, furniture=True), window(2, pid=OURS), window(3)], 3),
        ([window(1, furniture=True), window(2, pid=OURS)], None),
    ],
)
def test_the_user_works_in_the_active_window_or_in_the_topmost(windows: list[Window], handle: int | None) -> None:
    found = front(windows, {OURS})
    assert (found and found.handle) == handle


@given(desktops)
def test_the_window_in_front_is_never_ours_nor_furniture(windows: list[Window]) -> None:
    found = front(windows, {OURS})
    candidates = [it for it in windows if it.pid != OURS and not it.furniture]
    assert (found in candidates) if candidates else found is None
    assert not (found and not found.active and any(it.active for it in candidates))


def test_what_is_ours_or_blocked_and_above_is_covered() -> None:
    seen = window(3)
    windows = [
        window(1, pid=OURS, box=Box(0, 0, 150, 150)),
        window(2, app="KeePassXC", box=Box(450, 350, 500, 500)),
        window(4, app="Other", box=Box(200, 200, 50, 50)),
        window(7, pid=OURS, box=Box(1000, 1000, 50, 50)),
        seen,
        window(5, pid=OURS),
        window(6, app="KeePassXC"),
    ]
    parts = covering(seen, windows, {OURS}, lambda it: it.app == "KeePassXC")
    assert parts == [Box(100, 100, 50, 50), Box(450, 350 - TITLE_BAR, 50, 50 + TITLE_BAR)]


def test_a_blocked_windows_title_bar_is_covered_where_only_it_reaches_in() -> None:
    blocked = window(1, app="Bank", box=Box(100, 410, 400, 300))
    assert covering(window(2), [blocked, window(2)], (), lambda it: it.app == "Bank") == [Box(100, 330, 400, 70)]


@given(desktops, st.data())
def test_what_is_covered_is_inside_and_nothing_of_it_is_forgotten(windows: list[Window], data: st.DataObject) -> None:
    if not windows:
        return
    place = data.draw(st.integers(0, len(windows) - 1))
    seen = windows[place]
    parts = covering(seen, windows, {OURS}, lambda it: it.pid == 60)
    assert all(part and part.cut(seen.box) == part for part in parts)
    for above in windows[:place]:
        hidden = above.box.cut(seen.box)
        if above.pid in (OURS, 60) and hidden:
            assert any(hidden.cut(part) == hidden for part in parts)


@pytest.mark.parametrize(
    ("app", "title", "shared"),
    [
        ("Google-chrome", "meet.google.com is sharing your screen.", True),
        ("Google-chrome", "https://meet.google.com is sharing a window.", True),
        ("msedge", "teams.microsoft.com is sharing your screen and audio.", True),
        ("Google-chrome", "Who is sharing your screen? – Google Chrome", False),
        ("firefox", "Firefox — Sharing Indicator", True),
        ("firefox", "Firefox - Sharing Indicator", True),
        ("firefox", "What is a Sharing Indicator? — Mozilla Firefox", False),
        ("zoom", "as_toolbar", True),
        ("zoom", "zoom_linux_float_video_window", True),
        ("zoom.us", "zoom share statusbar window", True),
        ("Zoom", "Screen sharing meeting controls", True),
        ("code", "as_toolbar", False),
        ("zoom", "Zoom Meeting", False),
        ("ms-teams", "Sharing control bar | Microsoft Teams", True),
        ("ms-teams", "Sharing control bar | Microsoft Teams | Pinned window", True),
        ("ms-teams", "Chat | Microsoft Teams", False),
        ("Slack", "Screen share", True),
        ("obs", "OBS 31.0.0 - Profile: Untitled", False),
        ("", "", False),
    ],
)
def test_the_bars_of_programs_that_share_the_screen_are_known(app: str, title: str, shared: bool) -> None:
    bar = replace(window(2, app=app), title=title)
    assert is_sharing([window(1), bar]) is shared


def test_lockers_are_known_by_their_class() -> None:
    assert is_locked([window(1), window(2, app="I3lock")])
    assert not is_locked([window(1)])


@given(st.text(st.characters(), max_size=600))
def test_a_tidy_title_is_one_short_line_that_can_be_sent(title: str) -> None:
    tidied = tidy(title)
    assert len(tidied) <= LONGEST_TITLE
    assert len(tidied.splitlines()) <= 1
    tidied.encode()
    assert tidy(tidied) == tidied


def test_a_tidy_title_keeps_its_words() -> None:
    assert tidy("  a\n\tb \x00 \u202ec\ud800 👩\u200d🚀 ") == "a b c 👩\u200d🚀"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (r"C:\Program Files\Mozilla Firefox\firefox.exe", "firefox"),
        (r"C:\Windows\EXPLORER.EXE", "EXPLORER"),
        (r"D:\no ending", "no ending"),
        ("", ""),
    ],
)
def test_a_windows_program_goes_by_its_file(path: str, name: str) -> None:
    assert app_name(path) == name


ENTRY = {
    "kCGWindowNumber": 7,
    "kCGWindowOwnerPID": 50,
    "kCGWindowOwnerName": "Notes",
    "kCGWindowName": "Plans",
    "kCGWindowLayer": 0,
    "kCGWindowAlpha": 1.0,
    "kCGWindowBounds": {"X": 10.0, "Y": 20.0, "Width": 300.0, "Height": 200.0},
}


def test_a_macs_window_is_told_in_our_words() -> None:
    assert window_of(ENTRY) == Window(7, 50, "Notes", "Plans", Box(10, 20, 300, 200))
    beside = ENTRY | {"kCGWindowBounds": {"X": 1500, "Y": 0, "Width": 300, "Height": 200}, "kCGWindowLayer": 25}
    seen = window_of(beside)
    assert seen is not None
    assert (seen.box, seen.furniture) == (Box(1500, 0, 300, 200), True)
    untold = window_of({"kCGWindowBounds": ENTRY["kCGWindowBounds"], "kCGWindowName": None})
    assert untold == Window(0, 0, "", "", Box(10, 20, 300, 200))


@pytest.mark.parametrize("nothing", [{"kCGWindowAlpha": 0.0}, {"kCGWindowBounds": {"Width": 0, "Height": 9}}])
def test_a_macs_window_without_pixels_is_none(nothing: dict[str, object]) -> None:
    assert window_of(ENTRY | nothing) is None


def test_a_macs_topmost_window_that_is_no_furniture_is_active() -> None:
    windows = with_active([window(1, furniture=True), window(2), window(3)])
    assert [it.active for it in windows] == [False, True, False]
    assert with_active([]) == []


@pytest.mark.parametrize(
    ("session", "privacy"),
    [
        (None, Privacy.LOCKED),
        ({"CGSSessionScreenIsLocked": True, "kCGSSessionOnConsoleKey": True}, Privacy.LOCKED),
        ({"kCGSSessionOnConsoleKey": False}, Privacy.LOCKED),
        ({"kCGSSessionOnConsoleKey": True}, None),
        ({}, None),
    ],
)
def test_a_macs_session_tells_whether_it_is_locked(session: dict[str, object] | None, privacy: Privacy | None) -> None:
    assert privacy_of(session) is privacy
