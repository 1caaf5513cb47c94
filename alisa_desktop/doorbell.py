"""What commands ask of the Alisa that runs with this profile; light, because `quit` must be quick without a model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

import click

from alisa_desktop.core import knocks
from alisa_desktop.core.errors import AlreadyRunning
from alisa_desktop.core.messages import Outcome
from alisa_desktop.host.door import NO_ANSWER, RETRY_SECONDS, HungUp, NobodyThere, Visit, bring_forward
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.single import is_held, only_instance

Asked = TypeVar("Asked")
MODEL_FAILED = 3
INTERRUPTED = 130
STARTING_SECONDS = 30.0
"""Whoever holds the profile and does not open the door by then is not about to start."""
LETTING_GO_SECONDS = 2.0
NOT_RUNNING = "Alisa isn't running."
STILL_THERE = "Alisa is still there after {seconds:g} seconds. Try again, or end “alisa-desktop” in the task manager."


def knock(paths: Paths, seconds: float) -> Visit | None:
    """Knock at her door for as long as she may be about to open it, `seconds` at most; None when nobody runs.

    Raises `NobodyThere` when somebody runs and does not open.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return Visit(paths.profile)
        except NobodyThere as error:
            if not is_held(paths.lock):
                return None
            if time.monotonic() >= end:
                raise NobodyThere(NO_ANSWER) from error
        time.sleep(RETRY_SECONDS)


def _visit(paths: Paths, seconds: float, ask: Callable[[Visit], Asked]) -> Asked | None:
    """What she lets `ask` have, for which one knocks `seconds` at most; None when nobody runs.

    Who hangs up on us is leaving, and is waited for until she has left. Raises `NobodyThere`.
    """
    end = time.monotonic() + seconds
    while visit := knock(paths, max(0.0, end - time.monotonic())):
        try:
            with visit:
                return ask(visit)
        except HungUp:
            if time.monotonic() >= end:
                raise
        time.sleep(RETRY_SECONDS)
    return None


def _come(visit: Visit) -> bool:
    bring_forward(visit)
    return True


def start(paths: Paths, *, hidden: bool, begin: Callable[[], int]) -> int:
    """Let the one who runs come forward, or hold the profile and `begin`; returns the exit code.

    Of several that start at once one begins, and the others find her before they load anything large. Who starts
    `hidden` calls nobody forward. Raises `NobodyThere` when somebody holds the profile and does not answer, and
    `AlreadyRunning` when she has no windows.
    """
    while True:
        if _visit(paths, STARTING_SECONDS, lambda visit: hidden or _come(visit)):
            return 0
        with ExitStack() as stack:
            try:
                stack.enter_context(only_instance(paths.lock))
            except AlreadyRunning:  # another one was faster
                continue
            return begin()


def leave(paths: Paths, seconds: float) -> int:
    """Ask her to quit, and wait until her process and those she started are gone, `seconds` at most."""
    from alisa_desktop.host.departure import are_gone, family

    end = time.monotonic() + seconds
    answer = _visit(paths, seconds, lambda visit: visit.ask(knocks.Quit(), max(1.0, end - time.monotonic())))
    if answer is None:
        click.echo(NOT_RUNNING)
        return 0
    if isinstance(answer, knocks.Done) and are_gone(family(answer.pid), end):
        _let_go(paths)
        return 0
    click.echo(answer.sentence if isinstance(answer, knocks.Refused) else STILL_THERE.format(seconds=seconds), err=True)
    return 1


def _let_go(paths: Paths) -> None:
    """Wait until nobody holds the profile: threads of a process that is gone may do so a moment longer than it.

    Whoever holds it after `LETTING_GO_SECONDS` is another one, who has been started since.
    """
    end = time.monotonic() + LETTING_GO_SECONDS
    while is_held(paths.lock) and time.monotonic() < end:
        time.sleep(RETRY_SECONDS)


def show(paths: Paths) -> int:
    """Bring her forward."""
    if _visit(paths, STARTING_SECONDS, _come):
        return 0
    click.echo(f"{NOT_RUNNING} Start her with “alisa-desktop”.", err=True)
    return 1


def say(paths: Paths, text: str, mode: str, as_json: bool) -> int | None:
    """Say `text` to her and print the answer as it comes; None when nobody runs who could answer."""
    try:
        visit = knock(paths, STARTING_SECONDS)
    except NobodyThere:
        return None
    if visit is None:
        return None
    with visit:
        for answer in visit.answers(knocks.Say(text, mode)):
            match answer:
                case knocks.Words(words) if not as_json:
                    click.echo(words, nl=False)
                case knocks.ModeSet(name):
                    return tell_mode(name, as_json)
                case knocks.Finished():
                    return tell_end(answer, as_json)
                case knocks.Refused(sentence):
                    click.echo(sentence, err=True)
                    return 1
                case knocks.Done():
                    return 0
    raise NobodyThere("Alisa was quit in the middle of it.")


def tell_mode(mode: str, as_json: bool) -> int:
    """Print which mode is on now; returns the exit code."""
    click.echo(json.dumps({"mode": mode}) if as_json else f"({mode})")
    return 0


def tell_end(reply: knocks.Finished, as_json: bool) -> int:
    """Print the end of a reply whose words were printed, or all of it as JSON; returns the exit code."""
    if as_json:
        fields = {"mode": reply.mode, "emotion": reply.emotion, "text": reply.text, "tokens": reply.tokens}
        told = {"seconds": reply.seconds, "outcome": reply.outcome, "notice": reply.notice}
        click.echo(json.dumps(fields | told, ensure_ascii=False))
    else:
        click.echo()
    codes = {Outcome.FAILED: MODEL_FAILED, Outcome.STOPPED: INTERRUPTED}
    return codes.get(Outcome(reply.outcome), 0)
