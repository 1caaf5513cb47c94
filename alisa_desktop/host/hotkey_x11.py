"""A hotkey of an X server: passive grabs on its root window (X protocol, “GrabKey”).

python-xlib is imported when a hotkey is opened: other systems don't have it.
"""

from __future__ import annotations

import io
import logging
import os
import selectors
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from alisa_desktop.host.keys import NAMED, Keys, Modifier

TAKEN = "Another program uses {keys} already. Choose other keys in Settings."
NO_KEY = "This keyboard has no key for {keys}. Choose other keys in Settings."
LOST = "The connection to the display was lost; restart me once the desktop is back."

SHIFT, LOCK, CONTROL, MOD1, MOD4 = 1, 2, 4, 8, 64
"""Bits of a key event's state; which ones are Alt, Meta and NumLock is the keyboard's choice."""
ALT = frozenset({0xFFE9, 0xFFEA})
META = frozenset({0xFFEB, 0xFFEC})
LOCKS = (frozenset({0xFF7F}), frozenset({0xFF14}))
"""NumLock and ScrollLock: the keys work whether these are on or off."""

UNICODE = 0x0100_0000
PAGES = {
    0x100: "iso8859_2",
    0x300: "iso8859_4",
    0x600: "koi8_u",
    0x700: "iso8859_7",
    0xC00: "iso8859_8",
    0xD00: "tis_620",
}
"""Where the keysyms of letters older than Unicode are (X11/keysymdef.h)."""
LEVELS = 4
"""Keysyms of a key that count: plain and shifted, of the first and of the second layout."""

log = logging.getLogger(__name__)


def keysyms_of(key: str) -> Iterator[int]:
    """The keysyms that a key of `Keys` may have on some keyboard."""
    if key in NAMED:
        yield NAMED[key][0]
    elif ord(key) < 0x100:
        yield ord(key)
    else:
        for page, encoding in PAGES.items():
            with suppress(UnicodeEncodeError):
                yield page | key.encode(encoding)[0]
        yield UNICODE | ord(key)


@dataclass(frozen=True, slots=True)
class Keyboard:
    """What its keys mean: the keysyms of every keycode from `first` on, the keycodes of every modifier."""

    first: int
    keysyms: Sequence[Sequence[int]]
    modifiers: Sequence[Sequence[int]]

    def codes(self, key: str) -> tuple[frozenset[int], bool]:
        """The keycodes that give `key` in the easiest way, and whether that needs Shift."""
        for keysym in keysyms_of(key):
            for level in range(LEVELS):
                found = [code for code, symbols in enumerate(self.keysyms, self.first) if keysym in symbols[level:][:1]]
                if found:
                    return frozenset(found), level % 2 == 1
        return frozenset(), False

    def mask(self, keysyms: frozenset[int]) -> int:
        """The bit of the modifier that has one of these keys, or 0."""
        for bit, codes in enumerate(self.modifiers):
            if any(keysyms.intersection(self._symbols(code)) for code in codes):
                return 1 << bit
        return 0

    def _symbols(self, code: int) -> Sequence[int]:
        return self.keysyms[code - self.first] if code >= self.first else ()

    def state(self, modifiers: frozenset[Modifier]) -> int:
        """The bits of a key event while these are held."""
        bits = {
            Modifier.SHIFT: SHIFT,
            Modifier.CTRL: CONTROL,
            Modifier.ALT: self.mask(ALT) or MOD1,
            Modifier.META: self.mask(META) or MOD4,
        }
        return sum({bits[modifier] for modifier in modifiers})

    def lock_states(self) -> set[int]:
        """The bits of every combination of locks that may be on."""
        locks = [LOCK, *(self.mask(keysyms) for keysyms in LOCKS)]
        return {sum(set(some)) for some in chain.from_iterable(combinations(locks, size) for size in range(4))}


