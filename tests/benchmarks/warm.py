"""What a start costs when the persona was read before, what a long talk decodes, and what a model at rest gives back.

The first word after a start with a kept state against one without, on the same file, with the model loaded in both
cases and one thread, which waits for no other on a busy machine. The kept file is driven out of the page cache before,
as after a boot (Linux). Tokens are counted by the runner.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.messages import Message, Prompt, Role, Sampling, Usage
from alisa_desktop.host.paths import Paths
from alisa_desktop.model.llama import LlamaModel
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.variants import Variants

from .prefix import LINES, WORDS
from .report import Row
from .talk import answered, engine_for
from .tap import Tap
from .usage import MB

MOST_SHARE = 0.10
MOST_LEFT = 20.0
PERSONA_TOKENS = 1600
CONTEXT = 4096
PAIRS, QUICK_PAIRS = 5, 2
TURNS = 50
REPLY = 44
TALK_CONTEXT = 8192
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-P", "-m", "alisa_desktop", "--runner"]


@dataclass(frozen=True, slots=True)
class First:
    """The first reply after a start: seconds to its first word, and its usage."""

    seconds: float
    usage: Usage


def measure(folder: Path, quick: bool) -> list[Row]:
    """Rows for the start, the talk and the rest; needs some 150 MB in `folder`."""
    model = write_tiny_gguf(
        folder / "large.gguf", quant="Q8_0", layers=12, d=768, heads=12, kv_heads=4, ff=3072, context=CONTEXT,
        never_ends=True,
    )  # fmt: skip
    rest = asyncio.run(_rest(folder, model))
    start = asyncio.run(_start(folder, model, QUICK_PAIRS if quick else PAIRS))
    model.unlink()
    return [*start, *_talk_rows(asyncio.run(_talk(folder))), *rest]


@asynccontextmanager
async def _loaded(folder: Path, model: Path, states: Path | None) -> AsyncIterator[LlamaModel]:
    one = LlamaModel(
        model,
        command=COMMAND,
        context_tokens=CONTEXT,
        safe_models=SafeList(folder / "safe.json"),
        variants=Variants(folder / "processors.json", Paths.of().starter_model),
        cwd=ROOT,
        state_folder=states,
        threads=lambda: 1,
    )
    await one.start()
    try:
        await one.ready()
        yield one
    finally:
        await one.close()


async def _first(model: LlamaModel) -> First:
    """Have the first reply said, to a short message."""
    persona = ("You are measured. " * PERSONA_TOKENS)[: PERSONA_TOKENS - len("system")]
    said = (Message(Role.SYSTEM, persona), Message(Role.USER, "Hi, it is me."))
    began, first, usage = time.perf_counter(), 0.0, Usage(0, 0, 0)
    async with aclosing(model.stream(Prompt(said, Sampling(max_tokens=8)))) as parts:
        async for part in parts:
            first = first or time.perf_counter() - began
            usage = part if isinstance(part, Usage) else usage
    return First(first, usage)


async def _start(folder: Path, model: Path, pairs: int) -> list[Row]:
    states = folder / "states"
    async with _loaded(folder, model, states) as one:
        await _first(one)  # keeps the state; closing waits until it is written
    [file] = states.iterdir()
    warm: list[First] = []
    cold: list[First] = []
    for _ in range(pairs):
        _forget(file)
        async with _loaded(folder, model, states) as one:
            warm.append(await _first(one))
        async with _loaded(folder, model, None) as one:
            cold.append(await _first(one))
    ratio = median(one.seconds / other.seconds for one, other in zip(warm, cold, strict=True))
    ours, theirs = (median(one.seconds for one in those) for those in (warm, cold))
    decoded, whole = warm[-1].usage.decoded, cold[-1].usage.decoded
    note = f"baseline: without the state; {pairs} pairs; 104 M parameters, Q8_0; the state has {_mb(file):.0f} MB"
    goal = f"<= {MOST_SHARE:.0%}"
    return [
        Row("warm, first word after a start", 1000 * ours, "ms", 1000 * theirs, ratio, goal, ratio <= MOST_SHARE, note),
        Row("warm, tokens decoded for it", decoded, "tokens", whole, decoded / whole, goal, decoded / whole <= 0.1),
    ]


def _forget(file: Path) -> None:
    """Have the system forget what it holds of a file in memory, where it can be asked to."""
    if sys.platform == "linux":
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _mb(file: Path) -> float:
    return file.stat().st_size / MB


async def _talk(folder: Path) -> list[Usage]:
    """A talk long enough to be cut twice."""
    words = write_tiny_gguf(folder / "words.gguf", context=TALK_CONTEXT, user_defined=WORDS, never_ends=True)
    async with engine_for(folder / "talk", words, reply=REPLY, context=TALK_CONTEXT) as engine:
        tap = Tap.on(engine)
        for turn in range(TURNS):
            await answered(engine, LINES[turn % len(LINES)])
        return tap.usages


def _talk_rows(usages: list[Usage]) -> list[Row]:
    cut = [turn for turn in range(1, TURNS) if usages[turn].prompt < usages[turn - 1].prompt]
    usual = [usage.decoded for turn, usage in enumerate(usages) if turn and turn not in cut]
    whole = [usage.prompt for usage in usages]
    after = ", ".join(str(usages[turn].decoded) for turn in cut)
    note = f"baseline: whole prompts; first turn {usages[0].decoded}; cut {len(cut)} times, read anew then: {after}"
    decoded = sum(usage.decoded for usage in usages)
    return [
        Row(
            "warm, tokens decoded a turn, usual", median(usual), "tokens", median(whole), median(usual) / median(whole)
        ),
        Row(f"warm, {TURNS} turns in all", decoded, "tokens", sum(whole), decoded / sum(whole), note=note),
    ]


async def _rest(folder: Path, model: Path) -> list[Row]:
    """What is left of a model that rests; the process of this benchmark stands for the app."""
    before = psutil.Process().memory_info().rss / MB
    async with _loaded(folder, model, None) as one:
        await _first(one)
        awake = one.use.memory_bytes / MB
        assert await one.rest()
        left = psutil.Process().children(recursive=True)
        after = psutil.Process().memory_info().rss / MB
    grown = after - before
    note = f"baseline: before loading; the runner had {awake:.0f} MB, {len(left)} of its processes are left"
    met = grown <= MOST_LEFT and not left
    return [Row("warm, RSS at rest", after, "MB", before, after / before, f"<= +{MOST_LEFT:.0f} MB", met, note)]
