"""What the commands of `alisa-desktop models` print: words, JSON, and a line of progress."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from typing import Any

import click

from alisa_desktop.core.brains import Brain, Fetch, FetchState, Offer, Pinned
from alisa_desktop.core.events import Event, FetchesChanged, NoticeRaised
from alisa_desktop.library import Check
from alisa_desktop.model.disk import size_text
from alisa_desktop.model.fit import gigabytes

STATES = {FetchState.WAITING: "about to begin", FetchState.CHECKING: "checking what came"}
ENDED = (FetchState.DONE, FetchState.FAILED)
MINUTE, HOUR = 60, 3600


def tell_notice(event: Event) -> None:
    """Print a notice on standard error; other events are nothing to it."""
    if isinstance(event, NoticeRaised):
        click.echo(event.text, err=True)


def print_json(value: Any) -> None:
    """Print `value` on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def finish(as_json: bool, value: dict[str, Any], sentence: str) -> None:
    """Print what was done: the value as JSON, or the sentence."""
    if as_json:
        print_json(value)
    else:
        click.echo(sentence)


def entry(name: str, words: str, present: str) -> str:
    """A line of a list; the present model is marked."""
    return f"{'*' if name == present else ' '} {name}  {words}{'  (the present one)' if name == present else ''}"


def offer_words(offer: Offer) -> str:
    """An offer and how it suits this machine."""
    marks = [word for word, on in (("recommended", offer.recommended), ("here", offer.installed)) if on]
    speed, about = offer.tokens_per_second, "about " if offer.pinned is Pinned.UNKNOWN else ""
    facts = [
        f"{about}{size_text(offer.bytes)} to fetch" if offer.bytes else "size not known yet",
        f"{gigabytes(offer.memory_bytes)} of memory" if offer.memory_bytes else "",
        f"about {speed:.0f} tokens/s" if speed and speed >= 1 else "less than 1 token/s" if speed else "",
        "sees" if offer.sees else "",
        offer.licence,
    ]
    marked = f"  ({', '.join(marks)})" if marks else ""
    lines = [f"  {offer.id}  {offer.title}{marked}", offer.good_at, ", ".join(filter(None, facts)), offer.why]
    return "\n      ".join(filter(None, lines))


def brain_words(brain: Brain) -> str:
    """A model that is here."""
    facts = [size_text(brain.bytes), brain.parameters, brain.quantization, "sees" if brain.projector else ""]
    memory = f"{gigabytes(brain.memory_bytes)} of memory" if brain.memory_bytes else ""
    about = ", ".join(filter(None, [*facts, memory, brain.licence, f"from {brain.source}"]))
    return "\n      ".join(filter(None, [f"{brain.title}  ({about})", brain.trouble]))


def check_words(check: Check) -> str:
    """What came out of a check."""
    good = "every byte is as it has to be" if check.whole else "its header is sound; nobody told its checksum"
    return f"{check.brain.id}: {check.trouble or good}"


def check_as_json(check: Check) -> dict[str, Any]:
    """The same for programs."""
    how = "sha256" if check.whole else "header"
    return {"id": check.brain.id, "path": check.brain.path, "checked": how, "trouble": check.trouble}


class ProgressLine:
    """A line on standard error that is written over on a terminal; elsewhere one line for each new `mark`."""

    def __init__(self) -> None:
        self._live = bool(sys.stderr and sys.stderr.isatty())
        self._width = 0
        self._mark: object = None

    def show(self, words: str, mark: object) -> None:
        """Write `words` where the earlier ones were, or below them if `mark` is another."""
        if self._live:
            words = words[: shutil.get_terminal_size().columns - 1]
            click.echo("\r" + words.ljust(self._width), nl=False, err=True)
            self._width = len(words)
        elif mark != self._mark:
            click.echo(words, err=True)
        self._mark = mark

    def end(self) -> None:
        """What comes next stands on a line of its own."""
        if self._width:
            click.echo(err=True)
        self._width, self._mark = 0, None


def show_fetch(line: ProgressLine, ended: asyncio.Future[Fetch], fetch: Fetch) -> None:
    """Show how a download does; `ended` gets it once it is over."""
    share = f"{_bar(fetch.done, fetch.total)} of {size_text(fetch.total)}" if fetch.total else ""
    pace = [f"{size_text(fetch.rate)}/s" if fetch.rate else "", f"{_time(fetch.left)} left" if fetch.left else ""]
    state = fetch.sentence or STATES.get(fetch.state, "")
    words = ", ".join(filter(None, [share, *pace, state]))
    if words and fetch.state not in ENDED:
        line.show(f"{fetch.title}: {words}", (fetch.state, fetch.sentence, 10 * fetch.done // (fetch.total or 1)))
    if fetch.state in ENDED and not ended.done():
        ended.set_result(fetch)


def hear_end(dropped: asyncio.Future[str], name: str, event: Event) -> None:
    """Tell when a download is no longer on the list, or why it stays."""
    tell_notice(event)
    if not isinstance(event, FetchesChanged) or dropped.done():
        return
    fetch = next((one for one in event.fetches if one.id == name), None)
    if fetch is None or fetch.state is FetchState.FAILED:
        dropped.set_result(fetch.sentence if fetch else "")


def show_reading(line: ProgressLine, name: str, done: int, total: int) -> None:
    """Show how far the reading of a file is."""
    line.show(f"{name}: {_bar(done, total)} read", 10 * done // total)


def _bar(done: int, total: int) -> str:
    tenths = 20 * done // total
    return f"[{'#' * tenths}{'-' * (20 - tenths)}] {100 * done // total} %"


def _time(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if seconds < HOUR else f"{minutes // 60} h {minutes % 60} min"
