"""A client of Alisa Desktop in one file, to copy: it needs Python 3.10 or newer and `pip install websockets`.

    python alisa_client.py "hello"          what she answers, word for word
    python alisa_client.py --listen         what is said anywhere, as it is said
    python alisa_client.py --history 20     what was said last

    async with Alisa(name="my overlay") as alisa:
        reply = await alisa.say("hello")
        async for words in reply:
            print(words, end="", flush=True)
        print(reply.emotion)

It connects again by itself when the connection is lost, and a reply goes on where it was. It speaks version 2 of the
protocol (subprotocol `alisa.v2.json`), whose messages `GET /schema` of a running Alisa describes.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

SUBPROTOCOL = Subprotocol("alisa.v2.json")
USUAL_URL = "ws://127.0.0.1:8000/ws/chat"
SENT_AWAY = 4001
"""The close code of a client that the user disconnected: it stays away."""
REFUSALS = frozenset({400, 401, 403, 404, 421})
"""HTTP answers that trying again would not change."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds before the first try to connect again, doubled with every failure, and what they grow to."""
PATIENCE = 30.0
"""Seconds that an answer may take, and seconds to wait for a lost connection before something is sent."""
PAGE = 100
"""Turns that a page of the history may have."""
_HELLO, _MISSED = "hello", "missed"


# What goes wrong.


class AlisaError(Exception):
    """Anything that went wrong, as a sentence for people."""


class NotRunning(AlisaError):
    """Nobody answers at the address, or too many are connected already."""


class NotAllowed(AlisaError):
    """She does not let this client in: the token is wrong or missing, or she speaks another version."""


class Disconnected(AlisaError):
    """The connection is over for good: the user ended it, or it was closed here."""


class ConnectionLost(AlisaError):
    """The connection was lost before the answer came; whether the message arrived is not known."""


class Refused(AlisaError):
    """She did not take the message; `code` says why in a word that does not change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownMode(Refused):
    """There is no such mode."""


class NothingToRegenerate(Refused):
    """Nothing was said yet that could be answered again."""


class HistoryFailed(Refused):
    """The history can't be read."""


_REFUSED = {
    "unknown_mode": UnknownMode,
    "nothing_to_regenerate": NothingToRegenerate,
    "history_failed": HistoryFailed,
}


# What happens. Every field has a default, because an older Alisa may not send it; unknown fields are passed over.


@dataclass(frozen=True)
class Mode:
    """A way for her to be: its name, its title for people, and her face at rest."""

    name: str = ""
    title: str = ""
    emotion: str = "neutral"


@dataclass(frozen=True)
class Model:
    """What she thinks with; `state` is loading, ready, resting, missing or failed."""

    name: str = ""
    state: str = ""


@dataclass(frozen=True)
class Vision:
    """What she sees, while the user lets her."""

    look: str = ""
    hidden: bool = False
    app_kind: str = ""
    app: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class Welcome:
    """How everything stands: the first event, and the first one of every new connection.

    A reply that is under way comes after it as events of its own, without the words that were already told.
    """

    id: str = ""
    version: str = ""
    app_version: str = ""
    mode: str = ""
    modes: tuple[Mode, ...] = ()
    emotion: str = "neutral"
    model: Model = Model()
    capabilities: tuple[str, ...] = ()
    speaking: bool = False
    presence: str = ""
    vision: Vision | None = None


@dataclass(frozen=True)
class UserSpoke:
    """A turn began with the user's words (`at`: ISO 8601, empty when it began while we were away).

    `again`: she answers it anew, and what was said of it is void.
    """

    turn: str = ""
    text: str = ""
    at: str = ""
    again: bool = False


@dataclass(frozen=True)
class EmotionShown:
    """Her face changed."""

    turn: str = ""
    emotion: str = "neutral"


@dataclass(frozen=True)
class Text:
    """More words of the reply, to be appended."""

    turn: str = ""
    text: str = ""


