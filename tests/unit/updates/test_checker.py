"""Asking a real feed on this machine: how often, with what, and what becomes of the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from releases import Feed, open_feed

from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.updates import checker as checker_module
from alisa_desktop.updates.checker import Checker
from alisa_desktop.updates.feed import LONGEST_FEED

PATIENCE = 30.0


@pytest.fixture
def feed() -> Iterator[Feed]:
    with open_feed() as feed:
        yield feed


@pytest.fixture
def told() -> list[Update]:
    return []


@pytest.fixture
def checker(profile: Path, told: list[Update]) -> Checker:
    return Checker(profile / "updates.json", "0.1.0", told.append)


def states(told: list[Update]) -> list[Freshness]:
    return [update.state for update in told]


async def test_the_latest_version(checker: Checker, feed: Feed, told: list[Update]) -> None:
    assert (await checker.check(feed.address)).state is Freshness.CURRENT
    assert states(told) == [Freshness.CHECKING, Freshness.CURRENT]


async def test_a_newer_version_with_a_link_and_its_notes(checker: Checker, feed: Feed) -> None:
    feed.tell("v0.2.0", "Hats.")
    update = await checker.check(feed.address)
    link = "https://github.com/someone/alisa/releases/tag/v0.2.0"
    assert update == Update(Freshness.NEWER, "0.2.0", link, "Hats.")


async def test_nothing_is_said_about_the_user(checker: Checker, feed: Feed) -> None:
    await checker.check(feed.address)
    (headers,) = feed.asked
    assert headers["user-agent"] == "Alisa-Desktop"
    assert set(headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}


async def test_what_has_not_changed_is_not_sent_again(
    checker: Checker, feed: Feed, profile: Path, told: list[Update]
) -> None:
    feed.tell("0.2.0", "Hats.")
    first = await checker.check(feed.address)
    again = Checker(profile / "updates.json", "0.1.0", told.append)  # after a restart
    assert await again.check(feed.address) == first
    assert [headers.get("if-none-match") for headers in feed.asked] == [None, '"one"']
    updated = Checker(profile / "updates.json", "0.2.0", told.append)
    assert (await updated.check(feed.address)).state is Freshness.CURRENT
    other = f"{feed.address}?other"
    await updated.check(other)
    assert "if-none-match" not in feed.asked[-1], "what one feed said is nothing to another"


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "too often"), (429, "too often"), (404, "no release"), (407, "proxy"), (500, "a problem"), (304, "304")],
)
async def test_a_refusal_is_one_sentence(checker: Checker, feed: Feed, status: int, words: str) -> None:
    feed.status = status
    update = await checker.check(feed.address)
    assert update.state is Freshness.FAILED
    assert words in update.trouble
    assert not await checker.is_due(feed.address, datetime.now(UTC)), "it has answered, which is enough for today"


async def test_a_feed_that_is_not_reached_is_tried_again(checker: Checker, feed: Feed) -> None:
    feed.status = None
    update = await checker.check(feed.address)
    assert update.state is Freshness.FAILED
    assert "127.0.0.1" in update.trouble
    assert await checker.is_due(feed.address, datetime.now(UTC))


@pytest.mark.parametrize("address", ["http://example.org/latest", "ftp://example.org", "nonsense"])
async def test_only_safe_addresses_are_asked(checker: Checker, address: str) -> None:
    update = await checker.check(address)
    assert update.state is Freshness.FAILED
    assert update.trouble.endswith("is no safe (https) address. Correct it in Settings, under Alisa.")


async def test_a_feed_that_is_far_too_long_is_not_read_to_its_end(checker: Checker, feed: Feed) -> None:
    feed.body = b" " * (LONGEST_FEED + 1)
    assert "too long" in (await checker.check(feed.address)).trouble


async def test_a_feed_that_dawdles_is_left(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker_module, "WHOLE_SECONDS", 0.1)
    guests: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: guests.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    update = await checker.check(f"http://127.0.0.1:{port}/latest")
    for _ in range(10):  # until who was let in is a guest
        await asyncio.sleep(0)
    silent.close()
    for guest in guests:
        guest.close()
        await guest.wait_closed()
    assert "too long" in update.trouble


async def test_a_redirect_to_an_unsafe_place_is_not_followed(checker: Checker, feed: Feed) -> None:
    feed.status, feed.headers = 302, {"Location": "http://example.org/"}
    assert (await checker.check(feed.address)).state is Freshness.FAILED


@pytest.mark.parametrize("ago", [timedelta(hours=-1), timedelta(days=-400), timedelta(hours=25)])
async def test_a_day_or_a_clock_that_was_set_back_makes_it_due(checker: Checker, feed: Feed, ago: timedelta) -> None:
    assert await checker.is_due(feed.address, datetime.now(UTC)), "never asked"
    await checker.check(feed.address)
    assert not await checker.is_due(feed.address, datetime.now(UTC) + timedelta(hours=23))
    assert await checker.is_due(feed.address, datetime.now(UTC) + ago)


@pytest.mark.parametrize(
    "kept", ["", "nonsense", "[]", '{"asked": 7}', '{"release": {"version": "x"}}', '{"release": []}', "[" * 9999]
)
async def test_a_damaged_file_is_as_good_as_none(checker: Checker, feed: Feed, profile: Path, kept: str) -> None:
    profile.mkdir()
    (profile / "updates.json").write_text(kept)
    assert await checker.is_due(feed.address, datetime.now(UTC))
    assert (await checker.check(feed.address)).state is Freshness.CURRENT


async def test_a_profile_that_can_not_be_written_is_no_reason_not_to_tell(tmp_path: Path, feed: Feed) -> None:
    (tmp_path / "file").touch()
    checker = Checker(tmp_path / "file" / "updates.json", "0.0.1", lambda _: None)
    assert (await checker.check(feed.address)).state is Freshness.NEWER


async def test_nor_to_ask_and_tell_again_and_again(tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker_module, "FIRST_SECONDS", 0.0)
    (tmp_path / "file").touch()
    checker = Checker(tmp_path / "file" / "updates.json", "0.0.1", lambda _: None)
    looks, news = asyncio.Queue[None](), list[Update]()

    def wanted() -> str:
        looks.put_nowait(None)
        return feed.address

    task = asyncio.ensure_future(checker.tend(wanted, news.append))
    async with asyncio.timeout(PATIENCE):
        for _ in range(6):
            await looks.get()
            checker.reconsider()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (len(feed.asked), len(news)) == (1, 1)


async def test_a_tag_that_no_header_can_hold_is_not_sent(checker: Checker, feed: Feed, profile: Path) -> None:
    feed.headers = {"ETag": '"é"'}
    await checker.check(feed.address)
    assert (await checker.check(feed.address)).state is Freshness.CURRENT
    kept = json.loads((profile / "updates.json").read_text(encoding="utf-8"))
    for tag in ('"é"', "a\nb", 7):
        (profile / "updates.json").write_text(json.dumps(kept | {"etag": tag}))
        again = Checker(profile / "updates.json", "0.1.0", lambda _: None)
        assert (await again.check(feed.address)).state is Freshness.CURRENT
    assert not any("if-none-match" in headers for headers in feed.asked)


async def test_a_bug_leaves_nobody_asking(
    checker: Checker, feed: Feed, told: list[Update], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker_module, "read_feed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await checker.check(feed.address)
    assert states(told) == [Freshness.CHECKING, Freshness.UNKNOWN]


async def test_it_asks_by_itself_once_and_tells_each_version_once(
    profile: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker_module, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(checker_module, "AGAIN_SECONDS", 0.01)
    wanted, news = [""], asyncio.Queue[Update]()
    file = profile / "updates.json"

    async def tend(*, until: int) -> None:
        told = 0
        checker = Checker(file, "0.1.0", lambda _: None)
        task = asyncio.ensure_future(checker.tend(lambda: wanted[0], news.put_nowait))
        async with asyncio.timeout(PATIENCE):
            while told < until:
                await news.get()
                told += 1
        await asyncio.sleep(0.2)  # long enough to ask too often
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    feed.tell("0.2.0")
    await tend(until=0)
    assert not feed.asked, "off until asked"
    wanted[0] = feed.address
    await tend(until=1)
    assert len(feed.asked) == 1
    await tend(until=0)
    assert (len(feed.asked), news.empty()) == (1, True), "the next start asks no more, and tells no more"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"asked": "2001-01-01T00:00:00+00:00"}))
    feed.headers = {"ETag": '"two"'}
    feed.tell("0.3.0")
    await tend(until=1)
    assert len(feed.asked) == 2


async def test_a_wish_is_heard_at_once(checker: Checker, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker_module, "FIRST_SECONDS", 0.0)
    wanted = [""]
    found = asyncio.Queue[Update]()
    task = asyncio.ensure_future(checker.tend(lambda: wanted[0], found.put_nowait))
    await asyncio.sleep(0.05)
    feed.tell("9.0")
    wanted[0] = feed.address
    checker.reconsider()
    async with asyncio.timeout(PATIENCE):
        assert (await found.get()).version == "9.0"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_a_feed_nobody_is_asked(checker: Checker) -> None:
    update = await checker.check("")
    assert update.state is Freshness.FAILED
    assert "Put the address into Settings" in update.trouble
