"""The overlay page in a real browser, against the real program: what a stream would see."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from browser import Browser, Page, a_browser, needs_chromium
from exe import alisa_command
from PySide6.QtGui import QColor, QImage
from websockets.asyncio.client import connect

from alisa_desktop.core.messages import Emotion, ModelState
from alisa_desktop.ui import motion
from alisa_desktop.ui.figure import Figure
from alisa_desktop.ui.mood import Mood
from alisa_desktop.ui.sprites import Pose, load_pack

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]

BUILTIN = Path(__file__).resolve().parents[2] / "resources" / "sprites" / "alisa"
PLAIN = "Mine 田中"
TOKEN = "geheim, 田中"
PATIENCE = 60
DRAWN = "f.getContext('2d').getImageData(f.width / 2, f.height * 0.6, 1, 1).data[3] > 0"
AWAKE = f"f.dataset.emotion && f.dataset.emotion !== 'calm' && {DRAWN}"
ASLEEP = "f.dataset.emotion === 'calm' && f.dataset.lids === 'closed'"
LONG = "So the moon is far away, and I'm here: that's not fair, is it? "
REPLIES = [
    {"when": "slow", "chunks": re.findall(r"\S+\s*", LONG * 60), "delay_ms": 60, "emotion": "happy"},
    {"when": "sad", "text": "Oh. That's *really* **sad**.", "emotion": "sad"},
    {"text": "Hello, 田中 😀.", "emotion": "surprised"},
]


@dataclass
class App:
    """A running Alisa without windows."""

    process: asyncio.subprocess.Process
    address: str
    token: str = ""

    @property
    def page(self) -> str:
        return self.address.replace("ws://", "http://").removesuffix("/ws/chat") + "/overlay"

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])

    async def hear(self, *frames: str) -> None:
        """Say something to her, and go away without waiting for an answer."""
        headers = {"Authorization": f"Bearer {self.token}".encode().decode("latin-1")} if self.token else {}
        async with connect(self.address, proxy=None, additional_headers=headers) as client:
            for frame in frames:
                await client.send(frame)


@asynccontextmanager
async def an_app(folder: Path, port: int, expected: str = "nothing is", token: str = "") -> AsyncIterator[App]:
    """Alisa with the profile in `folder`; quit afterwards, and nothing but what is expected is in her log."""
    profile, script = folder / "Jérôme", folder / "script.json"
    script.write_text(json.dumps({"name": "Script", "replies": REPLIES}), encoding="utf-8")
    command = ["serve", "--profile", profile, "--scripted", script, "--port", port]
    with (folder / "output.txt").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *alisa_command(), *map(str, command), stdout=subprocess.PIPE, stderr=output
        )
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE):
            told = (await process.stdout.readline()).decode()
        assert "listens at" in told, (folder / "output.txt").read_text()
        yield App(process, told.split()[-1], token)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    written = "".join(file.read_text() for file in (folder / "output.txt", *(profile / "logs").glob("*.log")))
    bad = [line for line in written.splitlines() if re.search("WARNING|ERROR|CRITICAL|Traceback", line)]
    assert not [line for line in bad if expected not in line]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with a_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """One for all tests that leave it as it was."""
    async with an_app(tmp_path_factory.mktemp("app"), 0) as one:
        yield one


@asynccontextmanager
async def a_page(browser: Browser, url: str, width: int = 800, height: int = 600) -> AsyncIterator[Page]:
    """The overlay, transparent; `f` is the figure. It asks nobody but Alisa."""
    page = await browser.open(url, width, height, transparent=True)
    await page.evaluate("globalThis.f = document.getElementById('figure')")
    try:
        yield page
        origin = url.split("/overlay")[0]
        asked = await page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert asked
        assert [one for one in asked if not one.startswith((origin, "blob:", "data:"))] == []
    finally:
        await page.close()


async def picture(page: Page) -> QImage:
    return QImage.fromData(await page.screenshot()).convertToFormat(QImage.Format.Format_ARGB32)


async def figure_picture(page: Page) -> str:
    return str(await page.evaluate("f.toDataURL()"))


def shows(words: str) -> str:
    shown = "document.getElementById('subtitles').classList.contains('shown')"
    return f"{shown} && document.getElementById('words').textContent.includes({json.dumps(words)})"


WATCH_WORDS = """(() => {
  const plate = document.getElementById('subtitles'), words = document.getElementById('words');
  globalThis.captions = [];
  const note = () => plate.classList.contains('shown') && captions.push(words.textContent);
  new MutationObserver(note).observe(plate, { attributes: true, childList: true, characterData: true, subtree: true });
})()"""


def has_shown(words: str) -> str:
    """Whether that was shown since `WATCH_WORDS`: what a short reply says is gone some seconds later."""
    return f"captions.some((one) => one.includes({json.dumps(words)}))"


SILENT = "!document.getElementById('subtitles').classList.contains('shown')"
WATCH_MOUTH = """(() => {
  globalThis.mouths = new Set();
  new MutationObserver(() => mouths.add(f.dataset.mouth)).observe(f, { attributes: true });
})()"""
MOUTH_MOVES = "mouths.has('') && [...mouths].filter(Boolean).length > 1"


async def test_face_mouth_and_words_follow_the_reply(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as page:
        await page.until(AWAKE)
        rested = await figure_picture(page)
        await page.evaluate(WATCH_MOUTH)
        await app.hear("slow, please")
        await page.until("f.dataset.emotion === 'happy'")
        await page.until(shows("the moon is far away"))
        await page.until(MOUTH_MOVES)
        assert await figure_picture(page) != rested
        image = await picture(page)
        corners = [(0, 0), (799, 0), (0, 599), (400, 10)]
        assert [image.pixelColor(x, y).alpha() for x, y in corners] == [0, 0, 0, 0]
        assert image.pixelColor(640, 480).alpha() == 255  # her face
        await app.hear("/stop")
        await page.until(SILENT)
        await page.until("f.dataset.mouth === ''")
        await page.evaluate(WATCH_WORDS)
        await app.hear("sad")
        await page.until("f.dataset.emotion === 'sad'")
        await page.until(has_shown("Oh. That's really sad."))
        assert page.messages == []


async def test_a_page_that_comes_late_is_where_the_others_are(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as early:
        await app.hear("slow, please")
        await early.until(shows("is it?"))
        async with a_page(browser, f"{app.page}/?side=left") as late:
            await late.until(shows("So the moon is far away"))
            await late.until("f.dataset.emotion === 'happy'")
        await app.hear("/stop")
        await early.until(SILENT)


async def test_long_replies_show_their_end(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as page:
        await page.until(AWAKE)
        await app.hear("slow, please")
        await page.until("document.getElementById('words').textContent.length > 1000")
        await app.hear("/stop")
        box = json.loads(await page.evaluate(WORDS_BOX))
        assert box["text"] > box["seen"] * 2
        assert abs(box["end"]) < 2
        assert box["seen"] < 100
        await page.until(SILENT)


WORDS_BOX = """(() => {
  const words = document.getElementById('words'), range = document.createRange();
  range.selectNodeContents(words);
  const [text, seen] = [range.getBoundingClientRect(), words.getBoundingClientRect()];
  return JSON.stringify({ text: text.height, seen: seen.height, end: text.bottom - seen.bottom });
})()"""


async def test_the_mouth_moves_while_somebody_speaks_for_her(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as page:
        await page.until(AWAKE)
        await page.evaluate(WATCH_MOUTH)
        async with connect(app.address, proxy=None) as voice:
            await voice.send("[SPEECH_START]")
            await page.until(MOUTH_MOVES)
        await page.until("f.dataset.mouth === ''")


async def test_nothing_moves_by_itself_for_who_wants_less_motion(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as page:
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        await page.call("Emulation.setEmulatedMedia", features=still)
        await page.until(f"{AWAKE} && matchMedia('(prefers-reduced-motion)').matches")
        await page.evaluate(WATCH_MOUTH)
        await app.hear("slow, please")
        await page.until(shows("is it?"))
        await app.hear("/stop")
        await page.until(SILENT)
        assert await page.evaluate("[...mouths].join()") == ""
        assert await page.evaluate("f.dataset.lids") == ""


async def test_she_sleeps_while_the_program_is_away_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    async with an_app(tmp_path, port) as first:
        page = await browser.open(first.page, 800, 600, transparent=True)
        await page.evaluate("globalThis.f = document.getElementById('figure')")
        await page.until(AWAKE)
        assert first.port == port
        await first.hear("slow, please")
        await page.until(shows("the moon"))
    await page.until(ASLEEP)
    await page.until(SILENT)  # nothing on the stream tells of it
    assert any("trying again" in message for message in page.messages)
    async with an_app(tmp_path, port) as second:
        await page.until(AWAKE)
        await page.evaluate(WATCH_WORDS)
        await second.hear("hello")
        await page.until(has_shown("Hello, 田中 😀."))
        await page.until("f.dataset.emotion === 'surprised'")
        await page.close()


def paint(path: Path, colour: str, size: tuple[int, int] = (120, 160)) -> None:
    image = QImage(*size, QImage.Format.Format_ARGB32)
    image.fill(QColor(colour))
    assert image.save(str(path))


async def test_plain_pictures_of_the_users(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "Jérôme" / "sprites" / PLAIN
    folder.mkdir(parents=True)
    for name, colour in (("base", "#ff0000"), ("sad", "#0000ff"), ("mouth_open", "#00ff00")):
        paint(folder / f"{name}.png", colour)
    middle = "f.getContext('2d').getImageData(f.width / 2, f.height / 2, 1, 1).data.join()"
    async with an_app(tmp_path, 0) as one:
        async with a_page(browser, f"{one.page}?pack={quote(PLAIN)}") as page:
            await page.until(f"{AWAKE} && {middle} === '255,0,0,255'")
            assert await page.evaluate("[f.width, f.height].join()") == "300,400"
            await one.hear("slow, please")
            await page.until(f"{middle} === '0,255,0,255'")  # the mouth, open
            await one.hear("/stop", "sad")
            await page.until(f"{middle} === '0,0,255,255'")
            assert page.messages == []
        async with a_page(browser, one.page) as page:  # the one she wears
            await page.until("f.width === 300")
        async with a_page(browser, f"{one.page}?pack=alisa") as page:
            await page.until("f.width === 320")
        async with a_page(browser, f"{one.page}?pack=..%2Falisa") as page:
            await page.until("f.width === 300")


async def test_a_broken_pack_leaves_her_in_her_own_look(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "Jérôme" / "sprites" / "broken"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"format": 1, "name": "x"}')
    async with an_app(tmp_path, 0) as one, a_page(browser, one.page) as page:
        await page.until(f"{AWAKE} && f.width === 320")
        assert any("broken" in message for message in page.messages)


async def test_a_token_in_the_fragment(browser: Browser, tmp_path: Path) -> None:
    profile = tmp_path / "Jérôme"
    profile.mkdir()
    (profile / "settings.json").write_text(json.dumps({"endpoint_token": TOKEN}), encoding="utf-8")
    coded = urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    async with an_app(tmp_path, 0, "refused", TOKEN) as one:
        async with a_page(browser, f"{one.page}?scale=0.5#token={coded}") as page:
            await page.until(AWAKE)
            await page.evaluate(WATCH_WORDS)
            await one.hear("hello")
            await page.until(has_shown("Hello, 田中 😀."))
            assert page.messages == []
        for wrong in ("", "#token=d3Jvbmc", "#token=%", "#token"):
            async with a_page(browser, f"{one.page}?x={quote(wrong)}{wrong}") as page:
                await page.until("f.dataset.emotion === 'calm'")
                while not any("trying again" in message.lower() for message in page.messages):
                    await asyncio.sleep(0.02)
                assert await page.evaluate(f"{SILENT} && document.body.innerText.trim()") == ""


async def test_without_subtitles(app: App, browser: Browser) -> None:
    async with a_page(browser, f"{app.page}?subtitles=off&side=left", 400, 600) as page:
        await page.until(AWAKE)
        await app.hear("hello")
        await page.until("f.dataset.emotion === 'surprised'")
        assert await page.evaluate("getComputedStyle(document.getElementById('subtitles')).display") == "none"
        assert await page.evaluate("JSON.stringify(f.getBoundingClientRect())") == json.dumps(
            {"x": 0, "y": 200, "width": 320, "height": 400, "top": 200, "right": 320, "bottom": 600, "left": 0},
            separators=(",", ":"),
        )


FIGURE = "[f.getBoundingClientRect().left, f.getBoundingClientRect().height, document.body.dataset.place].join()"


@pytest.mark.parametrize(
    ("query", "size", "expected"),
    [
        ("", (1920, 1080), "1600,400,beside"),
        ("?side=left&scale=2", (1920, 1080), "0,800,beside"),
        ("?scale=4", (1920, 1080), "1056,1080,beside"),  # never cut off
        ("?scale=0.25", (800, 600), "720,100,beside"),
        ("?side=left", (800, 600), "0,400,beside"),
        ("?scale=9&side=up&subtitles=maybe&pack=none", (800, 600), "480,400,beside"),
        ("?scale=x&side=&subtitles=&pack=", (800, 600), "480,400,beside"),
        ("?scale=0.2", (800, 600), "480,400,beside"),
    ],
)
async def test_where_she_stands(app: App, browser: Browser, query: str, size: tuple[int, int], expected: str) -> None:
    async with a_page(browser, app.page + query, *size) as page:
        await page.until(AWAKE)
        assert await page.evaluate(FIGURE) == expected


async def test_in_a_narrow_source_the_words_stand_below_and_nothing_overlaps(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page, 400, 600) as page:
        await page.until(AWAKE)
        await app.hear("slow, please")
        await page.until("document.getElementById('words').textContent.length > 300")
        await app.hear("/stop")
        plate = "document.getElementById('plate').getBoundingClientRect()"
        assert await page.evaluate(f"f.getBoundingClientRect().bottom <= {plate}.top")
        assert await page.evaluate(f"{plate}.bottom <= 600 && {plate}.left >= 0 && {plate}.right <= 400")
        assert await page.evaluate("document.documentElement.scrollHeight <= 600")
        await page.until(SILENT)


# the same rules as on the desktop

MODULES = """(async () => {
  for (const name of ['manifest', 'pack', 'figure', 'motion', 'options', 'subtitles', 'connection', 'mood']) {
    globalThis[name] = await import(`/overlay/${name}.js`);
  }
  globalThis.worn = await pack.loadPack('alisa', null);
})()"""


@asynccontextmanager
async def the_modules(app: App, browser: Browser) -> AsyncIterator[Page]:
    async with a_page(browser, app.page) as page:
        await page.evaluate(MODULES)
        yield page


async def test_every_pose_has_the_pieces_of_the_desktop(app: App, browser: Browser) -> None:
    ours = load_pack(BUILTIN)
    names = (Emotion, ("", "thinking", "missing"), ("", "half", "closed"), ("", "small", "wide"), ("idle", "missing"))
    poses = [
        Pose(Emotion(e), state, lids, mouth, pendant, breath=2) for e, state, lids, mouth, pendant in product(*names)
    ]
    asked = [
        {"emotion": one.emotion, "state": one.state, "lids": one.lids, "mouth": one.mouth, "pendant": one.pendant,
         "breath": one.breath} for one in poses
    ]  # fmt: skip
    async with the_modules(app, browser) as page:
        told = await page.evaluate(f"{json.dumps(asked)}.map((pose) => manifest.piecesOf(worn.manifest, pose))")
    for pose, pieces in zip(poses, told, strict=True):
        expected: list[dict[str, Any]] = [
            {"slot": piece.slot, "layers": list(piece.layers), "tilt": piece.tilt, "breath": piece.breath,
             "look": list(piece.look)} for piece in ours.pieces(pose)
        ]  # fmt: skip
        assert pieces == expected, pose


DRAW = """((pose) => {
  const one = new figure.Figure(document.createElement('canvas'));
  one.wear(worn);
  one.resize(400, 1);
  one.show({ state: '', pendant: 'idle', ...pose }, () => 0, false);
  return one.canvas.toDataURL();
})"""


async def test_she_looks_as_on_the_desktop(app: App, browser: Browser) -> None:
    ours = Figure(load_pack(BUILTIN), 400, 1.0)
    async with the_modules(app, browser) as page:
        for emotion in Emotion:
            pose = {"emotion": emotion.value, "mouth": "open", "breath": 2, "lids": "half"}
            url = await page.evaluate(f"{DRAW}({json.dumps(pose)})")
            theirs = QImage.fromData(b64decode(url.split(",")[1]))
            wanted = ours.image(Pose(emotion, mouth="open", breath=2, lids="half"))
            assert theirs.size() == wanted.size()
            pixels = [bytes(one.convertToFormat(wanted.format()).constBits()) for one in (theirs, wanted)]
            differences = [abs(one - other) for one, other in zip(*pixels, strict=True)]
            assert sum(differences) / len(differences) < 2, emotion
            assert sum(one > 60 for one in differences) < 1000, emotion


async def test_a_screen_with_twice_the_pixels_is_used(app: App, browser: Browser) -> None:
    async with a_page(browser, app.page) as page:
        await page.until(AWAKE)
        size = {"width": 800, "height": 600, "deviceScaleFactor": 2, "mobile": False}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        await page.screenshot()  # a page without a screen is told with its next frame
        await page.until("f.width === 640 && f.getBoundingClientRect().width === 320")


AT_REST = """((state) => {
  const one = new mood.Mood();
  one.asleep = false;
  one.restAt('serious');
  one.modelIs(state);
  return [one.emotion, one.state, one.pendant(0, false)];
})"""


async def test_every_state_of_the_model_looks_as_on_the_desktop(app: App, browser: Browser) -> None:
    async with the_modules(app, browser) as page:
        told = {state: await page.evaluate(f"{AT_REST}('{state.value}')") for state in ModelState}
    for state, looks in told.items():
        ours = Mood(Emotion.SERIOUS)
        ours.model_is(state)
        assert looks == [ours.emotion, ours.state, ours.pendant(0)], state


@pytest.mark.parametrize("written", ["Pz8_Pz8-", "Pz8/Pz8+", "Pz8%2FPz8%2B"])
async def test_a_token_is_read_from_either_base64(app: App, browser: Browser, written: str) -> None:
    async with the_modules(app, browser) as page:
        token = await page.evaluate(f"options.parseOptions('', '#token={written}').token")
    assert token == {"coded": "Pz8_Pz8-", "plain": "?" * 5 + ">"}


async def test_the_mouth_reads_as_on_the_desktop(app: App, browser: Browser) -> None:
    texts = [
        "Hello, world!",
        "Ärger über Öl…",
        "田中さん、こんにちは。",
        "Привет! 😀",
        "",
        "\n\n",
        "queueing aeiouy",
        "ﬁx ⅷ İ",
    ]
    async with the_modules(app, browser) as page:
        told = await page.evaluate(f"{json.dumps(texts)}.map((text) => motion.openings(text))")
    assert told == [list(motion.openings(text)) for text in texts]


async def test_the_breath_is_that_of_the_desktop(app: App, browser: Browser) -> None:
    moments = [step / 7 for step in range(60)]
    ours = motion.Breath(3)
    async with the_modules(app, browser) as page:
        told = await page.evaluate(
            f"{json.dumps(moments)}.map((at) => [new motion.Breath().step(at), new motion.Breath().nextChange(at)])"
        )
    for at, (step, following) in zip(moments, told, strict=True):
        assert step == ours.step(at)
        assert following == pytest.approx(ours.next_change(at))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's **not** like *that*.", "It's not like that."),
        ("2 * 3 * 4 = 24 and a*b*c", "2 * 3 * 4 = 24 and a*b*c"),
        ("# Title\n> quoted\n- one\n* two", "Title\nquoted\n• one\n• two"),
        ("Use `code` or [a link](https://example.org).", "Use code or a link."),
        ("half **open", "half open"),
        ("<b>stays</b> as it is", "<b>stays</b> as it is"),
        ("snake_case_name", "snake_case_name"),
    ],
)
async def test_subtitles_are_plain(app: App, browser: Browser, text: str, expected: str) -> None:
    async with the_modules(app, browser) as page:
        assert await page.evaluate(f"subtitles.plain({json.dumps(text)})") == expected


CLOSINGS = """((codes) => {
  const waits = [], plan = window.setTimeout;
  window.setTimeout = (_, wait) => { waits.push(wait); return 0; };
  window.WebSocket = class { constructor() { window.last = this; } };
  const link = new connection.Connection('ws://nowhere', null, () => {}, () => {});
  for (const code of codes) {
    link.open();
    last.onclose({ code, reason: '' });
  }
  window.setTimeout = plan;
  return waits;
})"""


async def test_it_comes_back_later_and_later_and_stays_away_when_sent_away(app: App, browser: Browser) -> None:
    async with the_modules(app, browser) as page:
        waits = await page.evaluate(f"{CLOSINGS}([1006, 1006, 1001, 1006, 1006, 1006, 4001])")
    for wait, about in zip(waits, (500, 1000, 2000, 4000, 5000, 5000), strict=False):
        assert about * 0.7 <= wait <= about * 1.3
    assert waits[-1] == 60000


# the home page


async def test_the_home_page_copies(app: App, browser: Browser) -> None:
    page = await browser.open(app.page.removesuffix("overlay"), 1000, 900)
    await page.until("document.getElementById('portrait').width === 160")
    box = await page.evaluate(
        "(({ x, y }) => [x + 5, y + 5])(document.querySelector('[data-copies=overlay]').getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        await page.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
    await page.until("document.querySelector('[data-copies=overlay]').textContent === 'Copied'")
    assert await page.evaluate("document.getElementById('told').textContent") == "Copied"
    assert app.page in await page.evaluate("document.getElementById('overlay').textContent")
    assert page.messages == []
    await page.close()
