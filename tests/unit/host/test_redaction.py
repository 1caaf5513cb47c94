"""What says whose machine a text comes from does not survive, in no spelling; the rest of it does."""

from __future__ import annotations

import getpass
import json
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from alisa_desktop.host.redaction import COMMON, Redaction, redact

NAME = "Jérôme 田中"
LINUX = Redaction((NAME,), ("jeromes-laptop",), (f"/home/{NAME}", "/tmp"), (f"/home/{NAME}/.local/share/Alisa",))
WINDOWS = Redaction((NAME,), ("JEROME-PC",), (rf"C:\Users\{NAME}",), (rf"C:\Users\{NAME}\AppData\Local\Alisa",))

SPELLINGS: list[Callable[[str], str]] = [
    str,
    repr,
    ascii,
    json.dumps,
    quote,
    quote_plus,
    str.upper,
    str.lower,
    lambda text: repr(text.encode()),
    lambda text: quote(text, safe="").lower(),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: quote(unicodedata.normalize("NFD", text)),
    lambda text: ascii(ascii(text)),
    lambda text: text.replace("/", "\\"),
    lambda text: text.replace("\\", "/"),
    lambda text: PurePosixPath(text).as_uri() if text.startswith("/") else f"file:///{quote(text)}",
]


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize(
    ("redaction", "path"),
    [
        (LINUX, f"/home/{NAME}/My models/secret.gguf"),
        (WINDOWS, rf"C:\Users\{NAME}\My models\secret.gguf"),
        (WINDOWS, rf"\\server\share\{NAME}\secret.gguf"),
    ],
)
def test_the_user_is_in_no_path_however_it_is_written(
    redaction: Redaction, path: str, spell: Callable[[str], str]
) -> None:
    text = redaction(f"before {spell(path)} after")
    for part in (NAME, "Jérôme", "田中", "jérôme", "JÉRÔME", "7530", "C3%A9", "c3%a9", "xe9", "u00e9"):
        assert part not in unicodedata.normalize("NFC", text)
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f'File "/home/{NAME}/src/alisa_desktop/app.py", line 3', 'File "alisa_desktop/app.py", line 3'),
        (rf'File "C:\Users\{NAME}\AppData\Alisa\_internal\x.py", line 1', r'File "_internal\x.py", line 1'),
        ('  File "/opt/x/lib/python3.11/asyncio/events.py", line 1', '  File "python3.11/asyncio/events.py", line 1'),
        ('File "/x/lib/python3.11/site-packages/httpx/x.py", line 1', 'File "site-packages/httpx/x.py", line 1'),
        (f"no lock at /home/{NAME}/.local/share/Alisa/alisa.lock today", "no lock at <profile>/alisa.lock today"),
        ("opened /mnt/My Disk/My Music/x.gguf, slowly", "opened <path>, slowly"),
        ("C:\\Users\\JRME72~1\\AppData\\Local\\Temp\\x.txt", "<path>"),
        ("/home/somebody/x", "<path>"),
        ("listening at ws://127.0.0.1:8000/ws/chat?token=abc", "listening at ws://127.0.0.1:8000"),
        ("http://[::1]:80/x and http://localhost/y", "http://[::1]:80 and http://localhost"),
        ("asked https://me:word@api.example.org/v1?key=1", "asked <address>"),
        ("asked http://me:word@127.0.0.1/v1", "asked <address>"),
        ("from 192.168.178.23 to 127.0.0.1, 4.4.8.2", "from <address> to 127.0.0.1, <address>"),
        ("wrote to me.too@example.org", "wrote to <address>"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer <secret>"),
        ("on jeromes-laptop and JEROMES-LAPTOP.local", "on <host> and <host>.local"),
        ("and/or 1/2, HTTP/1.1, a / b, 3:4", "and/or 1/2, HTTP/1.1, a / b, 3:4"),
        ("2026-11-27 11:09:27,000 INFO alisa_desktop: 田", "2026-11-27 11:09:27,000 INFO alisa_desktop: 田"),
    ],
)
def test_what_becomes_of_it(text: str, wanted: str) -> None:
    assert (WINDOWS if "C:" in text else LINUX)(text) == wanted


