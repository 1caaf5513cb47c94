"""The setup program for Windows without its page: put in place, replaced, refused, removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from wine import NEW, OLD, PATIENCE, USER, Windows, wait_for

pytestmark = pytest.mark.timeout(600)  # a Windows starts slowly beside many other tests
Setups = Callable[[str], Path]
HOME = rf"C:\users\{USER}\AppData\Local\Programs\Alisa"


def installed(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_what_is_installed_is_removed_again(windows: Windows, setups: Setups) -> None:
    files, registry = windows.files(), windows.registry()
    assert windows.run(setups(NEW), "/S") == 0
    assert installed(windows.program) == {
        "alisa-desktop.exe", "alisa-desktop-cli.exe", "install.log", "uninstall.exe", "_internal",
        "_internal/フォルダ one", f"_internal/フォルダ one/only in {NEW}.txt", f"_internal/lib-{NEW}",
        f"_internal/lib-{NEW}/big.bin",
    }  # fmt: skip
    entry = windows.entry()
    assert windows.menu_entry.exists()
    assert not windows.desktop_icon.exists()
    assert not windows.autostart()
    assert not windows.starts(), "a silent installation starts nobody"
    assert entry == {
        "DisplayName": "Alisa",
        "DisplayVersion": NEW,
        "Release": f"{NEW}.0",
        "DisplayIcon": rf"{HOME}\alisa-desktop.exe,0",
        "Publisher": "Alisa Desktop contributors",
        "InstallLocation": HOME,
        "UninstallString": rf'"{HOME}\uninstall.exe"',
        "QuietUninstallString": rf'"{HOME}\uninstall.exe" /S',
        "NoModify": "dword:00000001",
        "NoRepair": "dword:00000001",
        "EstimatedSize": entry["EstimatedSize"],
    }
    assert 2000 < int(entry["EstimatedSize"].removeprefix("dword:"), 16) < 3000
    windows.run(windows.program / "uninstall.exe", "/S")  # a copy of it goes on
    wait_for(lambda: not windows.program.exists(), "the end of her folder")
    wait_for(lambda: not windows.entry(), "the end of her entry")
    assert windows.registry() == registry
    assert windows.files() - {f"users/{USER}/AppData/Local/Programs"} == files


def test_an_upgrade_over_a_running_copy(windows: Windows, setups: Setups) -> None:
    assert windows.run(setups(OLD), "/S", "/D=C:\\よい 場所\\Alisa") == 0
    home = windows.drive / "よい 場所" / "Alisa"
    own = home / "_internal" / f"lib-{OLD}" / "my own.txt"
    own.write_text("mine")
    run = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
    assert windows.run("reg", "add", run, "/v", "Alisa", "/d", "by herself") == 0
    windows.start(home / "alisa-desktop.exe")
    wait_for(lambda: windows.starts() == [f"{OLD}: "], "her start")

    assert windows.run(setups(NEW), "/S", STUBBORN="1") == 3
    assert windows.entry()["DisplayVersion"] == OLD
    assert not (home / ".new").exists()

    assert windows.run(setups(NEW), "/S", r"/D=C:\elsewhere") == 0
    wait_for(lambda: windows.starts() == [f"{OLD}: ", f"{NEW}: --hidden"], "her start again")
    assert windows.entry()["DisplayVersion"] == NEW
    assert not (windows.drive / "elsewhere").exists(), "she stays where she is"
    assert not (home / "_internal" / "フォルダ one" / f"only in {OLD}.txt").exists()
    assert (home / "_internal" / "フォルダ one" / f"only in {NEW}.txt").exists()
    assert own.read_text() == "mine"
    assert windows.autostart() == r'"C:\よい 場所\Alisa\alisa-desktop.exe" --hidden'
    assert {path.name for path in home.iterdir()} == {
        "alisa-desktop.exe", "alisa-desktop-cli.exe", "install.log", "uninstall.exe", "_internal",
    }  # fmt: skip

    before = installed(home)
    assert windows.run(setups(OLD), "/S") == 2
    assert installed(home) == before
    assert windows.entry()["DisplayVersion"] == NEW

    (home / "_internal" / f"lib-{NEW}" / "big.bin").unlink()
    assert windows.run(setups(NEW), "/S") == 0, "once more is a repair"
    assert installed(home) == before

    assert (windows.profile / "alisa_memory.db").read_text() == "what was said"
    wait_for(lambda: len(windows.starts()) == 3, "her start after the repair")
    windows.run(home / "uninstall.exe", "/S")  # she is sent away first
    wait_for(lambda: not windows.entry(), "the end of her entry")
    assert installed(home) == {"_internal", f"_internal/lib-{OLD}", f"_internal/lib-{OLD}/my own.txt"}
    assert not windows.autostart()


def test_a_folder_of_somebody_else_is_left_alone(windows: Windows, setups: Setups) -> None:
    theirs = windows.drive / "Tools"
    theirs.mkdir()
    (theirs / "theirs.txt").write_text("theirs")
    assert windows.run(setups(NEW), "/S", r"/D=C:\Tools") == 0
    assert {path.name for path in theirs.iterdir()} == {"theirs.txt", "Alisa"}
    windows.run(theirs / "Alisa" / "uninstall.exe", "/S")
    wait_for(lambda: not (theirs / "Alisa").exists(), "the end of her folder")
    assert [path.name for path in theirs.iterdir()] == ["theirs.txt"]
    memories = rf"C:\users\{USER}\AppData\Local"
    assert windows.run(setups(NEW), "/S", rf"/D={memories}") == 4, "her memories live there"
    assert windows.run(setups(NEW), "/S", rf"/D={memories}\Alisa\personas") == 4


def test_only_her_own_list_makes_a_folder_hers(windows: Windows, setups: Setups) -> None:
    theirs = windows.drive / "Tools"
    theirs.mkdir()
    (theirs / "INSTALL.LOG").write_text("the list of another program's setup")
    assert windows.run(setups(NEW), "/S", r"/D=C:\Tools") == 0
    assert {path.name for path in theirs.iterdir()} == {"INSTALL.LOG", "Alisa"}


def test_a_file_that_is_held_for_some_seconds_is_waited_for(windows: Windows, setups: Setups) -> None:
    assert windows.run(setups(OLD), "/S") == 0
    held = windows.program / "uninstall.exe"
    holder = windows.start(setups(NEW).parent / NEW / "alisa-desktop.exe", HOLD=rf"{HOME}\{held.name}")
    mark = held.with_name(f"{held.name}.held")
    wait_for(mark.exists, "who holds the file")
    update = windows.start(setups(NEW), "/S")
    wait_for((windows.program / ".old" / "install.log").exists, "the change of places")
    assert held.exists()
    holder.kill()
    assert update.wait(PATIENCE) == 0
    mark.unlink()
    assert windows.entry()["DisplayVersion"] == NEW
    assert {path.name for path in windows.program.iterdir()} == {
        "alisa-desktop.exe", "alisa-desktop-cli.exe", "install.log", "uninstall.exe", "_internal",
    }  # fmt: skip


def test_a_first_installation_that_is_broken_off_leaves_nothing(windows: Windows, setups: Setups) -> None:
    new = windows.program / ".new"  # the power went off between two parts
    (new / "_internal").mkdir(parents=True)
    (windows.program / ".old").mkdir()
    (new / "placed.log").write_bytes("install.log\nalisa-desktop.exe\n_internal\n".encode("utf-16-le"))
    (windows.program / "install.log").write_bytes("_internal\\\nalisa-desktop.exe\n".encode("utf-16"))
    (windows.program / "alisa-desktop.exe").touch()
    assert windows.run(setups(NEW), "/S", largest_file=1_000_000) == 5, "the disk is full"
    assert not windows.program.exists()


def test_what_was_broken_off_is_made_whole(windows: Windows, setups: Setups) -> None:
    assert windows.run(setups(OLD), "/S") == 0
    before = installed(windows.program)
    assert windows.run(setups(NEW), "/S", largest_file=1_000_000) == 5, "the disk is full"
    assert installed(windows.program) == before
    assert windows.entry()["DisplayVersion"] == OLD

    half = windows.program / ".old"  # the power went off between two parts
    half.mkdir()
    (windows.program / "_internal").rename(half / "_internal")
    (windows.program / "alisa-desktop.exe").rename(half / "alisa-desktop.exe")
    new = windows.program / ".new"
    new.mkdir()
    (new / "placed.log").write_bytes("alisa-desktop.exe\nfresh.dll\n".encode("utf-16-le"))
    (windows.program / "fresh.dll").touch()
    (windows.program / "alisa-desktop.exe").touch()
    assert windows.run(setups(NEW), "/S", largest_file=1_000_000) == 5
    assert installed(windows.program) == before, "she is back, even so"

    (windows.program / "_internal").rename(windows.program / "was")  # going back was broken off, too: no list any more
    half.mkdir()
    (windows.program / "was").rename(half / "_internal")
    (windows.program / "_internal").mkdir()
    (windows.program / "_internal" / "fresh.dll").touch()
    assert windows.run(setups(NEW), "/S", largest_file=1_000_000) == 5
    assert installed(windows.program) == before

    assert windows.run(setups(NEW), "/S") == 0
    gone = windows.program / ".gone"  # and once while the old version was cleared away
    (gone / "_internal").mkdir(parents=True)
    (gone / "install.log").write_bytes("_internal\\old.dll\n_internal\\\nold.exe\n".encode("utf-16"))
    (gone / "_internal" / "old.dll").touch()
    (gone / "_internal" / "mine.txt").touch()
    whole = installed(windows.program) - {path for path in installed(windows.program) if path.startswith(".gone")}
    assert windows.run(setups(NEW), "/S") == 0
    assert installed(windows.program) == whole | {"_internal/mine.txt"}
