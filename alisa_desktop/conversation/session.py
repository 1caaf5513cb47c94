"""The conversation: say, stop, set the mode; one turn at a time, everybody hears the same, in one order."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC

from alisa_desktop.conversation.commands import (
    Look,
    ModeSet,
    Refused,
    Said,
    SetMode,
    Stop,
    Stopped,
    Submission,
    parse_command,
)
from alisa_desktop.conversation.ports import ChatModel, Memory
from alisa_desktop.conversation.turn import Desk, Request, run_turn
from alisa_desktop.core.bus import EventBus
from alisa_desktop.core.errors import UnknownMode
from alisa_desktop.core.events import (
    EmotionChanged,
    Event,
    HistoryChanged,
    ModeChanged,
    NoticeRaised,
    PresenceReported,
    Remarked,
    ReplyFinished,
    SpeechEnded,
    SpeechStarted,
)
from alisa_desktop.core.messages import Emotion, ModelStatus, ScreenReport, Turn
from alisa_desktop.core.sight import Sight
from alisa_desktop.persona.modes import Mode, Modes

log = logging.getLogger(__name__)

LOOK = "Look at my screen."
"""What the user says who asks for a look without words."""
NOT_FROM_THERE = "Only you yourself can let me look: in my bubble, in my menu, or with the keys you chose in Settings."
SAY_SOMETHING = "There is nothing in that message; write something and I will answer."


class Conversation:
    """Alisa's side of the talk. Every method belongs to the loop's thread and returns at once, but for `close`.

    New words cancel the reply that is under way and wait for its end before theirs begins.
    """

    def __init__(self, bus: EventBus, desk: Desk, modes: Modes, mode: str) -> None:
        self.bus = bus
        self.modes = modes
        self.mode: Mode = modes.find(mode)
        self.emotion: Emotion = self.mode.resting
        self._desk = desk
        self._last: Request | None = None
        self._open: list[Request] = []
        self._waiting: asyncio.Queue[Request | None] = asyncio.Queue()
        self._remarks: deque[Remarked] = deque()
        self._told: set[str] = set()
        self._worker = asyncio.ensure_future(self._work())

    @property
    def model_status(self) -> ModelStatus:
        """Where the model stands that answers now."""
        return self._desk.model.status

    # what the edges ask for

    def submit(self, text: str, sender: str = "", *, may_look: bool = False, mode: str = "") -> Submission:
        """Words from an edge: chat, `/mode name`, `/stop`, or `/look words` from an edge that is the user's own.

        Chat is answered in `mode` where one is named, this once.
        """
        match parse_command(text):
            case SetMode(name):
                try:
                    return ModeSet(self.set_mode(name, sender).name)
                except UnknownMode as error:
                    return Refused(error.sentence)
            case Stop():
                self.stop()
                return Stopped()
            case Look(words) if may_look:
                return Said(self.look(words, sender))
            case Look():
                return Refused(NOT_FROM_THERE)
        if not text.strip():
            return Refused(SAY_SOMETHING)
        try:
            return Said(self.say(text, sender, mode=self.modes.find(mode) if mode else None))
        except UnknownMode as error:
            return Refused(error.sentence)

    def look(self, text: str = "", sender: str = "") -> str:
        """Look at the screen and begin a turn with these words, or with `LOOK`; returns its id."""
        return self.say(text.strip() or LOOK, sender, look=True)

    def say(self, text: str, sender: str = "", *, look: bool = False, mode: Mode | None = None) -> str:
        """Begin a turn with these words, after stopping the one under way; returns its id. `mode` holds this once."""
        at = self._desk.now().astimezone(UTC)
        request = Request(uuid.uuid4().hex, text.strip(), mode or self.mode, at, sender, look=look)
        self._last = request
        self._enqueue(request)
        return request.turn

    def regenerate(self, sender: str = "") -> str | None:
        """Answer the last message again, in its own place; returns its turn, or None when there is nothing yet."""
        if self._last is None:
            return None
        last = self._last
        request = Request(last.turn, last.text, self.mode, last.at, sender, again=True, look=last.look)
        self._enqueue(request)
        return request.turn

    def stop(self) -> None:
        """End the reply that is under way, and those that wait; what was said is kept."""
        for request in self._open:
            request.stop.set()

    def set_mode(self, name: str, sender: str = "") -> Mode:
        """Switch the mode, from the next turn on; raises `UnknownMode`."""
        self.mode = self.modes.find(name)
        self.bus.publish(ModeChanged(self.mode.name, self.mode.title, sender))
        return self.mode

    def speech(self, active: bool, sender: str = "") -> None:
        """A client's speech output began or ended."""
        self.bus.publish(SpeechStarted(sender) if active else SpeechEnded(sender))

    async def history(self, limit: int, before: str = "") -> Sequence[Turn]:
        """The latest finished turns, or those before a known one, at most `limit`, oldest first.

        Raises `MemoryFailed`.
        """
        return await self._desk.memory.recent(limit, before)

    def report_presence(self, value: str) -> None:
        """A sensor saw the user (present, absent, focused, distracted, or a facial emotion)."""
        self._desk.surroundings.presence = value
        self.bus.publish(PresenceReported(value))

    def report_screen(self, report: ScreenReport) -> None:
        """A sensor saw the screen; kept for a while as context."""
        self._desk.surroundings.report(report, self._desk.now())

    def see(self, sight: Sight) -> None:
        """The eyes saw something without being asked."""
        self._desk.surroundings.see(sight, self._desk.now())

    def forget_sights(self) -> None:
        """Know nothing any more of what was on the screen, in this talk either."""
        self._desk.surroundings.forget()
        self._desk.transcript.forget_notes()

    # what the engine changes

    def remark(self, text: str, emotion: Emotion) -> None:
        """Say something unasked, between two turns: now, or after those under way."""
        self._remarks.append(Remarked(uuid.uuid4().hex, text, emotion))
        self._tell_remarks()

    def load(self, turns: Sequence[Turn], telling: Sequence[Turn] = ()) -> None:
        """Go on from stored turns; `telling` are older ones in which the user may have told who they are.

        Both oldest first.
        """
        self._desk.transcript.load(turns)
        for turn in (*telling, *turns):
            self._desk.user.hear(turn.id, turn.user_text)
        if turns:
            last = turns[-1]
            self._last = Request(last.id, last.user_text, self.mode, last.at)

    def use(self, model: ChatModel, memory: Memory | None = None) -> None:
        """Answer with this model (and memory) from the next turn on."""
        self._desk.model = model
        self._desk.memory = memory or self._desk.memory

    def use_modes(self, modes: Modes) -> None:
        """The persona files changed; the present mode stays on where it still exists, else the first one is on."""
        self.modes = modes
        if self.mode.name in modes:
            self.mode = modes[self.mode.name]
        else:
            self.set_mode(next(iter(modes)))

    def forget(self, turn: str | None = None) -> None:
        """Take one turn, or everything, out of the talk; windows look again."""
        self._desk.transcript.forget(turn)
        self._desk.user.forget(turn)
        if self._last and turn in (None, self._last.turn):
            self._last = None
        self.bus.publish(HistoryChanged())

    async def between_turns(self) -> None:
        """Wait until no turn is under way or waits; what follows at once happens between two replies."""
        while self._open:
            await self._open[-1].done.wait()

    async def finish_turns(self, turn: str | None = None) -> None:
        """Stop every turn (or this one) that was begun until now, and wait until they are stored.

        Later ones are let alone.
        """
        begun = [request for request in self._open if turn in (None, request.turn)]
        for request in begun:
            request.stop.set()
        for request in begun:
            await request.done.wait()

    async def close(self) -> None:
        """Stop, tell everybody, store what was said; afterwards no task is left."""
        self._waiting.put_nowait(None)
        self.stop()
        await self._worker

    # the work

    def _enqueue(self, request: Request) -> None:
        self.stop()
        self._open.append(request)
        self._waiting.put_nowait(request)

    async def _work(self) -> None:
        while request := await self._waiting.get():
            try:
                await self._answer(request)
            finally:
                self._open.remove(request)
                request.done.set()
                self._tell_remarks()

    def _tell_remarks(self) -> None:
        while self._remarks and not self._open:
            self._publish(self._remarks.popleft())

    async def _answer(self, request: Request) -> None:
        async with aclosing(run_turn(request, self._desk)) as events:
            async for event in events:
                self._publish(event)

    def _publish(self, event: Event) -> None:
        match event:
            case EmotionChanged() | ReplyFinished() | Remarked():
                self.emotion = event.emotion
            case NoticeRaised(text):
                if text in self._told:
                    return
                self._told.add(text)
        self.bus.publish(event)
