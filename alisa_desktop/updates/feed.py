"""What a feed of releases says: the answer of GitHub's "get the latest release", of which four fields are read.

    {"tag_name": "v0.2.0", "html_url": "https://github.com/...", "body": "What is new", "prerelease": false}

Any server can give it. All of it is data of a stranger's: it becomes a version, plain text and an address of few hosts.
Source: docs.github.com/rest/releases/releases, "Get the latest release".
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from alisa_desktop.core.errors import AlisaError

LONGEST_FEED = 256 * 1024
"""Bytes."""
LONGEST_VERSION = 40
LONGEST_NOTES = 600
LONGEST_ADDRESS = 500
LINK_HOSTS = frozenset({"github.com"})
"""Where a link may lead besides the feed's own host."""


class FeedFailed(AlisaError):
    """The feed can't be read, or says nothing of use."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release: its version as it is compared, an https address or none, notes as plain text, and whether it is a
    trial version, by its name or by the feed's word."""

    version: str
    address: str
    notes: str
    trial: bool = False

    def is_newer_than(self, version: str) -> bool:
        """Whether somebody who has `version` has an older one; a trial version is for those who have one already."""
        mine, other = Version(version), Version(self.version)
        return other > mine and (mine.is_prerelease or not self.trial)


def read_feed(body: bytes, feed: str) -> Release:
    """The release that the feed at this address tells of; raises `FeedFailed`."""
    try:
        told = json.loads(body.decode("utf-8"))
        tag = str(told["tag_name"])[: LONGEST_VERSION + 1].strip()
        version = Version(tag)
    except (ValueError, RecursionError, LookupError, TypeError, InvalidVersion) as error:
        raise FeedFailed(f"{host_of(feed)} doesn't say which version is the latest. Try again later.") from error
    if len(tag) > LONGEST_VERSION:
        raise FeedFailed(f"{host_of(feed)} tells of a version with a name that is none. Try again later.")
    trial = version.is_prerelease or told.get("prerelease") is True
    return Release(str(version), _safe_address(told.get("html_url"), feed), _plain(told.get("body")), trial)


def host_of(address: str) -> str:
    """The host of an address, for people."""
    try:
        return urlsplit(address).hostname or "The feed"
    except ValueError:
        return "The feed"


def _safe_address(address: object, feed: str) -> str:
    if not isinstance(address, str) or len(address) > LONGEST_ADDRESS or not address.isprintable():
        return ""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    known = parts.hostname in {*LINK_HOSTS, urlsplit(feed).hostname}
    plain = parts.scheme == "https" and port in (None, 443) and not (parts.username or parts.password)
    return address if known and plain and "\\" not in address else ""


def _plain(notes: object) -> str:
    if not isinstance(notes, str):
        return ""
    kept = (" " if letter.isspace() and letter != "\n" else letter for letter in notes[: 4 * LONGEST_NOTES])
    text = "".join(letter for letter in kept if letter == "\n" or unicodedata.category(letter)[0] != "C").strip()
    return text if len(text) <= LONGEST_NOTES else f"{text[: LONGEST_NOTES - 1].rstrip()}…"
