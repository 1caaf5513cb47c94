"""What machines are told about version 2 is what its types say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from alisa_desktop.server import schema
from alisa_desktop.server.access import TOKEN_PROTOCOL, AccessPolicy
from alisa_desktop.server.api import CHAT_PATH
from alisa_desktop.server.hub import SUBPROTOCOLS
from alisa_desktop.server.json_frames import (
    CLIENT,
    REVISION,
    SERVER,
    WORD,
    ClientFrame,
    History,
    PastTurn,
    PresenceReport,
    ServerFrame,
    UserSpoke,
)
from alisa_desktop.server.typescript import declarations

ALL = schema.json_schema()
CLIENT_TYPES: tuple[type[BaseModel], ...] = get_args(get_args(ClientFrame)[0])
SERVER_TYPES: tuple[type[BaseModel], ...] = get_args(get_args(ServerFrame)[0])
PLAIN = {"string": str, "integer": int, "boolean": bool, "null": type(None), "array": list, "object": dict}
words = st.text(max_size=30)


def fits(one: Any, rule: dict[str, Any], root: dict[str, Any] = ALL) -> bool:
    """As much of a JSON Schema's meaning as ours needs."""
    if "$ref" in rule:
        return fits(one, at(root, rule["$ref"]), root)
    if "anyOf" in rule:
        return any(fits(one, choice, root) for choice in rule["anyOf"])
    if "oneOf" in rule:
        return sum(fits(one, choice, root) for choice in rule["oneOf"]) == 1
    return of_kind(one, rule) and in_bounds(one, rule) and of_shape(one, rule, root)


def of_kind(one: Any, rule: dict[str, Any]) -> bool:
    if isinstance(one, bool) and rule["type"] != "boolean":
        return False
    return isinstance(one, PLAIN[rule["type"]]) and rule.get("const", one) == one and one in rule.get("enum", [one])


def in_bounds(one: Any, rule: dict[str, Any]) -> bool:
    if isinstance(one, str):
        return len(one) <= rule.get("maxLength", len(one)) and bool(re.search(rule.get("pattern", ""), one))
    if isinstance(one, int):
        return bool(rule.get("minimum", one) <= one <= rule.get("maximum", one))
    return True


