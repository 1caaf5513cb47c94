"""Origins of web pages as a user writes them: which are good, and what is wrong with the others. Without windows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

OBS = ("null", "file://", "http://absolute")
"""What pages from local files say in OBS: none, the scheme, or a host of its own, by the version of its browser."""
OPAQUE = ("null", "file://")
"""Origins that are no scheme and host."""
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
MOST_QUOTED = 40
"""Characters of what the user wrote that are said back."""
HOW = "like http://localhost:3000"


def split_origins(text: str) -> list[str]:
    """The origins of a list with commas, each once, and without the lone slash with which addresses are copied."""
    found: dict[str, str] = {}
    for part in text.split(","):
        origin = _tidy(part.strip())
        found.setdefault(origin.lower(), origin)
    return [origin for origin in found.values() if origin]


def with_obs(text: str) -> str:
    """The same list and behind it what OBS needs and is not in it yet."""
    there = split_origins(text)
    known = {origin.lower() for origin in there}
    return ", ".join([*there, *(origin for origin in OBS if origin not in known)])


def allows_obs(text: str) -> bool:
    """Whether all that OBS needs is in the list."""
    return {origin.lower() for origin in split_origins(text)}.issuperset(OBS)


def origins_mistake(origins: Iterable[str]) -> str:
    """What is wrong with the first bad one, as a sentence; empty when all are good."""
    return next(filter(None, map(_mistake, origins)), "")


def _quoted(origin: str) -> str:
    return f"“{origin if len(origin) <= MOST_QUOTED else origin[: MOST_QUOTED - 1] + '…'}”"


def _tidy(origin: str) -> str:
    lone_slash = origin.count("/") == 3 and origin.endswith("/") and not origin.endswith("//")
    return origin[:-1] if lone_slash else origin


def _mistake(origin: str) -> str:
    if origin.lower() in OPAQUE:
        return ""
    if "*" in origin:
        return "Name each page by itself: “*” would let in pages that you don't know."
    scheme, mark, rest = origin.partition("://")
    if not mark or not SCHEME.fullmatch(scheme) or not rest or re.search(r"\s", origin):
        return f"{_quoted(origin)} is no page's address: write scheme and host, {HOW}."
    return _mistake_behind_scheme(origin, scheme, rest)


def _mistake_behind_scheme(origin: str, scheme: str, rest: str) -> str:
    host = re.split(r"[/?#\\]", rest)[0]
    if host and host != rest:
        return f"Only scheme and host count: write {_quoted(f'{scheme}://{host}')} for {_quoted(origin)}."
    if "@" in host or not host.isascii():
        return f"{_quoted(origin)} is not how a browser names a page: write scheme and host, {HOW}."
    try:
        parts = urlsplit(origin)
        good = bool(parts.hostname) and parts.port != 0 and not host.endswith(":")
    except ValueError:  # a port that is none, or half an IPv6 address
        good = False
    return "" if good else f"{_quoted(origin)} has no good host and port: write them {HOW}."
