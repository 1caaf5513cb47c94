"""Rules: functions with a name, the sentence they check and the rules they build on; how a server is put to them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .stage import Broken, Stage, Untested

Check = Callable[[Stage], Awaitable[str | None]]


class Outcome(StrEnum):
    """What a rule's check came to."""

    KEPT = "kept"
    BROKEN = "broken"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Rule:
    """`sentence` is the protocol's; `needs` names rules without which this one says nothing."""

    name: str
    sentence: str
    needs: tuple[str, ...]
    check: Check


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's outcome; `seen` says what was seen or why nothing was, `seconds` how long it took."""

    name: str
    sentence: str
    outcome: Outcome
    seen: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.outcome:<8}  {self.name:<4} {self.sentence}" + (f"\n{'':15}{self.seen}" if self.seen else "")

    def as_json(self) -> dict[str, Any]:
        """The verdict for a machine."""
        return asdict(self) | {"seconds": round(self.seconds, 2)}


class Book:
    """Rules in the order in which they are tested."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def rule(self, name: str, sentence: str, *needs: str) -> Callable[[Check], Check]:
        """Enter a function as a rule. It raises `Broken` or `Untested`, or returns a remark or None."""

        def enter(check: Check) -> Check:
            self.rules.append(Rule(name, sentence, needs, check))
            return check

        return enter

    def untestable(self, name: str, sentence: str, why: str) -> None:
        """Enter a rule that can't be tested from outside."""

        async def check(_: Stage) -> None:
            raise Untested(why)

        self.rules.append(Rule(name, sentence, (), check))


async def examine(stage: Stage, *books: Book) -> AsyncIterator[Verdict]:
    """Put every rule to the server, in order; afterwards the server is in the mode `stage` names."""
    bad: set[str] = set()
    try:
        for rule in (rule for book in books for rule in book.rules):
            verdict = await _judge(rule, stage, bad)
            if verdict.outcome is not Outcome.KEPT:
                bad.add(rule.name)
            yield verdict
    finally:
        await stage.restore()


async def _judge(rule: Rule, stage: Stage, bad: set[str]) -> Verdict:
    began = time.monotonic()
    outcome, seen = await _try(rule, stage, bad)
    return Verdict(rule.name, rule.sentence, outcome, seen, time.monotonic() - began)


async def _try(rule: Rule, stage: Stage, bad: set[str]) -> tuple[Outcome, str]:
    if missing := [need for need in rule.needs if need in bad]:
        return Outcome.UNTESTED, f"builds on {', '.join(missing)}"
    try:
        return Outcome.KEPT, await rule.check(stage) or ""
    except Broken as broken:
        return Outcome.BROKEN, str(broken)
    except Untested as untested:
        return Outcome.UNTESTED, str(untested)
    finally:
        await stage.clear()
