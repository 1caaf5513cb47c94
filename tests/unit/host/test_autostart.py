"""Starting at the log-in: what the system is told, and what it says."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.core.errors import AutostartFailed
from alisa_desktop.host.autostart import Autostart, _short, program
from alisa_desktop.host.autostart_linux import DesktopEntry, exec_line, parse_exec
from alisa_desktop.host.autostart_macos import LaunchAgent
from alisa_desktop.host.autostart_windows import is_approved, run_line
from alisa_desktop.host.paths import Paths

on_linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the entry is of another kind")
arguments = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=300)
@given(st.lists(arguments, min_size=1))
def test_every_command_comes_back_from_an_exec_line(command: list[str]) -> None:
    line = exec_line(command)
    assert not {"\n", "\r"} & set(line)
    assert parse_exec(line) == command


def test_an_exec_line_is_quoted_as_the_specification_says() -> None:
    assert exec_line(["/opt/a", "--hidden"]) == "/opt/a --hidden"
    assert exec_line(["/opt/my $1 %f", 'a"b', "c\\d", "`e`"]) == r'"/opt/my \\$1 %%f" "a\\"b" "c\\\\d" "\\`e\\`"'
    assert exec_line([""]) == '""'


def test_codes_of_an_entry_that_was_edited_are_no_arguments() -> None:
    assert parse_exec("/opt/alisa --hidden %U %%") == ["/opt/alisa", "--hidden", "%"]


@on_linux
def test_the_system_is_the_truth(profile: Path) -> None:
    paths = Paths.of(profile)
    assert not Autostart(paths).is_on
    Autostart(paths).turn(True)
    assert Autostart(paths).is_on
    (file,) = (Path.home() / "config" / "autostart").iterdir()  # XDG_CONFIG_HOME
    entry = configparser.RawConfigParser(strict=True)
    entry.optionxform = str  # type: ignore[assignment,method-assign]  # keys are kept as they are written
    entry.read_string(file.read_text())
    assert entry["Desktop Entry"]["Type"] == "Application"
    command = parse_exec(entry["Desktop Entry"]["Exec"])
    assert command == [*program(), "--hidden", "--profile", str(profile)]
    for off in ("Hidden=true", "X-GNOME-Autostart-enabled=false"):  # as desktops switch it off
        file.write_text(f"[Desktop Entry]\nExec=/bin/true\n{off}\n[Other]\nHidden=false\n")
        assert not Autostart(paths).is_on
        Autostart(paths).turn(True)
        assert Autostart(paths).is_on
    file.unlink()  # as the user does
    assert not Autostart(paths).is_on
    Autostart(paths).turn(False)
    assert not list(file.parent.iterdir())


@on_linux
def test_each_profile_has_an_entry_of_its_own_and_the_users_own_needs_no_name(profile: Path) -> None:
    Autostart(Paths.of()).turn(True)
    Autostart(Paths.of(profile)).turn(True)
    own = DesktopEntry("")
    assert own.read() == [*program(), "--hidden"]
    assert len(list(own.file.parent.iterdir())) == 2
    Autostart(Paths.of(profile)).turn(False)
    assert Autostart(Paths.of()).is_on


@on_linux
def test_an_entry_follows_the_program_that_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    autostart, entry = Autostart(Paths.of()), DesktopEntry("")
    autostart.correct()
    assert not entry.file.exists(), "what is off stays off"
    entry.write([str(tmp_path / "gone" / "alisa-desktop"), "--hidden"])
    autostart.correct()
    assert entry.read() == [*program(), "--hidden"]
    installed = tmp_path / "alisa-desktop"
    installed.touch()
    entry.write([str(installed), "--hidden"])
    autostart.correct()
    assert entry.read() == [str(installed), "--hidden"], "a developer's copy leaves an installed one alone"
    bundle = tmp_path / "new" / "alisa-desktop-cli"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(bundle))
    Autostart(Paths.of()).correct()
    assert entry.read() == [str(bundle.with_name("alisa-desktop")), "--hidden"], "the twin without a console"


@on_linux
def test_what_can_not_be_done_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    autostart = Autostart(Paths.of())
    assert not autostart.is_on
    with pytest.raises(AutostartFailed, match="can't change what starts when you log in"):
        autostart.turn(True)


def test_who_does_not_know_the_way_to_herself_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    autostart = Autostart(Paths.of())
    assert not autostart.is_on
    with pytest.raises(AutostartFailed, match="which program"):
        autostart.turn(True)


def test_an_agent_of_macos_comes_back_as_it_was_written() -> None:
    agent = LaunchAgent("")
    assert agent.read() == []
    agent.write(["/Applications/Alisa & more.app/Contents/MacOS/alisa-desktop", "--hidden"])
    assert agent.read() == ["/Applications/Alisa & more.app/Contents/MacOS/alisa-desktop", "--hidden"]
    agent.file.write_bytes(agent.file.read_bytes().replace(b"<dict>", b"<dict><key>Disabled</key><true/>"))
    assert agent.read() == []
    agent.file.write_bytes(b"no plist")
    assert agent.read() == []
    agent.remove()
    agent.remove()
    assert not agent.file.exists()


def test_the_run_value_is_what_the_installer_writes() -> None:
    exe = r"C:\Users\Jérôme\AppData\Local\Programs\Alisa\alisa-desktop.exe"
    assert run_line([exe, "--hidden"]) == f'"{exe}" --hidden'
    assert run_line([exe, "--hidden", "--profile", r"D:\my things"]) == rf'"{exe}" --hidden --profile "D:\my things"'


def test_the_task_manager_has_the_last_word() -> None:
    assert is_approved(b"")
    assert is_approved(bytes([2]) + bytes(11))
    assert is_approved(bytes([6]) + bytes(11))
    assert not is_approved(bytes([3]) + bytes(11))


@pytest.mark.skipif(sys.platform != "win32", reason="the registry of Windows")
def test_the_registry(profile: Path) -> None:
    if sys.platform == "win32":
        import winreg

        from alisa_desktop.host import autostart_windows as windows

        autostart = Autostart(Paths.of(profile))  # a value of its own: the user's is not touched
        name = windows.RunValue(_short(profile))._name
        try:
            assert not autostart.is_on
            autostart.turn(True)
            assert autostart.is_on
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, windows.SWITCHES) as key:
                winreg.SetValueEx(key, name, 0, winreg.REG_BINARY, bytes([3]) + bytes(11))
            assert not autostart.is_on, "switched off in the task manager"
            autostart.turn(True)
            assert autostart.is_on
        finally:
            autostart.turn(False)
        assert not autostart.is_on
