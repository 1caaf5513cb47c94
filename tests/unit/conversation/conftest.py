from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import pytest

from alisa_desktop.conversation.ports import ChatModel, Memory
from alisa_desktop.conversation.session import Conversation
from alisa_desktop.conversation.turn import Desk
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.events import Event, ReplyFinished, ReplyText
from alisa_desktop.core.messages import (
    Emotion,
    Message,
    ModelState,
    ModelStatus,
    Occasion,
    Prompt,
    StreamPart,
    Turn,
    notes_for_any_model,
)
from alisa_desktop.host.paths import resources
from alisa_desktop.memory.forgetful import Forgetful
from alisa_desktop.model.scripted import ScriptedModel
from alisa_desktop.persona.crisis import CrisisRule, parse_crisis_rule
from alisa_desktop.persona.modes import Modes, parse_mode

Kind = TypeVar("Kind")
PATIENCE = 10.0
NOON = datetime(2026, 3, 14, 12, tzinfo=timezone(timedelta(hours=1)))


class Puppet:
    """A model that says what a test hands it, when the test hands it: parts, an error to raise, or None for the end."""

    def __init__(self) -> None:
        self.parts: asyncio.Queue[StreamPart | Exception | None] = asyncio.Queue()
        self.context = 4096
        self.prompts: list[Prompt] = []
        self.counted = 0
        self.note = ""
        self.occasions: list[Occasion] = []
        self.missing: Exception | None = None
        self.closed = 0

    @property
    def status(self) -> ModelStatus:
        return ModelStatus(ModelState.READY, "puppet")

    @property
    def context_tokens(self) -> int:
        return self.context

    async def ready(self) -> None:
        await asyncio.sleep(0)
        if self.missing:
            raise self.missing

    async def notes(self, occasion: Occasion) -> list[str]:
        self.occasions.append(occasion)
        return [self.note] if self.note else notes_for_any_model(occasion)

    async def count(self, messages: Sequence[Message]) -> int:
        """One token a word."""
        self.counted += 1
        return sum(len(message.content.split()) for message in messages)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        self.prompts.append(prompt)
        try:
            while part := await self.parts.get():
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.closed += 1

    def give(self, *parts: StreamPart | Exception | None) -> None:
        for part in parts:
            self.parts.put_nowait(part)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Talk:
    """A conversation and everything it published."""

    def __init__(self, model: ChatModel, memory: Memory, rule: CrisisRule, modes: Modes) -> None:
        self.bus = EventBus()
        self.clock = Clock()
        self.events: list[Event] = []
        self.desk = Desk(model, memory, "You are Alisa.", rule, self.clock)
        self.conversation = Conversation(self.bus, self.desk, modes, "default")
        self._heard = asyncio.Event()
        self.bus.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()

    def of(self, kind: type[Kind], turn: str | None = None) -> list[Kind]:
        found = [event for event in self.events if isinstance(event, kind)]
        return [event for event in found if turn is None or getattr(event, "turn", None) == turn]

    def words(self, turn: str) -> str:
        return "".join(event.text for event in self.of(ReplyText, turn))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._heard.clear()
                await self._heard.wait()

    async def end_of(self, turn: str) -> ReplyFinished:
        await self.until(lambda: self.of(ReplyFinished, turn))
        return self.of(ReplyFinished, turn)[-1]

    async def say(self, text: str, sender: str = "") -> ReplyFinished:
        return await self.end_of(self.conversation.say(text, sender))


@pytest.fixture(scope="session")
def rule() -> CrisisRule:
    return parse_crisis_rule("want to die", "Please talk to somebody.")


@pytest.fixture(scope="session")
def modes() -> Modes:
    folder = resources() / "personas"
    names = ("default", "study", "chill", "creative")
    return Modes({name: parse_mode(name, (folder / f"{name}.txt").read_text(encoding="utf-8")) for name in names})


@pytest.fixture
def talking(rule: CrisisRule, modes: Modes) -> Callable[..., Any]:
    """Opens a talk with this model and memory; no task is left when it closes."""

    @asynccontextmanager
    async def begin(model: ChatModel, memory: Memory | None = None) -> AsyncIterator[Talk]:
        talk = Talk(model, memory or Forgetful("No database."), rule, modes)
        try:
            yield talk
        finally:
            async with asyncio.timeout(PATIENCE):
                await talk.conversation.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return begin


@pytest.fixture
def puppet() -> Puppet:
    return Puppet()


@pytest.fixture
async def talk(talking: Callable[..., Any], puppet: Puppet) -> AsyncIterator[Talk]:
    async with talking(puppet) as opened:
        yield opened


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Callable[..., ScriptedModel]]:
    """Makes a scripted model that gives these replies in turn."""

    def make(*replies: str | dict[str, Any], **more: Any) -> ScriptedModel:
        path = tmp_path / "script.json"
        told = [{"text": reply} if isinstance(reply, str) else reply for reply in replies]
        path.write_text(json.dumps({"name": "script", "replies": told, **more}), encoding="utf-8")
        return ScriptedModel(path)

    yield make


@pytest.fixture
def past() -> Callable[..., list[Turn]]:
    def make(count: int, words: int = 4) -> list[Turn]:
        return [
            Turn(f"old{n}", f"q{n} " + "w " * (words - 1), f"a{n}", Emotion.CALM, "default", "m", NOON)
            for n in range(count)
        ]

    return make
