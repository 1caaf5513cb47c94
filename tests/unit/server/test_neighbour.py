"""Who has the port that we wished for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from alisa_desktop.server import neighbour
from alisa_desktop.server.access import AccessPolicy
from alisa_desktop.server.neighbour import is_alisa
from alisa_desktop.server.serve import listen


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for a busy machine."""
    monkeypatch.setattr(neighbour, "ASK_SECONDS", 20.0)


async def test_another_alisa_is_known(open_house: Any) -> None:
    async with open_house() as house:
        assert await is_alisa(house.endpoint.port)
    async with open_house(AccessPolicy(0, token="secret")) as house:
        assert await is_alisa(house.endpoint.port)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nHello", b"\x00" * 10_000])
async def test_another_program_is_not(answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        assert not await is_alisa(server.sockets[0].getsockname()[1])


async def test_nobody_and_somebody_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "ASK_SECONDS", 0.05)
    silent = listen("127.0.0.1", 0)
    port = silent.getsockname()[1]
    assert not await is_alisa(port)
    silent.close()
    assert not await is_alisa(port)