@dataclass(frozen=True)
class End:
    """The turn is over; `text` is the whole reply without the `message` of a failure.

    `reason` is done, stopped or error; lost when the connection was away then and the history does not know the reply.
    """

    turn: str = ""
    reason: str = "done"
    emotion: str = "neutral"
    text: str = ""
    message: str = ""


@dataclass(frozen=True)
class Remark:
    """She said something unasked; only for clients that wish for it."""

    turn: str = ""
    emotion: str = "neutral"
    text: str = ""


@dataclass(frozen=True)
class ModeChanged:
    """Another mode is on."""

    mode: str = ""
    title: str = ""


@dataclass(frozen=True)
class ModelChanged:
    """Her model is loading, ready, resting, missing or failed."""

    model: Model = Model()


@dataclass(frozen=True)
class Speech:
    """Somebody's speech output began or ended."""

    active: bool = False


@dataclass(frozen=True)
class Presence:
    """What a sensor saw of the user; only for clients that wish for it."""

    value: str = ""


@dataclass(frozen=True)
class PastTurn:
    """A finished turn; `at` in ISO 8601, `reason` and `message` as in `End`."""

    turn: str = ""
    user_text: str = ""
    text: str = ""
    emotion: str = "neutral"
    mode: str = ""
    at: str = ""
    reason: str = "done"
    message: str = ""


@dataclass(frozen=True)
class History:
    """A page of the history, oldest turn first; `more`: there are older ones."""

    id: str = ""
    turns: tuple[PastTurn, ...] = ()
    more: bool = False


@dataclass(frozen=True)
class HistoryChanged:
    """The user had something forgotten: drop what you keep, or ask again."""


@dataclass(frozen=True)
class Error:
    """Something this client sent was not taken; where it answers a method, that raises `Refused` instead."""

    id: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class _Running:
    """The reply under way in a welcome, as far as it was said; `emotion` is none before her face is chosen."""

    turn: str = ""
    user_text: str = ""
    emotion: str | None = None
    text: str = ""
    again: bool = False


Event = (
    Welcome
    | UserSpoke
    | EmotionShown
    | Text
    | End
    | Remark
    | ModeChanged
    | ModelChanged
    | Speech
    | Vision
    | Presence
    | HistoryChanged
    | Error
)
_EVENTS: dict[str, type[Event]] = {
    "welcome": Welcome,
    "user_spoke": UserSpoke,
    "emotion": EmotionShown,
    "text": Text,
    "end": End,
    "remark": Remark,
    "mode_changed": ModeChanged,
    "model_changed": ModelChanged,
    "speech": Speech,
    "vision": Vision,
    "presence": Presence,
    "history_changed": HistoryChanged,
    "error": Error,
}


def _built(kind: Any, value: Any) -> Any:
    """A value of JSON as the dataclass `kind`, or as what its fields are made of."""
    if isinstance(kind, type) and is_dataclass(kind):
        kinds = get_type_hints(kind)
        known = {field.name: value[field.name] for field in fields(kind) if field.name in value}
        return kind(**{name: _built(kinds[name], one) for name, one in known.items()})
    if get_origin(kind) is tuple:
        return tuple(_built(get_args(kind)[0], one) for one in value)
    if type(None) in get_args(kind):
        return None if value is None else _built(get_args(kind)[0], value)
    return value


