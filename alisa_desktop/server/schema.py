"""Version 2 of the endpoint's language for machines: a JSON Schema, an AsyncAPI document, and the routes to both.

Everything is made from the types of `json_frames` alone, so it can't say anything else than they do.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Response
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from alisa_desktop.server.access import TOKEN_PROTOCOL, AccessPolicy
from alisa_desktop.server.json_frames import CLIENT, REVISION, SERVER, SUBPROTOCOL, VERSION
from alisa_desktop.server.typescript import declarations

CLIENT_MESSAGE = "ClientMessage"
SERVER_MESSAGE = "ServerMessage"
"""The names of the two unions among the `$defs`."""
PATH = "/ws/chat"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EVOLUTION = (
    f"Within version {VERSION} messages and fields are only ever added: pass over every `type` and field that you do "
    "not know. Lengths are characters."
)
_UNIONS = {
    CLIENT_MESSAGE: "What a client may send: one JSON object a text frame.",
    SERVER_MESSAGE: "What a client may be sent: one JSON object a text frame.",
}
_TEXT_FRAMES = """\
Without the subprotocol (and without `?v=2`) the same address speaks version 1, in plain text frames:

| client to server | meaning |
|---|---|
| `{"message": "text"}`, or the text alone | words of the user |
| `/mode study`, in either form | another mode; answered by `[MODE CHANGED]` and `[END]` |
| `/stop`, in either form | end the reply now |
| `[SPEECH_START]`, `[SPEECH_END]` | the client's speech output began, ended; all others are told |
| `[VISION_FACE]word` | a sensor saw the user: present, absent, focused, distracted, or a facial emotion |
| `[VISION_DESKTOP]task\\|app\\|file_type\\|True or False\\|offer\\|window\\|text` | a sensor saw the screen |
| an empty frame | nothing; keeps the connection alive |

| server to client | meaning |
|---|---|
| `[EMOTION]word` | her face: before the first text of a reply, and again before its `[END]` |
| any other text | more words of the reply, to be appended |
| `[END]` | the reply is over; exactly once for each |
| `[MODE CHANGED]` | another mode is on |
| `[SPEECH_START]`, `[SPEECH_END]` | somebody's speech output began, ended |
| `[VISION]{...}` | what she sees, as JSON, while the user lets her; `?vision=0` opts out |
| an empty frame | nothing; keeps the connection alive |
"""


def json_schema() -> dict[str, Any]:
    """Every message as a JSON Schema (2020-12); it takes one of either side, `$defs` has the unions of each.

    What the server sends has all its fields required, because it always sends them all.
    """
    return {
        "$schema": _DIALECT,
        "$id": f"urn:alisa-desktop:protocol:{REVISION}",
        "$comment": f"version {REVISION}",
        "title": f"Alisa's endpoint, version {REVISION}",
        "description": _EVOLUTION,
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in _UNIONS],
        "$defs": _definitions("#/$defs/{model}"),
    }


def asyncapi(host: str, *, token: bool) -> dict[str, Any]:
    """The endpoint at `host` ("127.0.0.1:8000") as an AsyncAPI 3.0.0 document; `token`: whether one must be shown."""
    schemas = _definitions("#/components/schemas/{model}")
    sides = {name: [_last(one["$ref"]) for one in schemas[name]["oneOf"]] for name in _UNIONS}
    messages = {name: _message(name, schemas[name]) for names in sides.values() for name in names}
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:alisa-desktop:protocol:{REVISION}",
        "info": {
            "title": "Alisa's endpoint",
            "version": REVISION,
            "description": f"Talk with the Alisa of this desktop. {_EVOLUTION}",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"desktop": _server(host, token=token)},
        "channels": {"chat": _channel(list(messages))},
        "operations": {
            "hear": _operation("receive", "A client says or asks something.", sides[CLIENT_MESSAGE]),
            "tell": _operation("send", "Every client is told what happens, in one order.", sides[SERVER_MESSAGE]),
        },
        "components": {"schemas": schemas, "messages": messages, "securitySchemes": _SECURITY},
    }


@cache
def typescript() -> str:
    """The types of the messages for TypeScript."""
    return declarations(json_schema(), REVISION)


def router(policy: AccessPolicy) -> APIRouter:
    """`GET /schema`, `/schema/asyncapi.json` and `/schema/alisa.d.ts`; each is made when it is first asked for."""
    routes = APIRouter()

    @routes.get("/schema")
    async def schema() -> Response:
        return Response(_schema_text(), media_type="application/schema+json")

    @routes.get("/schema/asyncapi.json")
    async def document() -> Response:
        text = _asyncapi_text(f"{policy.host}:{policy.port}", token=bool(policy.token))
        return Response(text, media_type="application/json")

    @routes.get("/schema/alisa.d.ts")
    async def types() -> Response:
        return Response(typescript(), media_type="text/plain")

    return routes


@cache
def _schema_text() -> str:
    return json.dumps(json_schema(), indent=2)


@cache
def _asyncapi_text(host: str, *, token: bool) -> str:
    return json.dumps(asyncapi(host, token=token), indent=2)


class _Generator(GenerateJsonSchema):
    """Without a title for every field, and with every field of ours required, defaults or not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: the names say it."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Whether a message must bear the field."""
        return self.mode == "serialization" or super().field_is_required(field, total)


