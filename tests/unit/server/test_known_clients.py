"""The known kinds of client for hours, in no time: their behaviour on a clock that jumps to whatever comes next."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_clients import Overlay, speakable, without_speech
from starlette.websockets import WebSocket

from alisa_desktop.core.events import EmotionChanged, Event, ReplyFinished, ReplyText, SpeechEnded, SpeechStarted
from alisa_desktop.core.messages import Emotion, Outcome
from alisa_desktop.server.client import Client, Pace
from alisa_desktop.server.text_protocol import TextProtocol

HOUR = 3600.0
PACE = Pace()
TOO_SLOW = (1013, "too slow: too many frames are waiting")
DEAD = (1013, "dead: a frame was not taken")


class _Jump(selectors.DefaultSelector):
    """Waits for nothing: whatever is due next is due now."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for somebody else"
        self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock begins at 0 and jumps."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def in_no_time(flow: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(flow)


def now() -> float:
    return asyncio.get_running_loop().time()


class Wire:
    """The connection to a client that reads or does not; `room` frames fit into the buffers on the way."""

    def __init__(self, room: int = 0) -> None:
        self.taken: list[tuple[float, str]] = []
        self.closed: tuple[int, str] | None = None
        self.aborted: float | None = None
        self._room = room
        self._reading = asyncio.Event()
        self._reading.set()

    @property
    def frames(self) -> list[str]:
        return [frame for _, frame in self.taken]

    def block(self, blocked: bool = True) -> None:
        if blocked:
            self._reading.clear()
        else:
            self._reading.set()

    async def send_text(self, frame: str) -> None:
        if not self._room:
            await self._reading.wait()
        elif not self._reading.is_set():
            self._room -= 1
        self.taken.append((now(), frame))

    async def close(self, code: int, reason: str) -> None:
        await self._reading.wait()
        self.closed = code, reason

    def abort(self) -> None:
        self.aborted = now()


class Line:
    """A client of the endpoint and the wire to it."""

    def __init__(self, name: str = "one", room: int = 0) -> None:
        self.wire = Wire(room)
        self.dialect = TextProtocol(name, Emotion.CALM)
        self.client = Client(name, self.dialect, cast(WebSocket, self.wire), self.wire.abort, PACE)

    def tell(self, *events: Event) -> None:
        for event in events:
            self.client.put(self.dialect.tell(event))


@asynccontextmanager
async def open_lines(*lines: Line) -> AsyncIterator[None]:
    writers = [asyncio.create_task(line.client.write()) for line in lines]
    try:
        yield
    finally:
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)


def a_reply(turn: str, chunks: Iterable[str]) -> list[Event]:
    return [
        EmotionChanged(turn, Emotion.HAPPY),
        *(ReplyText(turn, chunk) for chunk in chunks),
        ReplyFinished(turn, Emotion.SHY, Outcome.DONE, "", "", 0, 0.0),
    ]


def test_an_hour_of_silence_is_an_empty_frame_every_20_seconds() -> None:
    async def flow() -> None:
        line = Line()
        async with open_lines(line):
            await asyncio.sleep(HOUR + 1)
        assert line.wire.frames == [""] * 180
        assert [at for at, _ in line.wire.taken] == pytest.approx([20.0 * n for n in range(1, 181)])

    in_no_time(flow())


def test_twenty_seconds_count_from_the_last_frame() -> None:
    async def flow() -> None:
        line = Line()
        async with open_lines(line):
            for _ in range(5):
                await asyncio.sleep(15)
                line.tell(SpeechStarted("another"))
            await asyncio.sleep(21)
        assert line.wire.frames == ["[SPEECH_START]"] * 5 + [""]
        assert line.wire.taken[-1][0] == pytest.approx(95)

    in_no_time(flow())


def test_a_sensor_is_sent_nothing_in_an_hour() -> None:
    async def flow() -> None:
        line = Line()
        line.tell(SpeechStarted("another"))  # waits when the sensor says what it is
        line.dialect.receive("[VISION_FACE]present")
        async with open_lines(line):
            for turn in range(36):
                await asyncio.sleep(100)
                line.tell(*a_reply(str(turn), ["a", "b"]), SpeechStarted("x"), SpeechEnded("x"))
        assert line.wire.taken == [] and not line.client.leaving

    in_no_time(flow())


@pytest.mark.parametrize("room", [0, 1, 100, 5000])
def test_a_chat_that_blocks_for_75_seconds_finds_every_frame_in_order(room: int) -> None:
    async def flow() -> None:
        blocked, overlay = Line("blocked", room), Line("overlay")
        async with open_lines(blocked, overlay):
            blocked.wire.block()
            for turn in range(15):
                for line in (blocked, overlay):
                    line.tell(*a_reply(str(turn), [f"{turn}.{word} " for word in range(60)]))
                await asyncio.sleep(5)
                assert overlay.wire.frames.count("[END]") == turn + 1
            blocked.wire.block(False)
            await asyncio.sleep(1)
        assert blocked.wire.frames == overlay.wire.frames and len(overlay.wire.frames) == 15 * 63
        assert not blocked.client.leaving

    in_no_time(flow())


