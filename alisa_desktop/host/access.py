"""Whether this user may write into a folder, found out without writing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    FILE_ADD_FILE = 0x2
    SHARE_ALL = 0x7
    OPEN_EXISTING = 3
    FILE_FLAG_BACKUP_SEMANTICS = 0x2000000
    """Without it no folder can be opened (CreateFileW, Windows API)."""

    def may_write(folder: Path) -> bool:
        """Whether files can be made in `folder`, which has to be there. Any thread."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        handle = kernel.CreateFileW(
            str(folder), FILE_ADD_FILE, SHARE_ALL, None, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, None
        )
        if handle == wintypes.HANDLE(-1).value:
            return False
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return True

else:

    def may_write(folder: Path) -> bool:
        """Whether files can be made in `folder`, which has to be there. Any thread."""
        return os.access(folder, os.W_OK | os.X_OK)


def nearest(folder: Path) -> Path | None:
    """`folder`, or the nearest one around it that is there."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), None)
