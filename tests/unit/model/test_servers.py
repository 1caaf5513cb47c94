from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_tasks import own_tasks

from alisa_desktop.core.brains import FoundServer
from alisa_desktop.model.servers import COMPATIBLE, LARGEST_ANSWER, find_servers, is_local, model_names

HERE = ("127.0.0.1",)
PATIENT = 20.0

Pages = dict[str, object]
"""Paths, and what is answered there with status 200: a text as it is, the rest as JSON; a pair names the status."""


def listed(*names: str, **more: str) -> dict[str, object]:
    return {"object": "list", "data": [{"id": name, "object": "model", **more} for name in names]}


@asynccontextmanager
async def serving(pages: Pages, head: str = "", host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """A server of these pages on the port it gives."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
                status, body = _page(pages, path)
                data = (body if isinstance(body, str) else json.dumps(body)).encode()
                writer.write(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _page(pages: Pages, path: str) -> tuple[int, object]:
    page = pages.get(path, (404, "Not Found"))
    return page if isinstance(page, tuple) else (200, page)


async def find(pages: Pages, head: str = "") -> FoundServer | None:
    async with serving(pages, head) as port:
        found = await find_servers([port], hosts=HERE, seconds=PATIENT)
    if not found:
        return None
    assert len(found) == 1
    assert found[0].url == f"http://127.0.0.1:{port}/v1/chat/completions"
    return found[0]


OLLAMA: Pages = {
    "/": "Ollama is running",
    "/v1/models": listed("llama3.2:3b", "nomic-embed-text:latest", owned_by="library"),
    "/api/tags": {
        "models": [
            {"name": "llama3.2:3b", "model": "llama3.2:3b", "details": {"family": "llama"}},
            {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert", "families": ["nomic-bert"]}},
            {"name": "mine:latest", "details": {"family": "bert"}},
            {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443"},
            {"name": "other:cloud"},
            {"name": "seer:7b", "capabilities": ["completion", "vision"]},
            {"name": "finder:1b", "capabilities": ["embedding"]},
        ]
    },
}
LM_STUDIO: Pages = {
    "/": {"error": "Unexpected endpoint or method. (GET /)"},
    "/v1/models": listed("qwen3-8b", "gemma", "text-embedding-nomic", owned_by="organization_owner"),
    "/api/v0/models": {
        "data": [
            {"id": "qwen3-8b", "type": "llm", "state": "loaded"},
            {"id": "gemma", "type": "vlm", "state": "not-loaded"},
            {"id": "text-embedding-nomic", "type": "embeddings", "state": "not-loaded"},
            {"id": "plain", "type": "embeddings", "state": "not-loaded"},
        ]
    },
}
LLAMA_SERVER: Pages = {
    "/": "<html>llama.cpp</html>",
    "/v1/models": {"models": [], **listed("/models/a b.gguf", owned_by="llamacpp")},
}
JAN: Pages = {
    "/v1/models": (401, "Missing authorization header"),
    "/openapi.json": {"openapi": "3.1.0", "info": {"title": "Jan API Server Endpoints"}},
}
KOBOLD: Pages = {
    "/v1/models": listed("koboldcpp/mistral", owned_by="koboldcpp"),
    "/api/tags": {"models": [{"name": "x"}]},
}
OTHER_KOBOLD: Pages = {
    "/v1/models": listed("koboldcpp/mistral", owned_by="x"),
    "/api/extra/version": {"result": "KoboldCpp", "version": "1.99"},
}
UNAUTHORISED = {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}
LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}


@pytest.mark.parametrize(
    ("pages", "program", "models"),
    [
        (OLLAMA, "Ollama", ("llama3.2:3b", "seer:7b")),
        ({"/": "Ollama is running"}, "Ollama", ()),
        (LM_STUDIO, "LM Studio", ("qwen3-8b", "gemma")),
        (LLAMA_SERVER, "llama-server", ("/models/a b.gguf",)),
        ({"/v1/models": (503, LOADING), "/": (503, LOADING)}, "llama-server", ()),
        (JAN, "Jan", ()),
        (JAN | {"/v1/models": listed("jan-v3-4b", owned_by="user")}, "Jan", ("jan-v3-4b",)),
        (KOBOLD, "KoboldCpp", ("koboldcpp/mistral",)),
        (OTHER_KOBOLD, "KoboldCpp", ("koboldcpp/mistral",)),
        ({"/v1/models": listed("meta/llama", owned_by="vllm")}, "vLLM", ("meta/llama",)),
        ({"/v1/models": listed("m", "bge-m3", "e5-large", "all-MiniLM-L6")}, COMPATIBLE, ("m",)),
        ({"/v1/models": (401, UNAUTHORISED)}, COMPATIBLE, ()),
        ({"/v1/models": {"data": []}}, COMPATIBLE, ()),
    ],
)
async def test_a_program_is_known_by_what_it_answers(pages: Pages, program: str, models: tuple[str, ...]) -> None:
    found = await find(pages)
    assert found is not None
    assert (found.program, found.models) == (program, models)


async def test_a_llama_server_that_wants_a_key_is_known_by_its_head() -> None:
    found = await find({"/v1/models": (401, UNAUTHORISED)}, "Server: llama.cpp\r\n")
    assert found is not None
    assert found.program == "llama-server"


@pytest.mark.parametrize(
    "pages",
    [
        {},
        {"/": {"status": "ok", "message": "Alisa Backend Running"}, "/v1/models": listed("m")},
        {"/": "<html>Hello</html>", "/v1/models": "<html>Hello</html>"},
        {"/": (401, "who?"), "/v1/models": (401, "who?")},
        {"/v1/models": [1, 2]},
        {"/v1/models": {"data": "much"}},
        {"/v1/models": "[" * 20_000},
        {"/v1/models": json.dumps(listed("m")) + " " * LARGEST_ANSWER},
        {"/v1/models": (302, "elsewhere")},
    ],
)
async def test_what_is_no_server_of_models_is_not_named(pages: Pages) -> None:
    assert await find(pages) is None


async def test_the_names_of_models_are_plain_and_short() -> None:
    names = ["good", "good", "", "a\nb", "right\u202eleft", "x" * 201, *(f"m{number}" for number in range(200))]
    found = model_names(json.dumps({"data": [*({"id": name} for name in names), {"id": 7}, 8, {}]}))
    assert found[:3] == ("good", "m0", "m1")
    assert len(found) == 100


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "models", "id", "name", "type", "details", "family", "capabilities"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(json_values)
def test_any_list_of_models_is_read_without_a_fuss(value: object) -> None:
    assert all(isinstance(name, str) for name in model_names(json.dumps(value)))


async def test_all_are_found_in_the_order_of_the_ports_and_the_silent_are_left_out(closed_port: int) -> None:
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(serving(pages)) for pages in (JAN, OLLAMA, LM_STUDIO)]
        found = await find_servers([closed_port, *ports], hosts=HERE, seconds=PATIENT)
    assert [server.program for server in found] == ["Jan", "Ollama", "LM Studio"]


async def test_one_that_says_nothing_or_never_ends_is_given_up() -> None:
    left: asyncio.Queue[None] = asyncio.Queue()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        with suppress(ConnectionError):
            await reader.read(-1)
        writer.close()
        left.put_nowait(None)

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        async with asyncio.timeout(30):
            assert await find_servers([server.sockets[0].getsockname()[1]], hosts=HERE, seconds=0.5) == ()
            for _ in range(2):  # it was asked for two pages at once
                await left.get()
    assert own_tasks() == {asyncio.current_task()}


async def test_one_that_speaks_something_else_is_not_named() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-Something\r\n\xff\xfe")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        assert await find_servers([server.sockets[0].getsockname()[1]], hosts=HERE, seconds=PATIENT) == ()


async def test_proxies_are_not_asked(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert await find(OLLAMA)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
async def test_a_program_at_both_loopback_addresses_is_named_once_and_one_at_the_second_is_found() -> None:
    async with AsyncExitStack() as stack:
        try:
            port = await stack.enter_async_context(serving(OLLAMA, host="::1"))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        only = await find_servers([port], seconds=PATIENT)
        assert [server.url for server in only] == [f"http://[::1]:{port}/v1/chat/completions"]
        try:
            await stack.enter_async_context(serving(OLLAMA, port=port))
        except OSError:
            pytest.skip("the port is taken at the other address")
        both = await find_servers([port], seconds=PATIENT)
        assert [server.url for server in both] == [f"http://127.0.0.1:{port}/v1/chat/completions"]


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]  # bound, but nobody listens


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1:8080",
            "http://localhost",
            "HTTP://LOCALHOST:1/v1",
            "http://localhost.:1",
            "http://[::1]:1",
        ),
        *("http://127.8.8.8", "https://127.0.0.1", "http://[::ffff:127.0.0.1]", " http://localhost:11434/v1 "),
    ],
)
def test_what_stays_here(url: str) -> None:
    assert is_local(url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org", "http://192.168.0.5:8080", "http://0.0.0.0:8080", "http://[::2]", "http://10.0.0.1"),
        *("http://localhost.example.org", "http://127.0.0.1.example.org", "http://127.0.0.1@example.org", "nonsense"),
        *(
            "http://example.org/127.0.0.1",
            "http://example.org#@127.0.0.1",
            "",
            "http://a:b:c",
            "http://[::ffff:8.8.8.8]",
        ),
        *("http://my.localhost", "http://mylocalhost"),
    ],
)
def test_what_leaves_this_machine(url: str) -> None:
    assert not is_local(url)
