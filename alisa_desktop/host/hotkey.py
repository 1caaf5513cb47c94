"""A hotkey: keys that reach Alisa from every application."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.host.keys import Keys, parse_keys

WAYLAND = (
    "On Wayland only the desktop itself can give out keys: bind a key to “alisa-desktop look” in its keyboard settings."
)
MACOS = (
    "On macOS only the system can give out keys: make a shortcut that runs “alisa-desktop look” in the Shortcuts app, "
    "and give it a key there."
)
NO_DISPLAY = "No keys work in every application here: there is no display that would tell me of them."
UNREACHABLE = (
    "No keys work in every application here: the display {display} doesn't let me in. Start me from the desktop."
)


class Hotkey(Protocol):
    """Keys that call in every application until it is closed.

    `trouble` is empty while they do, else one sentence on why they don't, with the way out; any thread may read it.
    """

    @property
    def trouble(self) -> str:
        """Why the keys don't work, or nothing."""
        ...

    def close(self) -> None:
        """Give the keys back; when this returns, nothing is called any more. Call it from any thread, also twice."""
        ...


@dataclass(frozen=True, slots=True)
class NoHotkey:
    """Null object: no keys, by choice or because of `trouble`."""

    trouble: str = ""

    def close(self) -> None:
        """Nothing was taken."""


def open_hotkey(keys: str, on_press: Callable[[], None]) -> Hotkey:
    """Let `keys` (Qt's portable text, like Ctrl+Alt+L; empty for none) call `on_press` from every application.

    `on_press` is called in the hotkey's own thread, once for every time the keys go down however long they are held;
    it must neither raise nor wait for the thread that closes the hotkey. Never raises: see `trouble`. Takes some ms.
    """
    if not keys.strip():
        return NoHotkey()
    try:
        return _open(parse_keys(keys), on_press)
    except SettingsFailed as error:
        return NoHotkey(error.sentence)


if sys.platform == "win32":

    def _open(keys: Keys, on_press: Callable[[], None]) -> Hotkey:
        from alisa_desktop.host.hotkey_windows import WindowsHotkey

        return WindowsHotkey(keys, on_press)

elif sys.platform == "darwin":

    def _open(keys: Keys, on_press: Callable[[], None]) -> Hotkey:
        return NoHotkey(MACOS)

else:

    def _open(keys: Keys, on_press: Callable[[], None]) -> Hotkey:
        if os.environ.get("WAYLAND_DISPLAY"):  # XWayland hears of no keys of other windows than its own
            return NoHotkey(WAYLAND)
        if not (display := os.environ.get("DISPLAY")):
            return NoHotkey(NO_DISPLAY)
        from alisa_desktop.host.hotkey_x11 import X11Hotkey

        try:
            return X11Hotkey(keys, on_press)
        except ConnectionError:
            return NoHotkey(UNREACHABLE.format(display=display))