@pytest.mark.parametrize("name", sorted({*COMMON, "al", "a", "in"}))
def test_short_and_common_names_garble_nothing(name: str) -> None:
    redaction = Redaction((name,), (name,), (f"/home/{name}",))
    text = "alisa_desktop: the main model in a file of the user is an error (root, test, line 3, <path>)"
    assert redaction(text) == text
    assert name not in redaction(f"at /home/{name}/x").removeprefix("at ").replace("<path>", "")


def test_a_short_name_is_found_where_it_stands_alone() -> None:
    redaction = Redaction(("max",), ("max-pc",))
    assert redaction("Max, max_size, maximal, pytest-of-max, max-pc") == (
        "<user>, <user>_size, maximal, pytest-of-<user>, <host>"
    )


def test_who_is_called_like_a_mark_spoils_none() -> None:
    redaction = Redaction(("secre", "ofile", "addre"), ("ath>",), ("/home/addre",), ("/srv/ofile",), ("s3cret",))
    assert redaction("s3cret at /srv/ofile/x, /home/addre/y") == "<secret> at <profile>/x, <path>"


def test_the_home_of_max_is_not_that_of_maxine() -> None:
    assert "ine" not in Redaction(("max",), (), ("/home/max",))("/home/maxine/x")


NO_LETTERS = ("Cc", "Cs", "Zl", "Zp", "Zs", "Cn", "Co")
letters = st.characters(exclude_categories=NO_LETTERS, exclude_characters="/\\%<>\"'~?:*|")
names = st.text(letters, min_size=2, max_size=12).filter(lambda name: len(name) > 2 or not name.isascii())


@example("00000\U0002f81a", "", "", str)  # a letter whose composed form is another one
@settings(deadline=None)
@given(names, st.text(max_size=30), st.text(max_size=30), st.sampled_from(SPELLINGS[:-1]))
def test_no_name_survives_wherever_it_stands(name: str, before: str, after: str, spell: Callable[[str], str]) -> None:
    assume(name.casefold() not in COMMON)
    for place in (f"/home/{name}/x", f"C:\\Users\\{name}\\x", f" {name} "):
        text = Redaction((name,), (), (f"/home/{name}", f"C:\\Users\\{name}"))(f"{before} {spell(place)} {after}")
        left = text.removeprefix(before)[: len(text) - len(before) - len(after)]
        assert name not in left.replace("<user>", "").replace("<home>", "").replace("<path>", "") or len(name) < 5


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_redacted(text: str) -> None:
    assert isinstance(LINUX(text), str)


@example("00000\U0002f81a")
@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=6, max_size=40))
def test_secrets_are_gone_as_they_are(secret: str) -> None:
    assume(secret.strip())
    assert secret not in Redaction(secrets=(secret,))(f"x{secret}y {quote(secret)} {secret!r}").replace("<secret>", "")


def test_long_names_and_texts_take_no_time() -> None:
    long = "/home/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee/and/more/of/the/same/kind/of/folders"
    redaction = Redaction((long[6:40],), (), (long,))
    for text in (
        long[:-1],
        long[:-1] * 50,
        "/a" * 3000,
        "%2f" * 3000,
        " /" * 3000,
        "\\" * 3000,
        "a@" * 3000,
        "'/" * 999,
    ):
        redaction(text)


def test_this_machine_is_known() -> None:
    home = str(Path.home())
    text = redact(f"{home}/x on {socket.gethostname()}, a-word", "a-word", profile=Path("/srv/profile"))
    assert home not in text
    assert "a-word" not in text
    assert redact("/srv/profile/logs", profile=Path("/srv/profile")) == "<profile>/logs"
    if len(socket.gethostname()) > 4:
        assert socket.gethostname() not in text
    if getpass.getuser() not in COMMON:
        assert getpass.getuser() not in redact(f"it was {getpass.getuser()}.")
