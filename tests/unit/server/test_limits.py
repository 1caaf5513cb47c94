"""What no proper client would send: too much, too many, too slow, or no HTTP at all; none of it is an error of ours."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from knocking import UPGRADE, Answer, a_line, frame, head, knock, visit
from websockets.asyncio.client import connect

from alisa_desktop.server import serve
from alisa_desktop.server.access import LARGEST_BODY, AccessGuard, AccessPolicy, security_headers
from alisa_desktop.server.limits import HttpConnection, Limits
from alisa_desktop.server.serve import Endpoint

Fixture = Callable[..., Any]
JSON = ("Content-Type", "application/json")
CHUNKED = ("Transfer-Encoding", "chunked")
SMALL = 64 * 1024
CONTINUATION, TEXT, BINARY, PING, PONG = 0, 1, 2, 9, 10


async def close_code(port: int, *frames: bytes) -> int:
    """With what code a WebSocket is closed that sends this."""
    async with a_line(port) as line:
        await line.say(head(port, "GET /ws/chat", *UPGRADE))
        assert b" 101 " in await line.hear(b"\r\n\r\n")
        saying = asyncio.create_task(line.say(*frames))
        code = await line.close_code()
        saying.cancel()
        await asyncio.wait([saying])
    return code


async def test_every_answer_is_sealed(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, token="a")) as house:
        port = house.endpoint.port
        known = ("Authorization", "Bearer a")
        answers = [
            await visit(port, "GET /", known),
            await visit(port, "GET /nothing", known),
            await visit(port, "POST /", known, JSON, body=b"{}"),
            await visit(port, "GET /", ("Host", "evil.example")),
            await visit(port, "GET /", ("Origin", "null")),
            await visit(port, "GET /"),
            await visit(port, "POST /", known, body=b"{}"),
            await visit(port, "POST /", known, JSON, ("Content-Length", str(LARGEST_BODY + 1))),
            await visit(port, "nonsense"),
            await knock(port, "/ws/chat", known),
            await knock(port, "/nothing", known),
            await knock(port, "/ws/chat"),
            await knock(port, "/ws/chat", known, ("Sec-WebSocket-Key", "second")),
            await knock(port, "/ws/chat", known, ("Large", "x" * 9000)),
            await knock(port, "/ws/chat", known, ("Content-Length", "3")),
        ]
        expected = [200, 404, 405, 421, 403, 401, 415, 413, 400, 101, 403, 401, 400, 431, 400]
        assert [answer.status for answer in answers] == expected
        for answer in answers:
            assert_sealed(answer, AccessPolicy(port))


def assert_sealed(answer: Answer, policy: AccessPolicy) -> None:
    for name, value in security_headers(policy):
        assert answer.header(name.decode()) == value.decode(), answer
    assert answer.header("server") is None
    assert answer.header("date") is None


async def test_an_error_of_ours_is_sealed_too(
    open_house: Fixture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object, policy: AccessPolicy, *__: object) -> AccessGuard:
        app = FastAPI()

        @app.get("/")
        async def fail() -> None:
            raise ZeroDivisionError

        return AccessGuard(app, policy)

    monkeypatch.setattr(serve, "create_app", broken)
    async with open_house() as house:
        answer = await visit(house.endpoint.port, "GET /?token=opensesame")
        assert answer.status == 500
        assert_sealed(answer, AccessPolicy(house.endpoint.port))
    assert "ZeroDivisionError" in caplog.text
    assert "opensesame" not in caplog.text
    caplog.clear()


async def test_a_body_that_says_it_is_too_large_is_not_read(house: Any) -> None:
    port = house.endpoint.port
    assert (
        await visit(port, "POST /", JSON, ("Content-Length", str(LARGEST_BODY)), body=b" " * LARGEST_BODY)
    ).status == 405
    for size in (LARGEST_BODY + 1, 10**18):
        assert (await visit(port, "POST /", JSON, ("Content-Length", str(size)))).status == 413
        assert (await visit(port, "GET /", ("Content-Length", str(size)))).status == 413


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_body_without_end_is_read_no_further_than_its_limit(house: Any, method: str) -> None:
    port = house.endpoint.port
    chunk = b"%x\r\n" % SMALL + b" " * SMALL + b"\r\n"
    async with a_line(port) as line:
        saying = asyncio.create_task(line.say(head(port, f"{method} /", JSON, CHUNKED), *[chunk] * 960))
        assert (await line.answer()).status == 413
        assert not await saying
        assert line.sent < 30 * LARGEST_BODY  # most of it is in the buffers of the system


async def test_the_guard_counts_what_it_reads() -> None:
    read, answered = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += SMALL
        return {"type": "http.request", "body": b" " * SMALL, "more_body": True}

    async def send(message: Any) -> None:
        answered.append(message)

    headers = [(b"host", b"localhost:8000"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await AccessGuard(FastAPI(), AccessPolicy(8000))(scope, receive, send)
    assert answered[0]["status"] == 413
    assert read == LARGEST_BODY + SMALL


@pytest.mark.parametrize("length", ["abc", "-1", "+1", "1.0", "1, 2", "", "9" * 30, "0x10", "\xb2"])
async def test_a_length_that_is_none(house: Any, length: str) -> None:
    port = house.endpoint.port
    assert (await visit(port, "POST /", JSON, ("Content-Length", length), body=b"{}")).status == 400


async def test_two_lengths(house: Any) -> None:
    two = [("Content-Length", "2"), ("Content-Length", "3")]
    assert (await visit(house.endpoint.port, "POST /", JSON, *two, body=b"{}")).status == 400


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
async def test_a_broken_chunk_after_the_head(house: Any, kind: str) -> None:
    port = house.endpoint.port
    told = head(port, "POST /", ("Content-Type", kind), CHUNKED)
    for parts in (
        [told + b"nonsense\r\n"],
        [told, b"2\r\n{}\r\nnonsense\r\n"],
        [told + b"2\r\n{}\r\n", b"nonsense\r\n"],
    ):
        async with a_line(port) as line:
            for part in parts:
                await line.say(part)
                await asyncio.sleep(0)
            answer = await line.answer()
        assert answer.status in {400, 415}
        assert b"HTTP" not in answer.body, "one answer is enough"


async def test_a_message_is_not_too_large(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    half = b" " * (LARGEST_BODY // 2)
    large = b" " * (LARGEST_BODY + 1)
    assert await close_code(port, frame(TEXT, large)) == 1009
    assert await close_code(port, frame(TEXT, b"", size=2 * LARGEST_BODY)) == 1009
    assert await close_code(port, frame(TEXT, b"", size=2**62)) == 1009
    parts = [frame(CONTINUATION, half, final=False)] * 5
    assert await close_code(port, frame(TEXT, half, final=False), *parts) == 1009
    client = await house.enter()
    await client.send("/mode study".ljust(LARGEST_BODY))
    assert await hear(client) == ["[MODE CHANGED]", "[END]"]


async def test_a_message_is_text(house: Any) -> None:
    port = house.endpoint.port
    assert await close_code(port, frame(BINARY, b"hello")) == 1003
    for wrong in (b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xf0\x9f\x98"):
        assert await close_code(port, frame(TEXT, wrong)) == 1007
        assert await close_code(port, frame(TEXT, wrong[:1], final=False), frame(CONTINUATION, wrong[1:])) == 1007
    assert await close_code(port, frame(3, b"")) == 1002
    assert await close_code(port, frame(CONTINUATION, b"")) == 1002


async def test_a_character_may_come_in_two_frames(house: Any) -> None:
    smile = "😀".encode()
    house.model.reply("happy", "Yes.")
    async with a_line(house.endpoint.port) as line:
        await line.say(head(house.endpoint.port, "GET /ws/chat", *UPGRADE))
        await line.hear(b"\r\n\r\n")
        await line.say(frame(TEXT, smile[:2], final=False), frame(CONTINUATION, smile[2:]))
        assert b"[END]" in await line.hear(b"[END]")


@pytest.mark.parametrize("text", ['{"message":' + "[" * 100_000, "[" * 100_000, '{"a":' * 100_000])
async def test_deep_json_is_chat(house: Any, hear: Fixture, text: str) -> None:
    chat = await house.enter()
    house.model.reply("calm", "Deep.")
    await chat.send(text)
    assert (await hear(chat))[-1] == "[END]"
    answer = await visit(house.endpoint.port, "POST /", JSON, body=text.encode())
    assert answer.status == 405


async def test_only_so_many_sockets(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, max_sockets=2)) as house:
        first, second = await house.enter(), await house.enter()
        assert (await knock(house.endpoint.port)).status == 429
        assert (await visit(house.endpoint.port)).status == 200
        await first.close()
        async with asyncio.timeout(20):
            while (await knock(house.endpoint.port)).status != 101:
                await asyncio.sleep(0.01)
        await second.close()


@contextmanager
def many_files(wanted: int) -> Iterator[None]:
    """Let this process have so many files open."""
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("this system gives a process few files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
async def crowd() -> AsyncIterator[AsyncExitStack]:
    """Holds the connections of a test."""
    with many_files(4096):
        async with AsyncExitStack() as stack:
            yield stack


async def test_a_thousand_connections(house: Any, crowd: AsyncExitStack, eventually: Fixture) -> None:
    port, most = house.endpoint.port, 256 + Limits().spare_connections
    client = await house.enter()
    connections = house.endpoint._serving.server.server_state.connections
    heard: list[asyncio.Task[bytes]] = []
    for _ in range(1000):
        line = await crowd.enter_async_context(a_line(port))
        heard.append(asyncio.create_task(line.hear()))
        assert len(connections) < most + 2 * serve.BACKLOG
    await eventually(lambda: sum(task.done() for task in heard) >= 1000 - most + 1)
    assert len(connections) <= most
    await client.send("/mode study")
    assert await client.recv() == "[MODE CHANGED]"
    for task in heard:
        task.cancel()
    await crowd.aclose()
    await eventually(lambda: len(connections) == 1)
    assert (await visit(port)).status == 200
    assert (await knock(port)).status == 101


async def test_a_thousand_sockets(house: Any, crowd: AsyncExitStack, eventually: Fixture) -> None:
    port = house.endpoint.port
    request = head(port, "GET /ws/chat", *UPGRADE)
    answers: list[bytes] = []
    for _ in range(1000):
        line = await crowd.enter_async_context(a_line(port))
        await line.say(request)
        answers.append((await line.hear(b"\r\n\r\n"))[:12])
    assert answers.count(b"HTTP/1.1 101") == 256
    assert answers.count(b"HTTP/1.1 429") == 1000 - 256
    await crowd.aclose()
    await eventually(lambda: not house.endpoint._serving.hub.clients)
    assert (await knock(port)).status == 101


async def test_a_flood_of_frames_is_cut_off(house: Any, hear: Fixture) -> None:
    port = house.endpoint.port
    calm, overlay = await house.enter(), await house.enter()
    floods = [asyncio.create_task(close_code(port, *[frame(TEXT, b"")] * 10_000)) for _ in range(3)]
    words = [f"word {number} " for number in range(300)]
    house.model.reply("happy", *words)
    await calm.send("hello")
    told = await hear(calm)
    assert "".join(told[1:-2]) == "".join(words).strip()
    assert await hear(overlay) == told
    assert await asyncio.gather(*floods) == [1013] * 3


@pytest.mark.parametrize("kind", [PING, PONG, CONTINUATION])
async def test_a_flood_of_other_frames_is_cut_off(house: Any, kind: int) -> None:
    fragmented = kind == CONTINUATION
    first = frame(TEXT, b"", final=not fragmented)
    flood = [frame(kind, b"", final=not fragmented)] * 10_000
    assert await close_code(house.endpoint.port, first, *flood) == 1002


async def test_a_burst_and_then_some_a_second(open_house: Fixture, rest: Fixture) -> None:
    async with open_house(AccessPolicy(0, frames_per_second=0.001, frame_burst=5)) as house:
        client = await house.enter()
        for _ in range(5):
            await client.send("[VISION_FACE]present")
        await client.send("")
        assert await rest(client) == ([], 1013, "too many frames at once")


LONG = 60
"""Seconds in which all that is not waited for has happened long ago."""
POST = b"POST / HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: application/json\r\n"
SLOW = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: ",
    "half a handshake": b"GET /ws/chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "half a body": POST + b"Content-Length: 9999\r\n\r\n{",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n999\r\n{",
}


@asynccontextmanager
async def limited(house: Any, limits: Limits) -> AsyncIterator[Endpoint]:
    """Another endpoint of the same talk, with other limits."""
    endpoint = Endpoint(house.talk, AccessPolicy(0), house.endpoint._folders, limits=limits)
    await endpoint.start()
    try:
        yield endpoint
    finally:
        await endpoint.close()


@dataclass
class Taken:
    """What the server has taken so far: its HTTP connections, and their bytes."""

    connections: list[HttpConnection] = field(default_factory=list)
    size: int = 0


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Taken:
    """Of this test."""
    found, made, received = Taken(), HttpConnection.connection_made, HttpConnection.data_received

    def make(self: HttpConnection, transport: asyncio.Transport) -> None:
        made(self, transport)
        found.connections.append(self)

    def receive(self: HttpConnection, data: bytes) -> None:
        received(self, data)
        found.size += len(data)

    monkeypatch.setattr(HttpConnection, "connection_made", make)
    monkeypatch.setattr(HttpConnection, "data_received", receive)
    return found


@pytest.mark.parametrize("beginning", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("drips", [True, False])
async def test_who_sends_no_whole_request_is_cut(house: Any, beginning: bytes, drips: bool) -> None:
    async with limited(house, Limits(request=0.5)) as endpoint, a_line(endpoint.port) as line:
        await line.say(beginning.replace(b"%d", b"%d" % endpoint.port))
        hearing = asyncio.create_task(line.hear())
        while drips and not hearing.done():
            await line.say(b"a")
            await asyncio.wait([hearing], timeout=0.05)
        assert await hearing == b""


async def test_who_is_in_may_be_as_slow_as_it_likes(house: Any, taken: Taken) -> None:
    async with limited(house, Limits(request=LONG)) as endpoint:
        client = await connect(endpoint.address, proxy=None)
        [connection] = taken.connections
        assert connection._deadline and connection._deadline.cancelled()
        await client.send("/mode study")
        assert await client.recv() == "[MODE CHANGED]"


async def test_every_request_has_its_time(house: Any, taken: Taken, eventually: Fixture) -> None:
    async with limited(house, Limits(request=LONG, keep_alive=LONG)) as endpoint, a_line(endpoint.port) as line:
        await eventually(lambda: taken.connections)
        [connection] = taken.connections

        async def deadline(part: bytes) -> asyncio.TimerHandle:
            """When the connection is cut, after it took a part of a request."""
            await line.say(part)
            await eventually(lambda: taken.size == line.sent)
            assert connection._deadline and not connection._deadline.cancelled()
            return connection._deadline

        for _ in range(3):
            asked = head(endpoint.port, "POST /", JSON, ("Content-Length", "3"))
            first = await deadline(asked[:20])
            assert await deadline(asked[20:-2]) is first, "not for every byte of it"
            began = asyncio.get_running_loop().time()
            second = await deadline(asked[-2:])
            assert first.cancelled() and second.when() >= began + LONG
            assert await deadline(b"[") is second
            assert await deadline(b"1") is second
            began = asyncio.get_running_loop().time()
            await line.say(b"]")
            assert b" 405 " in await line.hear(b"\r\n\r\n")
            await line.hear(b"}")
            await eventually(lambda was=second: connection._deadline is not was)
            assert second.cancelled() and connection._deadline.when() >= began + LONG


async def test_an_idle_connection_goes(house: Any) -> None:
    async with limited(house, Limits(request=LONG, keep_alive=1)) as endpoint, a_line(endpoint.port) as line:
        await line.say(head(endpoint.port, "GET /"))
        assert b" 200 " in await line.hear(b"\r\n\r\n")
        await line.hear(b"}")
        assert await line.hear() == b""


async def test_a_connection_is_kept_for_a_while(house: Any) -> None:
    async with limited(house, Limits(request=LONG, keep_alive=LONG)) as endpoint, a_line(endpoint.port) as line:
        for _ in range(2):
            await line.say(head(endpoint.port, "GET /"))
            assert b" 200 " in await line.hear(b"\r\n\r\n")
            await line.hear(b"}")
        await line.say(b"GET / HTTP")  # begins another one, which has time until `request`
        await endpoint.close()
        assert await line.hear() == b""


async def test_slow_requests_do_not_delay_closing(house: Any) -> None:
    async with limited(house, Limits(request=LONG)) as endpoint, AsyncExitStack() as lines:
        assert endpoint._serving
        endpoint._serving.server.config.timeout_graceful_shutdown = LONG
        for beginning in SLOW.values():
            line = await lines.enter_async_context(a_line(endpoint.port))
            await line.say(beginning.replace(b"%d", b"%d" % endpoint.port))
        assert (await visit(endpoint.port)).status == 200
        async with asyncio.timeout(LONG / 3):
            await endpoint.close()


REQUESTS = st.lists(
    st.sampled_from(
        [
            *(
                b"GET / HTTP/1.1\r\n",
                b"POST /ws/chat HTTP/1.1\r\n",
                b"GET /ws/chat HTTP/1.0\r\n",
                b"PRI * HTTP/2.0\r\n",
            ),
            *(b"Host: localhost:8000\r\n", b"Upgrade: websocket\r\n", b"Connection: upgrade\r\n", b"\r\n", b"\r\n\r\n"),
            *(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"Sec-WebSocket-Version: 13\r\n", b"\0", b"\xff\xff"),
            *(
                b"Transfer-Encoding: chunked\r\n",
                b"Content-Length: 5\r\n",
                b"Content-Type: application/json\r\n",
                b"5\r\n",
            ),
            *(
                b"Expect: 100-continue\r\n",
                b"Upgrade: h2c\r\n",
                b"0\r\n\r\n",
                b"GET /\xc3\xa4%ff?\xff HTTP/1.1\r\n",
                b":\r\n",
            ),
            *(b"Origin: \xff\r\n", b"Sec-WebSocket-Protocol: \xe4, a b\r\n", frame(TEXT, b"hello"), frame(8, b"\x03")),
        ]
    ),
    max_size=12,
)


@given(st.lists(REQUESTS, min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_breaks_nothing(house: Any, writes: list[list[bytes]]) -> None:
    port = house.endpoint.port
    async with a_line(port) as line:
        for parts in writes:
            if not await line.say(b"".join(parts).replace(b":8000", b":%d" % port)):
                break
            await asyncio.sleep(0)
        line.finish()
        await line.hear()
    assert (await visit(port)).status == 200
