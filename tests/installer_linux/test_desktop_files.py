"""What desktops and software centres read of her."""

from __future__ import annotations

import configparser
import inspect
import shlex
import subprocess
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from alisa_desktop import __version__, cli, start
from installer.changelog import release_of, releases
from installer.linux import deb, icons

from .conftest import has_no

DESKTOP = deb.HERE / f"{deb.ID}.desktop"


def test_the_desktop_file_is_valid() -> None:
    if has_no("desktop-file-validate"):
        pytest.skip(has_no("desktop-file-validate"))
    done = subprocess.run(["desktop-file-validate", str(DESKTOP)], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


def test_every_action_is_a_command_of_hers() -> None:
    entries = configparser.ConfigParser(interpolation=None)
    entries.read(DESKTOP, encoding="utf-8")
    actions = entries["Desktop Entry"].get("Actions", "").split(";")
    assert {f"Desktop Action {action}" for action in actions if action} == set(entries.sections()) - {"Desktop Entry"}
    for section in entries.sections():
        program, *arguments = shlex.split(entries[section]["Exec"])
        assert program == deb.NAME
        context = cli.program.make_context(program, arguments)
        assert not arguments or cli.program.resolve_command(context, arguments)[1] is not None


def test_her_windows_belong_to_her_desktop_file() -> None:
    source = inspect.getsource(start)
    assert f'setDesktopFileName("{deb.ID}")' in source, "by this Wayland finds her icon"
    entries = configparser.ConfigParser(interpolation=None)
    entries.read(DESKTOP, encoding="utf-8")
    assert f'Application(["{entries["Desktop Entry"]["StartupWMClass"]}"])' in source, "and X11 by this"


def test_the_software_centres_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / f"{deb.ID}.metainfo.xml"
    file.write_text(deb.metainfo(), encoding="utf-8")
    release = ET.fromstring(deb.metainfo()).find("releases/release")
    assert release is not None
    assert release.get("version") == __version__
    assert len(release.findall("description/ul/li")) == len(release_of(__version__).items) > 0
    if has_no("appstreamcli"):
        pytest.skip(has_no("appstreamcli"))
    done = subprocess.run(["appstreamcli", "validate", "--no-net", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_her_home_is_told_once_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "<url" not in deb.metainfo()
    monkeypatch.setattr(deb, "REPOSITORY", "someone/alisa")
    addresses = [url.text for url in ET.fromstring(deb.metainfo()).findall("url")]
    assert addresses == ["https://github.com/someone/alisa", "https://github.com/someone/alisa/issues"]


def test_icons_have_their_sizes_and_a_picture(tmp_path: Path) -> None:
    icons.draw(tmp_path, deb.ID)
    for size in icons.SIZES:
        picture = QImage(str(tmp_path / f"{size}x{size}/apps/{deb.ID}.png"))
        assert (picture.width(), picture.height()) == (size, size)
        assert picture.pixelColor(0, 0).alpha() == 0
        assert picture.pixelColor(size // 2, size // 2).alpha() == 255
    assert (tmp_path / f"symbolic/apps/{deb.ID}-symbolic.svg").is_file()


def test_the_changelog_is_read() -> None:
    text = (
        "# Changes\n\n## [Unreleased]\n\n- not yet\n\n## [1.1.0] - 2031-02-03\n\nA word.\n\n### Fixed\n\n"
        "- `one` thing\n  over two lines\n- **another**\n\n## [1.0.0] - 2030-01-01\n\n- all\n"
    )
    newest, first = releases(text)
    assert (newest.version, newest.day) == ("1.1.0", date(2031, 2, 3))
    assert newest.items == ["one thing over two lines", "another"]
    assert newest.notes.startswith("A word.")
    assert (first.items, first.moment.isoformat()) == (["all"], "2030-01-01T00:00:00+00:00")
    with pytest.raises(LookupError, match="no entry for 7"):
        release_of("7")
