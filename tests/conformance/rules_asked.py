"""Client to server: what a client may send, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from .frames import END, MODE_CHANGED, SPEECH, is_text, shown
from .rule import Book
from .stage import LONG, NO_SUCH_MODE, SHORT, Broken, Ear, Silence, Stage, is_refusal

ASKED = Book()
rule = ASKED.rule
RUNNING = {"status": "ok", "message": "Alisa Backend Running"}


@rule("H1", 'GET / returns {"status": "ok", "message": "Alisa Backend Running"}.')
async def status_page(stage: Stage) -> None:
    """The same port answers HTTP."""
    status, body = await asyncio.to_thread(_get_root, stage)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if status != 200 or told != RUNNING:
        raise Broken(f"GET / gave {status} and {body[:100]!r}")


def _get_root(stage: Stage) -> tuple[int, bytes]:
    place = urlsplit(stage.address)
    connection = HTTPConnection(place.hostname or "", place.port or 80, timeout=stage.patience)
    try:
        connection.request("GET", f"/?{place.query}" if place.query else "/")
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException) as error:
        raise Broken(f"GET / was not answered ({error})") from error
    finally:
        connection.close()


@rule("C1", '{"message": "text"} is chat: a turn.')
async def json_is_chat(stage: Stage) -> None:
    """The seed's form."""
    await _begins_turn(stage, json.dumps({"message": SHORT}))


@rule("C2", "text that is not such a JSON object is chat too.")
async def text_is_chat(stage: Stage) -> None:
    """The form of the original's own clients."""
    await _begins_turn(stage, SHORT)


async def _begins_turn(stage: Stage, frame: str) -> None:
    ear = await stage.enter()
    await ear.say(frame)
    first = await ear.next("a reply")
    if first == frame:
        raise Broken(f"the frame itself came back: {shown(first)}")
    if first == END:
        raise Broken("[END] came at once, without a reply")
    if is_text(first) and frame.strip() in first:
        raise Broken(f"the frame itself came back: {shown(first)}")
    with suppress(Silence):  # whether it ends is another rule's concern
        await ear.until_end()


@rule("M1", "/mode study switches the mode: [MODE CHANGED], [END] to the sender.")
async def mode_as_text(stage: Stage) -> None:
    """Plain."""
    await _switches(stage, "/mode study")


@rule("M2", "... in either form.")
async def mode_as_json(stage: Stage) -> None:
    """As a message."""
    await _switches(stage, json.dumps({"message": "/mode chill"}))


@rule("M3", "Aliases: teasing=default, serious=study, calm=chill.")
async def aliases(stage: Stage) -> str:
    """Names of the original's modes."""
    for alias in ("teasing", "serious", "calm"):
        await _switches(stage, f"/mode {alias}")
    return "that they are accepted; which mode is on then can't be asked"


async def _switches(stage: Stage, frame: str) -> None:
    ear = await stage.enter()
    await ear.say(frame)
    frames = await ear.until_end(f"[END] after {frame}")
    if frames != [MODE_CHANGED, END]:
        raise Broken(f"{frame} gave {shown(*frames)}")


@rule("M4", "Unknown mode: a sentence that lists the modes, [END], no [MODE CHANGED].")
async def unknown_mode(stage: Stage) -> None:
    """Refused with the way out."""
    ear = await stage.enter()
    frames = await ear.fence()
    sentence = "".join(frames[:-1])
    if not all(map(is_text, frames[:-1])) or not sentence:
        raise Broken(f"/mode {NO_SUCH_MODE} gave {shown(*frames)}")
    if missing := [mode for mode in ("default", "study", "chill") if mode not in sentence.lower()]:
        raise Broken(f"the sentence does not list {', '.join(missing)}: {shown(sentence)}")


@rule("S1", "/stop: stop the reply now; the running turn ends with its [END].", "C2")
async def stop(stage: Stage) -> str | None:
    """A long reply, stopped after its first words; one that is over by then is asked for again and stopped at once."""
    ear = await stage.enter()
    await ear.say(LONG)
    if END in (*await ear.until_text(), *ear.at_once()):
        return await _stop_at_once(ear, stage)
    stopped = time.monotonic()
    await ear.say("/stop")
    await ear.until_end("[END] after /stop")
    late = [frame for at, frame in ear.heard if at > stopped + stage.grace and is_text(frame)]
    if late:
        raise Broken(f"{stage.grace:g} s after /stop there still came text: {shown(*late)}")
    return None


async def _stop_at_once(ear: Ear, stage: Stage) -> str:
    await ear.say(LONG, "/stop")
    await ear.until_end("[END] after /stop")
    return "a long reply was over before it could be stopped; another was stopped before its first words"


@rule("V1", "[SPEECH_START], [SPEECH_END] are relayed verbatim to all other clients.")
async def speech_is_relayed(stage: Stage) -> None:
    """Overlays move the mouth to another client's voice."""
    voice, *others = [await stage.enter() for _ in range(3)]
    for frame in SPEECH:
        await voice.say(frame)
        for other in others:
            if (told := await other.next(f"{frame}, relayed to another client,")) != frame:
                raise Broken(f"{frame} reached another client as {shown(told)}")


@rule("V2", "... to all other clients: not to the one who speaks.", "V1", "M4")
async def speech_is_not_echoed(stage: Stage) -> None:
    """Who speaks knows it."""
    voice, other = await stage.enter(), await stage.enter()
    await voice.say(*SPEECH)
    for frame in SPEECH:
        await other.next(frame)
    if echoed := [frame for frame in await voice.fence() if frame in SPEECH]:
        raise Broken(f"the speaker itself was sent {shown(*echoed)}")


@rule("P1", "[VISION_FACE]present absent focused distracted, or a facial emotion: a sensor's report; kept.", "M4")
async def face_reports(stage: Stage) -> None:
    """No answer and no turn."""
    await _gives_nothing(
        stage, *(f"[VISION_FACE]{seen}" for seen in ("present", "absent", "focused", "distracted", "happy", "sad"))
    )


@rule(
    "P2",
    "[VISION_DESKTOP]task|app|file_type|True or False|offer|window|text: text may hold | and newlines.",
    "M4",
)
async def desktop_reports(stage: Stage) -> None:
    """Seven fields."""
    report = "[VISION_DESKTOP]coding|Editor|python|True|Shall I help?|main.py|a | b || c\nsecond line [END]"
    await _gives_nothing(stage, report, report.replace("True", "False"))


@rule("P3", "[VISION_SCREEN]window | text: the older form.", "M4")
async def screen_reports(stage: Stage) -> None:
    """Two fields."""
    await _gives_nothing(stage, "[VISION_SCREEN]Editor - main.py | def main(): | pass")


@rule("P4", "Empty frame: keep-alive; nothing.", "M4")
async def empty_frames(stage: Stage) -> None:
    """Three of them."""
    await _gives_nothing(stage, "", "", "")


async def _gives_nothing(stage: Stage, *frames: str) -> None:
    """Had the frames begun a turn, `/stop` would end it with an `[END]`; the sender must hear nothing at all."""
    ear, watcher = await stage.enter(), await stage.enter()
    usual = await ear.fence()  # from now on it is no sensor, whatever it reports
    await ear.say(*frames)
    for more in (await ear.rest(stage.window), await watcher.rest(stage.window)):
        if not is_refusal(more) or len(more) != len(usual):
            raise Broken(f"when only an unknown mode was to be answered, there came {shown(*more)}")
