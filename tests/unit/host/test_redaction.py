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
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from alisa_desktop.host.redaction import COMMON, Redaction
from alisa_desktop.settings.schema import Settings

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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"There is no D:\Mustermann KI\x.gguf.", "There is no <path>."),
        (r"There is no D:\Modelle von Mustermann\llama\x.gguf.", "There is no <path>."),
        ("no /Daten von Mustermann/Modelle/x.gguf, sadly", "no <path>, sadly"),
        (r"C:\Users\Max Muster\x.gguf", "<path>"),
        ("/home/Max Muster/models/x.gguf is damaged", "<path> is damaged"),
        ("/mnt/Daten von Mustermann/x", "<path>"),
        ("/Volumes/Max's SSD/x.gguf is damaged.", "<path> is damaged."),
        (r"C:\Program Files (x86)\Mustermann\x.dll failed", "<path> failed"),
        (r"E:\Mein Modell.gguf is damaged. Choose another.", "<path> is damaged. Choose another."),
        (r"E:\tagebuch.gguf", "<path>"),
        (r"(\\nas\Familie Muster\Dr. Max\x.gguf)", "(<path>)"),
        ("/data/<user>/diary.gguf and /<user>s Daten/diary.gguf", "<path> and <path>"),
        ("/mnt/a/Das Modell.gguf is damaged", "<path> is damaged"),
        ("/mnt/a/x.gguf is 1/2 of it", "<path> is 1/2 of it"),
        ("/mnt/a/x and/or y. Then go on.", "<path> and/or y. Then go on."),
        ("Everything of yours is in /mnt/a/b. Keep it.", "Everything of yours is in <path>. Keep it."),
        ("from /mnt/a b/c to /mnt/d e/f it went", "from <path> to <path> it went"),
        ("%2Fdata%2Fmax%2Fx.gguf and D%3A%5CKI%5Cx.gguf", "<path> and <path>"),
        ("file:///mnt/x%20y/z and %2Fhome%2Fmax%20muster%2Fx", "<path> and <path>"),
    ],
)
def test_folders_may_have_blanks(text: str, wanted: str) -> None:
    assert Redaction()(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "and/or this and/or that",
        "1/2 or 3/4 of it",
        "Yes / no / perhaps so/so",
        "text/plain; charset=utf-8 or text/html, and a/b",
        "http://localhost and this/that",
        "ws://127.0.0.1:8000 or a/b/c",
        "say /mode study or /mode chill",
        "GET / HTTP/1.1 and GET /x HTTP/1.1",
        "at 12:30:45, 2026:11:27, and 12:30:45.123",
        "std::vector<int> of alloc::vec::Vec, a::b, feed::add, dead::beef",
        "x[1::2], x[::2], x[2000::10], x[1:2:3], ::1 and 00:1a:2b:3c:4d:5e, 2001:db8",
    ],
)
def test_words_are_no_folders_and_no_addresses(text: str) -> None:
    assert Redaction()(text) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[2001:db8::1]:8080 refused", "[<address>]:8080 refused"),
        ("fe80::1%eth0: no route", "<address>: no route"),
        ("at FD12:3456:789a:1::1.", "at <address>."),
        ("2001:db8:0:0:1:2:3:4, 2a02:8108::/32", "<address>, <address>/32"),
        ("('2001:db8::7', 80, 0, 0)", "('<address>', 80, 0, 0)"),
        ("::ffff:192.168.1.4", "::ffff:<address>"),
    ],
)
def test_new_addresses_are_addresses_too(text: str, wanted: str) -> None:
    assert Redaction()(text) == wanted


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


MEAN = (
    "/", "\\", " /", "/ ", " / ", "/a", " /a", "/a b ", "a b/", "-/", "C:", " c:/", "%2f", "%5c", "'/", "\"/",
    "<home>/", "a", "a ", "a-", "a.", "a@", "@a.", "x://", "key=", "key ", ":", "::", "2001:", "fe80::1%", "/home/",
    "/home/a ", "/(a", "/a'", " /site-packages/", "/x (a) ", "\\u", ".", "1.", "<user>", "/a.gguf ",
)  # fmt: skip
"""Said over and over in one line, what makes a careless pattern look at the same letters again and again."""

