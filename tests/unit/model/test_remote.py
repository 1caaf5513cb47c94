from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from own_tasks import own_tasks

from alisa_desktop.core.errors import MessageTooLong, ModelMissing, ModelUnreachable
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
from alisa_desktop.model.servers import COMPATIBLE, USUAL, find_servers

HELLO = Prompt((Message(Role.USER, "hello"),), Sampling(max_tokens=6), Choice("<emotion=", ("happy",), ">"))
SHORT = Patience(connect=5, first_token=0.2, next_token=0.2, loading=0.01)
LONG = Patience(connect=30, first_token=60, next_token=60, loading=0.01)

Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


class Request:
    """What a client sent to the small server."""

    def __init__(self, head: str, body: bytes) -> None:
        self.path = head.split(" ")[1]
        self.headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        self.body = json.loads(body) if body else {}


class SmallServer:
    """A real server that answers as it is told and remembers what it was asked."""

    def __init__(self, answer: Answer, models: str = "{}") -> None:
        self._answer = answer
        self._models = models
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
                await http(writer, 200, self._models)
            else:
                await self._answer(request, writer)
                if not writer.is_closing():
                    await asyncio.wait_for(reader.read(), 10)  # until the client hangs up
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()


async def http(
    writer: asyncio.StreamWriter, status: int, body: str, kind: str = "application/json", *more: str
) -> None:
    data = body.encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}", "Connection: close", *more]
    writer.write("\r\n".join([*head, "", ""]).encode() + data)
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


def failing(status: int, body: str, kind: str = "application/json", *more: str) -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        await http(writer, status, body, kind, *more)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """The first answer at first, then the next; the last one from then on."""
    left = list(answers)

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return answer


def streaming(*lines: str, ends: bool = True) -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        await begin(writer, *lines)
        if ends:
            await finish(writer)

    return answer


def saying(text: str) -> Answer:
    """A stream of this text, as it is."""

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        await http(writer, 200, text, "text/event-stream")

    return answer


async def dying(_: Request, writer: asyncio.StreamWriter) -> None:
    await begin(writer, delta("Hel"))
    writer.transport.abort()


async def hanging_up(_: Request, writer: asyncio.StreamWriter) -> None:
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
        (failing(401, '{"error": {"message": "bad key"}}'), r"wants a key.*Settings.*bad key"),
        (failing(403, ""), "wants a key"),
        (failing(404, '{"error": "no such model"}'), r"doesn't have the model “m”.*no such model"),
        (failing(404, ""), r"nothing at /v1/chat/completions.*usually ends in /v1/chat/completions"),
        (failing(405, ""), "usually ends in"),
        (failing(400, "Client sent an HTTP request to an HTTPS server."), "begin with https://"),
        (failing(400, "<html>The plain HTTP request was sent to HTTPS port", "text/html"), "begin with https://"),
        (failing(302, "", "text/plain", "Location: https://u:p@h/v1?key=1"), r"another address, https://h/v1\. If you"),
        (failing(302, "", "text/plain", "Location: /v2"), r"another address, http://127.0.0.1:\d+/v2\. If you trust"),
        (failing(429, "", "text/plain", "Retry-After: 60"), "asks me to wait 60 seconds"),
        (failing(429, "", "text/plain", "Retry-After: soon"), "Wait a little"),
        (failing(511, "<html>", "text/html"), "Sign in with the browser"),
        (failing(418, "teapot"), r"refused the request \(418\)"),
        (
            failing(502, "<html>Bad gateway</html>", "text/html"),
            r"problem of its own \(502\)\. Look at its window or log\.$",
        ),
        (failing(200, '{"error": "Unexpected endpoint"}'), r"not like a model server.*Unexpected endpoint"),
        (hanging_up, r"broke.*https://"),
        (failing(429, ""), "Wait a little"),
        (failing(500, "Traceback:\n  it burns"), r"problem of its own \(500\).*Traceback: it burns"),
        (failing(503, "x" * 100_000), "503"),
        (failing(302, ""), "another address"),
        (failing(400, '{"error": "context"}'), r"refused.*context"),
        (
            failing(200, "<html>Hello</html>", "text/html; charset=utf-8"),
            r"a web page, not a reply.*usually ends in /v1",
        ),
        (failing(200, '{"hello": "there"}'), "not like a model server"),
        (failing(200, "hello", "text/plain"), "not like a model server"),
        (dying, "broke|stopped in the middle"),
        (streaming(delta("Hel")), "stopped in the middle"),
        (streaming(delta("Hel"), '{"choices": ['), "can't read"),
        (streaming(delta("Hel"), "[]"), "can't read"),
        (streaming(delta("Hel"), "keep-alive"), "can't read"),
        (streaming(delta("Hel"), '{"error": {"message": "out of memory"}}'), "gave up.*out of memory"),
        (saying('{"error": "runner ended"}\n'), "gave up.*runner ended"),
        (saying('event: error\ndata: {"error": {"message": "channel error"}}\n\n'), "gave up.*channel error"),
        (saying('error: {"code": 500, "message": "slot lost"}\n\n'), "gave up.*slot lost"),
        (saying("x" * 2_000_000), "without a word"),
        (streaming(), "without a word"),
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
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, but nobody listens


