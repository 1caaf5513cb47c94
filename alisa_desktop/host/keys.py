"""Key combinations as people write them and as Qt stores them (its portable text): Ctrl+Alt+L, Meta+F9, Ctrl++."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alisa_desktop.core.errors import SettingsFailed

UNKNOWN = "“{key}” is no key I know. Choose other keys in Settings."
SEQUENCE = "{keys} are several keys after one another, and I can listen for one. Choose other keys in Settings."
TYPING = "{keys} alone is needed for typing. Choose keys with Ctrl, Alt or Meta in Settings."


class Modifier(StrEnum):
    """A key that is held down with another; Meta is the Windows key."""

    CTRL = "ctrl"
    ALT = "alt"
    SHIFT = "shift"
    META = "meta"


NAMED: dict[str, tuple[int, int]] = {
    "space": (0x20, 0x20),
    "esc": (0xFF1B, 0x1B),
    "tab": (0xFF09, 0x09),
    "backspace": (0xFF08, 0x08),
    "return": (0xFF0D, 0x0D),
    "enter": (0xFF8D, 0x0D),
    "ins": (0xFF63, 0x2D),
    "del": (0xFFFF, 0x2E),
    "pause": (0xFF13, 0x13),
    "print": (0xFF61, 0x2C),
    "home": (0xFF50, 0x24),
    "end": (0xFF57, 0x23),
    "left": (0xFF51, 0x25),
    "up": (0xFF52, 0x26),
    "right": (0xFF53, 0x27),
    "down": (0xFF54, 0x28),
    "pgup": (0xFF55, 0x21),
    "pgdown": (0xFF56, 0x22),
    "menu": (0xFF67, 0x5D),
    "help": (0xFF6A, 0x2F),
    "scrolllock": (0xFF14, 0x91),
} | {f"f{number}": (0xFFBD + number, 0x6F + number) for number in range(1, 25)}
"""Keys with names: the X keysym (X11/keysymdef.h) and the Windows virtual key (WinUser.h)."""

ALONE = frozenset({"pause", "print", "menu", "help", "scrolllock"} | {f"f{number}" for number in range(1, 25)})
"""Keys nobody types with: they may be taken without Ctrl, Alt or Meta."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One key with the modifiers held down; `key` is a name of `NAMED` or one character, in lower case."""

    text: str
    modifiers: frozenset[Modifier]
    key: str

    def __str__(self) -> str:
        return self.text


def parse_keys(text: str) -> Keys:
    """Read a combination; raises `SettingsFailed` for one that no system could give us or nobody could do without."""
    text = text.strip()
    if ", " in text:
        raise SettingsFailed(SEQUENCE.format(keys=text))
    before, _, last = text.rpartition("+")
    if text == "+" or text.endswith("++"):
        before, last = text[:-2], "+"
    modifiers = frozenset(map(_modifier, before.split("+"))) if before else frozenset()
    keys = Keys(text, modifiers, _key(last or text))
    if not modifiers - {Modifier.SHIFT} and keys.key not in ALONE:
        raise SettingsFailed(TYPING.format(keys=text))
    return keys


def _modifier(name: str) -> Modifier:
    try:
        return Modifier(name.strip().lower())
    except ValueError:
        raise SettingsFailed(UNKNOWN.format(key=name)) from None


def _key(name: str) -> str:
    key = name.strip().lower()
    if key in NAMED or (len(key) == 1 and key.isprintable() and not key.isspace()):
        return key
    raise SettingsFailed(UNKNOWN.format(key=name))
