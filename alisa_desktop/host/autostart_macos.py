"""What macOS starts at the log-in: a LaunchAgent of the user's; source: launchd.plist(5)."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from xml.parsers.expat import ExpatError

from alisa_desktop.host.atomic import write_whole

ID = "io.github.alisa_desktop.Alisa"


class LaunchAgent:
    """The agent of one profile; `profile` is empty for the user's own. Any thread."""

    def __init__(self, profile: str) -> None:
        self._label = f"{ID}{'.' if profile else ''}{profile}"
        self.file = Path.home() / "Library" / "LaunchAgents" / f"{self._label}.plist"

    def read(self) -> list[str]:
        """See `Entry.read`."""
        try:
            agent = plistlib.loads(self.file.read_bytes())
        except (FileNotFoundError, plistlib.InvalidFileException, ExpatError, ValueError):
            return []
        if not isinstance(agent, dict) or agent.get("Disabled") or not agent.get("RunAtLoad"):
            return []
        command = agent.get("ProgramArguments")
        return [str(argument) for argument in command] if isinstance(command, list) else []

    def write(self, command: Sequence[str]) -> None:
        """See `Entry.write`."""
        agent = {
            "Label": self._label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        try:
            data = plistlib.dumps(agent)
        except (ValueError, UnicodeError) as error:
            raise OSError("the path of the program has letters that it can't have there") from error
        write_whole(self.file, data)

    def remove(self) -> None:
        """See `Entry.remove`."""
        self.file.unlink(missing_ok=True)
