"""Version 2 on the wire, beside clients of version 1; who is connected, and what she says unasked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from alisa_desktop.core.errors import SOMETHING_BROKE, MemoryFailed
from alisa_desktop.core.events import ClientsChanged, Remarked
from alisa_desktop.core.messages import ClientKind, Emotion
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.json_frames import SUBPROTOCOL

Fixture = Callable[..., Any]


async def told(client: ClientConnection, kind: str = "") -> dict[str, Any]:
    """The next message, or the next one of this kind."""
    while True:
        message = dict(json.loads(await client.recv()))
        if kind in ("", message["type"]):
            return message


async def ask(client: ClientConnection, /, **message: Any) -> None:
    await client.send(json.dumps(message))


async def enter(house: Any, **options: Any) -> ClientConnection:
    """One more client of version 2, welcomed."""
    client: ClientConnection = await house.enter(subprotocols=[SUBPROTOCOL], **options)
    assert (await told(client))["type"] == "welcome"
    return client


@pytest.mark.parametrize("how", [{"subprotocols": [SUBPROTOCOL]}, {"query": "?v=2"}])
async def test_version_2_is_opted_in(house: Any, how: dict[str, Any]) -> None:
    client = await house.enter(**how)
    assert client.subprotocol == (SUBPROTOCOL if "subprotocols" in how else None)
    assert (await told(client))["type"] == "welcome"


@pytest.mark.parametrize("offered", [["chat"], ["alisa.v1.text", SUBPROTOCOL]])
async def test_anything_else_speaks_version_1(house: Any, hear: Fixture, offered: list[str]) -> None:
    client = await house.enter(subprotocols=offered)
    assert client.subprotocol == (None if offered == ["chat"] else "alisa.v1.text")
    await client.send("/mode study")
    assert await hear(client) == ["[MODE CHANGED]", "[END]"]


async def test_both_versions_hear_the_same(house: Any, hear: Fixture) -> None:
    new, old = await enter(house), await house.enter()
    house.model.reply("happy", "It's not like ", "[END] I waited.")
    await ask(new, type="say", text="Hello!", id="1")
    turn = (await told(new, "accepted"))["turn"]
    assert (await told(new, "user_spoke"))["turn"] == turn
    assert (await told(new, "emotion"))["emotion"] == "happy"
    text = ""
    while (message := await told(new))["type"] == "text":
        text += message["text"]
    assert message["type"] == "end" and message["text"] == text == "It's not like [END] I waited."
    assert "".join((await hear(old))[1:-2]) == text


async def test_who_comes_back_in_mid_reply_misses_nothing(house: Any) -> None:
    first = await enter(house)
    house.model.feel("shy")
    house.model.say("One ")
    await ask(first, type="say", text="count")
    assert (await told(first, "text"))["text"] == "One"
    await first.close()
    house.model.say("two ")
    back = await house.enter(subprotocols=[SUBPROTOCOL])
    welcome = await told(back)
    text = welcome["reply"]["text"]
    house.model.say("three.")
    house.model.end()
    while (message := await told(back))["type"] == "text":
        text += message["text"]
    assert text == message["text"] == "One two three."


async def test_stop_regenerate_and_pages(house: Any) -> None:
    client = await enter(house)
    await ask(client, type="regenerate", id="0")
    assert (await told(client))["code"] == "nothing_to_regenerate"
    for number in range(3):
        house.model.reply("calm", f"Answer {number}.")
        await ask(client, type="say", text=f"Question {number}")
        await told(client, "end")
    house.model.feel("happy")
    house.model.say("Better ")
    await ask(client, type="regenerate")
    assert (await told(client, "user_spoke"))["again"] is True
    await told(client, "text")
    await ask(client, type="stop")
    assert (await told(client, "end"))["reason"] == "stopped"
    await ask(client, type="get_history", limit=2, id="a")
    page = await told(client)
    assert [turn["text"] for turn in page["turns"]] == ["Answer 1.", "Better"] and page["more"]
    await ask(client, type="get_history", limit=2, before=page["turns"][0]["turn"])
    page = await told(client)
    assert [turn["user_text"] for turn in page["turns"]] == ["Question 0"] and not page["more"]
    await ask(client, type="get_history", before="never was")
    assert (await told(client))["turns"] == []


async def test_a_memory_that_fails_is_told(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(limit: int, before: str = "") -> Any:
        raise MemoryFailed("The disk is gone.")

    client = await enter(house)
    monkeypatch.setattr(house.talk, "history", broken)
    await ask(client, type="get_history", id="1")
    error = await told(client)
    assert (error["code"], error["id"]) == ("history_failed", "1")


async def test_a_bug_costs_one_answer(
    house: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = await enter(house)
    monkeypatch.setattr(house.talk, "regenerate", lambda sender: 1 / 0)
    await ask(client, type="regenerate", id="1")
    error = await told(client)
    assert (error["message"], error["id"]) == (SOMETHING_BROKE, "1")
    caplog.clear()
    await ask(client, type="set_mode", mode="study", id="2")
    assert (await told(client))["type"] == "mode_changed"


async def test_remarks_go_to_displays_and_to_who_asked_for_them(house: Any, hear: Fixture) -> None:
    display, chat = await house.enter(), await house.enter()
    wants, does_not = await enter(house), await enter(house)
    await ask(wants, type="hello", unsolicited=True)
    assert (await told(wants))["type"] == "welcome"
    house.model.feel("calm")
    house.model.say("Well")
    await chat.send("hi")
    assert [await chat.recv(), await chat.recv()] == ["[EMOTION]calm", "Well"]
    house.talk.remark("[END] is near.", Emotion.SHY)  # in the middle of an exchange: it waits
    house.model.end()
    assert await hear(chat) == ["[EMOTION]calm", "[END]"]
    assert await hear(display) == ["[EMOTION]calm", "Well", "[EMOTION]calm", "[END]"]
    assert await hear(display) == ["[EMOTION]shy", "[", "END] is near.", "[EMOTION]shy", "[END]"]
    assert (await told(wants, "remark"))["text"] == "[END] is near."
    house.talk.submit("/mode study")
    assert await chat.recv() == "[MODE CHANGED]"
    assert (await told(does_not, "end"))["text"] == "Well"
    assert (await told(does_not))["type"] == "mode_changed"
    assert house.talk.emotion is Emotion.SHY


async def test_a_remark_waits_for_every_turn_that_was_asked_for(house: Any, eventually: Fixture) -> None:
    heard: list[Any] = []
    house.talk.bus.subscribe(heard.append)
    house.model.reply("calm", "One.")
    house.talk.submit("one")
    house.talk.remark("Later.", Emotion.HAPPY)
    house.talk.remark("Later still.", Emotion.SAD)
    assert not any(isinstance(event, Remarked) for event in heard)
    await eventually(lambda: len([event for event in heard if isinstance(event, Remarked)]) == 2)
    names = [type(event).__name__ for event in heard]
    assert names[-3:] == ["ReplyFinished", "Remarked", "Remarked"]


async def test_who_is_connected(house: Any, eventually: Fixture) -> None:
    lists: list[Any] = []
    house.talk.bus.subscribe(lambda event: lists.append(event.clients) if isinstance(event, ClientsChanged) else None)

    def kinds() -> list[tuple[ClientKind, int, str]]:
        return [(client.kind, client.version, client.program) for client in lists[-1]] if lists else []

    old = await house.enter(user_agent_header="  An  old\toverlay " + "x" * 200)
    new = await enter(house, user_agent_header=None)
    await eventually(lambda: len(kinds()) == 2)
    assert kinds() == [(ClientKind.DISPLAY, 1, ("An old overlay " + "x" * 200)[:80]), (ClientKind.DISPLAY, 2, "")]
    await ask(new, type="hello", client="Mine")
    await old.send("[VISION_FACE]absent")
    await eventually(lambda: [kind for kind, _, _ in kinds()] == [ClientKind.SENSOR, ClientKind.DISPLAY])
    await eventually(lambda: kinds()[1][2] == "Mine")
    await old.close()
    await eventually(lambda: len(kinds()) == 1)
    assert lists[-1][0].since.tzinfo is not None


async def test_the_user_disconnects_a_client(house: Any, rest: Fixture) -> None:
    one, other = await enter(house), await house.enter()
    house.endpoint.send_away("nobody")
    house.endpoint.send_away(house.endpoint._serving.hub.clients[0].name)
    assert await rest(one) == ([], 4001, "disconnected by the user")
    house.talk.submit("/mode study")
    assert await other.recv() == "[MODE CHANGED]"


async def test_a_page_gives_its_token_as_a_subprotocol(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, token="öffne")) as house:
        token = "alisa.token.w7ZmZm5l"
        client = await house.enter(subprotocols=[SUBPROTOCOL, token])
        assert client.subprotocol == SUBPROTOCOL
        with pytest.raises(Exception, match="401"):
            await connect(house.endpoint.address, proxy=None, subprotocols=["alisa.v1.text", token + "x"])
        assert (await connect(house.endpoint.address, proxy=None, subprotocols=["alisa.v1.text", token])).subprotocol


async def test_speech_is_relayed_between_the_versions(house: Any) -> None:
    new, old = await enter(house), await house.enter()
    await ask(new, type="speech", active=True, id="1")
    assert (await told(new))["type"] == "accepted"
    assert await old.recv() == "[SPEECH_START]"
    await old.send("[SPEECH_END]")
    assert await told(new) == {"type": "speech", "active": False}
    await new.close()
    assert await old.recv() == "[SPEECH_END]"
    with pytest.raises(ConnectionClosed):
        await new.recv()
