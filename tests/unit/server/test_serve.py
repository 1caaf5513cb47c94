"""Ports, starting and closing."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alisa_desktop.core.errors import PortTaken
from alisa_desktop.server import serve
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.pages import Folders
from alisa_desktop.server.serve import Endpoint, listen

Fixture = Callable[..., Any]


def a_stranger(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    stranger = socket.socket()
    stranger.bind((host, port))
    stranger.listen()
    return stranger


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_next_free_port_is_taken(host: str) -> None:
    with a_stranger(host) as stranger:
        taken = stranger.getsockname()[1]
        with listen("127.0.0.1", taken) as ours:
            assert taken < ours.getsockname()[1] < taken + serve.PORTS_TRIED
            assert ours.getsockname()[0] == "127.0.0.1"


def test_no_free_port_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "PORTS_TRIED", 1)
    with a_stranger() as stranger, pytest.raises(PortTaken, match="Settings"):
        listen("127.0.0.1", stranger.getsockname()[1])


def test_no_port_beyond_the_last_is_tried() -> None:
    with listen("127.0.0.1", 65535) as ours:
        with pytest.raises(PortTaken):
            listen("127.0.0.1", 65535)
        assert ours.getsockname()[1] == 65535


async def test_the_address_tells_the_port_in_use(open_house: Fixture) -> None:
    with a_stranger() as stranger:
        taken = stranger.getsockname()[1]
        async with open_house(AccessPolicy(taken)) as house:
            assert house.endpoint.port > taken
            assert house.endpoint.address == f"ws://127.0.0.1:{house.endpoint.port}/ws/chat"
            client = await house.enter(origin=f"http://127.0.0.1:{house.endpoint.port}")
            await client.close()


async def test_the_same_port_can_be_had_again(open_house: Fixture) -> None:
    async with open_house() as house:
        port = house.endpoint.port
        await (await house.enter()).ping()
    async with open_house(AccessPolicy(port)) as house:
        assert house.endpoint.port == port


async def test_ctrl_c_stays_ours(open_house: Fixture) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with open_house():
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_closing_leaves_no_task(open_house: Fixture) -> None:
    before = asyncio.all_tasks()
    async with open_house() as house:
        assert asyncio.all_tasks() == before | {house.talk._worker}  # a server without clients needs no task
        clients = [await house.enter() for _ in range(3)]
        house.model.feel("happy")
        await clients[0].send("hello")
        assert await clients[1].recv() == "[EMOTION]happy"
        await clients[2].close()
        await house.endpoint.close()
        for client in clients:
            await client.wait_closed()
    assert asyncio.all_tasks() == before


async def test_closing_twice_or_before_starting_is_harmless(house: Any) -> None:
    await house.endpoint.close()
    await house.endpoint.close()
    await Endpoint(house.talk, AccessPolicy(port=0), Folders(Path(), Path())).close()


async def test_a_closed_endpoint_can_be_started_again(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    await house.endpoint.close()
    await house.endpoint.start()
    assert house.endpoint.port == port
    client = await house.enter()
    await client.send("/mode study")
    assert await hear(client) == ["[MODE CHANGED]", "[END]"]


async def test_after_closing_nobody_answers(open_house: Fixture) -> None:
    async with open_house() as house:
        await house.endpoint.close()
        house.endpoint.show_vision({})
        with pytest.raises(OSError):
            await house.enter()
