"""All clients of the endpoint: what one says goes to the talk, what happens there goes to all, in one order."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence

from starlette.websockets import WebSocket

from alisa_desktop.conversation.commands import Refused
from alisa_desktop.core.errors import SOMETHING_BROKE, MemoryFailed
from alisa_desktop.core.events import ClientsChanged, Event
from alisa_desktop.core.messages import ConnectedClient
from alisa_desktop.server.access import AccessPolicy, TokenBucket
from alisa_desktop.server.client import TRY_AGAIN_LATER, Client, Pace, SendNow, send_later
from alisa_desktop.server.json_frames import SUBPROTOCOL
from alisa_desktop.server.json_protocol import JsonProtocol, Lines
from alisa_desktop.server.ports import (
    Command,
    Dialect,
    Presence,
    Recall,
    Regenerate,
    Reply,
    Screen,
    Speech,
    Submit,
    Talk,
)
from alisa_desktop.server.scene import Scene
from alisa_desktop.server.text_protocol import TextProtocol

GOING_AWAY = 1001
NO_BINARY = 1003
SENT_AWAY = 4001
"""The user disconnected this client: it should not come back by itself."""
TEXT_SUBPROTOCOL = "alisa.v1.text"
"""For clients that give a token as a subprotocol, and want to be answered by another one."""
SUBPROTOCOLS = frozenset({SUBPROTOCOL, TEXT_SUBPROTOCOL})
log = logging.getLogger(__name__)


class Hub:
    """Connects sockets with the talk. Use it on the loop's thread only.

    `scene` is one that hears the talk already, and so knows the reply under way.
    """

    def __init__(self, talk: Talk, policy: AccessPolicy, pace: Pace, scene: Scene) -> None:
        self.talk = talk
        self._policy = policy
        self._pace = pace
        self._clients: dict[Client, asyncio.Task[None] | None] = {}
        self._numbers = itertools.count(1)
        self._scene = scene
        self._lines = Lines()
        self._telling: asyncio.Handle | None = None
        self._told: tuple[ConnectedClient, ...] = ()
        self._closing = False
        self._unsubscribe = talk.bus.subscribe(self._deliver)

    @property
    def clients(self) -> tuple[ConnectedClient, ...]:
        """Who is connected, oldest first."""
        return tuple(client.card for client in self._clients)

    async def serve(self, socket: WebSocket, abort: Callable[[], None], send_now: SendNow = send_later) -> None:
        """Accept the socket and serve it until it closes; `abort` cuts the connection."""
        name = f"socket-{next(self._numbers)}"
        subprotocol = next((one for one in socket.scope["subprotocols"] if one in SUBPROTOCOLS), None)
        client = Client(name, self._dialect(socket, name, subprotocol), socket, abort, self._pace, send_now)
        client.put(client.dialect.greet())
        self._clients[client] = asyncio.current_task()
        self._tell_clients()
        try:
            await socket.accept(subprotocol)
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(client.write())
                await self._read(client)
                writer.cancel()
        finally:
            del self._clients[client]
            self._tell_clients()
            if client.speaking:  # it can't say any more that its speech has ended
                self.talk.speech(False, client.name)

    def _dialect(self, socket: WebSocket, name: str, subprotocol: str | None) -> Dialect:
        asked = socket.query_params
        if subprotocol == SUBPROTOCOL or (subprotocol is None and asked.get("v") == "2"):
            return JsonProtocol(name, self.talk, self._scene, self._lines)
        return TextProtocol(name, self._scene.emotion, vision=asked.get("vision") != "0")

    def send_away(self, name: str) -> None:
        """Disconnect the client of this name, because the user wants that."""
        for client in self._clients:
            if client.name == name:
                client.drop(SENT_AWAY, "disconnected by the user")

    def show_vision(self, update: Mapping[str, object]) -> None:
        """Tell every client that wants to know what Alisa sees (JSON values)."""
        self._scene.vision = update
        for client in self._clients:
            client.put(client.dialect.see(update))

    async def close(self) -> None:
        """Bring every reply to its end, close every client with 1001 and wait until they are gone."""
        self._closing = True
        self._unsubscribe()
        if self._telling:
            self._telling.cancel()
        for client in self._clients:
            client.put(client.dialect.farewell())
            client.drop(GOING_AWAY, "Alisa is closing")
        lives = [life for life in self._clients.values() if life]
        if lives:
            await asyncio.wait(lives, timeout=2 * self._pace.grace)
        self.talk.bus.publish(ClientsChanged(()))

    def _tell_clients(self) -> None:
        """Publish who is connected, once for all that happens in one turn of the loop."""
        if not (self._telling or self._closing):
            self._telling = asyncio.get_running_loop().call_soon(self._publish_clients)

    def _publish_clients(self) -> None:
        self._telling = None
        if (clients := self.clients) != self._told:
            self._told = clients
            self.talk.bus.publish(ClientsChanged(clients))

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
                card = client.card
                command = client.dialect.receive(frame)
                if client.card != card:
                    self._tell_clients()
                client.put(await self._answer(client, command))

    async def _answer(self, client: Client, command: Command) -> Sequence[str]:
        try:
            return await self._perform(client, command)
        except Exception:  # the socket is a boundary: a bug of ours costs one answer, not the connection
            log.exception("what a client asked for could not be done")
            return client.dialect.answer(Refused(SOMETHING_BROKE))

    async def _perform(self, client: Client, command: Command) -> Sequence[str]:
        """Do what a frame asks for; the frames that answer it."""
        match command:
            case Submit(text):
                return client.dialect.answer(self.talk.submit(text, client.name))
            case Regenerate():
                return client.dialect.again(self.talk.regenerate(client.name))
            case Recall(limit, before):
                return await self._recall(client, limit, before)
            case Reply(frames):
                return frames
            case Speech(active):
                client.speaking = active
                self.talk.speech(active, client.name)
            case Presence(value):
                self.talk.report_presence(value)
            case Screen(report):
                self.talk.report_screen(report)
        return client.dialect.took(command)

    async def _recall(self, client: Client, limit: int, before: str) -> Sequence[str]:
        try:
            turns = await self.talk.history(limit + 1, before)
        except MemoryFailed:
            return client.dialect.recall(None, more=False)
        return client.dialect.recall(turns[-limit:], more=len(turns) > limit)
