"""What Windows starts at the log-in: a value of the user's Run key, which the task manager can switch off.

Source: "Run and RunOnce Registry Keys" (Microsoft Learn). Where the task manager keeps its switches is in no document:
`StartupApproved\\Run` holds 12 bytes for each value, of which the first is odd while it is off.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

NAME = "Alisa"
"""The installer writes and removes the value of this name, too."""


def run_line(command: Sequence[str]) -> str:
    """The value for these arguments; the program stands in quotes also where it needs none."""
    return f'"{command[0]}" {subprocess.list2cmdline(command[1:])}'


def is_approved(switch: bytes) -> bool:
    """Whether the task manager lets a value be started that has this switch; empty where it has none."""
    return not (switch and switch[0] & 1)


if sys.platform == "win32":
    import ctypes
    import winreg
    from ctypes import wintypes

    KEY = r"Software\Microsoft\Windows\CurrentVersion"
    RUN = rf"{KEY}\Run"
    SWITCHES = rf"{KEY}\Explorer\StartupApproved\Run"

    class RunValue:
        """The value of one profile; `profile` is empty for the user's own. Any thread."""

        def __init__(self, profile: str) -> None:
            self._name = f"{NAME} {profile}".strip()

        def read(self) -> list[str]:
            """See `Entry.read`."""
            line, switch = self._value(RUN), self._value(SWITCHES)
            if not isinstance(line, str) or not is_approved(switch if isinstance(switch, bytes) else b""):
                return []
            return _split(line)

        def write(self, command: Sequence[str]) -> None:
            """See `Entry.write`."""
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
                winreg.SetValueEx(key, self._name, 0, winreg.REG_SZ, run_line(command))
            self._delete(SWITCHES)

        def remove(self) -> None:
            """See `Entry.remove`."""
            self._delete(RUN)
            self._delete(SWITCHES)

        def _value(self, path: str) -> object:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                    return winreg.QueryValueEx(key, self._name)[0]
            except FileNotFoundError:
                return None

        def _delete(self, path: str) -> None:
            with (
                suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, winreg.KEY_SET_VALUE) as key,
            ):
                winreg.DeleteValue(key, self._name)

    def _split(line: str) -> list[str]:
        shell = ctypes.WinDLL("shell32", use_last_error=True)
        shell.CommandLineToArgvW.restype = ctypes.POINTER(wintypes.LPWSTR)
        count = ctypes.c_int()
        arguments = shell.CommandLineToArgvW(wintypes.LPCWSTR(line), ctypes.byref(count))
        if not arguments:
            return []
        try:
            return [str(arguments[index]) for index in range(count.value)]
        finally:
            free = ctypes.WinDLL("kernel32").LocalFree
            free.argtypes = [ctypes.c_void_p]
            free(arguments)
