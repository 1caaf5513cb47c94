"""Checks of her folder: whether it can be written, and the settings, the memory, the log and the crashes in it."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from alisa_desktop.core.health import Way
from alisa_desktop.doctor.case import Answer, Case, Check, bad, good, unknown
from alisa_desktop.host.access import may_write, nearest
from alisa_desktop.host.autostart import Autostart
from alisa_desktop.host.crash import LAST
from alisa_desktop.host.single import is_held
from alisa_desktop.memory.inspection import Condition, Inspection, inspect
from alisa_desktop.settings.schema import ModelSource

ALLOW = "Allow this user to write there, or choose another folder with --profile."
MIB = 1 << 20
MINUTES = 60.0


def look_at_folder(case: Case) -> Answer:
    """Whether her folder is there and can be written."""
    folder = case.paths.profile
    if case.homeless:
        return bad(case.homeless, "Set HOME to a folder of this user, or name one with --profile.")
    if folder.is_dir():
        if may_write(folder):
            return good(f"Everything of yours is in {folder}.")
        return bad(f"I may not write in {folder}, so nothing you say is kept.", ALLOW, Way.FOLDER)
    if folder.exists():
        return bad(f"{folder} is no folder.", "Move that file away, or choose another folder with --profile.")
    there = nearest(folder)
    if there and may_write(there):
        return good(f"{folder} will be made when I am first started.")
    return bad(f"{folder} is missing, and I may not make it.", ALLOW)


def look_at_running(case: Case) -> Answer:
    """Whether she runs with this folder."""
    if is_held(case.paths.lock):
        return good("I am running.")
    return good("I am not running; nothing else holds my folder.")


def look_at_autostart(case: Case) -> Answer:
    """Whether what starts at the log-in is still there."""
    autostart = Autostart(case.paths)
    if autostart.is_lost:
        advice = "Start me once by hand, and I correct that; or switch it off and on again in Settings."
        return bad("What should start me when you log in is no longer there.", advice)
    if autostart.is_on:
        return good("I start when you log in.")
    return good("I don't start by myself when you log in.")


def look_at_settings(case: Case) -> Answer:
    """Whether the settings can be read as they are."""
    if case.settings_trouble:
        return bad(case.settings_trouble, "Look through Settings and save them again, or delete the file.", Way.FOLDER)
    if not case.paths.settings.exists():
        return good("All settings are as they come.")
    if not _can_be_replaced(case.paths.settings):
        return bad("The settings can be read, but not changed.", ALLOW, Way.FOLDER)
    return good("The settings can be read.")


def _can_be_replaced(file: Path) -> bool:
    """Files are written anew and renamed, so it is the folder that counts."""
    return may_write(file.resolve().parent)


def look_at_database(case: Case) -> Answer:
    """Whether what was said can be read, and more can be written."""
    path = case.paths.database
    found = inspect(path, thorough=not case.quick, stopped=case.stopped.is_set)
    folder = Way.FOLDER
    match found.condition:
        case Condition.SOUND | Condition.OLDER:
            return _sound(case, found)
        case Condition.MISSING:
            return good("Nothing has been said yet.")
        case Condition.NEWER:
            return bad("A newer version of me wrote my memory, so I leave it alone.", "Update Alisa.")
        case Condition.STRANGE:
            return bad(f"{path} is another program's database.", "Move it elsewhere.", folder)
        case Condition.DAMAGED:
            advice = (
                "Start me: I put the damaged file aside and begin a new one. A copy of yours can then take its place."
            )
            return bad(f"{path} is damaged.", advice, folder)
        case Condition.UNREADABLE:
            return bad(f"{path} can't be read.", "Allow this user to read and write it, and its folder.", folder)
        case Condition.LEFT_OPEN:
            return unknown("My memory was not closed when it was copied here.", "Start me once, then look again.")
        case Condition.STOPPED:
            return unknown("The look into my memory was broken off.")


def _sound(case: Case, found: Inspection) -> Answer:
    path = case.paths.database
    size = path.stat().st_size / MIB
    said = f"My memory is sound: {found.turns} turns and {found.looks} looks in {size:.1f} MB"
    if not may_write(path.parent) or not _is_writable(path):
        return bad(f"{said}, but I may not write to it.", ALLOW, Way.FOLDER)
    later = "; it is brought up to date at the next start" if found.condition is Condition.OLDER else ""
    return good(f"{said}{later}.")


def _is_writable(file: Path) -> bool:
    return os.access(file, os.W_OK)


def look_at_log(case: Case) -> Answer:
    """Whether what goes wrong is written down."""
    folder = case.paths.logs
    if not folder.is_dir():
        return good("Nothing has gone into the log yet.")
    if not may_write(folder):
        return bad("I may not write to my log, so what goes wrong is lost.", ALLOW, Way.FOLDER)
    size = sum(file.stat().st_size for file in folder.glob("*.log*")) / MIB
    return good(f"What goes wrong is written down ({size:.1f} MB of log).")


def look_at_crash(case: Case) -> Answer:
    """Whether a part of hers crashed the last time."""
    file = case.paths.logs / LAST
    try:
        when = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    except OSError:
        return good("I have not crashed.")
    advice = f"If it happens again, send a report; what is left of it is in logs/{LAST}."
    return unknown(f"A part of me crashed on {when:%Y-%m-%d at %H:%M}.", advice, Way.LOG)


def look_at_keyring(case: Case) -> Answer:
    """Whether the key of a server could be kept."""
    from alisa_desktop.host.secrets import keyring_name

    name = keyring_name()
    if name:
        return good(f"Keys of servers are kept in the keyring of your system ({name}).")
    if case.settings.model_source is not ModelSource.SERVER:
        return good("There is no keyring here, and none is needed while I think on this machine.")
    advice = "Install and unlock a keyring (package gnome-keyring or kwalletmanager)."
    return bad("There is no keyring, so the key of your server is forgotten when I quit.", advice, Way.MODEL)


CHECKS = (
    Check("profile", "Folder", look_at_folder),
    Check("running", "Running", look_at_running),
    Check("autostart", "Log-in", look_at_autostart),
    Check("settings", "Settings", look_at_settings),
    Check("database", "Memory", look_at_database, seconds=10 * MINUTES, long=True),
    Check("log", "Log", look_at_log),
    Check("crash", "Crashes", look_at_crash),
    Check("keyring", "Keyring", look_at_keyring),
)