class Reply:
    """What she answers to one message, while she says it: iterate over it for its words, or await `finished`.

    `emotion` is empty until her face is chosen, `reason` until the reply is over; then it is the one of its `End`, and
    `message` says what went wrong, if something did; she said that too, as the last part of `text`.
    """

    def __init__(self, turn: str) -> None:
        self.turn = turn
        self.user_text = ""
        self.text = ""
        self.emotion = ""
        self.reason = ""
        self.message = ""
        self._again = False
        self._failure: AlisaError | None = None
        self._changed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Her words from the beginning, as they come. Raises what ended the connection when it is over before them."""
        told = 0
        while True:
            changed = self._changed
            if told < len(self.text):
                words, told = self.text[told:], len(self.text)
                yield words
            elif self._failure:
                raise self._failure
            elif self.reason:
                return
            else:
                await changed.wait()

    async def finished(self) -> Reply:
        """Wait for the end. Raises what ended the connection when it is over before that."""
        async for _ in self:
            pass
        return self

    def _take(self, event: Event) -> None:
        match event:
            case UserSpoke():
                self.user_text, self._again = event.text, event.again
            case EmotionShown():
                self.emotion = event.emotion
            case Text():
                self.text += event.text
            case End():
                self.emotion, self.reason, self.message = event.emotion, event.reason, event.message
                if not self.text.startswith(event.text):  # else it is all there, the message of a failure too
                    self.text = event.text
        self._wake()

    def _fail(self, error: AlisaError) -> None:
        self._failure = error
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Story:
    """What happened, over however many connections: takes what is told and gives out what is new of it. No I/O."""

    def __init__(self) -> None:
        self.welcome = Welcome()
        self.running: Reply | None = None
        self.missed: list[Reply] = []
        """The replies that ended while nobody was connected; the history may know how."""
        self._expected: list[Reply] = []
        """The replies that were promised and have not begun, in their order."""

    @property
    def open(self) -> list[Reply]:
        """Every reply whose end is still to come."""
        return [*([self.running] if self.running else []), *self._expected, *self.missed]

    def expect(self, turn: str) -> Reply:
        """The reply of a turn that will begin; over at once where there is none."""
        reply = Reply(turn)
        if turn:
            self._expected.append(reply)
        else:
            reply._take(End(reason="done"))
        return reply

    def welcomed(self, welcome: Welcome, running: _Running | None) -> Iterator[Event]:
        """A connection began, or `hello` was answered."""
        if not (welcome.id and replace(welcome, id="") == self.welcome):
            self.welcome = replace(welcome, id="")
            yield self.welcome
        yield from self._part_from(running)
        if running:
            yield from self._catch_up(running)

    def take(self, event: Event) -> Iterator[Event]:
        """Take in anything else that is told, and pass it on."""
        match event:
            case UserSpoke():
                self.running = self._begun(event.turn)
            case EmotionShown() | End() | Remark():
                self.welcome = replace(self.welcome, emotion=event.emotion)
            case ModeChanged():
                self.welcome = replace(self.welcome, mode=event.mode)
            case ModelChanged():
                self.welcome = replace(self.welcome, model=event.model)
            case Speech():
                self.welcome = replace(self.welcome, speaking=event.active)
            case Vision():
                self.welcome = replace(self.welcome, vision=event)
            case Presence():
                self.welcome = replace(self.welcome, presence=event.value)
        if isinstance(event, (UserSpoke, EmotionShown, Text, End)) and self.running:
            if event.turn == self.running.turn:
                self.running._take(event)
            if isinstance(event, End):
                self.running = None
        yield event

    def recover(self, turns: Iterable[PastTurn]) -> Iterator[Event]:
        """End the replies that were missed, with what the history knows of them."""
        known = {past.turn: past for past in turns}
        missed, self.missed = self.missed, []
        for reply in missed:
            past = known.get(reply.turn)
            told = self._missed_of(reply, past) if past else [End(reply.turn, "lost", reply.emotion, reply.text)]
            for event in told:
                reply._take(event)
                yield event

    def _begun(self, turn: str) -> Reply:
        reply = next((one for one in self._expected if one.turn == turn), None)
        if reply:
            self._expected.remove(reply)
        return reply or Reply(turn)

    def _missed_of(self, reply: Reply, past: PastTurn) -> Iterator[Event]:
        if not reply.user_text:
            yield UserSpoke(past.turn, past.user_text, past.at)
        if past.text.startswith(reply.text) and past.text != reply.text:
            yield Text(past.turn, past.text[len(reply.text) :])
        yield End(past.turn, past.reason, past.emotion, past.text, past.message)

    def _part_from(self, running: _Running | None) -> Iterator[Event]:
        """Give up the replies that are not under way any more."""
        going = running.turn if running else ""
        if (mine := self.running) and mine.turn != going:
            self.missed.append(mine)
            self.running = None
        elif mine and running and (running.again > mine._again or not running.text.startswith(mine.text)):
            yield from self.take(End(going, "lost", mine.emotion, mine.text))
            yield from self.take(UserSpoke(going, running.user_text, again=True))
        begun = [one for one in self._expected if one.turn == going][-1:]
        self.missed += [one for one in self._expected if one not in begun]
        self._expected = begun

    def _catch_up(self, running: _Running) -> Iterator[Event]:
        """What was said of the reply under way and is not told yet."""
        if not self.running:
            yield from self.take(UserSpoke(running.turn, running.user_text, again=running.again))
        mine = self.running or Reply(running.turn)
        if running.emotion and running.emotion != mine.emotion:
            yield from self.take(EmotionShown(running.turn, running.emotion))
        if rest := running.text[len(mine.text) :]:
            yield from self.take(Text(running.turn, rest))

    def now(self) -> Iterator[Event]:
        """What somebody has to be told who begins to listen now."""
        yield self.welcome
        if running := self.running:
            yield UserSpoke(running.turn, running.user_text)
            if running.emotion:
                yield EmotionShown(running.turn, running.emotion)
            if running.text:
                yield Text(running.turn, running.text)


class Alisa:
    """A connection to Alisa, open inside `async with`: iterate over it for everything that happens.

    Without `url` it looks where she tells that she listens. `name` is what the user sees of this client. The wishes:
    `unsolicited` for `Remark`, `vision` for `Vision`, `presence` for `Presence`. Entering raises `NotRunning` or
    `NotAllowed`; afterwards a lost connection is made again until the user ends it or she does not let us in any more.
    """

    def __init__(
        self,
        url: str = "",
        *,
        token: str = "",
        name: str = "",
        unsolicited: bool = False,
        vision: bool = False,
        presence: bool = False,
    ) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._wishes = {"client": name, "unsolicited": unsolicited, "vision": vision, "presence": presence}
        self._story = _Story()
        self._socket: ClientConnection | None = None
        self._ready = asyncio.Event()
        self._over: AlisaError | None = None
        self._met = False
        self._marks = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Alisa:
        self._life = asyncio.create_task(self._live())
        try:
            await self._ready.wait()
            self._check()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; replies that are not over yet fail with `Disconnected`."""
        if self._life:
            self._life.cancel()
            await asyncio.wait({self._life})

    async def __aiter__(self) -> AsyncIterator[Event]:
        """How everything stands, then everything that happens, until the connection is over for good."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        for event in self._story.now():
            events.put_nowait(event)
        if self._over:
            events.put_nowait(None)
        self._listeners.add(events)
        try:
            while (told := await events.get()) is not None:
                yield told
        finally:
            self._listeners.discard(events)
        if not isinstance(self._over, Disconnected):
            self._check()

    @property
    def now(self) -> Welcome:
        """How everything stands: her mode, her face, her model."""
        return self._story.welcome

    async def say(self, text: str) -> Reply:
        """Say something; the reply is under way when this returns. It ends the one before."""
        reply: Reply = await self.ask("say", text=text)
        return reply

    async def regenerate(self) -> Reply:
        """Have the last message answered again. Raises `NothingToRegenerate`."""
        reply: Reply = await self.ask("regenerate")
        return reply

    async def stop(self) -> None:
        """End the reply that is under way."""
        await self.ask("stop")

    async def set_mode(self, mode: str) -> None:
        """Switch the mode, from the next message on. Raises `UnknownMode`."""
        await self.ask("set_mode", mode=mode)

    async def history(self, before: str = "", limit: int = 20) -> History:
        """A page of at most `PAGE` turns: the latest, or those before a turn. Raises `HistoryFailed`."""
        page: History = await self.ask("get_history", before=before, limit=limit)
        return page

    async def speech(self, active: bool) -> None:
        """Tell her that this client's speech output began or ended."""
        await self.ask("speech", active=active)

    async def ask(self, kind: str, **fields: object) -> Any:
        """Send any message of the protocol and wait for its answer.

        Raises `Refused`, `ConnectionLost` when the connection breaks before the answer, `Disconnected`, `NotAllowed`.
        """
        socket = await self._connected()
        mark = str(next(self._marks))
        answer = self._waiting[mark] = asyncio.get_running_loop().create_future()
        try:
            await socket.send(json.dumps({"type": kind, "id": mark, **fields}))
            return await asyncio.wait_for(answer, PATIENCE)
        except (ConnectionClosed, asyncio.TimeoutError) as error:
            raise ConnectionLost("The connection to Alisa was lost before she answered.") from error
        finally:
            del self._waiting[mark]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at, even where the sending failed first

    async def _connected(self) -> ClientConnection:
        try:
            await asyncio.wait_for(self._ready.wait(), PATIENCE)
        except asyncio.TimeoutError as error:
            raise ConnectionLost("Alisa is not running any more.") from error
        self._check()
        if not self._socket:
            raise ConnectionLost("There is no connection; use `async with`.")
        return self._socket

    def _check(self) -> None:
        if self._over:
            raise self._over

    async def _live(self) -> None:
        over: AlisaError = Disconnected("The connection to Alisa is closed.")
        try:
            over = await self._stay_connected()
        finally:
            self._over = over
            self._ready.set()
            self._lose(over)
            for reply in self._story.open:
                reply._fail(over)
            for listener in self._listeners:
                listener.put_nowait(None)

    async def _stay_connected(self) -> AlisaError:
        """Connect again and again, until that is no use; why."""
        pause = FIRST_PAUSE
        while True:
            over = await self._connect()
            if isinstance(over, (NotAllowed, Disconnected)) or not self._met:
                return over
            if self._ready.is_set():
                pause = FIRST_PAUSE
            self._ready.clear()
            self._lose(over)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _connect(self) -> AlisaError:
        """Connect once and listen until the connection closes; why it did."""
        url = self._url or find_url()
        try:
            async with connect(
                url, subprotocols=[SUBPROTOCOL], additional_headers=self._headers, proxy=None, max_size=None
            ) as socket:
                return await self._listen(socket)
        except InvalidStatus as refused:
            sentence = bytes(refused.response.body or b"").decode(errors="replace") or str(refused)
            return NotAllowed(sentence) if refused.response.status_code in REFUSALS else NotRunning(sentence)
        except InvalidURI:
            return NotAllowed(f"{url} is not the address of a WebSocket, such as {USUAL_URL}.")
        except (OSError, InvalidHandshake, ConnectionClosed):
            return NotRunning(f"Nobody answers at {url}. Is Alisa running?")

    async def _listen(self, socket: ClientConnection) -> AlisaError:
        if socket.subprotocol != SUBPROTOCOL:
            return NotAllowed("This Alisa does not speak version 2 of the protocol yet. Update her.")
        self._socket = socket
        try:
            await socket.send(json.dumps({"type": "hello", "id": _HELLO, **self._wishes}))
            while True:
                for message in self._answers(json.loads(await socket.recv())):
                    await socket.send(json.dumps(message))
        except ConnectionClosed:
            if socket.close_code == SENT_AWAY:
                return Disconnected("The user disconnected this client.")
            return ConnectionLost("The connection to Alisa was lost.")

    def _lose(self, error: AlisaError) -> None:
        """Nobody answers any more what was asked over the connection that is gone."""
        self._socket = None
        for answer in self._waiting.values():
            if not answer.done():
                lost = error if isinstance(error, Disconnected) else ConnectionLost(str(error))
                answer.set_exception(lost)

    def _answers(self, message: dict[str, Any]) -> Iterator[dict[str, object]]:
        """Take one message in; what has to be sent because of it."""
        kind, mark = str(message.get("type")), str(message.get("id", ""))
        if kind == "welcome":
            running = message.get("reply")
            told = self._story.welcomed(_built(Welcome, message), _built(_Running, running) if running else None)
            self._tell(told)
            self._met = True
            self._ready.set()
            if self._story.missed and mark != _HELLO:
                yield {"type": "get_history", "id": _MISSED, "limit": PAGE}
        elif mark == _MISSED:
            self._tell(self._story.recover(_built(History, message).turns))
        elif not self._answered(kind, mark, message) and kind in _EVENTS:
            self._tell(self._story.take(_built(_EVENTS[kind], message)))

    def _answered(self, kind: str, mark: str, message: dict[str, Any]) -> bool:
        """Whether the message answers something; who asked gets it."""
        answer = self._waiting.get(mark)
        if kind == "accepted":
            result: Any = self._story.expect(str(message.get("turn", "")))
        elif kind == "history":
            result = _built(History, message)
        elif kind == "error" and answer:
            code = str(message.get("code", ""))
            result = _REFUSED.get(code, Refused)(code, str(message.get("message", "")))
        else:
            return False
        if answer and not answer.done():
            answer.set_exception(result) if isinstance(result, AlisaError) else answer.set_result(result)
        return True

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            for listener in self._listeners:
                listener.put_nowait(event)