def _definitions(ref: str) -> dict[str, Any]:
    unions, shared = TypeAdapter.json_schemas(
        [(CLIENT_MESSAGE, "validation", CLIENT), (SERVER_MESSAGE, "serialization", SERVER)],
        schema_generator=_Generator,
        ref_template=ref,
    )
    definitions: dict[str, Any] = {
        name: {"title": name, "description": _UNIONS[name], "oneOf": union["oneOf"]}
        for (name, _), union in unions.items()
    }
    messages = [_last(one["$ref"]) for union in definitions.values() for one in union["oneOf"]]
    names = dict.fromkeys([*messages, *shared["$defs"]])  # in the order of the types, not of the alphabet
    return definitions | {name: _tidy(shared["$defs"][name]) for name in names}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" in schema:  # what kind of message it is comes first
        schema["properties"] = dict(sorted(schema["properties"].items(), key=lambda one: one[0] != "type"))
    for one in (schema, *schema.get("properties", {}).values()):
        if "description" in one:
            one["description"] = " ".join(one["description"].split())
        if "const" in one:
            one.pop("default", None)
    return schema


def _last(ref: str) -> str:
    return ref.rpartition("/")[2]


def _message(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    message = {
        "name": schema["properties"]["type"]["const"],
        "title": name,
        "summary": schema["description"],
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    if "id" in schema["properties"]:
        message["correlationId"] = {"location": "$message.payload#/id", "description": "The client's own mark."}
    return message


def _server(host: str, *, token: bool) -> dict[str, Any]:
    server: dict[str, Any] = {"host": host, "protocol": "ws", "description": "The Alisa who runs on this machine."}
    if token:
        server["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]
    return server


def _channel(names: list[str]) -> dict[str, Any]:
    return {
        "address": PATH,
        "title": "The talk",
        "description": f"Version {VERSION} is spoken with whoever asks for the subprotocol `{SUBPROTOCOL}` (or "
        f"`?v={VERSION}`).\n\n{_TEXT_FRAMES}",
        "servers": [{"$ref": "#/servers/desktop"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "headers": _HEADERS, "query": _QUERY, "bindingVersion": "0.1.0"}},
    }


def _operation(action: str, summary: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{name}"} for name in names],
    }


_HEADERS = {
    "type": "object",
    "properties": {
        "Sec-WebSocket-Protocol": {
            "type": "string",
            "description": f"The subprotocols the client speaks, with `{SUBPROTOCOL}` among them.",
            "examples": [SUBPROTOCOL],
        }
    },
}
_QUERY = {
    "type": "object",
    "properties": {
        "v": {
            "type": "string",
            "enum": [str(VERSION)],
            "description": "Asks for the version where a client can't ask for a subprotocol.",
        }
    },
}
_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The user's token in a header: `Authorization: Bearer ...`.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": f"For pages, which can't set headers: one more subprotocol, `{TOKEN_PROTOCOL}` and the token in "
        f"base64url without padding. Only alone is it the chosen one: ask for `{SUBPROTOCOL}` beside it, or for "
        "`alisa.v1.text` to speak version 1.",
    },
}
