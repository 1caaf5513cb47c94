"""What a feed of releases says, whoever wrote it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.updates.feed import LONGEST_NOTES, FeedFailed, Release, read_feed

FEED = "https://api.example.org/latest"
LINK = "https://github.com/someone/alisa/releases/tag/v0.2.0"


def feed(**told: Any) -> bytes:
    return json.dumps({"tag_name": "v0.2.0", "html_url": LINK, "body": "New."} | told).encode()


def test_a_release_is_read() -> None:
    assert read_feed(feed(), FEED) == Release("0.2.0", LINK, "New.")


@pytest.mark.parametrize(
    ("mine", "other", "newer"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "v0.1.1", True),
        ("0.9.0", "0.10.0", True),
        ("0.2.0", "0.2", False),
        ("1.0.0", "0.9.9", False),
        ("0.1.0", "0.2.0rc1", False),
        ("0.2.0rc1", "0.2.0rc2", True),
        ("0.2.0rc1", "0.2.0", True),
        ("0.2.0.dev3", "0.2.0", True),
        ("0.2.0", "0.2.0.post1", True),
    ],
)
def test_versions_are_compared_as_versions(mine: str, other: str, newer: bool) -> None:
    assert read_feed(feed(tag_name=other), FEED).is_newer_than(mine) is newer


@pytest.mark.parametrize(("mine", "newer"), [("0.1.0", False), ("0.2.0rc1", True)])
def test_what_the_feed_calls_a_trial_is_one(mine: str, newer: bool) -> None:
    assert read_feed(feed(prerelease=True), FEED).is_newer_than(mine) is newer


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"<html>", b"\xff", b"{}", feed(tag_name=None), feed(tag_name="latest"), feed(tag_name=[]),
     feed(tag_name=""), feed(tag_name="1." * 300 + "0")],
)  # fmt: skip
def test_what_names_no_version_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(FeedFailed, match=r"api\.example\.org"):
        read_feed(body, FEED)


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        (LINK, True),
        ("https://api.example.org/alisa", True),
        ("http://github.com/x", False),
        ("https://github.com.evil.example/x", False),
        ("https://github.com@evil.example/x", False),
        ("https://someone:secret@github.com/x", False),
        ("https://github.com:8443/x", False),
        ("https://github.com:port/x", False),
        ("https://evil.example\\@github.com/", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("https://github.com/\u202egnp", False),
        ("https://github.com/" + "x" * 1000, False),
        ("https://[", False),
        (7, False),
        (None, False),
    ],
)
def test_a_link_leads_to_few_places(address: object, leads: bool) -> None:
    assert read_feed(feed(html_url=address), FEED).address == (address if leads else "")


def test_notes_are_plain_and_short() -> None:
    assert read_feed(feed(body="a\tb\r\nc\x1b[31m\u202e!\0"), FEED).notes == "a b \nc[31m!"
    assert read_feed(feed(body=None), FEED).notes == ""
    long = read_feed(feed(body="word " * 9999), FEED).notes
    assert len(long) <= LONGEST_NOTES
    assert long.endswith("…")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters()), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=200)
@given(st.binary() | st.dictionaries(st.sampled_from(["tag_name", "html_url", "body"]), json_values).map(
    lambda told: json.dumps(told).encode()
))  # fmt: skip
def test_nothing_that_comes_breaks_anything(body: bytes) -> None:
    with suppress(FeedFailed):
        release = read_feed(body, FEED)
        assert not release.address or urlsplit(release.address).scheme == "https"
        assert len(release.notes) <= LONGEST_NOTES
