"""The Debian package, packed, installed, upgraded and removed in a tree of its own."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alisa_desktop import __version__
from installer.linux import deb
from installer.linux.depends import depends

from .conftest import System, has_no, make_bundle, told


def test_an_installed_program_runs_and_is_removed_without_a_trace(system: System, package: Path) -> None:
    before = system.files()
    system.dpkg("--install", package)
    assert told(system.root / "usr/bin/alisa-desktop") == f"Alisa Desktop {__version__}\n"
    after = system.files()
    assert {
        f"usr/share/applications/{deb.ID}.desktop",
        f"usr/share/metainfo/{deb.ID}.metainfo.xml",
        f"usr/share/icons/hicolor/48x48/apps/{deb.ID}.png",
        f"usr/share/icons/hicolor/scalable/apps/{deb.ID}.svg",
        "usr/share/man/man1/alisa-desktop.1.gz",
        "usr/share/doc/alisa-desktop/copyright",
        "usr/lib/alisa-desktop/_internal/resources/Ein Name 田中.txt",
    } <= after
    system.dpkg("--remove", "alisa-desktop")
    assert system.files() == before
    system.dpkg("--purge", "alisa-desktop")
    assert system.files() == before, "homes are their owners'"


def test_an_upgrade_replaces_what_is_there(system: System, package: Path, tmp_path: Path) -> None:
    newer = make_bundle(tmp_path / "newer", "9.9")
    (newer / "_internal/resources/Ein Name 田中.txt").rename(newer / "_internal/resources/new.txt")
    system.dpkg("--install", package)
    before = system.files()
    with (system.root / "usr/bin/alisa-desktop").open("rb") as running:
        inode = os.fstat(running.fileno()).st_ino
        system.dpkg("--install", as_version("9.9", newer, tmp_path))
        assert inode != (system.root / "usr/bin/alisa-desktop").stat().st_ino, "a running program keeps its own file"
        assert len(running.read()) > 0
    assert told(system.root / "usr/bin/alisa-desktop") == "Alisa Desktop 9.9\n"
    resources = "usr/lib/alisa-desktop/_internal/resources/"
    assert system.files() == before - {f"{resources}Ein Name 田中.txt"} | {f"{resources}new.txt"}


def as_version(version: str, bundle: Path, place: Path) -> Path:
    """A package of another version around `bundle`."""
    tree = place / "tree"
    told("dpkg-deb", "--raw-extract", deb.build(bundle, place), tree)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {__version__}", f"Version: {version}"))
    packed = place / "newer.deb"
    told("dpkg-deb", "--build", tree, packed)
    return packed


def test_it_asks_the_system_for_what_it_does_not_carry_and_nothing_else(bundle: Path, package: Path) -> None:
    needed = told("dpkg-deb", "--field", package, "Depends")
    names = {entry.split()[0] for entry in needed.split(", ")}
    assert names == {"libxcb-cursor0", "libc6", "libdbus-1-3"}, "zlib1g is carried"


@pytest.mark.parametrize(
    ("carried", "besides"),
    [
        ("libfontconfig.so.1", {"fontconfig-config"}),
        ("libxcb-render.so.0", {"libxcb-randr0", "libxcb-render0", "libxcb-shm0", "libxcb-xfixes0"}),
    ],
)
def test_what_goes_with_a_carried_library_is_asked_for(
    bundle: Path, tmp_path: Path, carried: str, besides: set[str]
) -> None:
    more = shutil.copytree(bundle, tmp_path / "more", symlinks=True)
    (more / "_internal" / carried).touch()
    assert set(depends(more).split(", ")) - set(depends(bundle).split(", ")) == besides


def test_a_library_that_is_nowhere_stops_the_build(bundle: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(bundle, tmp_path / "broken", symlinks=True)
    for part in ("libcarried.so", "libcarried.so.1"):
        (broken / "_internal" / part).unlink()
    with pytest.raises(RuntimeError, match=r"cannot find library libcarried\.so needed by"):
        depends(broken)


def test_without_a_bundle_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no bundle"):
        deb.build(tmp_path, tmp_path)


def test_without_debians_tools_it_says_so(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="Install dpkg-dev"):
        deb.build(bundle, tmp_path)


def test_the_same_input_gives_the_same_bytes(bundle: Path, package: Path, tmp_path: Path) -> None:
    again = shutil.copytree(bundle, tmp_path / "dist", symlinks=True)
    before = os.umask(0o077)
    try:
        built = deb.build(again, tmp_path)
    finally:
        os.umask(before)
    assert built.name == package.name
    assert built.read_bytes() == package.read_bytes()


def test_size_and_checksums_are_told(package: Path, tmp_path: Path) -> None:
    told("dpkg-deb", "--raw-extract", package, tmp_path)
    size = int(told("dpkg-deb", "--field", package, "Installed-Size"))
    files = [file for file in (tmp_path / "usr").rglob("*") if file.is_file() and not file.is_symlink()]
    assert size * 1024 >= sum(file.stat().st_size for file in files)
    told("env", "-C", tmp_path, "md5sum", "--check", "--strict", "DEBIAN/md5sums")
    assert len((tmp_path / "DEBIAN/md5sums").read_text().splitlines()) == len(files)


def test_no_script_runs_as_root(package: Path, tmp_path: Path) -> None:
    told("dpkg-deb", "--control", package, tmp_path / "DEBIAN")
    assert {file.name for file in (tmp_path / "DEBIAN").iterdir()} == {"control", "md5sums"}


def test_debian_finds_no_fault(package: Path) -> None:
    if has_no("lintian"):
        pytest.skip(has_no("lintian"))
    command = ["lintian", "--no-cfg", "--allow-root", "--fail-on", "error,warning", str(package)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manual_page_is_good_and_whole(package: Path, tmp_path: Path) -> None:
    told("dpkg-deb", "--extract", package, tmp_path)
    page = gzip.decompress((tmp_path / "usr/share/man/man1/alisa-desktop.1.gz").read_bytes()).decode()
    for words in (
        r"\fBsay\fR TEXT",
        r"\fBmodels download\fR NAME",
        r"\-\-profile DIR",
        "another Alisa runs with this profile",
    ):
        assert words in page
    if has_no("man"):
        pytest.skip(has_no("man"))
    command = ["man", "--warnings", "--local-file", "-Tutf8", "-Z", "/dev/stdin"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("ours", "debians"), [("0.1.0", "0.1.0"), ("1.0rc1", "1.0~rc1"), ("1.2.0.dev3", "1.2.0~dev3"), ("2.0b1", "2.0~b1")]
)
def test_a_version_sorts_as_debian_sorts(ours: str, debians: str) -> None:
    assert deb.debian_version(ours) == debians
