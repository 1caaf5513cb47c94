"""Who may connect: every rule, tried with raw requests at every door of the real endpoint."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knocking import Answer, Header, knock, visit
from websockets.asyncio.client import connect

from alisa_desktop.core.errors import SettingsFailed
from alisa_desktop.server.access import FOR_ANYBODY, AccessPolicy, TokenBucket, refuse

Fixture = Callable[..., Any]
DOORS = ("/", "/overlay", "/overlay/x", "/overlay/main.js", "/schema", "/ws/chat", "/nothing", "/a/../%2e%2e//b")
JSON = ("Content-Type", "application/json")
TOKEN = "Öffne dich, 芝麻"
PROTOCOL = "alisa.token." + urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")


def bearer(token: str) -> Header:
    return ("Authorization", f"Bearer {token}".encode().decode("latin-1"))


async def at_every_door(port: int, *headers: Header, query: str = "", anybodys: bool = True) -> list[Answer]:
    """Read, write and open a WebSocket everywhere; without `anybodys`, leave out what needs no token."""
    answers = []
    for door in DOORS:
        if anybodys or not FOR_ANYBODY.fullmatch(door):
            answers.append(await visit(port, f"GET {door}{query}", *headers))
        answers.append(await visit(port, f"POST {door}{query}", JSON, *headers, body=b"{}"))
        answers.append(await knock(port, f"{door}{query}", *headers))
    return answers


def statuses(answers: list[Answer]) -> set[int]:
    return {answer.status for answer in answers}


async def test_who_is_here(house: Any) -> None:
    port = house.endpoint.port
    answer = await visit(port, "GET /", ("Host", f"localhost:{port}"))
    assert answer.status == 200
    assert answer.body == b'{"status":"ok","message":"Alisa Backend Running"}'


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nothing"])
async def test_no_other_pages(house: Any, path: str) -> None:
    assert (await visit(house.endpoint.port, f"GET {path}")).status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1", "localhost:1", "127.0.0.1.evil:{}"])
async def test_another_host_is_misdirected(house: Any, host: str) -> None:
    port = house.endpoint.port
    assert statuses(await at_every_door(port, ("Host", host.format(port)))) == {421}


async def test_no_host_and_two_hosts(house: Any) -> None:
    port = house.endpoint.port
    ours = ("Host", f"127.0.0.1:{port}")
    for door in DOORS:
        assert (await visit(port, f"GET {door}", ("", ""), version="1.0")).status == 421
        for hosts in ([("", "")], [ours, ours], [ours, ("Host", "evil.example")]):  # HTTP itself forbids these
            assert (await visit(port, f"GET {door}", *hosts)).status == 400
            assert (await knock(port, door, *hosts)).status == 400
    assert (await knock(port, "/ws/chat", ("Host", f"LocalHost:{port}"))).status == 101


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "file://", "", "http://127.0.0.1:{}.evil.example", "http://localhost", "http:"],
)
async def test_a_strange_page_is_refused(house: Any, origin: str) -> None:
    port = house.endpoint.port
    assert statuses(await at_every_door(port, ("Origin", origin.format(port)))) == {403}


async def test_two_origins_are_refused(house: Any) -> None:
    port = house.endpoint.port
    ours = ("Origin", f"http://127.0.0.1:{port}")
    assert statuses(await at_every_door(port, ours, ("Origin", "https://evil.example"))) == {403}
    assert statuses(await at_every_door(port, ours, ours)) == {403}


async def test_our_own_pages_may_connect(house: Any) -> None:
    port = house.endpoint.port
    for name in ("127.0.0.1", "localhost"):
        assert (await knock(port, "/ws/chat", ("Origin", f"http://{name}:{port}"))).status == 101
        assert (await visit(port, "GET /", ("Origin", f"http://{name}:{port}"))).status == 200


async def test_pages_on_the_list_may_connect(open_house: Fixture) -> None:
    policy = AccessPolicy(0, allowed_origins=frozenset({"https://Mine.example/", "NULL", "file://"}))
    async with open_house(policy) as house:
        port = house.endpoint.port
        for origin in ("https://mine.example", "null", "file://"):
            assert (await knock(port, "/ws/chat", ("Origin", origin))).status == 101
            cross = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
            assert (await visit(port, "GET /", ("Origin", origin), *cross)).status == 200
        for origin in ("https://mine.example.evil.example", "http://mine.example", ""):
            assert statuses(await at_every_door(port, ("Origin", origin))) == {403}


def test_an_empty_entry_allows_nobody() -> None:
    policy = AccessPolicy(8000, allowed_origins=frozenset({"", "/", "*"}))
    assert not any(policy.allows_origin(origin) for origin in ("", "null", "https://evil.example"))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
async def test_a_strange_page_cannot_even_look(house: Any, site: str) -> None:
    port = house.endpoint.port
    for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe")):
        told = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)]
        for door in DOORS:
            assert (await visit(port, f"GET {door}", *told)).status == 403
    assert (await visit(port, "GET /", ("Sec-Fetch-Site", site))).status == 403
    opened = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    assert (await visit(port, "GET /", *opened)).status == 200, "a link that the user follows"
    assert (await visit(port, "GET /", ("Sec-Fetch-Site", "none"), *opened)).status == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_page_may_look(house: Any, site: str) -> None:
    told = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
    assert (await visit(house.endpoint.port, "GET /", *told)).status == 200


async def test_the_token_is_asked_for_at_every_door(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, token=TOKEN)) as house:
        port = house.endpoint.port
        wrong: tuple[tuple[Header, ...], ...] = (
            (),
            (bearer("wrong"),),
            (bearer(TOKEN[:-1]),),
            (("Authorization", f"Basic {TOKEN}".encode().decode("latin-1")),),
            (("Sec-WebSocket-Protocol", "alisa.token., alisa.token.wrong, alisa.v2.json"),),
        )
        for headers in wrong:
            answers = await at_every_door(port, *headers, anybodys=False)
            assert statuses(answers) == {401}
            assert {answer.header("www-authenticate") for answer in answers} == {"Bearer"}
        assert statuses(await at_every_door(port, bearer(TOKEN), ("Origin", "https://evil.example"))) == {403}
        assert statuses(await at_every_door(port, bearer(TOKEN), ("Host", "evil.example"))) == {421}


async def test_who_has_the_token_may_connect(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, token=TOKEN)) as house:
        port = house.endpoint.port
        assert (await visit(port, "GET /", bearer(TOKEN))).status == 200
        assert (
            await visit(port, "GET /", ("Authorization", bearer(TOKEN)[1].replace("Bearer", "bEARER ")))
        ).status == 200
        assert (await knock(port, "/ws/chat", bearer(TOKEN))).status == 101


async def test_a_page_sends_the_token_as_a_subprotocol(open_house: Fixture) -> None:
    async with open_house(AccessPolicy(0, token=TOKEN)) as house:
        port = house.endpoint.port
        answer = await knock(port, "/ws/chat", ("Sec-WebSocket-Protocol", PROTOCOL))
        assert answer.status == 101
        assert answer.header("sec-websocket-protocol") == PROTOCOL, "a browser wants one of its own"
        assert (await knock(port, "/ws/chat", ("Sec-WebSocket-Protocol", f"other,{PROTOCOL}"))).status == 101
        assert (await visit(port, "GET /", ("Sec-WebSocket-Protocol", PROTOCOL))).status == 401


@pytest.mark.parametrize("name", ["token", "Token", "%74oken", "a=b&token"])
@pytest.mark.parametrize("value", ["=opensesame", "=wrong", "=", ""])
async def test_no_token_is_taken_from_an_address(open_house: Fixture, name: str, value: str) -> None:
    async with open_house(AccessPolicy(0, token="opensesame")) as house:
        port = house.endpoint.port
        for headers in ((), (bearer("opensesame"),)):
            for answer in (
                await visit(port, f"GET /?{name}{value}", *headers),
                await visit(port, f"GET /overlay?{name}{value}", *headers),
                await knock(port, f"/ws/chat?{name}{value}", *headers),
            ):
                assert answer.status == 401
                assert b"histories and logs" in answer.body
                assert answer.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize(
    "path", ["/overlay", "/overlay/", "/overlay/a.html", "/overlay/a-b_c.min.js", "/overlay/a.svg"]
)
async def test_the_overlays_own_files_need_no_token(open_house: Fixture, path: str) -> None:
    async with open_house(AccessPolicy(0, token=TOKEN)) as house:
        port = house.endpoint.port
        assert (await visit(port, f"GET {path}")).status != 401
        assert (await visit(port, f"HEAD {path}?mirror=1")).status != 401
        assert (await visit(port, f"POST {path}", JSON, body=b"{}")).status == 401
        assert (await knock(port, path)).status == 401
        assert (await visit(port, f"GET {path}", ("Origin", "https://evil.example"))).status == 403
        assert (await visit(port, f"GET {path}", ("Host", "evil.example"))).status == 421


TRICKS = (
    *("/overlay/..", "/overlay/../", "/overlay/../schema", "/overlay/..%2fschema", "/overlay/%2e%2e/schema"),
    *(
        "//overlay",
        "/overlay//a.js",
        "/./overlay",
        "/overlay/./a.js",
        "/OVERLAY",
        "/overlay;a.js",
        "/overlay%2f%2fa.js",
    ),
    *("/overlay/packs", "/overlay/packs/", "/overlay/packs/mine.png", "/overlay/packs%2fmine.png", "/overlay/x.png/y"),
    *("/overlay/packs/mine/a.png", "/overlay/a.js/", "/overlay/a.js/../packs/mine.png", "/overlay/..%5ca.js"),
    *("/overlay/a.js%00", "/overlay/a.js%0a", "/overlay/.js", "/overlay/.a.js", "/overlay/a.json", "/overlay/a.JS"),
    *("/overlay/%2e%2e%2fa.js", "/overlay/a%20b.js", "/overlay/%c3%a4.js", "http://127.0.0.1/overlay", "/overlay%3f"),
)


@pytest.mark.parametrize("path", TRICKS)
async def test_no_trick_gets_round_the_token(open_house: Fixture, path: str) -> None:
    async with open_house(AccessPolicy(0, token=TOKEN)) as house:
        assert (await visit(house.endpoint.port, f"GET {path}")).status == 401


@given(st.text("/ab.%\\\n\0-j s", max_size=14).map(lambda end: "/overlay" + end + ".js"))
def test_only_files_right_below_are_for_anybody(path: str) -> None:
    if FOR_ANYBODY.fullmatch(path):
        assert path.count("/") == 2
        assert not set(path) & set("%\\\n\0 ")
        assert not path.startswith("/overlay/.")


async def test_no_token_gets_into_the_log(open_house: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    secret = urlsafe_b64encode(b"opensesame").decode().rstrip("=")
    async with open_house(AccessPolicy(0, token="opensesame")) as house:
        port = house.endpoint.port
        headers = {"Authorization": "Bearer opensesame"}
        async with connect(f"{house.endpoint.address}?private=opensesame", proxy=None, additional_headers=headers):
            pass
        for path in ("/ws/chat?token=opensesame", "/ws/chat?private=opensesame", "/opensesame"):
            await knock(port, path)
            await knock(port, path, bearer("opensesame"))
            await knock(port, path, ("Sec-WebSocket-Protocol", f"alisa.token.{secret}"))
            await knock(port, path, ("Upgrade", "opensesame"))
            await visit(port, f"GET {path}", bearer("opensesame"))
            await visit(port, f"GET {path}", ("Content-Length", "opensesame"))
    assert caplog.records
    assert "sesam" not in caplog.text
    assert secret not in caplog.text
    assert "sesam" not in repr(AccessPolicy(0, token="opensesame"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
async def test_a_body_is_json(house: Any, method: str) -> None:
    port = house.endpoint.port
    for door in DOORS:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "x; application/json", ""):
            assert (await visit(port, f"{method} {door}", ("Content-Type", kind), body=b"{}")).status == 415
        assert (await visit(port, f"{method} {door}", body=b"{}")).status == 415
        assert (await visit(port, f"{method} {door}", JSON, JSON, body=b"{}")).status == 415
        assert (await visit(port, f"{method} {door}", JSON, body=b"{}")).status in {404, 405}
    utf8 = ("Content-Type", "application/JSON; charset=utf-8")
    assert (await visit(port, f"{method} /", utf8, body=b"{}")).status == 405


def test_other_addresses_need_a_token() -> None:
    for host in ("0.0.0.0", "192.168.1.2", "localhost", ""):
        with pytest.raises(SettingsFailed, match="token"):
            AccessPolicy(8000, host=host)
    assert AccessPolicy(8000, host="192.168.1.2", token="a").hosts >= {"192.168.1.2:8000", "127.0.0.1:8000"}


HEADERS = st.sampled_from([b"host", b"origin", b"authorization", b"sec-fetch-site", b"content-type", b"accept"])


@given(
    st.sampled_from(["http", "websocket"]),
    st.lists(st.tuples(HEADERS, st.binary(max_size=30)), max_size=6),
    st.binary(max_size=30),
    st.text(max_size=30),
)
def test_whatever_comes_is_refused_and_never_fails(
    kind: str, headers: list[tuple[bytes, bytes]], query: bytes, path: str
) -> None:
    scope = {"type": kind, "method": "POST", "path": path, "query_string": query, "headers": headers}
    if kind == "websocket":
        scope["subprotocols"] = [path]
    policy = AccessPolicy(8000, token=TOKEN)
    assert refuse(scope, policy) is not None
    scope["headers"] = [(b"host", b"127.0.0.1:8000"), *(one for one in headers if one[0] != b"host")]
    assert refuse(scope, policy) is not None


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 9), st.floats(0.1, 5))
def test_a_bucket_never_lets_more_through_than_it_says(gaps: list[float], burst: int, rate: float) -> None:
    bucket, now, passed = TokenBucket(rate, burst, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.take(now)
        assert passed <= burst + now * rate + 1e-6