async def test_a_server_that_is_not_there(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = RemoteModel(f"http://127.0.0.1:{closed_port}/v1", "m", patience=LONG)
    await model.start()
    with pytest.raises(ModelUnreachable, match=r"Nothing answers at .*Start the model server, .*built-in brain"):
        await model.ready()
    monkeypatch.setitem(USUAL, closed_port, "Ollama")
    with pytest.raises(
        ModelUnreachable, match=r"Nothing answers at 127.0.0.1:\d+. Start Ollama, or choose the built-in"
    ):
        await parts(model)
    assert model.status.state is ModelState.FAILED
    await model.close()


@pytest.mark.parametrize("url", ["http://[", "http://a..b", "http://no.such.host.invalid"])
async def test_a_host_that_cannot_be(url: str, no_proxy: None) -> None:
    with pytest.raises(ModelUnreachable, match=r"can't (find|reach).*Check.*Settings"):  # a slow resolver: reach
        await parts(RemoteModel(url, "m"))


MODELS = json.dumps({"data": [{"id": f"brain-{number}"} for number in range(7)] + [{"id": "nomic-embed-text"}]})


@pytest.mark.parametrize(
    "answer",
    [
        failing(404, '{"error": {"message": "model \\"m\\" not found, try pulling it first"}}'),
        failing(404, '{"error": {"message": "?", "code": "model_not_found"}}'),
        failing(404, "No running session found for model"),
        failing(400, '{"error": {"message": "Invalid model identifier m. Unknown model."}}'),
    ],
)
async def test_an_unknown_model_is_told_with_the_known_ones(answer: Answer) -> None:
    async with SmallServer(answer, MODELS).running() as server:
        with pytest.raises(ModelUnreachable) as caught:
            await parts(RemoteModel(server.url, "m"))
    assert "doesn't have the model “m”. It has “brain-0”, “brain-1”" in caught.value.sentence
    assert "“brain-4” and more: choose one in Settings." in caught.value.sentence
    assert "brain-5" not in caught.value.sentence


async def test_a_known_model_at_a_wrong_path_is_not_blamed() -> None:
    async with SmallServer(failing(404, "Not Found"), '{"data": [{"id": "m"}]}').running() as server:
        with pytest.raises(ModelUnreachable, match=r"has nothing at /v2/chat/completions"):
            await parts(RemoteModel(server.url + "/v2", "m"))


LLAMA_SERVER = {
    "code": 400,
    "message": "request (9412 tokens) exceeds the available context size (1024 tokens), try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 9412,
    "n_ctx": 1024,
}
OPENAI = {
    "message": "This model's maximum context length is 1024 tokens. However, you requested 4222 tokens.",
    "type": "invalid_request_error",
    "code": "context_length_exceeded",
}
LM_STUDIO = (
    "Trying to keep the first 9412 tokens when context the overflows. However, the model is loaded with context "
    "length of only 1024 tokens, which is not enough."
)


async def test_a_body_that_is_too_large_is_too_long() -> None:
    async with SmallServer(failing(413, "<html>413</html>", "text/html")).running() as server:
        with pytest.raises(MessageTooLong, match="Send less at a time"):
            await parts(RemoteModel(server.url, "m"))


@pytest.mark.parametrize("error", [LLAMA_SERVER, OPENAI, LM_STUDIO])
@pytest.mark.parametrize("way", ["refused", "in the stream", "in a whole"])
async def test_a_talk_that_does_not_fit_is_too_long_and_nobody_is_broken(error: object, way: str) -> None:
    body = json.dumps({"error": error})
    answers = {"refused": failing(400, body), "in the stream": streaming(body), "in a whole": failing(200, body)}
    async with SmallServer(answers[way]).running() as server:
        model = RemoteModel(server.url, "m", patience=LONG)
        with pytest.raises(
            MessageTooLong, match=r"more than the server's model can read at once. It holds 1024 tokens"
        ):
            await parts(model)
        assert (model.status.state, model.context_tokens) == (ModelState.READY, 1024)
    assert len(server.requests) == 1


async def test_a_busy_server_is_asked_once_more_after_the_wait_it_wants() -> None:
    busy = failing(429, "", "text/plain", "Retry-After: 0")
    async with SmallServer(in_turn(busy, streaming(delta("Hi"), "[DONE]"))).running() as server:
        assert (await parts(RemoteModel(server.url, "m")))[0] == Chunk("Hi")
    async with SmallServer(busy).running() as server:
        with pytest.raises(ModelUnreachable, match="has too much to do"):
            await parts(RemoteModel(server.url, "m"))
    assert len(server.requests) == 2


LOADING = failing(503, '{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}')


async def test_a_server_that_loads_its_model_gets_time_and_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ModelStatus] = []
    async with SmallServer(in_turn(LOADING, LOADING, streaming(delta("Hi"), "[DONE]"))).running() as server:
        monkeypatch.setitem(USUAL, int(server.url.rpartition(":")[2]), "llama-server")
        model = RemoteModel(server.url, "m", patience=LONG, on_status=told.append)
        assert (await parts(model))[0] == Chunk("Hi")
    assert [(status.state, status.detail) for status in told] == [
        (ModelState.LOADING, "llama-server is loading its model."),
        (ModelState.READY, ""),
    ]


