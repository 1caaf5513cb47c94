"""Many clients that only listen, as cheaply as Python can: what they note is when each frame came, and a hash.

Started by `endpoint`: `endpoint_ears.py` takes orders, JSON lines on standard input, and answers each with one.
"""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import socket
import struct
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

PATH = "/ws/chat"
QUIET = (b"", b'{"type":"keep_alive"}')
"""Frames that say nothing; they are sent by the clock, so they are not counted."""
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PATIENCE = 30.0
STANDARD_INPUT = 0


def handshake(port: int, version: int) -> bytes:
    """What a client begins with."""
    return (
        f"GET {PATH}?v={version} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A short frame of a client, masked with zeros (RFC 6455)."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload


class Ear:
    """One client. `times` are the moments (perf_counter) of its frames; `keeps` has it keep the frames themselves."""

    def __init__(self, port: int, version: int, greeted: bool, keeps: bool = False) -> None:
        self.version = version
        self.welcomed = 0.0
        self.closed = 0
        """The code of the close frame; 1006 for a connection that ended without one."""
        self.times = array("d")
        self.kept: list[str] = []
        self._greeted = greeted
        self._keeps = keeps
        self._rest = b""
        self._is_open = False
        self.reset()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self._hello = handshake(port, version)

    def reset(self) -> None:
        """Forget what was heard."""
        self.times = array("d")
        self.kept.clear()
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """A hash of all frames, each with its length, in their order."""
        return self._hash.hexdigest()

    def __repr__(self) -> str:
        return f"<v{self.version}, welcomed {self.welcomed}, closed {self.closed}, heard {len(self.times)}>"

    def greet(self) -> None:
        """The connection is there."""
        self.socket.send(self._hello)

    def hear(self) -> bool:
        """Take what has come; False when no more can come."""
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self.closed = self.closed or 1006
            return False
        self._take(self._rest + data, time.perf_counter())
        return True

    def _take(self, data: bytes, now: float) -> None:
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._is_open = head.startswith(b"HTTP/1.1 101")
            if not self._is_open:
                raise RuntimeError(f"refused: {head!r}")
            if not self._greeted:
                self.welcomed = now
        at, end_of_all = 0, len(data)
        while end_of_all - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + size > end_of_all:
                break
            self._frame(data[at] & 15, data[start : start + size], now)
            at = start + size
        self._rest = data[at:]

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == PING:
            self.socket.send(masked(PONG, payload))
        elif opcode == CLOSE:
            self.closed = int.from_bytes(payload[:2], "big")
        elif not self.welcomed:
            self.welcomed = now
        elif payload not in QUIET:
            self.times.append(now)
            self._hash.update(struct.pack("!I", len(payload)))
            self._hash.update(payload)
            if self._keeps:
                self.kept.append(payload.decode())


class Ears:
    """All of them, on one selector, and the orders."""

    def __init__(self) -> None:
        self._ears: list[Ear] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(STANDARD_INPUT, selectors.EVENT_READ)
        self._orders = b""

    def live(self) -> None:
        """Obey until standard input ends."""
        while (order := self._next_order()) is not None:
            print(json.dumps(getattr(self, order.pop("do"))(**order)), flush=True)

    def _next_order(self) -> dict[str, Any] | None:
        while b"\n" not in self._orders:
            if not self._turn():
                return None
        line, _, self._orders = self._orders.partition(b"\n")
        return dict(json.loads(line))

    def _turn(self, timeout: float | None = None) -> bool:
        """Wait for something and take it; False when standard input ended."""
        for key, events in self._selector.select(timeout):
            if key.fd == STANDARD_INPUT:
                more = os.read(STANDARD_INPUT, 1 << 16)
                self._orders += more
                if not more:
                    return False
            elif events & selectors.EVENT_WRITE:
                key.data.greet()
                self._selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
            elif not key.data.hear():
                self._selector.unregister(key.fileobj)
                key.data.socket.close()
        return True

    def connect(
        self, port: int, number: int, versions: Sequence[int], greeted: bool = True, at_once: int = 16
    ) -> dict[str, Any]:
        """Connect, `at_once` at a time; the seconds until all are welcomed (`greeted`: by a frame), or `PATIENCE`."""
        began = time.perf_counter()
        for first in range(0, number, at_once):
            for index in range(first, min(first + at_once, number)):
                version = versions[index % len(versions)]
                self._ears.append(Ear(port, version, greeted and version == 2, keeps=index < len(versions)))
                self._selector.register(self._ears[-1].socket, selectors.EVENT_WRITE, self._ears[-1])
            with suppress(TimeoutError):
                self._until(lambda ear: ear.welcomed or ear.closed)
        lost = sum(not ear.welcomed for ear in self._ears)
        return {"seconds": (time.perf_counter() if lost else max(e.welcomed for e in self._ears)) - began, "lost": lost}

    def leave(self) -> dict[str, Any]:
        """Cut all connections at once."""
        for ear in self._ears:
            if ear.socket.fileno() >= 0:
                self._selector.unregister(ear.socket)
                ear.socket.close()
        self._ears.clear()
        return {}

    def begin(self) -> dict[str, Any]:
        """Forget what was heard until now."""
        for ear in self._ears:
            ear.reset()
        return {}

    def until(self, frames: int) -> dict[str, Any]:
        """Listen until everybody has heard as many frames; when the first and the last one came."""
        self._until(lambda ear: len(ear.times) >= frames or ear.closed)
        return {"last": max(ear.times[-1] for ear in self._ears), "heard": min(len(ear.times) for ear in self._ears)}

    def settle(self) -> dict[str, Any]:
        """Listen until nothing has come for a second, and those of a version have heard as much."""
        end, before = time.monotonic() + PATIENCE, [-1]
        while (heard := [len(ear.times) for ear in self._ears]) != before or self._behind():
            if time.monotonic() > end:
                break
            before, pause = heard, time.monotonic() + 1.0
            while (left := pause - time.monotonic()) > 0:
                self._turn(left)
        return {}

    def _behind(self) -> bool:
        return len({(ear.version, len(ear.times)) for ear in self._ears}) > len({ear.version for ear in self._ears})

    def late(self, published: Sequence[float]) -> dict[str, Any]:
        """How long after it was published (perf_counter) each frame came to each client, in ms."""
        gaps = [1000 * (came - at) for ear in self._ears for came, at in zip(ear.times, published, strict=True)]
        gaps.sort()
        digests = {ear.digest for ear in self._ears}
        at = {name: gaps[int(share * (len(gaps) - 1))] for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
        return {**at, "digests": len(digests)}

    def told(self, parts: int) -> dict[str, Any]:
        """For each version: how many hashes and counts there are, the first client's frames, and the delays (ms).

        A delay is the time from the first to the last client that got a frame; p99 of each of `parts` of the time.
        """
        return {str(version): self._told(version, parts) for version in sorted({ear.version for ear in self._ears})}

    def _told(self, version: int, parts: int) -> dict[str, Any]:
        ears = [ear for ear in self._ears if ear.version == version]
        counts = sorted({len(ear.times) for ear in ears})
        apart = [1000 * (max(came) - min(came)) for came in zip(*(ear.times for ear in ears), strict=False)]
        size = max(1, -(-len(apart) // parts))
        pieces = [sorted(apart[at : at + size]) for at in range(0, len(apart), size)]
        return {
            "clients": len(ears),
            "closed": sorted({ear.closed for ear in ears if ear.closed}),
            "digests": len({ear.digest for ear in ears}),
            "counts": counts,
            "p99": [piece[int(0.99 * (len(piece) - 1))] for piece in pieces],
            "longest": max(apart, default=0.0),
            "frames": next(ear.kept for ear in ears),
        }

    def _until(self, holds: Any) -> None:
        end = time.monotonic() + PATIENCE
        while not all(map(holds, self._ears)):
            if time.monotonic() > end:
                waiting = [ear for ear in self._ears if not holds(ear)]
                raise TimeoutError(f"{len(waiting)} of {len(self._ears)} clients wait in vain: {waiting[:3]}")
            self._turn(1.0)


if __name__ == "__main__":
    Ears().live()
