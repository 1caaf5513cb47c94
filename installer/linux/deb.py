"""The Debian package: the bundle in /usr/lib, and around it what makes a program at home on a Linux desktop.

It has no script that runs as root. Programs that are running keep what they have opened, so neither an upgrade nor a
removal has to touch anybody's process; profiles are in the homes of their owners, and stay.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from email.utils import format_datetime
from html import escape
from pathlib import Path
from textwrap import fill

from alisa_desktop import __version__
from alisa_desktop.core.updates import REPOSITORY
from installer import licences
from installer.changelog import FILE, Release, release_of, releases
from installer.linux import icons, man
from installer.linux.depends import depends

HERE = Path(__file__).resolve().parent
NAME = "alisa-desktop"
ID = "io.github.alisa_desktop.Alisa"
"""By this the desktop knows her: her .desktop file, her icon, and what the software centres say of her."""
MAINTAINER = "Alisa Desktop contributors <alisa-desktop@users.noreply.github.com>"
PROGRAM = Path("usr/lib") / NAME
SHARE = Path("usr/share")
DOC = SHARE / "doc" / NAME
CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Recommends: fonts-noto-color-emoji
Suggests: gnome-shell-extension-appindicator
Section: utils
Priority: optional
{home}Description: private companion who lives in the tray
 Alisa is a small companion who stands on your desktop, shows what she feels,
 and answers in a speech bubble. She thinks with a language model on your own
 computer, remembers what was said, and needs no account and no network.
 .
 A tiny model comes with her; larger ones are fetched when you choose one.
"""


def build(dist: Path, out: Path) -> Path:
    """Pack the bundle in the folder `dist` into a package in the folder `out`; returns the package.

    The same input gives the same bytes: all files carry the time of the release, or `SOURCE_DATE_EPOCH` (seconds).
    Raises `RuntimeError` when there is no bundle, Debian's tools are missing, or a library that the bundle needs is
    nowhere to be found.
    """
    if not (dist / NAME).is_file():
        raise RuntimeError(f"There is no bundle in {dist}; build it first.")
    if not shutil.which("dpkg-shlibdeps"):
        raise RuntimeError("The package is built by Debian's own tools, which are not here. Install dpkg-dev.")
    release = release_of(__version__)
    architecture = _told("dpkg", "--print-architecture").strip()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or release.moment.timestamp())
    package = out / f"{NAME}_{debian_version(__version__)}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / NAME
        _install(dist, tree, release)
        _write_control(tree, architecture)
        _settle(tree, epoch)
        out.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
        command = ["dpkg-deb", "--build", "-Zxz", "--root-owner-group", str(tree), str(package)]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return package


def debian_version(version: str) -> str:
    """Our version as Debian sorts it: 1.0rc1 comes before 1.0."""
    return re.sub(r"\.?(dev|a|b|rc)(?=\d)", r"~\1", version)


def _install(dist: Path, tree: Path, release: Release) -> None:
    """Lay everything where it will be on the user's system, below `tree`."""
    shutil.copytree(dist, tree / PROGRAM, symlinks=True)
    (tree / "usr/bin").mkdir()
    (tree / "usr/bin" / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
    icons.draw(tree / SHARE / "icons/hicolor", ID)
    _write(tree / SHARE / "applications" / f"{ID}.desktop", (HERE / f"{ID}.desktop").read_text(encoding="utf-8"))
    _write(tree / SHARE / "metainfo" / f"{ID}.metainfo.xml", metainfo())
    _write(tree / SHARE / "man/man1" / f"{NAME}.1.gz", man.page(release.day))
    _write(tree / SHARE / "lintian/overrides" / NAME, (HERE / "lintian-overrides").read_text(encoding="utf-8"))
    _write(tree / DOC / "changelog.gz", _debian_changelog())
    _write(tree / DOC / "copyright", _copyright())


def metainfo() -> str:
    """What the software centres show, with the releases of the changelog."""
    told = "\n".join(
        f'    <release version="{release.version}" date="{release.day}">\n      <description>\n        <ul>\n'
        + "\n".join(f"          <li>{escape(item)}</li>" for item in release.items)
        + "\n        </ul>\n      </description>\n    </release>"
        for release in releases(FILE.read_text(encoding="utf-8"))
    )
    source = (HERE / f"{ID}.metainfo.xml").read_text(encoding="utf-8")
    places = {"homepage": home(), "bugtracker": f"{home()}/issues"} if REPOSITORY else {}
    urls = "".join(f'  <url type="{kind}">{address}</url>\n' for kind, address in places.items())
    return source.replace("  <urls/>\n", urls).replace("<releases/>", f"<releases>\n{told}\n  </releases>")


def home() -> str:
    """Where she is published."""
    return f"https://github.com/{REPOSITORY}"


def _debian_changelog() -> str:
    return "\n".join(
        f"{NAME} ({debian_version(release.version)}) unstable; urgency=medium\n\n"
        + "\n".join(fill(item, 78, initial_indent="  * ", subsequent_indent="    ") for item in release.items)
        + f"\n\n -- {MAINTAINER}  {format_datetime(release.moment)}\n"
        for release in releases(FILE.read_text(encoding="utf-8"))
    )


def _copyright() -> str:
    """Whose it is, as Debian wants it told: our licence, and where those of others are."""
    holder = "2026 Alisa Desktop contributors"
    lines = (HERE.parents[1] / "LICENSE").read_text(encoding="utf-8").partition("\n\n")[2].partition("\n\n")[2]
    text = "\n".join(f" {line}" if line else " ." for line in lines.strip().splitlines())
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: Alisa Desktop\n"
        f"Comment: The libraries in /{PROGRAM}/_internal belong to others;\n"
        f" /{PROGRAM}/{licences.WHOLE} has their licences.\n\nFiles: *\nCopyright: {holder}\nLicense: MIT\n{text}\n"
    )


def _write_control(tree: Path, architecture: str) -> None:
    files = [file for file in sorted((tree / "usr").rglob("*")) if file.is_file() and not file.is_symlink()]
    needed = depends(tree / PROGRAM)
    size = sum(-(-file.stat().st_size // 1024) for file in files)  # KiB, each file rounded up
    told = {"name": NAME, "version": debian_version(__version__), "architecture": architecture}
    told |= {
        "home": f"Homepage: {home()}\n" if REPOSITORY else "",
        "maintainer": MAINTAINER,
        "size": str(size),
        "depends": needed,
    }
    _write(tree / "DEBIAN/control", CONTROL.format(**told))
    sums = (f"{_md5(file)}  {file.relative_to(tree).as_posix()}\n" for file in files)
    _write(tree / "DEBIAN/md5sums", "".join(sums))


def _md5(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _settle(tree: Path, epoch: int) -> None:
    """Give everything the rights and the time that do not depend on who builds it, and when."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
        elif not path.is_symlink():
            path.chmod(0o755 if os.access(path, os.X_OK) and ".so" not in path.name else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0) if path.suffix == ".gz" else text.encode())


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
