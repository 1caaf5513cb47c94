"""A talk in the terminal, for machines without a display: lines in, her words out as they come."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import click

from alisa_desktop.conversation.commands import ModeSet, Refused, Said
from alisa_desktop.core.events import Event, NoticeRaised, ReplyFinished, ReplyText, UserSpoke
from alisa_desktop.engine import Engine

ME = "terminal"


class Terminal:
    """Reads lines from standard input until it ends; the endpoint is served beside it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._silent = asyncio.Event()
        self._silent.set()
        self._life: asyncio.Task[Any] | None = None

    async def run(self) -> int:
        """Talk until the input ends; Ctrl-C stops a reply, and ends the talk when she is silent."""
        loop, self._life = asyncio.get_running_loop(), asyncio.current_task()
        threading.Thread(target=self._read, args=(loop,), daemon=True, name="terminal").start()
        with suppress(NotImplementedError):
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
        unsubscribe = self._engine.bus.subscribe(self._hear)
        self._engine.tell_notices()
        if address := self._engine.endpoint_address:
            click.echo(f"Overlays connect to {address}")
        try:
            while (line := await self._lines.get()) is not None:
                self._submit(line)
                await self._silent.wait()
        finally:
            unsubscribe()
        return 0

    def _submit(self, line: str) -> None:
        if not line.strip():
            return
        match self._engine.conversation.submit(line, ME, may_look=True):
            case Refused(sentence):
                click.echo(sentence)
            case ModeSet(mode):
                click.echo(f"({mode})")
            case Said():
                self._silent.clear()

    def _hear(self, event: Event) -> None:
        match event:
            case UserSpoke() if event.sender != ME:
                self._print(f"> {event.text}\n")
            case ReplyText():
                self._print(event.text)
            case ReplyFinished():
                self._print(f"  ({event.emotion})\n")
                self._silent.set()
            case NoticeRaised():
                click.echo(event.text, err=True)

    def _print(self, text: str) -> None:
        try:
            click.echo(text, nl=False)
        except OSError:  # nobody reads any more
            if self._life:
                self._life.cancel()

    def end(self) -> None:
        """End the talk, and the reply that is under way."""
        self._lines.put_nowait(None)
        self._engine.conversation.stop()

    def _interrupt(self) -> None:
        if self._silent.is_set():
            self._lines.put_nowait(None)
        self._engine.conversation.stop()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop has ended in the meantime
            for line in sys.stdin or ():  # a service has none
                loop.call_soon_threadsafe(self._lines.put_nowait, line.rstrip("\n"))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)