def test_1024_frames_may_wait_and_one_more_may_not() -> None:
    async def flow() -> None:
        line, other = Line(), Line("other")
        async with open_lines(line, other):
            line.wire.block()
            line.client.put(["in the writer's hand"])
            await asyncio.sleep(1)
            line.client.put([str(number) for number in range(1024)])
            await asyncio.sleep(1)
            assert not line.client.leaving
            line.client.put(["one more"])
            assert line.client.leaving
            line.client.put(["nobody hears this"])
            other.client.put(["still served"])
            await asyncio.sleep(0.5)
            assert line.wire.aborted is None and other.wire.frames == ["still served"]
            line.wire.block(False)
            await asyncio.sleep(1)
        assert line.wire.frames == ["in the writer's hand"] and line.wire.closed == TOO_SLOW
        assert line.wire.aborted == pytest.approx(3)

    in_no_time(flow())


def test_1024_waiting_frames_are_read_in_order() -> None:
    async def flow() -> None:
        line = Line()
        async with open_lines(line):
            line.wire.block()
            line.client.put([str(number) for number in range(1024)])
            await asyncio.sleep(299)
            line.wire.block(False)
            await asyncio.sleep(1)
        assert line.wire.frames == [str(number) for number in range(1024)] and not line.client.leaving

    in_no_time(flow())


@pytest.mark.parametrize(("seconds", "dropped"), [(75, False), (299, False), (301, True)])
def test_a_frame_may_wait_for_300_seconds(seconds: int, dropped: bool) -> None:
    async def flow() -> None:
        line = Line()
        async with open_lines(line):
            line.wire.block()
            line.client.put(["word"])
            await asyncio.sleep(seconds)
            assert line.client.leaving is dropped
            line.wire.block(False)
            await asyncio.sleep(0.5)
            assert line.wire.frames == ([] if dropped else ["word"])
            assert line.wire.closed == (DEAD if dropped else None)
            await asyncio.sleep(1)
        assert line.wire.aborted == (pytest.approx(301) if dropped else None)

    in_no_time(flow())


def test_who_blocks_in_silence_is_dropped_by_its_first_keep_alive_only() -> None:
    async def flow() -> None:
        line = Line()
        async with open_lines(line):
            line.wire.block()
            await asyncio.sleep(319)
            assert not line.client.leaving
            await asyncio.sleep(2)
            assert line.client.leaving
            await asyncio.sleep(1)
        assert line.wire.aborted == pytest.approx(321)

    in_no_time(flow())


WORDS = st.sampled_from(["[laughs]", "[", "]", "[]", " [sighs] fine", "word ", "[END]", "[SPEECH_END]", "\n[x]", "a]"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pause"), st.floats(0, 100)),
        st.tuples(st.just("reply"), st.lists(WORDS, min_size=1, max_size=8)),
        st.tuples(st.just("speech"), st.none()),
        st.tuples(st.just("block"), st.booleans()),
    ),
    max_size=12,
)


class Talk:
    """A talk that a text chat, an overlay and a voice chat hear; the text chat's loop may stand still for 200 s."""

    def __init__(self) -> None:
        self.chat, self.overlay, self.voice = Line("chat"), Line("overlay"), Line("voice")
        self.said = ""
        self._blocked_at: float | None = None

    async def do(self, what: str, detail: Any, turn: str) -> None:
        if what == "pause":
            await self._pause(detail)
        elif what == "block":
            self._block(detail)
        elif what == "speech":
            self._tell(SpeechStarted("voice"), SpeechEnded("voice"))
        else:
            self.said += "".join(detail)
            self._tell(*a_reply(turn, detail))

    def end(self) -> None:
        self._block(False)

    def heard(self, line: Line) -> list[str]:
        return [frame for frame in line.wire.frames if frame]

    def _tell(self, *events: Event) -> None:
        for line in (self.chat, self.overlay, self.voice):
            line.tell(*events)

    def _block(self, blocked: bool) -> None:
        if not blocked:
            self._blocked_at = None
        elif self._blocked_at is None:
            self._blocked_at = now()
        self.chat.wire.block(blocked)

    async def _pause(self, seconds: float) -> None:
        if self._blocked_at is not None and now() + seconds > self._blocked_at + 200:
            self._block(False)
        await asyncio.sleep(seconds)


@given(STEPS)
def test_however_long_the_chat_blocks_everybody_hears_the_same(steps: list[tuple[str, Any]]) -> None:
    talk, face = Talk(), Overlay()

    async def flow() -> None:
        async with open_lines(talk.chat, talk.overlay, talk.voice):
            for number, (what, detail) in enumerate(steps):
                await talk.do(what, detail, str(number))
            talk.end()
            await asyncio.sleep(1)

    in_no_time(flow())
    everything = talk.heard(talk.overlay)
    assert talk.heard(talk.chat) == everything
    assert talk.heard(talk.voice) == without_speech(everything)
    assert "".join(speakable(talk.heard(talk.voice))) == talk.said
    for frame in talk.overlay.wire.frames:
        face.hear(frame)
    assert face.spoken == sum(what == "speech" for what, _ in steps) and not face.mouth_open
    assert (face.face == "shy") is any(what == "reply" for what, _ in steps)