class X11Hotkey:
    """Keys grabbed from an X server, on a connection and in a thread of its own that sleeps until they are pressed.

    Raises `ConnectionError` when the server that `DISPLAY` names doesn't let us in.
    """

    def __init__(self, keys: Keys, on_press: Callable[[], None]) -> None:
        self.trouble = ""
        self._keys = keys
        self._on_press = on_press
        self._codes: frozenset[int] = frozenset()
        self._grabbed: set[tuple[int, int]] = set()  # keycodes, each with the state of the modifiers
        self._released_last = 0, 0
        self._closed = threading.Event()
        with _told_as_connection_error():
            self._display = _connect()
            self._root = self._display.screen().root
            self._grab()
        self._end, self._ending = os.pipe()
        self._thread = threading.Thread(target=self._live, name="hotkey", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the keys back and end the thread; nothing is called any more when this returns."""
        if not self._closed.is_set():
            self._closed.set()
            os.close(self._ending)  # which wakes it up
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # In the thread, but for the first grab

    def _live(self) -> None:
        from Xlib.error import ConnectionClosedError

        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._end, selectors.EVENT_READ)
                selector.register(self._display, selectors.EVENT_READ)
                while not self._closed.is_set():
                    self._take_events()
                    selector.select()
        except (ConnectionClosedError, OSError) as error:
            log.info("no hotkey any more: %s", error)
            self.trouble = LOST
        finally:
            os.close(self._end)
            self._hang_up()

    def _hang_up(self) -> None:
        from Xlib import X
        from Xlib.error import ConnectionClosedError

        with suppress(ConnectionClosedError, OSError):
            self._root.ungrab_key(X.AnyKey, X.AnyModifier)
            self._display.sync()  # whoever comes next may take them at once
            self._display.close()

    def _take_events(self) -> None:
        """Take what has come, and what comes while the server is asked: nobody would wake us up for that again."""
        from Xlib import X

        changed = False
        while not self._closed.is_set():
            if self._display.pending_events():
                event = self._display.next_event()
                changed |= event.type == X.MappingNotify
                if event.type == X.KeyPress:
                    self._pressed(event.detail, event.time)
                elif event.type == X.KeyRelease:
                    self._released(event.detail, event.time)
            elif changed:  # once for all of them: a new layout is announced key by key
                changed = False
                self._grab()
            else:
                return

    def _pressed(self, code: int, at: int) -> None:
        # A key that repeats seems to be released and pressed again each time: in the same millisecond, as no finger can
        if code in self._codes and self._released_last != (code, at):
            self._on_press()

    def _released(self, code: int, at: int) -> None:
        self._released_last = code, at

    def _grab(self) -> None:
        """Take the keys where they are now, with every combination of locks, or none at all.

        Keys that stay where they are stay taken: the server tells of a new keyboard also when another one of the same
        layout is typed on, and that may be the very press that is waited for.
        """
        from Xlib import X
        from Xlib.error import BadAccess, CatchError

        keyboard = self._keyboard()
        self._codes, shifted = keyboard.codes(self._keys.key)
        state = keyboard.state(self._keys.modifiers) | (SHIFT if shifted else 0)
        wanted = {(code, state | locks) for code in self._codes for locks in keyboard.lock_states()}
        if wanted and wanted == self._grabbed:
            return
        self._root.ungrab_key(X.AnyKey, X.AnyModifier)
        taken = CatchError(BadAccess)
        for code, held in wanted:
            self._root.grab_key(code, held, False, X.GrabModeAsync, X.GrabModeAsync, onerror=taken)
        self._display.sync()
        if taken.get_error():
            self._root.ungrab_key(X.AnyKey, X.AnyModifier)
            self._display.sync()
            self._grabbed = set()
            self.trouble = TAKEN.format(keys=self._keys)
        else:
            self._grabbed = wanted
            self.trouble = "" if wanted else NO_KEY.format(keys=self._keys)

    def _keyboard(self) -> Keyboard:
        info = self._display.display.info
        keysyms = self._display.get_keyboard_mapping(info.min_keycode, info.max_keycode - info.min_keycode + 1)
        return Keyboard(info.min_keycode, keysyms, self._display.get_modifier_mapping())


def _connect() -> Any:
    from Xlib.display import Display

    with redirect_stdout(io.StringIO()):  # where it prints warnings, and ours may be a pipe
        display = Display()
    display.set_error_handler(lambda error, request: log.debug("X error: %s", error))  # the default one prints
    return display


@contextmanager
def _told_as_connection_error() -> Iterator[None]:
    from Xlib.error import ConnectionClosedError, DisplayError

    try:
        yield
    except (DisplayError, ConnectionClosedError, OSError, OverflowError) as error:  # the last: no such port
        raise ConnectionError(str(error)) from error