async def test_patience_with_loading_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, LONG.first_token / 2, LONG.first_token - 1, LONG.first_token])
    monkeypatch.setattr("alisa_desktop.model.remote.monotonic", lambda: next(seconds))
    async with SmallServer(LOADING).running() as server:
        model = RemoteModel(server.url, "m", patience=LONG)
        with pytest.raises(ModelUnreachable, match="Look whether its model is loaded"):
            await parts(model)
    assert len(server.requests) == 3


async def test_ready_waits_while_the_model_is_loaded() -> None:
    waiting = [503, 503, 200]
    told: list[ModelStatus] = []

    async def load(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await http(writer, waiting.pop(0), '{"error": {"message": "Loading model"}}')

    async with await asyncio.start_server(load, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        model = RemoteModel(url, "m", patience=LONG, on_status=told.append)
        await model.ready()
    assert [status.detail for status in told] == ["The model server is loading its model.", ""]
    assert model.status.state is ModelState.READY


KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize(
    "answer",
    [
        failing(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}})),
        failing(500, f"{'x' * 190}{KEY}"),
        streaming(json.dumps({"error": f"bad {KEY}"})),
    ],
)
async def test_the_key_is_in_no_sentence_and_no_log(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with SmallServer(answer).running() as server:
        address = server.url.replace("http://", f"http://user:{KEY}@")
        with pytest.raises(ModelUnreachable) as caught:
            await parts(RemoteModel(address, "m", KEY))
    assert "sk-" not in caught.value.sentence
    assert KEY not in caplog.text


async def test_a_key_with_a_line_break_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async with SmallServer(silent).running() as server:
        with pytest.raises(ModelUnreachable, match="Enter it anew") as caught:
            await parts(RemoteModel(server.url, "m", "sk-one\nsk-two"))
        assert not server.requests
    assert "sk-" not in caught.value.sentence


async def test_other_line_separators_may_stand_within_the_words() -> None:
    words = json.dumps({"choices": [{"delta": {"content": "a\u2028b\x85c"}}]}, ensure_ascii=False)
    async with SmallServer(saying(f"data: {words}\r\n\r\ndata: [DONE]")).running() as server:
        assert (await parts(RemoteModel(server.url, "m")))[0] == Chunk("a\u2028b\x85c")


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
    assert own_tasks() == {asyncio.current_task()}


LLAMA_SERVER = """
import runpy, socket, llama_cpp, uvicorn
from alisa_desktop.model.variants import load_best

def run(app, **_):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, access_log=False)).run([listener])

uvicorn.run = run
load_best(llama_cpp)
runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
async def llama_server(starter: Path, root: Path) -> AsyncIterator[str]:
    """llama-cpp-python's own server with the starter brain."""
    command = [sys.executable, "-c", LLAMA_SERVER, "--model", str(starter), "--n_ctx", "512", "--verbose", "false"]
    with subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdout
        try:
            port = int(await asyncio.to_thread(server.stdout.readline))  # it listens by then
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


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
    with pytest.raises(ModelUnreachable, match="Our talk may be longer than its context"):  # it says nothing
        await anext(model.stream(Prompt((Message(Role.USER, "hello " * 2000),))))
    assert len(await parts(model)) > 1
    await model.close()
    (found,) = await find_servers([int(llama_server.split(":")[2].split("/")[0])], hosts=["127.0.0.1"], seconds=30)
    assert (found.program, found.url) == (COMPATIBLE, llama_server + "/chat/completions")
    assert len(found.models) == 1
