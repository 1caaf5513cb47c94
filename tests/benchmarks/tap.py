"""A model behind a tap: everything goes through unchanged, and the figures are kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from alisa_desktop.conversation.ports import ChatModel
from alisa_desktop.core.messages import Chunk, Message, ModelStatus, Occasion, Prompt, StreamPart, Usage
from alisa_desktop.engine import Engine


class Tap:
    """A `ChatModel` that hands on to `model`; `usages` has one entry a reply, `chunks` counts those of the last one."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.usages: list[Usage] = []
        self.chunks = 0

    @classmethod
    def on(cls, engine: Engine) -> Tap:
        """Put a tap on the engine's model."""
        tap = cls(engine.mind.model)
        engine.conversation.use(tap)
        return tap

    @property
    def status(self) -> ModelStatus:
        return self._model.status

    @property
    def context_tokens(self) -> int:
        return self._model.context_tokens

    async def ready(self) -> None:
        await self._model.ready()

    async def notes(self, occasion: Occasion) -> list[str]:
        """Pass the notes on."""
        return await self._model.notes(occasion)

    async def count(self, messages: Sequence[Message]) -> int:
        return await self._model.count(messages)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        self.chunks = 0
        async with aclosing(self._model.stream(prompt)) as parts:
            async for part in parts:
                if isinstance(part, Usage):
                    self.usages.append(part)
                self.chunks += isinstance(part, Chunk)
                yield part
