"""The chat-completions format, as OpenAI defined it and many servers speak it: requests out, events in. Pure.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Sequence
from typing import Any

import httpx

from alisa_desktop.core.errors import ModelMissing, ModelUnreachable
from alisa_desktop.core.messages import Message, Prompt, Role, Usage
from alisa_desktop.model.picture import picture_bytes

END = "[DONE]"
TOKENS_PER_WORD = 1.5
BYTES_PER_TOKEN = 3.2
TOKENS_PER_MESSAGE = 6
SHOWN_CHARACTERS = 200

Event = dict[str, Any]


class BadEvent(ValueError):
    """A line of the stream is no event of this format."""


def chat_address(url: str) -> httpx.URL:
    """Return the chat-completions address, completing a bare server or one ending in /v1. Raises `ModelMissing`."""
    try:
        address = httpx.URL(url.strip())
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise ModelMissing(f"“{url}” is no server address. In Settings, enter one like http://127.0.0.1:8080/v1.")
    path = address.path.rstrip("/")
    if not path:
        path = "/v1"
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    return address.copy_with(path=path)


def is_this_machine(address: httpx.URL) -> bool:
    """Tell whether `address` is on this machine (loopback)."""
    host = address.host
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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

    Raises `BadEvent` for what is no JSON object.
    """
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


def status_error(
    status: int, said: str, address: httpx.URL, model: str, *, with_picture: bool = False
) -> ModelUnreachable:
    """Return what an HTTP status other than 200 means for the user; `said` is the body the server sent with it."""
    message = server_message(said)
    quoted = f" It said: “{message}”" if message else ""
    server = f"The model server at {address.host}"
    match status:
        case 400 if with_picture:
            return ModelUnreachable(
                f"{server} refused a request with a picture. The model “{model}” may not be able to see pictures; "
                f"choose one that can in Settings.{quoted}"
            )
        case 401 | 403:
            return ModelUnreachable(f"{server} doesn't accept my key. Enter the right one in Settings.{quoted}")
        case 404:
            return ModelUnreachable(
                f"{server} doesn't know the address {address.path} or the model “{model}”. "
                f"Check both in Settings.{quoted}"
            )
        case 413:
            return ModelUnreachable(f"{server} finds our talk too long. Choose a smaller context in Settings.{quoted}")
        case 429:
            return ModelUnreachable(
                f"{server} has too much to do, or your quota is used up. Wait a little and try again.{quoted}"
            )
        case _ if 300 <= status < 400:
            return ModelUnreachable(f"{server} sends me to another address. Enter that one in Settings.")
        case _ if status >= 500:
            return ModelUnreachable(f"{server} has a problem of its own ({status}). Look at its window or log.{quoted}")
        case _:
            return ModelUnreachable(f"{server} refused the request ({status}). Check the model in Settings.{quoted}")


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
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


def _first_choice(event: Event) -> Event:
    choices = event.get("choices")
    return _dict(choices[0]) if isinstance(choices, list) and choices else {}


def _dict(value: object) -> Event:
    return value if isinstance(value, dict) else {}
