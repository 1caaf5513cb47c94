"""The whole way of a message, on one screen: words in, events out."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from alisa_desktop.conversation.acquaintance import Acquaintance
from alisa_desktop.conversation.facts import find_facts
from alisa_desktop.conversation.ports import ChatModel, Memory
from alisa_desktop.conversation.reply import Reply
from alisa_desktop.conversation.surroundings import Surroundings
from alisa_desktop.conversation.transcript import Transcript
from alisa_desktop.core.errors import SOMETHING_BROKE, AlisaError, MemoryFailed, MessageTooLong, SightFailed
from alisa_desktop.core.events import Event, NoticeRaised, ReplyFinished, UserSpoke
from alisa_desktop.core.messages import (
    Chosen,
    Chunk,
    Emotion,
    Fact,
    FactKind,
    Occasion,
    Outcome,
    Prompt,
    StreamPart,
    Turn,
)
from alisa_desktop.core.sight import Depth, Sight
from alisa_desktop.persona.crisis import CrisisRule
from alisa_desktop.persona.modes import Mode
from alisa_desktop.persona.prompt import Exchange, build_prompt, eyes_note, messages_for, system_prompt, with_notes

NO_REPLY = "I had nothing to say to that, which is odd. Ask me again, or in other words."
LONGEST_REPLY = 2048
"""Tokens a reply may take where the persona file sets no limit."""
NOT_STORED = "Something went wrong on my side when I wrote that down, so I may not remember it later."
PAST_WITH_PICTURE = 2
"""Turns before a message with a picture: all of them would be read anew, because a picture has a context of its own."""
CRISIS_SOURCE = "crisis rule"
"""Stands in a stored turn where the model's name stands otherwise."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Desk:
    """What turns work with. `now` gives the local time (aware), `chance` throws coins and dice."""

    model: ChatModel
    memory: Memory
    character: str
    crisis: CrisisRule
    now: Callable[[], datetime]
    transcript: Transcript = field(default_factory=Transcript)
    surroundings: Surroundings = field(default_factory=Surroundings)
    user: Acquaintance = field(default_factory=Acquaintance)
    chance: random.Random = field(default_factory=random.SystemRandom)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user wants answered; `again` answers the turn of this id anew, `look` with the eyes open.

    Setting `stop` ends the reply; `done` is set when the turn is over and stored.
    """

    turn: str
    text: str
    mode: Mode
    at: datetime
    sender: str = ""
    again: bool = False
    look: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


async def run_turn(request: Request, desk: Desk) -> AsyncGenerator[Event, None]:
    """Answer one message: `UserSpoke` first, `ReplyFinished` last, whatever happens between; nothing said is lost."""
    started = time.monotonic()
    yield UserSpoke(request.turn, request.text, request.at, request.sender, request.again)
    reply = Reply(request.turn, request.mode.resting)
    async with aclosing(_speak(request, desk, reply)) as events:
        async for event in events:
            yield event
    if reply.text or not request.again:  # a second try without a word must not cost the first
        if reply.readable:
            desk.transcript.add(Exchange(request.turn, reply.question or request.text, reply.as_sent, request.text))
        if trouble := await _record(request, desk, reply):
            yield NoticeRaised(trouble)
    seconds = round(time.monotonic() - started, 3)
    yield ReplyFinished(request.turn, reply.emotion, reply.outcome, reply.text, reply.notice, reply.tokens, seconds)


async def _speak(request: Request, desk: Desk, reply: Reply) -> AsyncGenerator[Event, None]:
    try:
        async with aclosing(_parts(request, desk, reply)) as parts:
            async for part in parts:
                for event in reply.take(part):
                    yield event
        for event in reply.end():
            yield event
        sentence = ""
    except AlisaError as error:
        sentence = error.sentence
        reply.readable = not isinstance(error, MessageTooLong)
    except Exception:  # a turn is a boundary: a bug of ours must cost one reply, never the talk
        log.exception("a turn failed")
        sentence = SOMETHING_BROKE
    if sentence:
        for event in (*reply.end(), *reply.fail(sentence)):
            yield event
    elif request.stop.is_set() and reply.source != CRISIS_SOURCE:
        reply.outcome = Outcome.STOPPED
    elif not reply.text:
        for event in reply.fail(NO_REPLY):
            yield event


async def _parts(request: Request, desk: Desk, reply: Reply) -> AsyncGenerator[StreamPart, None]:
    """The reply's parts: the fixed ones in a crisis, which nothing cuts off, else the model's until it is stopped."""
    if desk.crisis.applies(request.text):
        reply.source = CRISIS_SOURCE
        yield Chosen(Emotion.SERIOUS)
        yield Chunk(desk.crisis.answer)
        return
    async with aclosing(_until(request.stop, _generated(request, desk, reply))) as parts:
        async for part in parts:
            yield part


async def _generated(request: Request, desk: Desk, reply: Reply) -> AsyncGenerator[StreamPart, None]:
    await desk.model.ready()
    reply.source = desk.model.status.name
    looked, trouble = await _look(request, desk)
    reply.question = await _question(request, desk, looked, trouble)
    prompt = await _fitted_prompt(request, desk, reply.question, looked.picture if looked else "")
    async with aclosing(desk.model.stream(prompt)) as parts:
        async for part in parts:
            yield part


async def _look(request: Request, desk: Desk) -> tuple[Sight | None, str]:
    """What was asked to be looked at, as deep as the model can use it, or the sentence on why that can't be."""
    if not request.look:
        return None, ""
    depth = Depth.PICTURE if desk.model.status.sees else Depth.TEXT
    try:
        return await desk.surroundings.look(depth, desk.now), ""
    except SightFailed as error:
        return None, error.sentence


