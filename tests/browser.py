"""A headless Chromium for tests, driven by the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from asyncio.subprocess import DEVNULL
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PROGRAM = shutil.which("chromium")
PATIENCE = 60.0
"""Seconds for one answer; Chromium starts slowly on a busy machine."""
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")


class PageFailed(Exception):
    """A page threw an exception, or the browser refused a command."""


class BrowserGone(Exception):
    """The browser closed before it answered."""


class Browser:
    """Speaks with one Chromium; opens its pages."""

    def __init__(self, link: ClientConnection) -> None:
        self._link = link
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; raises `PageFailed`, or `BrowserGone`."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": parameters}
        await self._link.send(json.dumps(command | ({"sessionId": session} if session else {})))
        async with asyncio.timeout(PATIENCE):
            answer = await self._answers[number]
        if "error" in answer:
            raise PageFailed(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    async def open(self, url: str, width: int = 800, height: int = 600, *, transparent: bool = False) -> Page:
        """A page of its own (size in CSS px), loaded; `transparent` takes the white from behind it, as OBS does."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        await page.call("Page.setLifecycleEventsEnabled", enabled=True)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        if transparent:
            nothing = {"r": 0, "g": 0, "b": 0, "a": 0}
            await page.call("Emulation.setDefaultBackgroundColorOverride", color=nothing)
        await page.go(url)
        return page

    async def listen(self) -> None:
        """Sort what comes from the browser until it closes; then nobody waits for an answer any more."""
        with suppress(ConnectionClosed):
            async for frame in self._link:
                message = json.loads(frame)
                if "id" in message:
                    self._answers.pop(message["id"]).set_result(message)
                elif message.get("sessionId") in self._pages:
                    self._pages[message["sessionId"]].hear(message["method"], message["params"])
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(BrowserGone())


class Page:
    """One page. `messages` are the console's (scripts' and the browser's own) and uncaught exceptions, as text."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self._loaded: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.messages: list[str] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol to this page; raises `PageFailed`."""
        return await self._browser.call(method, self._session, **parameters)

    async def go(self, url: str) -> None:
        """Navigate and wait for the load event; raises `PageFailed` when there is nothing at `url`."""
        done = await self.call("Page.navigate", url=url)
        if "errorText" in done:
            raise PageFailed(f"{url}: {done['errorText']}")
        async with asyncio.timeout(PATIENCE):
            await self._loaded[done["loaderId"]].wait()

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise; raises `PageFailed` when it throws."""
        options = {"awaitPromise": True, "returnByValue": True}
        done = await self.call("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in done:
            raise PageFailed(_told(done["exceptionDetails"]))
        return done["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        async with asyncio.timeout(PATIENCE):
            while not await self.evaluate(expression):
                await asyncio.sleep(0.02)

    async def screenshot(self) -> bytes:
        """The page as a PNG, with its transparency."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def close(self) -> None:
        """Close the page, its sockets too."""
        await self._browser.call("Target.closeTarget", targetId=self._target)

    def hear(self, event: str, told: dict[str, Any]) -> None:
        """Take an event of this page."""
        match event:
            case "Page.lifecycleEvent" if told["name"] == "load":
                self._loaded[told["loaderId"]].set()
            case "Runtime.consoleAPICalled":
                self.messages.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
            case "Runtime.exceptionThrown":
                self.messages.append(_told(told["exceptionDetails"]))
            case "Log.entryAdded":
                self.messages.append(f"{told['entry']['text']} {told['entry'].get('url', '')}".strip())


def _told(details: dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description") or details["text"])


@asynccontextmanager
async def a_browser(profile: Path) -> AsyncIterator[Browser]:
    """A Chromium of its own, with a fresh profile in the folder `profile`; gone, with all its processes, afterwards."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
    options += ["--disable-dev-shm-usage", "--disable-background-networking", f"--user-data-dir={profile}"]
    process = await asyncio.create_subprocess_exec(
        PROGRAM or "chromium", *options, "about:blank", stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with connect(await _address(profile), proxy=None, max_size=None, open_timeout=PATIENCE) as link:
            browser = Browser(link)
            listening = asyncio.create_task(browser.listen())
            yield browser
            with suppress(BrowserGone):
                await browser.call("Browser.close")
            await listening
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address(profile: Path) -> str:
    """Where the browser is spoken to; it writes that into its profile when it is ready."""
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE):
        while not (file.exists() and file.read_text().count("\n")):
            await asyncio.sleep(0.02)
    port, path = file.read_text().split()
    return f"ws://127.0.0.1:{port}{path}"
