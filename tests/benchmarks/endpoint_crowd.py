"""Clients that talk, and three that behave badly: one never reads, one hardly ever, one is cut off in mid-frame.

Started by `endpoint`: `endpoint_crowd.py` takes orders, JSON lines on standard input, and answers each with one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.endpoint_ears import TEXT, handshake, masked

SMALL_WINDOW = 2048
READ_EVERY, CUT_EVERY = 60.0, 1.0
PATIENCE = 60.0
RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing resets the connection."""


class Talker:
    """A client that says something and hears everything."""

    def __init__(self, connection: ClientConnection, version: int) -> None:
        self._connection = connection
        self._version = version
        self._ended = asyncio.Condition()
        self.ends = 0
        self.is_gone = False
        self.task = asyncio.create_task(self._listen())

    async def say(self, text: str) -> None:
        """Say it."""
        told = {"type": "say", "text": text} if self._version == 2 else {"message": text}
        await self._connection.send(json.dumps(told))

    async def heard_end(self, number: int) -> None:
        """Wait until as many replies have come to their end."""
        async with asyncio.timeout(PATIENCE), self._ended:
            await self._ended.wait_for(lambda: self.ends >= number)

    async def close(self) -> None:
        """Leave politely."""
        await self._connection.close()
        await self.task

    async def _listen(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = str(await self._connection.recv())
                if frame == "[END]" or (self._version == 2 and json.loads(frame)["type"] == "end"):
                    async with self._ended:
                        self.ends += 1
                        self._ended.notify_all()
        self.is_gone = True


class Rude:
    """The three that behave badly, each over and over until cancelled."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self.deaf: list[float] = []
        """Seconds until each connection that never read was cut."""
        self.cuts = 0
        self.read = 0

    async def never_reads(self) -> None:
        """Keep the window of the connection shut."""
        while True:
            plug = await self._enter(SMALL_WINDOW)
            began = self._loop.time()
            with plug:
                while await self._is_open(plug):
                    await asyncio.sleep(0.5)
            self.deaf.append(self._loop.time() - began)

    async def hardly_reads(self) -> None:
        """Read the next few bytes a minute."""
        with await self._enter(SMALL_WINDOW) as plug:
            while await self._loop.sock_recv(plug, 64):
                self.read += 1
                await asyncio.sleep(READ_EVERY)

    async def is_cut_off(self) -> None:
        """Lose the connection in the middle of what is being said; every other time with a reset."""
        whole = masked(TEXT, json.dumps({"message": "x" * 90}).encode())
        while True:
            with await self._enter() as plug:
                await self._loop.sock_sendall(plug, whole[: len(whole) // 2])
                if self.cuts % 2:
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.cuts += 1
            await asyncio.sleep(CUT_EVERY)

    async def _enter(self, window: int = 0) -> socket.socket:
        plug = socket.socket()
        plug.setblocking(False)
        if window:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        await self._loop.sock_connect(plug, ("127.0.0.1", self._port))
        await self._loop.sock_sendall(plug, handshake(self._port, 2))
        return plug

    async def _is_open(self, plug: socket.socket) -> bool:
        """Whether the connection lives: sending an empty frame fails on one that was reset."""
        try:
            await self._loop.sock_sendall(plug, masked(9, b""))
        except OSError:
            return False
        return True


class Crowd:
    """All of them, and the orders."""

    def __init__(self) -> None:
        self._talkers: list[Talker] = []
        self._rude: Rude | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = itertools.count(1)

    async def enter(self, port: int, talkers: int) -> dict[str, Any]:
        """Connect everybody; every other talker speaks version 2."""
        for index in range(talkers):
            version = 1 + index % 2
            connection = await connect(f"ws://127.0.0.1:{port}/ws/chat?v={version}", proxy=None)
            self._talkers.append(Talker(connection, version))
        self._rude = Rude(port)
        rude = (self._rude.never_reads(), self._rude.hardly_reads(), self._rude.is_cut_off())
        self._tasks = [asyncio.create_task(one) for one in rude]
        return {}

    async def talk(self, times: int) -> dict[str, Any]:
        """Say something `times` times, one after the other, each after everybody heard the reply's end."""
        for _ in range(times):
            ends = 1 + max(talker.ends for talker in self._talkers)
            await self._say()
            await asyncio.gather(*(talker.heard_end(ends) for talker in self._talkers))
        return {}

    async def chatter(self, seconds: float, every: float) -> dict[str, Any]:
        """Say something every so many seconds, whether she is still answering or not."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await self._say()
            await asyncio.sleep(every)
        return {}

    async def leave(self) -> dict[str, Any]:
        """Everybody goes; what became of whom."""
        lost = sum(talker.is_gone for talker in self._talkers)
        failed = [repr(task.exception()) for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(talker.close() for talker in self._talkers))
        self._talkers.clear()
        assert self._rude
        rude = self._rude
        return {"lost": lost, "failed": failed, "deaf": rude.deaf, "cuts": rude.cuts, "read": rude.read}

    async def _say(self) -> None:
        number = next(self._numbers)
        await self._talkers[number % len(self._talkers)].say(f"This is number {number}.")


async def main() -> None:
    """Obey until standard input ends."""
    crowd = Crowd()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await getattr(crowd, order.pop("do"))(**order)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
