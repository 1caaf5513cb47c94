"""The chat-completions format, as OpenAI defined it and many servers speak it: requests out, events in. Pure.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import httpx

from alisa_desktop.core.errors import ModelMissing
from alisa_desktop.core.messages import Message, Prompt, Role, Usage
from alisa_desktop.model.picture import picture_bytes

END = "[DONE]"
CHAT = "/chat/completions"
TOKENS_PER_WORD = 1.5
BYTES_PER_TOKEN = 3.2
TOKENS_PER_MESSAGE = 6
SHOWN_CHARACTERS = 200
_OTHER_ENDS = ("/models", "/chat", "/completions", "/api")

Event = dict[str, Any]


class BadEvent(ValueError):
    """A line of the stream is no event of this format."""


def chat_address(url: str) -> httpx.URL:
    """Return the chat-completions address, completing a bare server or one that ends in /v1, /models or the like.

    A name and password in the address are left out. Raises `ModelMissing` for what is no address.
    """
    try:
        address = httpx.URL(url.strip())
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise ModelMissing(
            f"“{_one_line(url)}” is no server address. In Settings, enter one like http://127.0.0.1:8080/v1."
        )
    path = address.path.rstrip("/")
    if not path.endswith(CHAT):
        stem = next((path.removesuffix(end) for end in _OTHER_ENDS if path.endswith(end)), path)
        path = (stem or "/v1") + CHAT
    return address.copy_with(path=path, fragment=None, username="", password="")


def models_address(address: httpx.URL) -> httpx.URL:
    """Return where the server of a chat-completions address lists its models."""
    return address.copy_with(path=address.path.removesuffix(CHAT) + "/models")


def request_body(prompt: Prompt, model: str, *, with_usage: bool) -> dict[str, Any]:
    """Return the request for one streamed reply; only fields that every server knows.

    Raises `ModelError` for a picture that is more than the data of one, so that a server never fetches anything.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(prompt),
        "stream": True,
        "temperature": prompt.sampling.temperature,
        "top_p": prompt.sampling.top_p,
    }
    if prompt.sampling.max_tokens:
        body["max_tokens"] = prompt.sampling.max_tokens
    if with_usage:
        body["stream_options"] = {"include_usage": True}
    return body


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    """The messages; a picture goes with the last one of the user."""
    messages: list[dict[str, Any]] = [{"role": one.role.value, "content": one.content} for one in prompt.messages]
    if prompt.picture:
        picture_bytes(prompt.picture)
        last = next((one for one in reversed(messages) if one["role"] == Role.USER), messages[-1])
        picture = {"type": "image_url", "image_url": {"url": prompt.picture}}
        last["content"] = [{"type": "text", "text": last["content"]}, picture]
    return messages


def parse_line(line: str) -> Event | None:
    """Return the event of one line of the stream, None for comments and other lines, {} for the end mark.

    A bare error, as some servers send it between the events, is one too. Raises `BadEvent` for what is no JSON object.
    """
    if line.startswith(("error:", "{")):
        return _bare_error(line.removeprefix("error:"))
    if not line.startswith("data:"):
        return None
    data = line.removeprefix("data:").strip()
    if data == END:
        return {}
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadEvent("no JSON") from error
    if not isinstance(event, dict):
        raise BadEvent("no JSON object")
    return event


def _bare_error(data: str) -> Event | None:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    error = told.get("error", told.get("message") and told) if isinstance(told, dict) else None
    return {"error": error} if error else None


def event_text(event: Event) -> str:
    """Return the words an event adds to the reply, "" for none (reasoning is not part of it)."""
    content = _dict(_first_choice(event).get("delta")).get("content")
    return content if isinstance(content, str) else ""


def is_last(event: Event) -> bool:
    """Tell whether an event names the reason the reply ended."""
    return bool(_first_choice(event).get("finish_reason"))


def event_usage(event: Event) -> Usage | None:
    """Return the token counts an event brings, if it does."""
    usage = _dict(event.get("usage"))
    prompt, reply = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(reply, int):
        return None
    cached = _dict(usage.get("prompt_tokens_details")).get("cached_tokens")
    return Usage(prompt, prompt - cached if isinstance(cached, int) and 0 <= cached <= prompt else prompt, reply)


def estimated_tokens(messages: Sequence[Message]) -> int:
    """Return about how many tokens `messages` take, rather too many: 1.5 a word or one for 3.2 bytes, and 6 each."""
    return sum(_estimate(one.content) for one in messages)


def _estimate(text: str) -> int:
    words, size = len(text.split()), len(text.encode("utf-8", "replace"))
    return math.ceil(max(words * TOKENS_PER_WORD, size / BYTES_PER_TOKEN)) + TOKENS_PER_MESSAGE


def server_message(said: str) -> str:
    """Return the reason in an error body as one short line, "" for a web page or nothing."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        told = "" if said.lstrip().startswith("<") else said
    return _one_line(_reason(told))


def _reason(told: object) -> str:
    if isinstance(told, dict):
        return next((_reason(told[key]) for key in ("error", "message", "detail") if told.get(key)), "")
    return told if isinstance(told, str) else ""


def _one_line(text: str) -> str:
    line = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


def _first_choice(event: Event) -> Event:
    choices = event.get("choices")
    return _dict(choices[0]) if isinstance(choices, list) and choices else {}


def _dict(value: object) -> Event:
    return value if isinstance(value, dict) else {}