def of_shape(one: Any, rule: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(one, list):
        return all(fits(item, rule["items"], root) for item in one)
    if isinstance(one, dict):
        fields = rule["properties"]
        return all(name in one for name in rule.get("required", [])) and all(
            fits(value, fields[name], root) for name, value in one.items() if name in fields
        )
    return True


def at(root: dict[str, Any], ref: str) -> dict[str, Any]:
    found: Any = root
    for key in ref.removeprefix("#/").split("/"):
        found = found[key]
    assert isinstance(found, dict)
    return found


def everything_in(one: Any) -> Iterator[dict[str, Any]]:
    if isinstance(one, dict):
        yield one
    for item in one.values() if isinstance(one, dict) else one if isinstance(one, list) else ():
        yield from everything_in(item)


def frames(types: tuple[type[BaseModel], ...]) -> st.SearchStrategy[BaseModel]:
    """Any message of these types that may be sent."""
    moments = st.datetimes(timezones=st.just(UTC))
    made = {
        PresenceReport: st.builds(PresenceReport, value=st.from_regex(WORD, fullmatch=True)),
        UserSpoke: st.builds(UserSpoke, at=moments),
        History: st.builds(History, turns=st.lists(st.builds(PastTurn, at=moments), max_size=3).map(tuple)),
    }
    return st.one_of([made[one] if one in made else st.from_type(one) for one in types])


@given(frames(SERVER_TYPES))
def test_everything_the_server_may_say_fits_the_schema_and_comes_back_the_same(frame: BaseModel) -> None:
    sent = frame.model_dump_json()
    assert SERVER.validate_json(sent) == frame
    assert fits(json.loads(sent), ALL["$defs"]["ServerMessage"])


@given(frames(CLIENT_TYPES))
def test_everything_a_client_may_say_fits_the_schema_and_comes_back_the_same(frame: BaseModel) -> None:
    sent = frame.model_dump_json()
    assert CLIENT.validate_json(sent) == frame
    assert fits(json.loads(sent), ALL["$defs"]["ClientMessage"])


odd = st.one_of(st.none(), st.booleans(), st.integers(-1, 200), st.sampled_from(["", "a", "happy", "x" * 90]), words)


@given(st.sampled_from(ALL["$defs"]["ClientMessage"]["oneOf"]), st.data())
def test_the_schema_and_the_types_agree_on_what_a_client_may_not_say(ref: dict[str, str], data: st.DataObject) -> None:
    rule = at(ALL, ref["$ref"])
    drawn = data.draw(st.fixed_dictionaries({}, optional={name: odd for name in rule["properties"] if name != "type"}))
    message = drawn | {"type": rule["properties"]["type"]["const"]}
    try:
        CLIENT.validate_json(json.dumps(message), strict=True)
    except ValidationError:
        assert not fits(message, ALL["$defs"]["ClientMessage"])
    else:
        assert fits(message, ALL["$defs"]["ClientMessage"])


def test_it_says_what_it_is() -> None:
    assert ALL["$schema"].endswith("2020-12/schema")
    assert ALL["$id"].endswith(f":{REVISION}")
    assert REVISION in ALL["title"]


@pytest.mark.parametrize("one", [*CLIENT_TYPES, *SERVER_TYPES], ids=lambda one: one.__name__)
def test_every_message_is_told_apart_by_its_type_and_explained(one: type[BaseModel]) -> None:
    rule = ALL["$defs"][one.__name__]
    assert next(iter(rule["properties"])) == "type"
    assert "type" in rule["required"]
    assert rule["description"] == " ".join((one.__doc__ or "").split())


def test_a_field_is_explained_in_the_words_of_its_type() -> None:
    assert "unasked" in ALL["$defs"]["Hello"]["properties"]["unsolicited"]["description"]


def test_what_the_server_sends_is_all_there_and_what_a_client_need_not_say_is_not_asked_for() -> None:
    assert set(ALL["$defs"]["Error"]["required"]) == {"type", "id", "code", "message"}
    assert ALL["$defs"]["GetHistory"]["required"] == ["type"]


def test_messages_may_grow() -> None:
    assert fits({"type": "text", "turn": "1", "text": "a", "new": 1}, ALL)
    assert not any("additionalProperties" in one for one in everything_in(ALL))


@pytest.mark.parametrize("token", [False, True])
def test_every_reference_of_the_asyncapi_document_leads_somewhere(token: bool) -> None:
    document = schema.asyncapi("127.0.0.1:8000", token=token)
    refs = [one["$ref"] for one in everything_in(document) if "$ref" in one]
    assert len(refs) > 60
    assert all(at(document, ref) for ref in refs)


def test_the_asyncapi_document_tells_the_way_in() -> None:
    document = schema.asyncapi("127.0.0.1:8123", token=False)
    assert document["asyncapi"] == "3.0.0"
    assert document["servers"]["desktop"]["host"] == "127.0.0.1:8123"
    assert document["servers"]["desktop"]["protocol"] == "ws"
    assert document["channels"]["chat"]["address"] == CHAT_PATH
    headers = document["channels"]["chat"]["bindings"]["ws"]["headers"]["properties"]
    assert headers["Sec-WebSocket-Protocol"]["examples"] == ["alisa.v2.json"]
    assert "[MODE CHANGED]" in document["channels"]["chat"]["description"]


def test_a_token_is_asked_for_where_one_is_set() -> None:
    assert "security" not in schema.asyncapi("127.0.0.1:8000", token=False)["servers"]["desktop"]
    document = schema.asyncapi("127.0.0.1:8000", token=True)
    kinds = [at(document, one["$ref"])["type"] for one in document["servers"]["desktop"]["security"]]
    assert kinds == ["http", "httpApiKey"]
    told = document["components"]["securitySchemes"]["subprotocol"]["description"]
    assert all(one in told for one in (*SUBPROTOCOLS, TOKEN_PROTOCOL))


def test_clients_are_heard_and_told_every_message_once() -> None:
    document = schema.asyncapi("127.0.0.1:8000", token=False)
    hear, tell = document["operations"]["hear"], document["operations"]["tell"]
    assert (hear["action"], tell["action"]) == ("receive", "send")
    told = [one["$ref"].rpartition("/")[2] for operation in (hear, tell) for one in operation["messages"]]
    assert told == [one.__name__ for one in (*CLIENT_TYPES, *SERVER_TYPES)]
    assert set(told) == set(document["components"]["messages"]) == set(document["channels"]["chat"]["messages"])


async def got(path: str, policy: AccessPolicy) -> tuple[str, str]:
    """The content type and the text of a route of ours."""
    app = FastAPI(openapi_url=None)
    app.include_router(schema.router(policy))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent[0]["status"] == 200
    return dict(sent[0]["headers"])[b"content-type"].decode(), sent[1]["body"].decode()


async def test_the_schema_is_served() -> None:
    kind, text = await got("/schema", AccessPolicy(port=8000))
    assert kind == "application/schema+json"
    assert json.loads(text) == ALL


async def test_the_document_that_is_served_names_the_port_in_use() -> None:
    kind, text = await got("/schema/asyncapi.json", AccessPolicy(port=8007, token="t"))
    assert kind == "application/json"
    assert json.loads(text) == schema.asyncapi("127.0.0.1:8007", token=True)


async def test_the_types_are_served() -> None:
    kind, text = await got("/schema/alisa.d.ts", AccessPolicy(port=8000))
    assert kind.startswith("text/plain")
    assert text == schema.typescript()


def test_typescript_knows_every_type_and_both_unions() -> None:
    text = schema.typescript()
    for name in ALL["$defs"]:
        assert len(re.findall(rf"^export (?:interface|type) {name} ", text, re.MULTILINE)) == 1
    assert "  reply: RunningReply | null;\n" in text
    assert "  turns: PastTurn[];\n" in text
    assert "  limit?: number;\n" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_a_comment_of_typescript_can_not_be_left() -> None:
    text = declarations({"$defs": {"A": {"type": "string", "description": "*/ evil"}}}, "1")
    assert text.endswith("/** * / evil */\nexport type A = string;\n")


def test_what_typescript_can_not_say_is_an_error() -> None:
    with pytest.raises(ValueError, match="no TypeScript"):
        declarations({"$defs": {"A": {"type": "tuple"}}}, "1")
