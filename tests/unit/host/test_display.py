from __future__ import annotations

import os
import sys

import pytest

from alisa_desktop.host.display import has_display, prefer_free_placement


@pytest.mark.parametrize(
    ("platform", "named", "expected"),
    [
        ("win32", {}, True),
        ("darwin", {}, True),
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("freebsd14", {"DISPLAY": ":0"}, True),
    ],
)
def test_a_display_is_seen(
    monkeypatch: pytest.MonkeyPatch, platform: str, named: dict[str, str], expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert has_display() is expected


@pytest.mark.skipif(sys.platform != "linux", reason="Wayland")
@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "xcb"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, None),
        ({"DISPLAY": ":0"}, None),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0", "QT_QPA_PLATFORM": "wayland"}, "wayland"),
    ],
)
def test_windows_may_stand_where_they_want(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], expected: str | None
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards, whatever happens here
        monkeypatch.delenv(name)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    prefer_free_placement()
    assert os.environ.get("QT_QPA_PLATFORM") == expected
