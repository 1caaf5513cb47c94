"""TypeScript declarations from the JSON Schema of the endpoint's messages: an interface a message, and two unions.

Only what that schema uses is understood: objects, arrays, references, unions, constants and plain types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

WIDTH = 120
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_BOUNDS = {
    "maxLength": "At most {} characters.",
    "minimum": "At least {}.",
    "maximum": "At most {}.",
    "pattern": "Pattern: {}",
}
Schema = Mapping[str, Any]


def declarations(schema: Schema, version: str) -> str:
    """A `.d.ts` module with a type for each of the schema's `$defs`. Raises `ValueError` for what it can't express."""
    parts = [f"// Messages of Alisa's endpoint, version {version}. Made from her JSON Schema; do not edit.\n"]
    parts += [_declaration(name, one) for name, one in schema["$defs"].items()]
    return "\n".join(parts)


def _declaration(name: str, schema: Schema) -> str:
    return "".join(f"{line}\n" for line in (*_comment(schema, ""), *_body(name, schema)))


def _body(name: str, schema: Schema) -> Iterator[str]:
    if schema.get("type") == "object":
        yield f"export interface {name} {{"
        required = schema.get("required", [])
        for field, one in schema.get("properties", {}).items():
            yield from _comment(one, "  ")
            yield from _folded(f"  {field}{'' if field in required else '?'}: {_type(one)};")
        yield "}"
    elif "oneOf" in schema:
        yield f"export type {name} ="
        types = [_type(one) for one in schema["oneOf"]]
        yield from (f"  | {one}{';' if one == types[-1] else ''}" for one in types)
    else:
        yield f"export type {name} = {_type(schema)};"


def _folded(line: str) -> list[str]:
    """A union too long for its line, a type a line."""
    field, _, union = line.partition(": ")
    return [line] if len(line) <= WIDTH else [f"{field}:", *(f"    | {one}" for one in union.split(" | "))]


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        item = _type(schema["items"])
        return f"({item})[]" if " " in item else f"{item}[]"
    if schema.get("type") in _PLAIN:
        return _PLAIN[schema["type"]]
    raise ValueError(f"no TypeScript for {schema}")


def _comment(schema: Schema, indent: str) -> list[str]:
    lines = wrap(_doc(schema), WIDTH - len(indent) - 7, break_long_words=False)
    if not lines:
        return []
    if len(lines) == 1:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}" for line in lines), f"{indent} */"]


def _doc(schema: Schema) -> str:
    """What is known of a type beside its shape, in sentences."""
    said = [schema["description"]] if "description" in schema else []
    if schema.get("format") == "date-time":
        said.append("A date and time of ISO 8601.")
    said += [sentence.format(schema[bound]) for bound, sentence in _BOUNDS.items() if bound in schema]
    if schema.get("default") not in (None, ""):
        said.append(f"Default: {json.dumps(schema['default'])}.")
    return " ".join(said).replace("*/", "* /")