def find_url() -> str:
    """Where the Alisa of this user listens while she runs, and else the usual address."""
    try:
        told = json.loads((_profile() / "endpoint.json").read_text(encoding="utf-8"))
        return str(told["address"])
    except (OSError, ValueError, LookupError, TypeError):
        return USUAL_URL


def _profile() -> Path:
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return folder / "Alisa"


# The command line.


async def _say(alisa: Alisa, text: str) -> bool:
    reply = await alisa.say(text)
    async for words in reply:
        print(words, end="", flush=True)
    print()
    return reply.reason == "done"


async def _show_history(alisa: Alisa, count: int) -> None:
    turns: tuple[PastTurn, ...] = ()
    more = True
    while more and len(turns) < count:
        page = await alisa.history(turns[0].turn if turns else "", min(PAGE, count - len(turns)))
        turns, more = page.turns + turns, page.more
    for turn in turns:
        print(f"{turn.at}\n> {turn.user_text}\n[{turn.emotion}] {turn.text}\n")


async def _show_events(alisa: Alisa) -> None:
    async for event in alisa:
        match event:
            case Welcome():
                print(f"(Alisa {event.app_version}, {event.mode}, {event.emotion})")
            case UserSpoke():
                print(f"> {event.text}")
            case EmotionShown():
                print(f"[{event.emotion}] ", end="", flush=True)
            case Text():
                print(event.text, end="", flush=True)
            case End():
                print("" if event.reason == "done" else f" ({event.reason})")
            case Remark():
                print(f"[{event.emotion}] {event.text}")
            case ModeChanged():
                print(f"(now {event.title})")


