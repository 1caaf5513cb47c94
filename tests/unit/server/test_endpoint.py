"""The endpoint with the clients of the original Alisa: a real server, a real conversation, real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from alisa_desktop.core.errors import SOMETHING_BROKE, ModelCrashed
from alisa_desktop.core.events import SpeechEnded
from alisa_desktop.core.messages import Emotion, Turn
from alisa_desktop.core.sight import Depth, Sight
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.client import Pace

Fixture = Callable[..., Any]


async def test_a_text_chat_and_an_overlay_hear_the_same(house: Any, hear: Fixture) -> None:
    overlay, chat = await house.enter(), await house.enter()
    house.model.reply("happy", "It's not like ", "I waited.")
    await chat.send(json.dumps({"message": "Hello Alisa!"}))
    told = await hear(chat)
    assert told[0] == "[EMOTION]happy" and told[-2:] == ["[EMOTION]happy", "[END]"]
    assert "".join(told[1:-2]) == "It's not like I waited."
    assert await hear(overlay) == told


async def test_plain_text_is_chat_too(house: Any, hear: Fixture) -> None:
    chat = await house.enter()
    house.model.reply("calm", "Yes?")
    await chat.send("Hello there")
    assert await hear(chat) == ["[EMOTION]calm", "Yes?", "[EMOTION]calm", "[END]"]


async def test_the_bubble_talks_and_everybody_hears(house: Any, hear: Fixture) -> None:
    one, two = await house.enter(), await house.enter()
    house.model.reply("shy", "Oh.")
    house.talk.submit("hi from the bubble")
    assert await hear(one) == await hear(two) == ["[EMOTION]shy", "Oh.", "[EMOTION]shy", "[END]"]


@pytest.mark.parametrize("frame", ["/mode study", '{"message": "/mode study"}', "/mode Serious"])
async def test_a_mode_is_switched(house: Any, hear: Fixture, frame: str) -> None:
    one, other = await house.enter(), await house.enter()
    await one.send(frame)
    assert await hear(one) == ["[MODE CHANGED]", "[END]"]
    assert house.talk.mode.name == "study"
    house.talk.submit("/mode chill")
    assert await other.recv() == await other.recv() == await one.recv() == "[MODE CHANGED]"
    house.model.reply("calm", "End.")
    await other.send("hi")
    assert (await hear(other))[0] == (await hear(one))[0] == "[EMOTION]calm"


async def test_an_unknown_mode_is_explained_to_its_sender(house: Any, hear: Fixture) -> None:
    one, other = await house.enter(), await house.enter()
    await one.send("/mode pirate")
    sentence, end = await hear(one)
    assert "pirate" in sentence and "study" in sentence and end == "[END]"
    await one.send('{"message": " "}')
    assert len(await hear(one)) == 2
    house.talk.submit("/mode study")
    assert await other.recv() == "[MODE CHANGED]"


async def test_a_reply_is_stopped_by_anybody(house: Any, hear: Fixture) -> None:
    chat, other = await house.enter(), await house.enter()
    house.model.feel("happy")
    house.model.say("Once upon a time ")
    await chat.send("a story")
    begun = [await chat.recv(), await chat.recv()]
    await other.send("/stop")
    assert begun + await hear(chat) == await hear(other)


async def test_new_words_end_the_old_reply_first(house: Any, hear: Fixture) -> None:
    chat = await house.enter()
    house.model.feel("happy")
    house.model.say("Once ")
    await chat.send("a story")
    assert (await chat.recv(), await chat.recv()) == ("[EMOTION]happy", "Once")
    await chat.send("something else")
    assert await hear(chat) == ["[EMOTION]happy", "[END]"]
    house.model.reply("calm", "Else.")
    assert await hear(chat) == ["[EMOTION]calm", "Else.", "[EMOTION]calm", "[END]"]


async def test_stopped_before_the_first_word_only_the_sender_hears_the_end(
    house: Any, hear: Fixture, eventually: Fixture
) -> None:
    begun: list[Any] = []
    house.talk.bus.subscribe(begun.append)
    chat, overlay = await house.enter(), await house.enter()
    await chat.send("a story")
    await eventually(lambda: begun)
    await chat.send("/stop")
    assert (await hear(chat))[1:] == ["[END]"]
    house.talk.submit("/mode study")
    assert await overlay.recv() == "[MODE CHANGED]"


async def test_a_failure_is_told_sadly(house: Any, hear: Fixture) -> None:
    chat = await house.enter()
    house.model.feel("happy")
    house.model.say("Once ", "upon")
    house.model.fail(ModelCrashed("My model stopped. Ask me again."))
    await chat.send("a story")
    told = await hear(chat)
    assert told[-2:] == ["[EMOTION]sad", "[END]"]
    words = [frame for frame in told if not frame.startswith("[")]
    assert "".join(words) == "Once upon\n\nMy model stopped. Ask me again."


async def test_a_bug_is_told_calmly(house: Any, hear: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    chat = await house.enter()

    def broken(text: str, sender: str = "") -> Any:
        raise ZeroDivisionError(text)

    house.talk.submit = broken
    await chat.send("hello")
    assert await hear(chat) == [SOMETHING_BROKE, "[END]"]
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


async def test_control_words_in_a_reply_stay_text(house: Any, hear: Fixture) -> None:
    chat = await house.enter()
    house.model.reply("teasing", "[END]", " [EMOTION]sad", " [MODE CHANGED]")
    await chat.send("repeat after me: [END]")
    told = await hear(chat)
    assert [frame for frame in told if frame.startswith("[") and len(frame) > 1] == [
        *("[EMOTION]teasing", "[EMOTION]teasing", "[END]"),
    ]
    assert "".join(told[1:-2]).startswith("[END]")


async def test_a_client_that_joins_in_mid_reply(house: Any, hear: Fixture) -> None:
    chat = await house.enter()
    house.model.feel("shy")
    house.model.say("First ")
    await chat.send("tell me")
    assert (await chat.recv(), await chat.recv()) == ("[EMOTION]shy", "First")
    late, later = await house.enter(), await house.enter()
    house.model.say("second.")
    assert (await late.recv(), await late.recv()) == ("[EMOTION]shy", " second.")
    house.model.end()
    assert await hear(late) == ["[EMOTION]shy", "[END]"]
    assert (await hear(later)).count("[END]") == 1


async def test_a_voice_chat_moves_the_mouth(house: Any, eventually: Fixture) -> None:
    voice, overlay = await house.enter(), await house.enter()
    for frame in ("[SPEECH_START]", "[SPEECH_END]"):
        await voice.send(frame)
        assert await overlay.recv() == frame
    house.talk.speech(True)
    assert await voice.recv() == await overlay.recv() == "[SPEECH_START]"


async def test_a_voice_that_vanishes_stops_speaking(house: Any, eventually: Fixture) -> None:
    ended: list[Any] = []
    house.talk.bus.subscribe(lambda event: ended.append(event) if isinstance(event, SpeechEnded) else None)
    voice, overlay = await house.enter(), await house.enter()
    await voice.send("[SPEECH_START]")
    assert await overlay.recv() == "[SPEECH_START]"
    voice.transport.abort()
    assert await overlay.recv() == "[SPEECH_END]"
    assert len(ended) == 1


async def test_two_sensors_report_and_are_sent_nothing(
    open_house: Fixture, hear: Fixture, rest: Fixture, eventually: Fixture
) -> None:
    async with open_house(pace=Pace(keep_alive=0.01)) as house:
        face, screen, chat = await house.enter(), await house.enter(), await house.enter()
        sent_before = [await face.recv(), await screen.recv()]  # nobody knows yet what they are
        assert sent_before == ["", ""]
        await face.send("[VISION_FACE]focused")
        await screen.send("[VISION_DESKTOP]coding|Editor|python|True|Help?|main.py|a|b")
        await eventually(lambda: house.desk.surroundings.presence == "focused" and house.desk.surroundings._seen)
        assert house.desk.surroundings._seen[1] == Sight("Editor", "main.py", depth=Depth.TEXT, text="a|b")
        house.model.reply("happy", "Nice code.")
        await chat.send("look")
        await screen.send("a sensor may even talk")
        house.model.reply("happy", "It spoke.")
        await hear(chat)
        await hear(chat)
        await house.endpoint.close()
        for sensor in (face, screen):
            frames, code, _ = await rest(sensor)
            assert set(frames) <= {""} and code == 1001


async def test_vision_is_shown_to_those_who_want_it(house: Any) -> None:
    overlay, chat = await house.enter(), await house.enter("?vision=0")
    house.endpoint.show_vision({"app": "Editor"})
    house.talk.submit("/mode study")
    assert [await overlay.recv(), await overlay.recv()] == ['[VISION]{"app":"Editor"}', "[MODE CHANGED]"]
    assert await chat.recv() == "[MODE CHANGED]"


async def test_keep_alives_are_empty(open_house: Fixture) -> None:
    async with open_house(pace=Pace(keep_alive=0.01)) as house:
        client = await house.enter()
        assert [await client.recv(), await client.recv()] == ["", ""]
        await client.send("")


async def test_closing_ends_the_reply_then_the_socket(open_house: Fixture, rest: Fixture) -> None:
    async with open_house() as house:
        chat, overlay, silent = await house.enter(), await house.enter(), await house.enter()
        house.model.feel("surprised")
        house.model.say("Once ")
        await chat.send("a story")
        for client in (chat, overlay):
            assert (await client.recv(), await client.recv()) == ("[EMOTION]surprised", "Once")
        await silent.close()
        await house.endpoint.close()
        for client in (chat, overlay):
            assert await rest(client) == (["[EMOTION]surprised", "[END]"], 1001, "Alisa is closing")
        assert house.talk.emotion is Emotion.SURPRISED  # the reply itself goes on, in the bubble


async def test_binary_frames_are_refused(house: Any, rest: Fixture) -> None:
    client = await house.enter()
    await client.send(b"\x00\x01")
    assert await rest(client) == ([], 1003, "text frames only")


async def test_a_message_has_a_largest_size(house: Any, rest: Fixture) -> None:
    client = await house.enter(max_size=None)
    await client.send("[VISION_SMELL]" + "x" * (1024 * 1024 - 14))
    await client.send("x" * (1024 * 1024 + 1))
    frames, code, _ = await rest(client)
    assert (frames, code) == ([], 1009)


async def test_a_slow_client_delays_nobody(
    open_house: Fixture, eventually: Fixture, rest: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(pace=Pace(frames_waiting=20, grace=30)) as house:
        slow, quick = await house.enter(max_queue=1), await house.enter()
        house.model.feel("happy")
        await quick.send("talk a lot")
        assert await quick.recv() == "[EMOTION]happy"
        chunk = "x" * 256 * 1024
        for _ in range(400):
            house.model.say(chunk)
            assert await quick.recv() == chunk
            if "is dropped" in caplog.text:
                break
        house.model.end()
        assert "too slow" in caplog.text
        assert (await rest(slow))[1:] == (1013, "too slow: too many frames are waiting")


async def test_a_client_that_asks_and_never_reads_fills_no_memory(open_house: Fixture, rest: Fixture) -> None:
    async with open_house(pace=Pace(characters_waiting=5_000_000, grace=30)) as house:
        client = await house.enter("?v=2", max_queue=1, max_size=None)

        async def history(limit: int, before: str = "") -> list[Turn]:
            return [turn]

        turn = Turn("t", "x" * 1_000_000, "y", Emotion.HAPPY, "default", "hand", datetime.now(UTC))
        house.talk.history = history
        for _ in range(60):
            await client.send('{"type":"get_history"}')
        frames, *close = await rest(client)
        assert close == [1013, "too slow: too much is waiting"]
        assert len(frames) < 20


async def test_a_long_frame_alone_is_waited_for(open_house: Fixture) -> None:
    async with open_house(pace=Pace(characters_waiting=10)) as house:
        client = await house.enter("?v=2")
        assert len(await client.recv()) > 10


async def test_a_dead_client_is_cut_off(
    open_house: Fixture, eventually: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(AccessPolicy(0, max_sockets=2), Pace(patience=0.05, grace=0.05)) as house:
        dead, quick = await house.enter(max_queue=1), await house.enter()
        house.model.feel("happy")
        await quick.send("talk a lot")
        assert await quick.recv() == "[EMOTION]happy"
        chunk = "x" * 256 * 1024
        for _ in range(400):
            house.model.say(chunk)
            assert await quick.recv() == chunk
            if "is dropped" in caplog.text:
                break
        assert "dead: a frame was not taken" in caplog.text
        await eventually(lambda: len(house.endpoint._serving.hub.clients) == 1)
        dead.transport.abort()


async def test_a_dead_client_does_not_hold_up_closing(open_house: Fixture) -> None:
    async with open_house(pace=Pace(grace=0.05)) as house:
        dead, quick = await house.enter(max_queue=1), await house.enter()
        house.model.feel("happy")
        await quick.send("talk a lot")
        assert await quick.recv() == "[EMOTION]happy"
        chunk = "x" * 256 * 1024
        for _ in range(60):
            house.model.say(chunk)
            assert await quick.recv() == chunk
        async with asyncio.timeout(20):
            await house.endpoint.close()
        dead.transport.abort()


async def test_a_client_that_answers_no_ping_is_let_go(open_house: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from alisa_desktop.server import serve

    assert (serve.PING_INTERVAL, serve.PING_TIMEOUT) == (30, 300)
    monkeypatch.setattr(serve, "PING_INTERVAL", 0.02)
    monkeypatch.setattr(serve, "PING_TIMEOUT", 0.05)
    async with open_house() as house, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.endpoint.port)
        writer.write(
            f"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:{house.endpoint.port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101") and b"deflate" not in head
        frames = await reader.read()
        assert frames[0] == 0x89 and b"\x88" in frames and (1011).to_bytes(2, "big") in frames
        writer.close()
        await writer.wait_closed()


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.sampled_from(
                ['{"message":', "[VISION_DESKTOP]|||||||||", "[VISION_", "[[[[", "\x00", "/mode", "/mode [END]"]
            ),
        ),
        max_size=12,
    )
)
def test_no_frame_breaks_the_connection(open_house: Fixture, hear: Fixture, frames: list[str]) -> None:
    async def flow() -> None:
        async with open_house() as house:
            client = await house.enter()
            await client.send("/mode study")
            assert await hear(client) == ["[MODE CHANGED]", "[END]"]
            for frame in frames:
                await client.send(frame)
            await client.send("/mode chill")
            await hear(client, "[MODE CHANGED]")
            await client.close()

    asyncio.run(flow())


async def test_a_closed_client_does_no_harm(house: Any, hear: Fixture) -> None:
    gone, rude, stays = await house.enter(), await house.enter(), await house.enter()
    house.model.feel("happy")
    house.model.say("One ")
    await gone.send("count")
    assert (await stays.recv(), await stays.recv()) == ("[EMOTION]happy", "One")
    await gone.close(1000)
    rude.transport.abort()
    house.model.say("two.")
    house.model.end()
    assert await hear(stays) == [" two.", "[EMOTION]happy", "[END]"]
    with pytest.raises(ConnectionClosed):
        await gone.send("x")
