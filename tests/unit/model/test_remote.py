from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from alisa_desktop.core.errors import ModelMissing, ModelUnreachable
from alisa_desktop.core.messages import (
    Choice,
    Chunk,
    Message,
    ModelState,
    ModelStatus,
    Prompt,
    Role,
    Sampling,
    StreamPart,
    Usage,
)
from alisa_desktop.model.remote import Patience, RemoteModel

HELLO = Prompt((Message(Role.USER, "hello"),), Sampling(max_tokens=6), Choice("<emotion=", ("happy",), ">"))
SHORT = Patience(connect=5, first_token=0.2, next_token=0.2)
LONG = Patience(connect=30, first_token=60, next_token=60)

Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


class Request:
    """What a client sent to the small server."""

    def __init__(self, head: str, body: bytes) -> None:
        self.path = head.split(" ")[1]
        self.headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        self.body = json.loads(body) if body else {}


class SmallServer:
    """A real server that answers as it is told and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[Request] = []
        self.closed = asyncio.Event()
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SmallServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length")), 0
            )
            request = Request(head, await reader.readexactly(length))
            self.requests.append(request)
            if request.path.endswith("/models"):
                await http(writer, 200, "{}")
            else:
                await self._answer(request, writer)
                if not writer.is_closing():
                    await asyncio.wait_for(reader.read(), 10)  # until the client hangs up
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()


async def http(writer: asyncio.StreamWriter, status: int, body: str, kind: str = "application/json") -> None:
    data = body.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + data)
    await writer.drain()
    writer.close()


async def begin(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for line in lines:
        data = f"data: {line}\n\n".encode()
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def finish(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    writer.close()


def delta(text: str) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}}]})


def failing(status: int, body: str, kind: str = "application/json") -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        await http(writer, status, body, kind)

    return answer


def streaming(*lines: str, ends: bool = True) -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        await begin(writer, *lines)
        if ends:
            await finish(writer)

    return answer


async def dying(_: Request, writer: asyncio.StreamWriter) -> None:
    await begin(writer, delta("Hel"))
    writer.transport.abort()


async def silent(_: Request, __: asyncio.StreamWriter) -> None:
    return


async def strict(request: Request, writer: asyncio.StreamWriter) -> None:
    if "stream_options" in request.body:
        await http(writer, 400, '{"error": "unknown field stream_options"}')
    else:
        await begin(writer, delta("ok"), "[DONE]")
        await finish(writer)


async def parts(model: RemoteModel) -> list[StreamPart]:
    return [part async for part in model.stream(HELLO)]


async def test_a_reply_is_streamed_with_its_usage_and_the_key() -> None:
    usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}})
    last = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    async with SmallServer(streaming(delta("Hi "), delta("日本"), last, usage, "[DONE]")).running() as server:
        model = RemoteModel(server.url + "/v1", "m", " secret ")
        assert await parts(model) == [Chunk("Hi "), Chunk("日本"), Usage(5, 5, 2)]
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == "bearer secret"
    assert server.requests[0].body["model"] == "m"


async def test_without_a_key_none_is_sent_and_without_usage_it_is_estimated() -> None:
    async with SmallServer(streaming(delta("Hi"), "[DONE]")).running() as server:
        model = RemoteModel(server.url, "m")
        estimate = await model.count(HELLO.messages)
        assert await parts(model) == [Chunk("Hi"), Usage(estimate, estimate, 1)]
    assert "authorization" not in server.requests[0].headers


async def test_a_server_that_does_not_know_usage_is_asked_without() -> None:
    async with SmallServer(strict).running() as server:
        model = RemoteModel(server.url, "m")
        for _ in range(2):
            assert (await parts(model))[0] == Chunk("ok")
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


async def test_closing_the_stream_drops_the_connection() -> None:
    async with SmallServer(streaming(delta("Hi"), ends=False)).running() as server:
        stream = RemoteModel(server.url, "m").stream(HELLO)
        assert await anext(stream) == Chunk("Hi")
        await stream.aclose()
        async with asyncio.timeout(10):
            await server.closed.wait()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (failing(401, '{"error": {"message": "bad key"}}'), r"key.*Settings.*bad key"),
        (failing(403, ""), "key"),
        (failing(404, '{"error": "no such model"}'), r"model “m”.*no such model"),
        (failing(429, ""), "Wait a little"),
        (failing(500, "Traceback:\n  it burns"), r"problem of its own \(500\).*Traceback: it burns"),
        (failing(503, "x" * 100_000), "503"),
        (failing(302, ""), "another address"),
        (failing(400, '{"error": "context"}'), r"refused.*context"),
        (failing(200, "<html>Hello</html>", "text/html; charset=utf-8"), "web page"),
        (failing(200, '{"hello": "there"}'), "not like a model server"),
        (dying, "broke|stopped in the middle"),
        (streaming(delta("Hel")), "stopped in the middle"),
        (streaming(delta("Hel"), '{"choices": ['), "can't read"),
        (streaming(delta("Hel"), "[]"), "can't read"),
        (streaming(delta("Hel"), '{"error": {"message": "out of memory"}}'), "out of memory"),
    ],
)
async def test_every_failure_is_a_sentence_with_a_way_out(answer: Answer, words: str) -> None:
    await fails_and_is_there_after_all(answer, words, LONG)


async def test_a_refused_picture_may_mean_that_the_model_is_blind() -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    async with SmallServer(failing(400, '{"error": "no image_url"}')).running() as server:
        model = RemoteModel(server.url, "m", sees=True)
        assert model.status.sees
        with pytest.raises(ModelUnreachable, match="may not be able to see pictures"):
            await anext(model.stream(replace(HELLO, picture=picture)))
        assert model.status.sees
    assert not RemoteModel(server.url, "m").status.sees


@pytest.mark.parametrize("answer", [silent, streaming(delta("Hel"), ends=False)])
async def test_patience_ends_with_a_sentence_too(answer: Answer) -> None:
    await fails_and_is_there_after_all(answer, "said nothing", SHORT)


async def fails_and_is_there_after_all(answer: Answer, words: str, patience: Patience) -> None:
    told: list[ModelStatus] = []
    async with SmallServer(answer).running() as server:
        model = RemoteModel(server.url, "m", patience=patience, on_status=told.append)
        with pytest.raises(ModelUnreachable, match=words) as caught:
            await parts(model)
        assert told[-1] == ModelStatus(ModelState.FAILED, "m", caught.value.sentence)
        assert "\n" not in caught.value.sentence
        model = RemoteModel(server.url, "m", patience=LONG, on_status=told.append)
        await model.ready()
        assert told[-1].state is ModelState.READY


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, but nobody listens


async def test_a_server_that_is_not_there(closed_port: int) -> None:
    model = RemoteModel(f"http://127.0.0.1:{closed_port}/v1", "m")
    await model.start()
    for waiting in (model.ready(), parts(model)):
        with pytest.raises(ModelUnreachable, match=r"can't reach.*Start it, or check the address in Settings"):
            await waiting
    assert model.status.state is ModelState.FAILED
    await model.close()


@pytest.mark.parametrize("url", ["http://[", "http://a..b", "http://no.such.host.invalid"])
async def test_a_host_that_cannot_be(url: str) -> None:
    with pytest.raises(ModelUnreachable, match="can't reach"):
        await parts(RemoteModel(url, "m"))


async def test_an_address_that_is_none() -> None:
    model = RemoteModel("nonsense", "m")
    await model.start()
    with pytest.raises(ModelMissing):
        await model.ready()
    with pytest.raises(ModelMissing):
        await parts(model)
    assert model.status.state is ModelState.MISSING
    await model.close()


async def test_a_refused_key_shows_at_the_start() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await http(writer, 401, "{}")

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        model = RemoteModel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "m", "wrong")
        with pytest.raises(ModelUnreachable, match="key"):
            await model.ready()


async def test_proxies_are_not_asked_for_this_machine(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with SmallServer(streaming(delta("Hi"), "[DONE]")).running() as server:
        assert (await parts(RemoteModel(server.url, "m")))[0] == Chunk("Hi")


async def test_closing_in_the_middle_of_looking_leaves_nothing() -> None:
    async with SmallServer(silent).running() as server:
        model = RemoteModel(server.url, "m")
        await model.start()
        await model.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def llama_server(starter: Path, root: Path) -> AsyncIterator[str]:
    """llama-cpp-python's own server with the starter brain."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(starter), "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--n_ctx", "512", "--verbose", "false"],
        cwd=root,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
            while server.poll() is None:
                try:
                    await client.get(url + "/models")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)  # polls until the server listens
        yield url
    finally:
        server.kill()
        server.wait()


async def test_a_real_server_answers(llama_server: str) -> None:
    model = RemoteModel(llama_server, "starter", "any", patience=LONG)
    await model.start()
    await model.ready()
    heard = await parts(model)
    assert "".join(part.text for part in heard if isinstance(part, Chunk))
    assert isinstance(heard[-1], Usage)
    stream = model.stream(HELLO)
    await anext(stream)
    await stream.aclose()
    assert len(await parts(model)) > 1
    await model.close()