async def _run(asked: argparse.Namespace) -> bool:
    async with Alisa(asked.url, token=asked.token, name="alisa_client.py", unsolicited=asked.listen) as alisa:
        if asked.mode:
            await alisa.set_mode(asked.mode)
        if asked.history:
            await _show_history(alisa, asked.history)
        done = await _say(alisa, " ".join(asked.text)) if asked.text else True
        if asked.listen:
            await _show_events(alisa)
        return done


def main() -> int:
    """What was asked for on the command line; 1 when it went wrong."""
    parser = argparse.ArgumentParser(description="Talk with Alisa Desktop.")
    parser.add_argument("text", nargs="*", help="words for her")
    parser.add_argument("--listen", action="store_true", help="show what is said anywhere, until Ctrl-C")
    parser.add_argument("--history", type=int, default=0, metavar="N", help="show the last N turns")
    parser.add_argument("--mode", default="", help="switch her mode first, to study for example")
    parser.add_argument("--token", default=os.environ.get("ALISA_TOKEN", ""), help="or set ALISA_TOKEN")
    parser.add_argument("--url", default="", help=f"where she listens; found by itself, else {USUAL_URL}")
    asked = parser.parse_args()
    if not (asked.text or asked.listen or asked.history or asked.mode):
        parser.error("say something, or use --listen, --history or --mode")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return 0 if asyncio.run(_run(asked)) else 1
    except AlisaError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
