"""An engine to measure: on a profile of its own, with personas that set how replies are drawn and how long they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alisa_desktop.core.events import Event, ReplyFinished
from alisa_desktop.core.messages import Outcome
from alisa_desktop.engine import Engine
from alisa_desktop.host.paths import Paths
from alisa_desktop.options import Options

TEMPERATURE, TOP_P, MIN_P = 0.8, 0.95, 0.05
MODE, OTHER_MODE = "measured", "measured_too"
PERSONA = f"temperature: {TEMPERATURE}\ntop_p: {TOP_P}\nmin_p: {MIN_P}\nmax_tokens: {{tokens}}\n---\n{{prompt}}"
PATIENCE = 300.0
"""Seconds a reply may take; a large model reads its first prompt for long."""


@asynccontextmanager
async def engine_for(profile: Path, model: Path, *, reply: int, context: int) -> AsyncIterator[Engine]:
    """Open an engine in `profile` whose two modes make replies of at most `reply` tokens, and wait for its model."""
    paths = Paths.of(profile)
    paths.personas.mkdir(parents=True)
    for mode, prompt in ((MODE, "You are measured."), (OTHER_MODE, "You are measured in another way.")):
        persona = PERSONA.format(tokens=reply, prompt=prompt)
        (paths.personas / f"{mode}.txt").write_text(persona, encoding="utf-8")
    paths.settings.write_text(json.dumps({"context_tokens": context}), encoding="utf-8")
    async with Engine(Options(paths, model=model, endpoint=False, mode=MODE)) as engine:
        await engine.mind.model.ready()
        yield engine


async def answered(engine: Engine, text: str | None) -> ReplyFinished:
    """Say `text` (None: answer the last message again) and wait for the whole reply."""
    future: asyncio.Future[ReplyFinished] = asyncio.get_running_loop().create_future()

    def hear(event: Event) -> None:
        if isinstance(event, ReplyFinished):
            future.set_result(event)

    unsubscribe = engine.bus.subscribe(hear)
    try:
        turn = engine.conversation.regenerate() if text is None else engine.conversation.say(text)
        finished = await asyncio.wait_for(future, PATIENCE)
    finally:
        unsubscribe()
    assert finished.turn == turn
    assert finished.outcome is Outcome.DONE, finished.notice
    return finished
