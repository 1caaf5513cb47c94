"""Asking the feed: at most once a day by itself, whenever the user wants it, and never for more than the answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import AlisaError
from alisa_desktop.core.updates import Freshness, Update
from alisa_desktop.model.web import Lost, Web, read_body
from alisa_desktop.settings.file import write_json
from alisa_desktop.updates.feed import LONGEST_FEED, FeedFailed, Release, host_of, read_feed

DAY = timedelta(days=1)
FIRST_SECONDS = 60.0
"""The start and the log-in are over by then."""
AGAIN_SECONDS = 3600.0
"""Between two looks at the clock; also how soon a feed that was not reached is tried again."""
WHOLE_SECONDS = 30.0
"""One answer, all in all."""
WHAT = "the list of releases"
NO_FEED = "I don't know where my releases are told of. Put the address into Settings, under Alisa."
WRONG_FEED = "Correct it in Settings, under Alisa."

log = logging.getLogger(__name__)


class Checker:
    """Compares `version` with what the feed says, and keeps in `file` when it last said something, and what.

    `told` is called with every change of what is known. Use it on one loop's thread.
    """

    def __init__(self, file: Path, version: str, told: Callable[[Update], None]) -> None:
        self.update = Update()
        self._file = file
        self._version = version
        self._told = told
        self._said: dict[str, Any] = {}  # what the file holds, also where nothing can be written
        self._one = asyncio.Lock()
        self._changed = asyncio.Event()

    async def tend(self, wanted: Callable[[], str], found: Callable[[Update], None]) -> None:
        """Ask the feed that `wanted` names once a day, until it is cancelled; no feed, no question.

        `found` is called once for each newer version.
        """
        if feed := wanted():
            await self._remember(feed)
        await self._wait(FIRST_SECONDS)
        while True:
            if (feed := wanted()) and await self.is_due(feed, datetime.now(UTC)):
                await self.check(feed)
            if feed and await self._is_news(feed):
                found(self.update)
            await self._wait(AGAIN_SECONDS)

    def reconsider(self) -> None:
        """Whether, and which feed, is wanted has changed."""
        self._changed.set()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    async def _remember(self, feed: str) -> None:
        kept = await self._kept(feed)
        if release := _release(kept.get("release"), feed):
            self._tell(self._judged(release))

    async def is_due(self, feed: str, now: datetime) -> bool:
        """Whether a day has gone by since this feed answered; a clock that was set back does not hold it up."""
        try:
            asked = datetime.fromisoformat(str((await self._kept(feed)).get("asked")))
            return not now - DAY < asked <= now
        except (ValueError, TypeError):
            return True

    async def _is_news(self, feed: str) -> bool:
        if self.update.state is not Freshness.NEWER:
            return False
        kept = await self._kept(feed)
        if kept.get("noticed") == self.update.version:
            return False
        await self._keep(kept | {"noticed": self.update.version})
        return True

    async def check(self, feed: str) -> Update:
        """Ask the feed now; returns what is known then. Never raises for what may go wrong on the way."""
        async with self._one:
            self._tell(Update(Freshness.CHECKING))
            try:
                self._tell(self._judged(await self._ask(feed)))
            except AlisaError as error:
                self._tell(Update(Freshness.FAILED, trouble=error.sentence))
            except BaseException:  # cancelled, or a bug: nobody asks any more
                self._tell(Update())
                raise
            return self.update

    async def _ask(self, feed: str) -> Release:
        if not feed:
            raise FeedFailed(NO_FEED)
        kept = await self._kept(feed)
        known = _release(kept.get("release"), feed)
        headers = {"Accept": "application/json"}
        if known and (tag := _sendable(kept.get("etag"))):
            headers["If-None-Match"] = tag
        status, etag, body = await _fetch(feed, headers)
        news: dict[str, Any] = {"feed": feed, "asked": datetime.now(UTC).isoformat()}
        kept = kept | news
        try:
            if status == 304 and known:
                return known
            if status != 200:
                raise FeedFailed(_refusal(feed, status))
            release = read_feed(body, feed)
            kept = kept | {"release": asdict(release), "etag": etag}
            return release
        finally:
            await self._keep(kept)

    def _judged(self, release: Release) -> Update:
        if release.is_newer_than(self._version):
            return Update(Freshness.NEWER, release.version, release.address, release.notes)
        return Update(Freshness.CURRENT)

    def _tell(self, update: Update) -> None:
        self.update = update
        self._told(update)

    async def _kept(self, feed: str) -> dict[str, Any]:
        if self._said.get("feed") != feed:
            self._said = await asyncio.to_thread(_read, self._file)
        return self._said if self._said.get("feed") == feed else {}

    async def _keep(self, kept: dict[str, Any]) -> None:
        self._said = kept
        try:
            await asyncio.to_thread(write_json, self._file, kept)
        except OSError as error:
            log.warning("what the feed said is not kept: %s", error.strerror)


async def _fetch(feed: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    """Status, etag and body of the feed's answer; raises `Lost`, `DownloadFailed` and `FeedFailed`."""
    host = host_of(feed)
    try:
        client = Web(feed, way_out=WRONG_FEED)
        async with asyncio.timeout(WHOLE_SECONDS), client as web, web.get(feed, headers, WHAT) as answer:
            response = answer.response
            body = await read_body(response, LONGEST_FEED, WHAT) if response.status_code == 200 else b""
            return response.status_code, response.headers.get("etag", "")[:200], body
    except TimeoutError as error:
        raise FeedFailed(f"{host} takes too long to answer. Try again later.") from error
    except Lost as error:
        raise FeedFailed(f"I couldn't ask {host}. {error} Try again later.") from error


def _sendable(tag: object) -> str:
    """A tag as it may stand in a header; empty for one that may not."""
    return tag if isinstance(tag, str) and tag.isascii() and tag.isprintable() else ""


def _refusal(feed: str, status: int) -> str:
    host = host_of(feed)
    match status:
        case 403 | 429:
            return f"{host} was asked too often from this network ({status}). Try again in an hour."
        case 404 | 410:
            return f"{host} knows of no release ({status}). Look at Alisa's home page."
        case 407:
            return "The proxy wants a sign-in (407). Put name and password into HTTPS_PROXY."
        case _:
            return f"{host} has a problem at the moment ({status}). Try again later."


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(kept, dict):
            return kept
    return {}


def _release(kept: object, feed: str) -> Release | None:
    """A release as it was kept; read like the feed, for the file may be anybody's."""
    if not isinstance(kept, dict):
        return None
    with suppress(FeedFailed):
        told = {"tag_name": kept.get("version"), "html_url": kept.get("address"), "body": kept.get("notes")}
        told["prerelease"] = kept.get("trial")
        return read_feed(json.dumps(told).encode(), feed)
    return None
