"""Who knocks at her door is a program of the user's own: what it wants is done, and what it says are the user's words.

They go the way of what is typed in the terminal: one talk, one history, and the bubble shows them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from alisa_desktop.conversation.commands import ModeSet, Refused, Said, Submission
from alisa_desktop.conversation.session import Conversation
from alisa_desktop.core import knocks
from alisa_desktop.core.events import Event, ReplyFinished, ReplyText
from alisa_desktop.core.knocks import Answer, Guest, Lines, NoSuchWords, Quit, Say, Show, Stop, Wish
from alisa_desktop.core.messages import Outcome

MOST_GUESTS = 16
"""At once; each is one command that waits for an answer. As many more are told that they are too many."""
PATIENCE_SECONDS = 10.0
"""Who has said nothing for that long after knocking is sent away."""
SENDER = "command"
WINDOWLESS = "I run without windows here. Quit me with “alisa-desktop quit”, then start me again."
CROWDED = "Too many programs talk with me at once. Try again in a moment."
NOT_UNDERSTOOD = "I don't understand that. Perhaps another version of me asks; restart me."
Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Porter:
    """Answers the door. On the loop's thread.

    `leave` begins to quit, `come_forward` shows her (None: there are no windows). Words wait until `serve`.
    """

    def __init__(self, leave: Callable[[], None], come_forward: Callable[[], None] | None = None) -> None:
        self.leave = leave
        self.come_forward = come_forward
        self.talk: Conversation | None = None
        self.guests: set[Visitor] = set()
        self._spawn: Spawn | None = None

    def serve(self, talk: Conversation, spawn: Spawn) -> None:
        """Hand words to this talk from now on, also those that wait already."""
        self.talk, self._spawn = talk, spawn
        talk.bus.subscribe(self._hear)
        for guest in tuple(self.guests):
            guest.begin()

    def welcome(self, send: Callable[[bytes], None], hang_up: Callable[[], None]) -> Guest:
        """Let a visitor in: a `knocks.Welcome`."""
        guest = Visitor(self, send, hang_up)
        self.guests.add(guest)
        if len(self.guests) > 2 * MOST_GUESTS:
            guest.end()
        return guest

    def stop(self, turn: str) -> None:
        """End the reply of this turn, if it is still under way."""
        if self.talk and self._spawn:
            self._spawn(self.talk.finish_turns(turn))

    def _hear(self, event: Event) -> None:
        if isinstance(event, ReplyText | ReplyFinished):
            for guest in tuple(self.guests):
                guest.hear(event)


class Visitor:
    """One visitor, from the knock to the end: a `Guest`."""

    def __init__(self, porter: Porter, send: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        self._porter = porter
        self._send = send
        self._hang_up = hang_up
        self._lines = Lines(knocks.LONGEST_WISH)
        self._said: Say | None = None
        self._turn = ""
        self._mode = ""
        self._over = False
        self._patience: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self.end)

    def feed(self, data: bytes) -> None:
        """Bytes came."""
        try:
            for line in () if self._over else self._lines.feed(data):
                self._do(knocks.read_wish(line))
        except NoSuchWords:
            self.end(knocks.Refused(NOT_UNDERSTOOD))

    def gone(self) -> None:
        """They have hung up: nobody waits for the reply any more."""
        self._stop()
        self.end()

    def hear(self, event: ReplyText | ReplyFinished) -> None:
        """Something happens in the talk."""
        match event:
            case _ if event.turn != self._turn:
                pass
            case ReplyText():
                self._answer(knocks.Words(event.text))
            case ReplyFinished():
                self._turn = ""
                told = (self._mode, str(event.emotion), event.text, event.tokens, event.seconds)
                self.end(knocks.Finished(*told, str(event.outcome), event.notice))

    def begin(self) -> None:
        """Hand on what was said, once there is a talk."""
        if not (self._said and self._porter.talk):
            return
        said, self._said, talk = self._said, None, self._porter.talk
        self._mode = said.mode or talk.mode.name
        self._take(talk.submit(_whole(said.text), SENDER, may_look=True, mode=said.mode))

    def end(self, answer: Answer | None = None) -> None:
        """Give the last answer, if there is one, and hang up. May be called twice."""
        if self._over:
            return
        if answer:
            self._answer(answer)
        self._over = True
        self._porter.guests.discard(self)
        self._wait_no_more()
        self._hang_up()

    def _do(self, wish: Wish) -> None:
        if isinstance(wish, Stop):
            if self._said:  # it waits for the talk still
                self.end(knocks.Finished(self._said.mode, "", "", 0, 0.0, str(Outcome.STOPPED), ""))
            self._stop()
            return
        if self._patience is None or self._over:
            return  # one wish a visit
        self._wait_no_more()
        done = knocks.Done(os.getpid())
        match wish:
            case _ if len(self._porter.guests) > MOST_GUESTS:
                self.end(knocks.Refused(CROWDED))
            case Say():
                self._said = wish
                self.begin()
            case Quit():
                self.end(done)
                self._porter.leave()
            case Show() if self._porter.come_forward:
                self._porter.come_forward()
                self.end(done)
            case Show():
                self.end(knocks.Refused(WINDOWLESS))

    def _take(self, submission: Submission) -> None:
        match submission:
            case Said(turn):
                self._turn = turn
            case ModeSet(mode):
                self.end(knocks.ModeSet(mode))
            case Refused(sentence):
                self.end(knocks.Refused(sentence))
            case _:
                self.end(knocks.Done(os.getpid()))

    def _stop(self) -> None:
        self._said = None
        if self._turn:
            self._porter.stop(self._turn)

    def _answer(self, answer: Answer) -> None:
        self._send(knocks.write_answer(answer))

    def _wait_no_more(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None


def _whole(text: str) -> str:
    """`text` without halves of surrogate pairs, which a command line may hold and UTF-8 may not."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