NO_LETTERS = ("Cc", "Cs", "Zl", "Zp", "Zs", "Cn", "Co")
letters = st.characters(exclude_categories=NO_LETTERS, exclude_characters="/\\%<>\"'~?:*|")
names = st.text(letters, min_size=2, max_size=12).filter(lambda name: len(name) > 2 or not name.isascii())


@example("00000\U0002f81a", "", "", str)  # a letter whose composed form is another one
@given(names, st.text(max_size=30), st.text(max_size=30), st.sampled_from(SPELLINGS[:-1]))
def test_no_name_survives_wherever_it_stands(name: str, before: str, after: str, spell: Callable[[str], str]) -> None:
    assume(name.casefold() not in COMMON)
    for place in (f"/home/{name}/x", f"C:\\Users\\{name}\\x", f" {name} "):
        text = Redaction((name,), (), (f"/home/{name}", f"C:\\Users\\{name}"))(f"{before} {spell(place)} {after}")
        left = text.removeprefix(before)[: len(text) - len(before) - len(after)]
        assert name not in left.replace("<user>", "").replace("<home>", "").replace("<path>", "") or len(name) < 5


@given(st.text(max_size=60))
def test_any_text_can_be_redacted(text: str) -> None:
    assert isinstance(LINUX(text), str)


@example("00000\U0002f81a")
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


def test_a_long_and_mean_line_is_done_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "jérômé.mustermann")
    redaction = Redaction.of_machine(Path("/srv/profile"), ["/a-secret"])
    for mean in MEAN:
        redaction(mean * (100_000 // len(mean)))


def test_this_machine_is_known() -> None:
    home = str(Path.home())
    redaction = Redaction.of_machine(Path("/srv/profile"), ["a-word"])
    text = redaction(f"{home}/x on {socket.gethostname()}, a-word")
    assert home not in text
    assert "a-word" not in text
    assert redaction("/srv/profile/logs") == "<profile>/logs"
    if len(socket.gethostname()) > 4:
        assert socket.gethostname() not in text
    if getpass.getuser() not in COMMON:
        assert getpass.getuser() not in redaction(f"it was {getpass.getuser()}.")


@pytest.mark.parametrize("user", ["Alexander Mustermann", "alexander.mustermann", "Dr. Max Mustermann"])
def test_each_word_of_a_name_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / user))
    assert Redaction.of_machine()("mustermann.gguf is damaged") == "<user>.gguf is damaged"
    assert Redaction.of_machine()("Drift of data") == "Drift of data"


@pytest.mark.parametrize(
    ("server_url", "said", "wanted"),
    [
        ("http://spark.mustermann.example:8080/v1", "at Spark.Mustermann.example, port 8080", "at <host>, port 8080"),
        ("http://[fd00::7]:8080/v1", "at fd00::7.", "at <host>."),
        ("http://nas/v1", "at nas, nasal", "at <host>, nasal"),
        ("http://localhost:8080/v1", "at localhost", "at localhost"),
        ("http://[::1]:8080/v1", "at ::1", "at ::1"),
        ("http://[half", "at half", "at half"),
        ("", "nowhere", "nowhere"),
    ],
)
def test_a_report_does_not_tell_whose_server_she_asks(server_url: str, said: str, wanted: str) -> None:
    choices = Settings(server_url=server_url, server_key=SecretStr("sk-0123"), endpoint_token="hush")
    redaction = Redaction.of_report(Path("/srv/profile"), choices)
    assert redaction(said) == wanted
    assert redaction("hush sk-0123 in /srv/profile/x") == "<secret> <secret> in <profile>/x"
