"""What a Linux desktop starts at the log-in: a file in `~/.config/autostart`.

Sources: Desktop Application Autostart Specification 0.5; Desktop Entry Specification 1.5, values and `Exec`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from alisa_desktop.host.atomic import write_whole

ID = "io.github.alisa_desktop.Alisa"
ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.5
Name=Alisa
Comment=A private companion on your desktop
Icon={id}
Exec={command}
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
"""
_OFF = {"Hidden": "true", "X-GNOME-Autostart-enabled": "false"}
"""Keys by which desktops switch an entry off without deleting it."""
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', re.DOTALL)


class DesktopEntry:
    """The file of one profile; `profile` is empty for the user's own. Any thread."""

    def __init__(self, profile: str) -> None:
        named = os.environ.get("XDG_CONFIG_HOME", "")
        config = Path(named) if Path(named).is_absolute() else Path.home() / ".config"
        self.file = config / "autostart" / f"{ID}{'-' if profile else ''}{profile}.desktop"

    def read(self) -> list[str]:
        """See `Entry.read`."""
        try:
            text = self.file.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return []
        keys = _keys(text)
        if any(keys.get(key) == value for key, value in _OFF.items()):
            return []
        return parse_exec(keys.get("Exec", ""))

    def write(self, command: Sequence[str]) -> None:
        """See `Entry.write`."""
        text = ENTRY.format(id=ID, command=exec_line(command))
        write_whole(self.file, text.encode("utf-8", "surrogateescape"))

    def remove(self) -> None:
        """See `Entry.remove`."""
        self.file.unlink(missing_ok=True)


def exec_line(command: Sequence[str]) -> str:
    """The value of `Exec` for these arguments, whatever is in them."""
    line = " ".join(map(_quoted, command))
    for escape, letter in (("\\\\", "\\"), ("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r")):
        line = line.replace(letter, escape)
    return line


def parse_exec(value: str) -> list[str]:
    """The arguments of a value of `Exec`, without the codes for files and the like."""
    line = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value)
    arguments = []
    for quoted, plain in _ARGUMENT.findall(line):
        if re.fullmatch("%[a-zA-Z]", plain):
            continue
        arguments.append((plain or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)).replace("%%", "%"))
    return arguments


def _quoted(argument: str) -> str:
    argument = argument.replace("%", "%%")
    if re.fullmatch(r"[\w@%+=:,./-]+", argument, re.ASCII):
        return argument
    return '"' + re.sub(r'(["`$\\])', r"\\\1", argument) + '"'


def _keys(text: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    group = ""
    for line in text.split("\n"):
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys.setdefault(key.strip(), value.strip())
    return keys
