"""Takes out of a text what says whose machine it comes from: names, folders, addresses. For reports to strangers."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import sys
import tempfile
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv6Address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from alisa_desktop.core.addresses import is_loopback

NAME, HOST, HOME, PROFILE, PLACE, ADDRESS, SECRET = (
    f"<{what}>" for what in ("user", "host", "home", "profile", "path", "address", "secret")
)
DISTINCT = 5
"""Names of so many characters are taken out of longer words, too; shorter ones only where they stand alone."""
SHORTEST = 3
"""Names below this many characters are taken out of paths only."""
# fmt: off
COMMON = frozenset({
    "admin", "administrator", "alisa", "and", "app", "build", "code", "computer", "data", "debian", "debug", "default",
    "del", "den", "der", "desktop", "error", "file", "guest", "home", "host", "info", "laptop", "line", "linux",
    "local", "localhost", "log", "mac", "machine", "main", "model", "none", "owner", "public", "python", "root", "run",
    "runner", "server", "test", "the", "true", "ubuntu", "user", "users", "van", "von", "warning", "windows", "work",
})
# fmt: on
"""Names that say nothing about anybody, and that a report needs as words."""

# What matched stays so, and what fails is not tried anew at each of its letters: a line may be long and mean.
_SLASH = r"(?>[\\/]+|%2f|%5c)"
_ROOT = rf"(?:(?<![\w.%\\/])(?:[a-z](?::|%3a))?{_SLASH})"
_ESCAPE = r"(?<!\\)\\+"
_LETTER = (
    r"(?:[^\\/\s\"'<>|*?:,;().%]|%(?!2f|5c)|\.(?![\s\"'<>,;:()]|$)"  # a dot at the end is the sentence's
    r"|(?<=\w)'(?=\w)|<(?:user|host|secret)>)"
)
_WORD = rf"(?:{_LETTER}|\({_LETTER}++\))++"
_ENDS = "".join(rf"(?<!\.{end})" for end in ("gguf", "db", "json", "log", "py", "txt"))
_NAME = rf"{_WORD}(?:{_ENDS}\.?\x20(?!(?:and/or|https?/\d)\b){_WORD}){{0,7}}"  # single blanks, no whole sentences
_MODEL = rf"{_NAME}(?<=\.gguf)"
_INSIDE = rf"(?:{_NAME}{_SLASH})+(?:{_MODEL}|{_WORD})?"
_OTHERS_HOME = re.compile(
    rf"(?:\b[a-z](?::|%3a))?(?<![\\/]){_SLASH}(?:home|users|documents and settings){_SLASH}"
    rf"(?:{_NAME}(?=[\\/])|(?:[^\\/%\s\"'<>:]|%(?!2f|5c))+)",
    re.IGNORECASE,
)
_CODE = re.compile(
    rf"(?:{_ROOT}|<home>{_SLASH}|<profile>{_SLASH}|<path>{_SLASH})"
    rf"(?:(?:(?!{_ROOT})[^\"'\n])*{_SLASH})?"
    rf"(?=(?:site-packages|dist-packages|alisa_desktop|_internal|python3\.\d+){_SLASH})",
    re.IGNORECASE,
)
_QUOTED = re.compile(rf"([\"'])(?:{_ROOT}|<home>)[^\"'\n]*?\1", re.IGNORECASE)
_PATH = re.compile(
    rf"(?:<home>|(?<![\w.%>/\\])[a-z](?::|%3a)){_SLASH}(?:{_INSIDE}|{_MODEL}|{_WORD})"
    rf"|(?<![\w.%>/\\])(?<!\w:(?=//)){_SLASH}{_INSIDE}",  # "http://localhost" is no folder
    re.IGNORECASE,
)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]{0,20})://([^\s\"'<>]*)", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_IPV6 = re.compile(  # global, of this network, of this link: not `std::vector`, a time, or the slice `x[2000::2]`
    r"(?<![\w:.])(?<!\w\[)(?=[a-f:]*\d)"
    r"((?:[23][0-9a-f]|f[cdef])[0-9a-f]{2}(?:::?[0-9a-f]{1,4}){0,7}(?:::)?)(?:%[\w-]+)?(?!\w|:\w)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|token|key|password|secret)(\s*[=:]\s*|\s+)(?=\S{0,99}\d)[\w+/=.~-]{8,}", re.IGNORECASE)


class Hidden(Protocol):
    """A word that isn't shown by chance."""

    def get_secret_value(self) -> str:
        """The word."""


class Choices(Protocol):
    """What of the user's settings opens doors or names machines."""

    @property
    def endpoint_token(self) -> str:
        """What overlays prove themselves with."""

    @property
    def server_key(self) -> Hidden:
        """What she proves herself with to her server."""

    @property
    def server_url(self) -> str:
        """Where that server is."""


