"""All clients of the endpoint: what one says goes to the talk, what happens there goes to all, in one order."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping

from starlette.websockets import WebSocket

from alisa_desktop.conversation.commands import Refused, Submission
from alisa_desktop.core.errors import SOMETHING_BROKE
from alisa_desktop.core.events import Event
from alisa_desktop.server.access import AccessPolicy, TokenBucket
from alisa_desktop.server.client import TRY_AGAIN_LATER, Client, Pace
from alisa_desktop.server.ports import Command, Dialect, Presence, Screen, Speech, Submit, Talk

GOING_AWAY = 1001
NO_BINARY = 1003
log = logging.getLogger(__name__)


class Hub:
    """Connects sockets with the talk. Use it on the loop's thread only."""

    def __init__(self, talk: Talk, policy: AccessPolicy, pace: Pace) -> None:
        self.talk = talk
        self._policy = policy
        self._pace = pace
        self._clients: dict[Client, asyncio.Task[None] | None] = {}
        self._numbers = itertools.count(1)
        self._unsubscribe = talk.bus.subscribe(self._deliver)

    def new_name(self) -> str:
        """A name for one more client, the sender of its words."""
        return f"socket-{next(self._numbers)}"

    async def serve(self, socket: WebSocket, name: str, dialect: Dialect, abort: Callable[[], None]) -> None:
        """Accept the socket and serve it until it closes; `abort` cuts the connection."""
        client = Client(name, dialect, socket, abort, self._pace)
        self._clients[client] = asyncio.current_task()
        try:
            await socket.accept()
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(client.write())
                await self._read(client)
                writer.cancel()
        finally:
            del self._clients[client]
            if client.speaking:  # it can't say any more that its speech has ended
                self.talk.speech(False, client.name)

    def show_vision(self, update: Mapping[str, object]) -> None:
        """Tell every client that wants to know what Alisa sees (JSON values)."""
        for client in self._clients:
            client.put(client.dialect.see(update))

    async def close(self) -> None:
        """Bring every reply to its end, close every client with 1001 and wait until they are gone."""
        self._unsubscribe()
        for client in self._clients:
            client.put(client.dialect.farewell())
            client.drop(GOING_AWAY, "Alisa is closing")
        lives = [life for life in self._clients.values() if life]
        if lives:
            await asyncio.wait(lives, timeout=2 * self._pace.grace)

    def _deliver(self, event: Event) -> None:
        for client in self._clients:
            client.put(client.dialect.tell(event))

    async def _read(self, client: Client) -> None:
        now = asyncio.get_running_loop().time
        bucket = TokenBucket(self._policy.frames_per_second, self._policy.frame_burst, now())
        while (message := await client.socket.receive())["type"] == "websocket.receive":
            if client.leaving:
                continue
            if not bucket.take(now()):
                client.drop(TRY_AGAIN_LATER, "too many frames at once")
            elif (frame := message.get("text")) is None:
                client.drop(NO_BINARY, "text frames only")
            else:
                self._perform(client, client.dialect.receive(frame))

    def _perform(self, client: Client, command: Command) -> None:
        match command:
            case Submit(text):
                client.put(client.dialect.answer(self._submit(text, client.name)))
            case Speech(active):
                client.speaking = active
                self.talk.speech(active, client.name)
            case Presence(value):
                self.talk.report_presence(value)
            case Screen(report):
                self.talk.report_screen(report)

    def _submit(self, text: str, sender: str) -> Submission:
        try:
            return self.talk.submit(text, sender)
        except Exception:  # the socket is a boundary: a bug of ours costs one answer, not the connection
            log.exception("a client's words could not be taken")
            return Refused(SOMETHING_BROKE)
