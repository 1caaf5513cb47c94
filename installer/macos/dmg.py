"""A disk image with the app and a way into the folder of programs, made by macOS's own tool.

Not tried anywhere but in the release workflow: it needs macOS.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory


def build(app: Path, target: Path) -> None:
    """Write the disk image `target` with the app `Alisa.app` in it. Raises `subprocess.CalledProcessError`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        content = Path(folder)
        subprocess.check_call(["ditto", str(app), str(content / app.name)])  # keeps what was signed as it was
        (content / "Applications").symlink_to("/Applications")
        command = ["hdiutil", "create", "-quiet", "-volname", "Alisa", "-srcfolder", str(content), "-fs", "HFS+"]
        subprocess.check_call([*command, "-format", "UDZO", "-ov", str(target)])
