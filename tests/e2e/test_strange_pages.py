"""What a web page in a real browser can do to the endpoint: nothing, unless the user lets it."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, Page, a_browser, needs_chromium
from unit.server.conftest import House, a_house

from alisa_desktop.core.events import Event
from alisa_desktop.server.access import AccessPolicy

pytestmark = needs_chromium

SCRIPT, PICTURE = "/overlay/options.js", "/overlay/packs/alisa/alisa.svg"
PATHS = ("/", "/schema", "/ws/chat", "/nothing", "/overlay", SCRIPT, PICTURE)
ATTEMPTS = """<!doctype html><title>strange</title><script>
const settled = promise => promise.then(value => `got ${value}`, () => "failed");
const attempts = {
  socket: (port, protocols = []) => new Promise(resolve => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/chat`, protocols);
    const heard = [];
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({data}) => { heard.push(data); if (data === "[END]") resolve(heard); };
    socket.onclose = () => resolve(heard.length ? heard : "closed");
  }),
  read: port => settled(fetch(`http://127.0.0.1:${port}/`).then(answer => answer.text())),
  look: port => settled(fetch(`http://127.0.0.1:${port}/`, {mode: "no-cors"}).then(answer => answer.type)),
  write: (port, path) => settled(fetch(`http://127.0.0.1:${port}${path}`,
    {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: '{"message": "hi"}'})
    .then(answer => answer.type)),
  image: (port, path) => new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve("loaded");
    image.onerror = () => resolve("failed");
    image.src = `http://127.0.0.1:${port}${path}`;
  }),
  script: (port, path) => new Promise(resolve => {
    const script = document.createElement("script");
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("failed");
    script.src = `http://127.0.0.1:${port}${path}`;
    document.head.append(script);
  }),
};
onmessage = async ({data: [name, ...rest]}) => parent.postMessage([name, await attempts[name](...rest)], "*");
const inFrame = (...what) => new Promise(resolve => {
  onmessage = ({data}) => resolve(data[1]);
  document.querySelector("iframe").contentWindow.postMessage(what, "*");
});
</script>"""
FRAME = '<iframe sandbox="allow-scripts" src="strange.html"></iframe>'


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def strange_site(tmp_path: Path) -> Iterator[str]:
    """Somebody's development server, a stand-in for http://localhost:3000; its origin."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "strange.html").write_text(ATTEMPTS)
    (folder / "frame.html").write_text(ATTEMPTS + FRAME)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with a_browser(tmp_path / "chromium") as one:
        yield one


def overheard(house: House) -> list[Event]:
    """Everything that happens in the talk from now on."""
    events: list[Event] = []
    house.talk.bus.subscribe(events.append)
    return events


async def attempt(page: Page, name: str, *given: object, framed: bool = False) -> Any:
    """What an attempt of the page, or of the frame in it, comes to."""
    call = json.dumps([name, *given])
    return await page.evaluate(f"inFrame(...{call})" if framed else f"attempts[{name!r}](...{call}.slice(1))")


async def all_attempts(page: Page, port: int, *, framed: bool = False) -> set[str]:
    tries: list[tuple[str, object, object]] = [("socket", port, []), ("read", port, "/"), ("look", port, "/")]
    tries += [(kind, port, path) for kind in ("write", "image", "script") for path in PATHS]
    return {str(await attempt(page, *one, framed=framed)) for one in tries}


async def test_a_strange_page_can_do_and_learn_nothing(strange_site: str, browser: Browser) -> None:
    async with a_house() as house:
        port, events = house.endpoint.port, overheard(house)
        page = await browser.open(f"{strange_site}/strange.html")
        outcomes = await all_attempts(page, port)
        assert outcomes == {"closed", "failed"}
        assert events == []
        await house.endpoint.close()
        assert await all_attempts(page, port) == outcomes, "as if nobody were there"


async def test_a_page_that_is_let_in_talks(strange_site: str, browser: Browser) -> None:
    async with a_house(AccessPolicy(0, allowed_origins=frozenset({strange_site}))) as house:
        house.model.reply("happy", "You again.")
        page = await browser.open(f"{strange_site}/strange.html")
        heard = await attempt(page, "socket", house.endpoint.port)
        assert heard == ["[EMOTION]happy", "You again.", "[EMOTION]happy", "[END]"]
        other = await browser.open(f"{strange_site.replace('localhost', '127.0.0.1')}/strange.html")
        assert await attempt(other, "socket", house.endpoint.port) == "closed", "another origin"


async def test_a_sandboxed_page_is_refused(strange_site: str, browser: Browser) -> None:
    async with a_house(AccessPolicy(0, allowed_origins=frozenset({strange_site}))) as house:
        events = overheard(house)
        page = await browser.open(f"{strange_site}/frame.html")
        assert await all_attempts(page, house.endpoint.port, framed=True) == {"closed", "failed"}
        assert events == []


async def test_a_sandboxed_page_that_is_let_in_talks(strange_site: str, browser: Browser) -> None:
    async with a_house(AccessPolicy(0, allowed_origins=frozenset({"null"}))) as house:
        house.model.reply("shy", "Who is it?")
        page = await browser.open(f"{strange_site}/frame.html")
        heard = await attempt(page, "socket", house.endpoint.port, framed=True)
        assert heard == ["[EMOTION]shy", "Who is it?", "[EMOTION]shy", "[END]"]


async def test_a_browser_sends_the_token_as_a_subprotocol(strange_site: str, browser: Browser) -> None:
    async with a_house(AccessPolicy(0, allowed_origins=frozenset({strange_site}), token="sesame")) as house:
        house.model.reply("happy", "Come in.")
        page = await browser.open(f"{strange_site}/strange.html")
        assert await attempt(page, "socket", house.endpoint.port) == "closed"
        assert await attempt(page, "socket", house.endpoint.port, "alisa.token.d3Jvbmc") == "closed"
        heard = await attempt(page, "socket", house.endpoint.port, "alisa.token.c2VzYW1l")
        assert heard == ["[EMOTION]happy", "Come in.", "[EMOTION]happy", "[END]"]


async def test_our_own_page_has_nothing_to_complain_of(browser: Browser) -> None:
    async with a_house() as house:
        page = await browser.open(f"http://127.0.0.1:{house.endpoint.port}/")
        assert await page.evaluate("fetch('/').then(answer => answer.status)") == 200
        loads = "new Promise((yes, no) => Object.assign(new Image(), {onload: yes, onerror: no, src: %r}))"
        await page.evaluate(f"{loads % PICTURE}.then(() => 1)")
        opens = "new Promise((yes, no) => Object.assign(new WebSocket(%r), {onopen: yes, onerror: no}))"
        await page.evaluate(f"{opens % house.endpoint.address}.then(() => 1)")
        assert [one for one in page.messages if "favicon" not in one] == []
