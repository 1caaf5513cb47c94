"""A model that speaks at a set pace, for looking at what hears it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence

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
)

TEXT = """\
It is **not** like I waited for you, but since you are here I may as well tell you about the sea at night.

- First, the water is darker than `ink`, and the lamps of the boats lie on it like coins;
- then the wind turns, and everything that was still begins to speak at once, all of it about you.

So I came back before the rain, put the kettle on, and thought that somebody should know.

"""
"""Words with some Markdown, as replies have it; said over and over."""


class Paced:
    """A `ChatModel` that says `chunks` words, `rate` of them a second; it catches up when it was held up."""

    context_tokens = 1 << 20
    status = ModelStatus(ModelState.READY, "Paced")

    def __init__(self, rate: float, chunks: int) -> None:
        self._words = re.findall(r"\S+\s+", TEXT)
        self._pause = 1 / rate
        self._chunks = chunks

    async def ready(self) -> None:
        """Return at once."""

    async def notes(self, occasion: Occasion) -> list[str]:
        """Want no notes."""
        return []

    async def count(self, messages: Sequence[Message]) -> int:
        """Call every prompt short, so that nothing is ever cut."""
        return len(messages)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Speak."""
        if prompt.choice:
            yield Chosen(prompt.choice.options[0])
        due = time.perf_counter()
        for number in range(self._chunks):
            due += self._pause
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            yield Chunk(self._words[number % len(self._words)])
        yield Usage(1, 1, self._chunks)
