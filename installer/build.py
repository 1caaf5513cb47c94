"""Build the installer around the bundle in `dist/`: `python -m installer.build`.

What is made follows the bundle that lies there: a setup program for Windows (which Linux can build as well), a Debian
package, a disk image for macOS.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alisa_desktop import __version__
from installer import sign, windows
from installer.linux import deb
from installer.macos import dmg

DIST = Path(__file__).resolve().parents[1] / "dist"


def build(dist: Path) -> Path:
    """Build the installer that fits the bundle in the folder `dist` into the same folder, and return it.

    Raises `RuntimeError` where there is no bundle or something it needs is missing,
    `subprocess.CalledProcessError` where a tool fails.
    """
    bundle, app = dist / "alisa-desktop", dist / "Alisa.app"
    if (bundle / "alisa-desktop.exe").is_file():
        target = dist / f"Alisa-{__version__}-setup.exe"
        windows.build(bundle, __version__, target)
        return target
    if app.is_dir():
        target = dist / f"Alisa-{__version__}.dmg"
        dmg.build(app, target)
        return target
    if (bundle / "alisa-desktop").is_file():
        return deb.build(bundle, dist)
    raise RuntimeError(f"There is no bundle in {dist}; `make bundle` builds it.")


def main() -> int:
    """Build it and say what was made; returns 1 with a sentence where that fails."""
    try:
        made = build(DIST)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made} ({made.stat().st_size / 1e6:.0f} MB)")
    if made.suffix == ".exe" and not sign.has_certificate():
        print("It is not signed, since ALISA_CERTIFICATE names no certificate: Windows will say it knows no publisher.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
