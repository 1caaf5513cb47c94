"""A real talk on a real endpoint, with a model that says what the test hands it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from alisa_desktop.conversation.session import Conversation
from alisa_desktop.conversation.turn import Desk
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.messages import (
    Chosen,
    Chunk,
    Message,
    ModelState,
    ModelStatus,
    Occasion,
    Prompt,
    StreamPart,
    Usage,
    notes_for_any_model,
)
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.persona.crisis import parse_crisis_rule
from alisa_desktop.persona.modes import Modes, parse_mode
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.client import Pace
from alisa_desktop.server.pages import Folders
from alisa_desktop.server.serve import Endpoint

PATIENCE = 20.0
RESOURCES = Path(__file__).resolve().parents[3] / "resources"


class HandModel:
    """Speaks the parts it is handed: feelings, chunks, errors; None ends the reply."""

    status = ModelStatus(ModelState.READY, "hand")
    context_tokens = 4096

    def __init__(self) -> None:
        self._parts: asyncio.Queue[StreamPart | Exception | None] = asyncio.Queue()

    def feel(self, emotion: str) -> None:
        self._parts.put_nowait(Chosen(emotion))

    def say(self, *chunks: str) -> None:
        for chunk in chunks:
            self._parts.put_nowait(Chunk(chunk))

    def fail(self, error: Exception) -> None:
        self._parts.put_nowait(error)

    def end(self) -> None:
        self._parts.put_nowait(None)

    def reply(self, emotion: str, *chunks: str) -> None:
        self.feel(emotion)
        self.say(*chunks)
        self.end()

    async def ready(self) -> None:
        return None

    async def notes(self, occasion: Occasion) -> list[str]:
        return notes_for_any_model(occasion)

    async def count(self, messages: Sequence[Message]) -> int:
        return sum(len(one.content) for one in messages) // 8

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        while (part := await self._parts.get()) is not None:
            if isinstance(part, Exception):
                raise part
            yield part
        yield Usage(1, 1, 1)


@dataclass
class House:
    """A talk, its model and the endpoint they are reached by."""

    model: HandModel
    desk: Desk
    talk: Conversation
    endpoint: Endpoint

    async def enter(self, query: str = "", **options: Any) -> ClientConnection:
        return await connect(self.endpoint.address + query, proxy=None, **options)


def a_conversation(model: HandModel) -> tuple[Desk, Conversation]:
    modes = {name: parse_mode(name, f"You are {name}.") for name in ("default", "study", "chill", "creative")}
    crisis = parse_crisis_rule("zzz crisis zzz", "Talk to somebody.")
    desk = Desk(model, Forgetful("Test."), "You are Alisa.", crisis, lambda: datetime.now(UTC))
    return desk, Conversation(EventBus(), desk, Modes(modes), "default")


@asynccontextmanager
async def a_house(policy: AccessPolicy | None = None, pace: Pace | None = None) -> AsyncIterator[House]:
    model = HandModel()
    desk, talk = a_conversation(model)
    endpoint = Endpoint(talk, policy or AccessPolicy(port=0), Folders(RESOURCES, RESOURCES / "none"), pace)
    await endpoint.start()
    try:
        yield House(model, desk, talk, endpoint)
    finally:
        await endpoint.close()
        await talk.close()


@pytest.fixture(scope="session")
def open_house() -> Callable[..., Any]:
    return a_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """One with the usual rules, for a test that needs no others."""
    async with a_house() as one:
        yield one


@pytest.fixture(scope="session")
def hear() -> Callable[[ClientConnection], Any]:
    """Read a client's frames up to and with the first `[END]`."""

    async def until_end(client: ClientConnection, last: str = "[END]") -> list[str]:
        frames: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not frames or frames[-1] != last:
                frames.append(str(await client.recv()))
        return frames

    return until_end


@pytest.fixture(scope="session")
def rest() -> Callable[[ClientConnection], Any]:
    """Read a client's frames until its connection closes; the frames, the code and the reason."""

    async def until_closed(client: ClientConnection) -> tuple[list[str], int | None, str | None]:
        frames: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    frames.append(str(await client.recv()))
                except ConnectionClosed:
                    return frames, client.close_code, client.close_reason

    return until_closed


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Let the loop run until a condition holds."""

    async def wait(condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture(autouse=True)
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO):
        yield
    assert [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []
