"""What the commands of the command line do, on a loop; imported only when one of them runs."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from alisa_desktop.conversation.commands import ModeSet, Refused, SetMode, Stopped, parse_command
from alisa_desktop.core.errors import PortTaken, SettingsFailed, UnknownMode
from alisa_desktop.core.events import Event, NoticeRaised, ReplyFinished, ReplyText
from alisa_desktop.core.knocks import Finished
from alisa_desktop.core.log import forget_details
from alisa_desktop.core.messages import Turn
from alisa_desktop.core.sight import Look
from alisa_desktop.doorbell import INTERRUPTED, tell_end, tell_mode
from alisa_desktop.engine import Engine, look_once
from alisa_desktop.host.bugs import caught
from alisa_desktop.host.paths import Paths
from alisa_desktop.host.porch import open_door
from alisa_desktop.host.single import only_instance
from alisa_desktop.options import Options
from alisa_desktop.porter import Porter
from alisa_desktop.terminal import Terminal

if TYPE_CHECKING:
    from alisa_desktop.memory.store import Store


def run(work: Coroutine[Any, Any, int]) -> int:
    """Do `work` on a loop of its own; returns the exit code."""
    try:
        with caught():
            return asyncio.run(_in_order(work))
    except asyncio.CancelledError:
        return INTERRUPTED


async def _in_order(work: Coroutine[Any, Any, int]) -> int:
    """Do `work`; a polite kill or a closed terminal ends it as Ctrl-C does, so that what was said is stored."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if task and number and signal.getsignal(number) is signal.SIG_DFL:  # nohup stays nohup
            with suppress(NotImplementedError):  # Windows loops
                loop.add_signal_handler(number, task.cancel)
    return await work


async def say(options: Options, text: str, as_json: bool) -> int:
    """Say `text`, print the answer as it comes, and end."""
    finished: asyncio.Future[ReplyFinished] = asyncio.get_running_loop().create_future()

    def hear(event: Event) -> None:
        match event:
            case _ if finished.done():
                pass  # interrupted
            case ReplyText(_, words) if not as_json:
                try:
                    click.echo(words, nl=False)
                except OSError as error:  # nobody reads any more
                    finished.set_exception(error)
            case NoticeRaised(sentence):
                click.echo(sentence, err=True)
            case ReplyFinished():
                finished.set_result(event)

    if not text.strip():
        raise SettingsFailed("There is nothing to say in that text.")
    # a mode is for good, so it is nothing to be changed behind the back of an Alisa that runs already
    options = replace(options, alone=isinstance(parse_command(text), SetMode))
    async with Engine(options) as engine:
        engine.bus.subscribe(hear)
        engine.tell_notices()
        match engine.conversation.submit(text, "terminal"):
            case ModeSet(mode):
                return tell_mode(mode, as_json)
            case Refused(sentence):
                raise UnknownMode(sentence)
            case Stopped():
                return 0
        reply = await _unless_interrupted(finished, engine.conversation.stop)
        mode = engine.conversation.mode.name
    said = (mode, reply.emotion, reply.text, reply.tokens, reply.seconds)
    return tell_end(Finished(*said, reply.outcome, reply.notice), as_json)


Result = TypeVar("Result")


async def _unless_interrupted(wanted: asyncio.Future[Result], stop: Callable[[], None]) -> Result:
    """Wait for `wanted`; Ctrl-C calls `stop` instead of tearing everything down."""
    with suppress(NotImplementedError):  # Windows loops have no signal handlers: there Ctrl-C ends the program
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)
    return await wanted


async def serve(options: Options) -> int:
    """Serve overlays until interrupted."""

    def hear(event: Event) -> None:
        if isinstance(event, NoticeRaised):
            click.echo(event.text, err=True)

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows loops
            loop.add_signal_handler(number, ended.set)
    porter = Porter(ended.set)
    async with Engine(options) as engine, open_door(options.paths.profile, porter.welcome):
        porter.serve(engine.conversation, engine.spawn)
        engine.bus.subscribe(hear)
        if not engine.endpoint_address:
            raise PortTaken(" ".join(engine.notices) or "The endpoint is switched off in the settings; name a --port.")
        engine.tell_notices()
        click.echo(f"Alisa listens at {engine.endpoint_address}")
        await ended.wait()
    return 0


