"""Who may connect, tried with raw sockets and whole requests against the real endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.server.access import AccessPolicy, TokenBucket

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
MIB = 1024 * 1024


async def ask(port: int, request: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """One raw request; the status and everything else that came."""
    lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(20):
        writer.write("\r\n".join(lines).encode("latin-1") + body)
        status = int((await reader.readline()).split()[1])
        rest = b"" if status == 101 else await reader.read()
    writer.close()
    await writer.wait_closed()
    return status, rest


async def knock(port: int, *, path: str = "/ws/chat", host: str | None = None, **headers: str) -> int:
    """Try to open a WebSocket; the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await ask(port, f"GET {path}", {"Host": host or f"127.0.0.1:{port}", **UPGRADE, **named}))[0]


async def visit(port: int, request: str = "GET /", *, body: bytes = b"", **headers: str) -> int:
    """One HTTP request; the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Host": f"127.0.0.1:{port}", "Connection": "close", **named}
    if body and "Transfer-Encoding" not in sent:
        sent["Content-Length"] = str(len(body))
    return (await ask(port, request, sent, body))[0]


async def test_who_is_here(house: Any) -> None:
    port = house.endpoint.port
    status, rest = await ask(port, "GET /", {"Host": f"localhost:{port}", "Connection": "close"})
    assert status == 200
    assert rest.endswith(b'{"status":"ok","message":"Alisa Backend Running"}')
    assert b"server:" not in rest.lower()


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nothing"])
async def test_no_other_pages(house: Any, path: str) -> None:
    assert await visit(house.endpoint.port, f"GET {path}") == 404


async def test_another_host_is_misdirected(house: Any) -> None:
    port = house.endpoint.port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "localhost:1", f"127.0.0.1.evil.example:{port}"):
        assert await knock(port, host=host) == 421
        assert await visit(port, Host=host) == 421
    assert await knock(port, host=f"LocalHost:{port}") == 101


async def test_a_strange_page_is_refused_before_the_socket_opens(house: Any) -> None:
    port = house.endpoint.port
    for origin in (
        "https://evil.example",
        "null",
        "file://",
        "",
        f"http://127.0.0.1:{port}.evil.example",
        "http://localhost",
    ):
        assert await knock(port, Origin=origin) == 403
        assert await visit(port, Origin=origin) == 403
        body = b'{"message": "hi"}'
        assert await visit(port, "POST /", body=body, Origin=origin, Content_Type="text/plain") == 403
    assert await knock(port, path="/elsewhere", Origin="https://evil.example") == 403


async def test_our_own_pages_may_connect(house: Any) -> None:
    port = house.endpoint.port
    assert await knock(port, Origin=f"http://127.0.0.1:{port}") == 101
    assert await knock(port, Origin=f"http://localhost:{port}") == 101


async def test_pages_on_the_list_may_connect(open_house: Callable[..., Any]) -> None:
    policy = AccessPolicy(0, allowed_origins=frozenset({"https://Mine.example/"}), allow_null_origin=True)
    async with open_house(policy) as house:
        for origin in ("https://mine.example", "null", "file://"):
            assert await knock(house.endpoint.port, Origin=origin) == 101
        assert await knock(house.endpoint.port, Origin="https://mine.example.evil.example") == 403


async def test_the_token_is_asked_for_everywhere(open_house: Callable[..., Any]) -> None:
    async with open_house(AccessPolicy(0, token="opensesame")) as house:
        port = house.endpoint.port
        for none in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic opensesame"}):
            assert await knock(port, **none) == 401
            assert await visit(port, **none) == 401
        assert await knock(port, path="/ws/chat?token=opensesam") == 401
        assert await knock(port, Authorization="Bearer opensesame") == 101
        assert await knock(port, path="/ws/chat?token=opensesame") == 101
        assert await visit(port, "GET /?token=opensesame") == 200
        assert await knock(port, path="/ws/chat?token=opensesame", Origin="https://evil.example") == 403


async def test_no_token_gets_into_the_log(open_house: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    async with open_house(AccessPolicy(0, token="opensesame")) as house:
        async with connect(f"{house.endpoint.address}?token=opensesame", proxy=None):
            pass
        await knock(house.endpoint.port, path="/ws/chat?token=opensesamE")
    assert "sesam" not in caplog.text
    assert "sesam" not in repr(AccessPolicy(0, token="opensesame"))


async def test_a_body_is_json_and_not_large(house: Any) -> None:
    port = house.endpoint.port
    json = "application/json; charset=utf-8"
    assert await visit(port, "POST /", body=b"{}", Content_Type="text/plain") == 415
    assert await visit(port, "POST /", body=b"{}") == 415
    assert await visit(port, "POST /", body=b"{}", Content_Type=json) == 405
    assert await visit(port, "POST /", Content_Type=json, Content_Length=str(MIB + 1)) == 413
    chunked = b"".join(b"10000\r\n" + b" " * 0x10000 + b"\r\n" for _ in range(16)) + b"1\r\n \r\n"
    assert await visit(port, "POST /", body=chunked, Content_Type=json, Transfer_Encoding="chunked") == 413


async def test_only_so_many_sockets(open_house: Callable[..., Any], eventually: Callable[..., Any]) -> None:
    async with open_house(AccessPolicy(0, max_sockets=2)) as house:
        first, second = await house.enter(), await house.enter()
        assert await knock(house.endpoint.port) == 429
        assert await visit(house.endpoint.port) == 200
        await first.close()
        async with asyncio.timeout(20):
            while await knock(house.endpoint.port) != 101:
                await asyncio.sleep(0.01)
        await second.close()


async def test_a_flood_of_frames_is_cut_off(open_house: Callable[..., Any], rest: Callable[..., Any]) -> None:
    async with open_house(AccessPolicy(0, frames_per_second=0.001, frame_burst=5)) as house:
        flooding, calm = await house.enter(), await house.enter()
        for _ in range(50):
            await flooding.send("")
        assert await rest(flooding) == ([], 1013, "too many frames at once")
        await calm.send("/mode study")
        assert await calm.recv() == "[MODE CHANGED]"


def test_other_addresses_need_a_token() -> None:
    for host in ("0.0.0.0", "192.168.1.2", "localhost", ""):
        with pytest.raises(SettingsFailed, match="token"):
            AccessPolicy(8000, host=host)
    assert AccessPolicy(8000, host="192.168.1.2", token="a").hosts >= {"192.168.1.2:8000", "127.0.0.1:8000"}


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 9), st.floats(0.1, 5))
def test_a_bucket_never_lets_more_through_than_it_says(gaps: list[float], burst: int, rate: float) -> None:
    bucket, now, passed = TokenBucket(rate, burst, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.take(now)
        assert passed <= burst + now * rate + 1e-6