async def _question(request: Request, desk: Desk, looked: Sight | None, trouble: str) -> str:
    """The user's words as the model gets them, with the notes of the moment."""
    desk.user.hear(request.turn, request.text)
    now = desk.now()
    before = desk.user.said_before(request.turn)
    facts = find_facts(request.text, now, request.mode.name, desk.chance, before)
    facts += desk.user.facts(request.text)
    if trouble:
        facts.append(Fact(FactKind.EYES, eyes_note(trouble), found=False))
    else:
        facts += await desk.surroundings.facts(request.text, desk.now, looked)
    replies = desk.transcript.replies(request.turn if not request.again else "")
    notes = await desk.model.notes(Occasion(request.text, request.mode.name, tuple(facts), replies))
    return with_notes(request.text, notes)


async def _fitted_prompt(request: Request, desk: Desk, sent: str, picture: str) -> Prompt:
    system = system_prompt(desk.character, request.mode)
    longest = request.mode.sampling.max_tokens or LONGEST_REPLY
    room = desk.model.context_tokens - min(longest, desk.model.context_tokens // 4)

    async def measure(past: Sequence[Exchange]) -> int:
        return await desk.model.count(messages_for(system, past, sent))

    past = await desk.transcript.fit(request.turn, measure, room)
    if picture:
        past = past[-PAST_WITH_PICTURE:]
    prompt = build_prompt(request.mode, messages_for(system, past, sent), picture)
    return replace(prompt, sampling=replace(prompt.sampling, max_tokens=longest))


async def _record(request: Request, desk: Desk, reply: Reply) -> str:
    """Store the turn; returns the sentence for the user when that fails."""
    model = reply.source or desk.model.status.name
    turn = Turn(
        request.turn, request.text, reply.text, reply.emotion, request.mode.name, model, request.at, reply.outcome,
        reply.notice,
    )  # fmt: skip
    try:
        await (desk.memory.replace(turn) if request.again else desk.memory.record(turn))
    except MemoryFailed as error:
        return error.sentence
    except Exception:  # the same boundary: the reply was told, and the talk must go on
        log.exception("a turn was not stored")
        return NOT_STORED
    return ""


async def _until(stop: asyncio.Event, parts: AsyncGenerator[StreamPart, None]) -> AsyncGenerator[StreamPart, None]:
    """The parts until `stop` is set; chunks that come while all are busy become one, so that nobody falls behind."""
    arrived: list[StreamPart] = []
    news = asyncio.Event()

    async def collect() -> None:
        async with aclosing(parts):
            async for part in parts:
                arrived.append(part)
                news.set()

    collecting, stopped = asyncio.ensure_future(collect()), asyncio.ensure_future(stop.wait())
    for task in (collecting, stopped):
        task.add_done_callback(lambda _: news.set())
    try:
        while not (collecting.done() or stop.is_set()):
            await news.wait()
            news.clear()
            for part in _joined(arrived):
                yield part
    finally:
        stopped.cancel()
        if not collecting.done():
            collecting.cancel()
        with suppress(asyncio.CancelledError, Exception):  # what it raised is asked for below
            await collecting
    for part in _joined(arrived):
        yield part
    if not collecting.cancelled():
        collecting.result()


def _joined(arrived: list[StreamPart]) -> list[StreamPart]:
    """Take everything that has arrived, neighbouring chunks as one."""
    joined: list[StreamPart] = []
    for part in arrived:
        if isinstance(part, Chunk) and joined and isinstance(joined[-1], Chunk):
            joined[-1] = Chunk(joined[-1].text + part.text)
        else:
            joined.append(part)
    arrived.clear()
    return joined