async def talk(options: Options) -> int:
    """Talk in the terminal until the input ends."""
    async with Engine(options) as engine:
        terminal = Terminal(engine)
        porter = Porter(terminal.end)
        async with open_door(options.paths.profile, porter.welcome):
            porter.serve(engine.conversation, engine.spawn)
            return await terminal.run()


async def _open_store(paths: Paths) -> Store:
    from alisa_desktop.memory.store import Store  # SQLAlchemy takes its time: what needs no store does not wait for it

    return await Store.open(paths.database)


async def history(paths: Paths, limit: int, as_json: bool) -> int:
    """Print the latest turns."""
    if not paths.database.exists():
        click.echo("[]" if as_json else "Nothing has been said yet.")
        return 0

    store = await _open_store(paths)
    if store.notice:
        click.echo(store.notice, err=True)
    try:
        turns = await store.recent(limit)
    finally:
        await store.close()
    if as_json:
        click.echo(json.dumps([_as_json(turn) for turn in turns], ensure_ascii=False, indent=2))
    elif not turns:
        click.echo("Nothing has been said yet.")
    for turn in () if as_json else turns:
        click.echo(f"{turn.at.astimezone():%Y-%m-%d %H:%M}  [{turn.mode}]\n  You:   {_indented(turn.user_text)}")
        click.echo(f"  Alisa: {_indented(turn.reply or turn.notice)}  ({turn.emotion}{_ending(turn)})")
    return 0


def _indented(text: str) -> str:
    return text.replace("\n", "\n         ")


def _ending(turn: Turn) -> str:
    return "" if turn.outcome == "done" else f", {turn.outcome}"


def _as_json(turn: Turn) -> dict[str, str]:
    said = {"id": turn.id, "at": turn.at.isoformat(), "mode": turn.mode, "model": turn.model}
    return said | {
        "user": turn.user_text,
        "alisa": turn.reply,
        "emotion": turn.emotion,
        "outcome": turn.outcome,
        "notice": turn.notice,
    }


async def forget(paths: Paths) -> int:
    """Delete everything that was said."""
    if not paths.database.exists():
        click.echo("There is nothing to forget.")
        return 0
    with only_instance(paths.lock):  # a running Alisa still has the talk in mind: there it is done in her History
        store = await _open_store(paths)
        try:
            count = await store.forget_all()
        finally:
            await store.close()
            forget_details(paths.logs)
    click.echo(f"Forgotten: {count} turns." if count != 1 else "Forgotten: 1 turn.")
    return 0


async def look(paths: Paths, as_json: bool) -> int:
    """Look once, now, and print the note that she would be told; running it is the consent. A receipt is kept."""
    sight, note, captures = await look_once(paths)
    if as_json:
        told = {"app": sight.app, "kind": sight.kind, "title": sight.title, "depth": sight.depth, "text": sight.text}
        click.echo(json.dumps(told | {"reason": sight.reason, "note": note, "captures": captures}, ensure_ascii=False))
    else:
        click.echo(note)
    return 0


async def ledger(paths: Paths, limit: int, as_json: bool) -> int:
    """Print the receipts of the latest looks, oldest first."""
    looks = []
    if paths.database.exists():
        store = await _open_store(paths)
        try:
            looks = (await store.looks(limit))[::-1]
        finally:
            await store.close()
    if as_json:
        click.echo(json.dumps([_look_as_json(look) for look in looks], ensure_ascii=False, indent=2))
    elif not looks:
        click.echo("She has not looked at anything.")
    for look in () if as_json else looks:
        until = f"–{look.until.astimezone():%H:%M}" if look.until - look.at >= timedelta(minutes=1) else ""
        told = "told" if look.told else "kept ready"
        click.echo(f"{look.at.astimezone():%Y-%m-%d %H:%M}{until}  {look.app}  ({look.depth}, {told})")
        click.echo(f"  {look.note}")
    return 0


def _look_as_json(look: Look) -> dict[str, object]:
    when = {"id": look.id, "at": look.at.isoformat(), "until": look.until.isoformat(), "count": look.count}
    what = {"app": look.app, "title": look.title, "depth": look.depth, "note": look.note, "told": look.told}
    return when | what
