"""Text that applications tell assistive programs: read without a single pixel, from whichever system this is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from alisa_desktop.vision.screen import AccessibleText, TextLine, Window


class NoAccessibleText:
    """Null object: no application tells anything here."""

    def read(self, window: Window, seconds: float) -> Sequence[TextLine] | None:
        """Nothing."""
        return None

    def close(self) -> None:
        """Nothing to let go of."""


def open_accessible_text() -> AccessibleText:
    """What reads applications on this system; it connects when it is first asked, and never raises."""
    if sys.platform == "win32":
        from alisa_desktop.vision.accessibility_uia import open_uia

        return open_uia() or NoAccessibleText()
    if sys.platform == "darwin":
        from alisa_desktop.vision.accessibility_ax import open_ax

        return open_ax() or NoAccessibleText()
    from alisa_desktop.vision.accessibility_atspi import AtSpiText

    address = session_bus()
    return AtSpiText(address) if address else NoAccessibleText()


def session_bus() -> str:
    """The D-Bus address of the user's session; empty where there is none."""
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return f"unix:path={runtime}/bus" if runtime and (Path(runtime) / "bus").is_socket() else ""


def applications_tell() -> bool | None:
    """Whether applications can tell their text here; None where nobody can be asked. Waits a second at most."""
    if sys.platform == "win32":
        return True
    if sys.platform == "darwin":
        from alisa_desktop.vision.accessibility_ax import is_trusted

        return is_trusted()
    from alisa_desktop.vision.accessibility_atspi import has_launcher

    address = session_bus()
    return has_launcher(address) if address else None