@dataclass(frozen=True)
class Redaction:
    """What to take out: the user's `names`, the `hosts` they are known by, their folders, and `secrets` as they are."""

    names: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of_report(cls, profile: Path, choices: Choices) -> Redaction:
        """For a report about the Alisa of `profile` with these settings: her server is nobody's business."""
        secrets = (choices.endpoint_token, choices.server_key.get_secret_value(), choices.server_url)
        return cls.of_machine(profile, secrets, _far_host(choices.server_url))

    @classmethod
    def of_machine(cls, profile: Path | None = None, secrets: Iterable[str] = (), server: str = "") -> Redaction:
        """What this machine, its user and `profile` are called, and the host `server`."""
        home = _home()
        names = {_user(), *(os.environ.get(name, "") for name in ("USER", "USERNAME", "LOGNAME")), home.name}
        names.add(_full_name())
        names |= {word for name in names for word in re.split(r"[\s.]+", name)}
        hosts = {socket.gethostname(), platform.node(), os.environ.get("COMPUTERNAME", "")}
        hosts |= {server, *(name.partition(".")[0] for name in hosts)}
        homes = {str(home), os.path.realpath(home), tempfile.gettempdir()}
        profiles = {str(profile), os.path.realpath(profile)} if profile else set()
        return cls(*map(_longest_first, (names, hosts, homes, profiles, set(secrets))))

    def __call__(self, text: str) -> str:
        """`text` without all that, in whatever spelling it stands there."""
        if self._known:
            pattern, marks = self._known
            text = pattern.sub(lambda found: marks[(found.lastindex or 1) - 1], text)
        text = _URL.sub(_shorter_url, text)
        text = _OTHERS_HOME.sub(HOME, text)
        text = _CODE.sub("", text)
        text = _QUOTED.sub(rf"\1{PLACE}\1", text)
        text = _PATH.sub(PLACE, text)
        text = _MAIL.sub(ADDRESS, text)
        text = _IPV4.sub(lambda found: found[0] if is_loopback(found[0]) else ADDRESS, text)
        text = _IPV6.sub(_hidden_ipv6, text)
        return _BEARER.sub(rf"\1\2{SECRET}", text)

    @cached_property
    def _known(self) -> tuple[re.Pattern[str], list[str]] | None:
        """One pattern, so that nothing is looked for in what stands for something else; a group for each mark."""
        kinds = [
            *((_spelled(secret), SECRET) for secret in self.secrets),
            *((_folder(folder), PROFILE) for folder in self.profiles),
            *((_folder(folder), HOME) for folder in self.homes if len(folder) > len("C:\\")),
            *((_named(host), HOST) for host in self.hosts if _says_something(host)),
            *((_named(name), NAME) for name in self.names if _says_something(name)),
        ]
        if not kinds:
            return None
        patterns, marks = zip(*kinds, strict=True)
        return re.compile("|".join(f"({pattern})" for pattern in patterns), re.IGNORECASE), list(marks)


def _longest_first(texts: set[str]) -> tuple[str, ...]:
    return tuple(sorted((text for text in texts if text.strip()), key=lambda text: (-len(text), text)))


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.sep)


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return ""


def _full_name() -> str:
    """What the system's list of users says about this one."""
    if sys.platform == "win32":
        return ""
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0].strip()
    return ""


def _says_something(name: str) -> bool:
    return len(name) >= (SHORTEST if name.isascii() else SHORTEST - 1) and name.casefold() not in COMMON


def _named(name: str) -> str:
    """A name: inside of words only if it can hardly be a part of another one."""
    if len(name) >= DISTINCT or not name.isascii():
        return _spelled(name)
    return rf"(?<![^\W_]){_spelled(name)}(?![^\W_])"


def _folder(folder: str) -> str:
    return rf"{_spelled(folder)}(?!\w)"  # /home/max is not where /home/maxine begins


def _spelled(text: str) -> str:
    """A pattern of all ways to write `text`: composed or not, in URLs, escaped by Python or JSON, with any slash."""
    forms = dict.fromkeys((text, unicodedata.normalize("NFC", text)))  # a few letters have no way back from that form
    return f"(?:{'|'.join(_each_letter(form) for form in forms)})"


def _each_letter(text: str) -> str:
    parts: list[str] = []
    for letter in text:
        if letter in "\\/":
            if not parts:
                parts.append(r"(?<![\\/])")
            parts += [_SLASH] if parts[-1] != _SLASH else []
            continue
        ways = {letter, letter.lower(), letter.upper(), letter.casefold()}
        ways |= {unicodedata.normalize("NFD", way) for way in ways}
        parts.append(f"(?>{'|'.join(dict.fromkeys(written for way in sorted(ways) for written in _written(way)))})")
    return "".join(parts)


def _written(letters: str) -> list[str]:
    """The letters as they are, percent-encoded, and as escapes."""
    encoded = letters.encode("utf-8", "surrogatepass")
    escapes = "".join(_escape(letter) for letter in letters)
    ways = [re.escape(letters), "".join(f"%{byte:02x}" for byte in encoded), escapes]
    ways.append("".join(rf"{_ESCAPE}x{byte:02x}" for byte in encoded))  # the repr of bytes
    if letters == " ":
        ways.append(r"\+")
    return ways


def _escape(letter: str) -> str:
    code = ord(letter)
    ways = [rf"{_ESCAPE}u{code:04x}", rf"{_ESCAPE}U{code:08x}"]
    if code < 0x100:
        ways.append(rf"{_ESCAPE}x{code:02x}")
    if code > 0xFFFF:
        high, low = 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)
        ways = [ways[-1], rf"{_ESCAPE}u{high:04x}\\+u{low:04x}"]
    return f"(?:{'|'.join(ways)})"


def _shorter_url(found: re.Match[str]) -> str:
    """Of an address, only one on this machine is told, without what follows its port."""
    scheme, rest = found[1], found[2]
    if scheme.lower() == "file":
        return PLACE
    place = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" not in place and is_loopback(re.sub(r":\d+$", "", place)):
        return f"{scheme}://{place}"
    return ADDRESS


def _hidden_ipv6(found: re.Match[str]) -> str:
    with suppress(ValueError):
        IPv6Address(found[1])
        return ADDRESS
    return found[0]


def _far_host(address: str) -> str:
    """The host of a URL; empty where it is this machine, or none."""
    with suppress(ValueError):
        host = urlsplit(address).hostname or ""
        return "" if is_loopback(host) else host
    return ""
