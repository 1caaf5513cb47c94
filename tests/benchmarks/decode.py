"""How fast words come: tokens a second through the whole engine against llama.cpp alone in a process of its own.

Both sides read the same file with the same context, threads and sampling, at the same depth of the context; they take
turns. Ours counts from the first words in the bus to the end of the turn, the database included; theirs is the bare
loop of `llama_cpp.Llama.generate`, with its own default of `top_k`, which makes it a little faster. A second row,
without a goal, tells what it costs to leave a core to the desktop: llama.cpp alone with all cores.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.events import Event, ReplyFinished, ReplyText
from alisa_desktop.engine import Engine
from alisa_desktop.model.gguf_header import check_model_file
from alisa_desktop.model.runner import _threads

from .pairs import Pairs
from .report import Row
from .talk import MIN_P, TEMPERATURE, TOP_P, answered, engine_for
from .tap import Tap

GOAL = 0.95
CONTEXT = 4096
WORDS = 32_000
"""Words of the vocabulary beside the bytes, so that drawing a token costs what it costs with a real model."""
LEAST_PAIRS = 3
LONGEST = 120.0
"""Seconds after which no more pairs are begun: two threads on two cores crawl while anybody else works."""
BASELINE = Path(__file__).with_name("decode_alone.py")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    tokens: int
    pairs: int
    layers: int = 12
    d: int = 768


FULL = Size(tokens=96, pairs=15)
QUICK = Size(tokens=48, pairs=3)


def measure(folder: Path, quick: bool) -> list[Row]:
    """One row a kind of weights; needs about 100 MB (Q4_0) and 330 MB (F16) in `folder`."""
    return [row for quant in ("Q4_0", "F16") for row in _rows(folder / quant, quant, QUICK if quick else FULL)]


def _rows(folder: Path, quant: str, size: Size) -> list[Row]:
    folder.mkdir()
    model = write_tiny_gguf(
        folder / "large.gguf", quant=quant, layers=size.layers, d=size.d, heads=12, kv_heads=4, ff=4 * size.d,
        context=CONTEXT, user_defined=[f" w{number}" for number in range(WORDS)], never_ends=True,
    )  # fmt: skip
    measured = asyncio.run(_measured(folder / "profile", model, size))
    model.unlink()
    what = f"decode {quant}, {_parameters(size) / 1e6:.0f} M parameters"
    fair, greedy = measured.fair, measured.greedy
    depth = f"{size.tokens} tokens from a depth of {measured.depth} on"
    return [
        _row(what, fair, f"{fair.note}; {depth}; threads {measured.threads}", GOAL),
        _row(f"{what}, against all cores", greedy, greedy.note),
    ]


def _row(what: str, pairs: Pairs, note: str, goal: float | None = None) -> Row:
    said, met = ("", None) if goal is None else (f"ratio >= {goal}", pairs.ratio >= goal)
    return Row(what, median(pairs.ours), "tokens/s", median(pairs.theirs), pairs.ratio, said, met, note)


def _parameters(size: Size) -> int:
    d, kv = size.d, size.d * 4 // 12
    return size.layers * (2 * d * d + 2 * d * kv + 3 * d * 4 * d) + 2 * WORDS * d


@dataclass(frozen=True, slots=True)
class _Measured:
    """Ours against llama.cpp with the same threads, and with all cores."""

    fair: Pairs
    greedy: Pairs
    depth: int
    threads: int


async def _measured(profile: Path, model: Path, size: Size) -> _Measured:
    cores = psutil.cpu_count(logical=False) or 1
    threads, batch_threads = _threads(check_model_file(model, CONTEXT, psutil.virtual_memory().available), None)
    async with engine_for(profile, model, reply=size.tokens, context=CONTEXT) as engine:
        stopwatch = Stopwatch(engine)
        await stopwatch.rate()  # reads the system prompt for the first time
        depth = stopwatch.tap.usages[-1].prompt
        rates: list[tuple[float, float, float]] = []
        with _alone(model, threads, batch_threads) as fair, _alone(model, cores, batch_threads) as greedy:
            for alone in (fair, greedy):
                alone.rate(depth, 2)
            end = time.monotonic() + LONGEST
            while len(rates) < size.pairs and (len(rates) < LEAST_PAIRS or time.monotonic() < end):
                ours = await stopwatch.rate()
                theirs = [await asyncio.to_thread(alone.rate, depth, size.tokens) for alone in (fair, greedy)]
                rates.append((ours, theirs[0], theirs[1]))
    ours_all, fair_all, greedy_all = zip(*rates, strict=True)
    return _Measured(Pairs(ours_all, fair_all), Pairs(ours_all, greedy_all), depth, threads)


class Stopwatch:
    """Times replies of an engine by what its bus says."""

    def __init__(self, engine: Engine) -> None:
        self.tap = Tap.on(engine)
        self._engine = engine
        engine.bus.subscribe(self._time)
        self._first: tuple[float, int] | None = None
        self._last = 0.0

    def _time(self, event: Event) -> None:
        if isinstance(event, ReplyText) and self._first is None:
            self._first = time.perf_counter(), self.tap.chunks
        elif isinstance(event, ReplyFinished):
            self._last = time.perf_counter()

    async def rate(self) -> float:
        """Say something in an empty talk; return the tokens a second between its first words and its end."""
        await self._engine.forget()
        self._first = None
        finished = await answered(self._engine, "Tell me a long story.")
        assert self._first, "a reply has words"
        began, before = self._first
        return (finished.tokens - before) / (self._last - began)


class Alone:
    """llama.cpp in a child process, measured by itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def rate(self, depth: int, tokens: int) -> float:
        """Tokens a second behind a prompt of `depth` tokens."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"depth": depth, "tokens": tokens}) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline())["rate"])


@contextmanager
def _alone(model: Path, threads: int, batch_threads: int) -> Iterator[Alone]:
    said = {
        "model": str(model), "context": CONTEXT, "threads": threads, "batch_threads": batch_threads,
        "temperature": TEMPERATURE, "top_p": TOP_P, "min_p": MIN_P,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, str(BASELINE), json.dumps(said)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Alone(process)
        assert process.stdin
        process.stdin.close()
