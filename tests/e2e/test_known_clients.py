"""Every kind of client of the original Alisa at once, on the real program, while one of them is deaf for 75 seconds."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from known_clients import (
    END,
    SPEECH_END,
    SPEECH_START,
    FaceSensor,
    Overlay,
    ScreenSensor,
    TextChat,
    VoiceChat,
    without_speech,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State

TYPING = 75.0
"""Seconds the user of the text chat takes to type a line."""
PATIENCE = 60.0
LAUGH = [
    "[laughs]",
    " Well, ",
    "[sighs]",
    " fine",
    "[]",
    ". ",
    "[END]",
    " of ",
    "[the] story",
    *[" and so on"] * 30,
    ".",
]


@dataclass
class Party:
    """Everybody who is connected, but for the text chat."""

    overlay: Overlay
    voice: VoiceChat
    face: FaceSensor
    screen: ScreenSensor
    sockets: dict[str, ClientConnection]
    lives: list[asyncio.Task[None]]

    def nobody_left(self) -> bool:
        return not any(life.done() for life in self.lives) and all(
            socket.state is State.OPEN for socket in self.sockets.values()
        )


@pytest.fixture
def laughing(tmp_path: Path) -> str:
    """A script whose replies have words in brackets at the beginning of chunks."""
    path = tmp_path / "laughing.json"
    replies = [
        {"when": "laugh", "chunks": LAUGH, "delay_ms": 80, "emotion": "teasing"},
        {"text": "There you are.", "emotion": "happy"},
    ]
    path.write_text(json.dumps({"name": "Laughing", "replies": replies}), encoding="utf-8")
    return str(path)


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_party(address: str) -> AsyncIterator[Party]:
    names = ("voice", "face", "screen")
    sockets = {name: await connect(address, proxy=None) for name in names}
    overlay = Overlay()
    face, screen = FaceSensor(sockets["face"]), ScreenSensor(sockets["screen"])
    lives = [asyncio.create_task(life) for life in (overlay.live(address), face.live(), screen.live())]
    try:
        yield Party(overlay, VoiceChat(sockets["voice"]), face, screen, sockets, lives)
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for socket in sockets.values():
            await socket.close()


async def rounds_until(end: float, party: Party) -> int:
    """The voice chat talks until that time; the number of its exchanges, each of which was served at once."""
    rounds = 0
    while time.monotonic() < end:
        async with asyncio.timeout(PATIENCE):
            assert await party.voice.ask("make me laugh") == "".join(LAUGH)
        rounds += 1
        await eventually(lambda: party.overlay.spoken == rounds)  # noqa: B023 awaited within the round
        assert party.overlay.face == "teasing" and not party.overlay.mouth_open
        assert party.nobody_left()
    return rounds


async def reports_still_count(party: Party) -> None:
    """A sensor reports on, and what it says is taken and relayed."""
    for sensor, name in ((party.face, "face"), (party.screen, "screen")):
        sent = sensor.sent
        await eventually(lambda: sensor.sent > sent + 1)  # noqa: B023 awaited within the round
        for frame, is_open in ((SPEECH_START, True), (SPEECH_END, False)):
            await party.sockets[name].send(frame)
            await eventually(lambda: party.overlay.mouth_open is is_open)  # noqa: B023 awaited within the round


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_every_known_client_at_once(start: Any, laughing: str) -> None:
    program = start("--scripted", laughing)
    start.desktop.window("^Talk with Alisa$")  # the hello of a first start is over: nobody has to hear it
    text = TextChat(program.address)
    text.start()
    assert await asyncio.to_thread(text.connected.wait, PATIENCE)
    blocked_until = time.monotonic() + TYPING
    async with a_party(program.address) as party:
        await eventually(lambda: "" in party.overlay.frames)  # nobody says a word for 20 s
        rounds = await rounds_until(blocked_until, party)
        assert rounds > 3 and not text.replies
        text.type("hello")
        assert await party.voice.hear_reply() == "There you are."
        for _ in range(rounds):
            text.type("")
        await eventually(lambda: len(text.replies) == rounds + 1)
        await eventually(lambda: party.overlay.frames.count(END) == rounds + 1)
        assert_all_heard_the_same(party, text)
        await reports_still_count(party)
        assert party.nobody_left()
        assert await party.face.unread() == await party.screen.unread() == []
        text.quit()
        await asyncio.to_thread(text.join, PATIENCE)
        assert not text.trouble and not text.is_alive()


def assert_all_heard_the_same(party: Party, text: TextChat) -> None:
    found = [frame for reply in text.replies for frame in reply]
    assert "" in found  # the keep-alive it missed
    assert [frame for frame in found if frame] == [frame for frame in party.overlay.frames if frame]
    assert without_speech(party.voice.frames) == without_speech(found)
