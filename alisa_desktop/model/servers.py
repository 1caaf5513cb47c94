"""The servers of models on this machine: found at their usual ports, known by what they answer."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from alisa_desktop.core.addresses import is_loopback
from alisa_desktop.core.brains import FoundServer

USUAL = {
    11434: "Ollama",
    1234: "LM Studio",
    8080: "llama-server",
    1337: "Jan",
    5001: "KoboldCpp",
    8000: "vLLM",
}
"""The programs by the port each listens at unless it is told otherwise."""

COMPATIBLE = "an OpenAI-compatible server"
HOSTS = ("127.0.0.1", "[::1]")
LARGEST_ANSWER = 256 * 1024
MOST_MODELS = 100
LONGEST_NAME = 200
_OWNERS = {"llamacpp": "llama-server", "koboldcpp": "KoboldCpp", "vllm": "vLLM"}
_NO_CHAT = re.compile(r"embed|rerank|minilm|whisper|(^|[/_-])(bge|e5|gte|tts)[-_]", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[:-]cloud$")
"""Ollama's names for models that it only passes words on to."""


def is_local(url: str) -> bool:
    """Tell whether `url` leads to this machine and nowhere else: "localhost" and loopback addresses only."""
    try:
        return is_loopback(httpx.URL(url.strip()).host)
    except httpx.InvalidURL:
        return False


def plain_context() -> ssl.SSLContext:
    """A TLS context that trusts nobody, for clients that speak only http: reading all certificates takes a while."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def model_names(listed: str) -> tuple[str, ...]:
    """The chat models in a list of models (OpenAI's, LM Studio's or Ollama's, as JSON), each a plain short text."""
    names = dict.fromkeys(name for entry in _entries(_json(listed)) if (name := _chat_model(entry)))
    return tuple(names)[:MOST_MODELS]


async def find_servers(
    ports: Iterable[int] = tuple(USUAL), *, hosts: Sequence[str] = HOSTS, seconds: float = 1.0
) -> tuple[FoundServer, ...]:
    """Return the servers of models at these ports of this machine, without Alisa herself; never raises for a server.

    Asks all at once and without a proxy; `seconds` is the time for one answer. `hosts` are loopback addresses, the
    preferred first: a program that listens at several is named once.
    """
    ports = tuple(ports)
    async with httpx.AsyncClient(
        verify=plain_context(),
        trust_env=False,
        timeout=httpx.Timeout(None),
        limits=httpx.Limits(max_connections=None),
        headers={"User-Agent": "Alisa-Desktop", "Accept-Encoding": "identity"},
    ) as client:
        bases = [f"http://{host}:{port}" for port in ports for host in hosts]
        found = await asyncio.gather(*(_Door(client, base, seconds).look() for base in bases))
    each = len(hosts)
    return tuple(server for start in range(0, len(found), each) for server in _distinct(found[start : start + each]))


def _distinct(found: Sequence[FoundServer | None]) -> Iterator[FoundServer]:
    programs: set[str] = set()
    for server in found:
        if server and server.program not in programs:
            programs.add(server.program)
            yield server


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: status 0 where nothing did, `told` where it is JSON, else None."""

    status: int = 0
    text: str = ""
    told: Any = None
    server: str = ""


@dataclass(slots=True)
class _Door:
    """One address at which a server may listen."""

    client: httpx.AsyncClient
    base: str
    seconds: float
    answers: dict[str, _Answer] = field(default_factory=dict)

    async def look(self) -> FoundServer | None:
        root, models = await asyncio.gather(self.ask("/"), self.ask("/v1/models"))
        if _is_alisa(root):
            return None
        program = await self._program(root, models)
        if not program:
            return None
        listed = self.answers.get({"Ollama": "/api/tags", "LM Studio": "/api/v0/models"}.get(program, ""), models)
        return FoundServer(program, f"{self.base}/v1/chat/completions", model_names(listed.text))

    async def _program(self, root: _Answer, models: _Answer) -> str:
        """The name of the program, "" where this is no server of models."""
        if "Ollama is running" in root.text[:100]:
            await self.ask("/api/tags")
            return "Ollama"
        owners = {str(entry.get("owned_by")).lower() for entry in _entries(models.told)}
        known = next((_OWNERS[owner] for owner in sorted(owners) if owner in _OWNERS), "")
        if known or models.server.lower().startswith("llama.cpp") or _is_loading(models):
            return known or "llama-server"
        speaks = models.status == 200 and bool(_list(models.told, "data") is not None)
        wants_key = models.status in (401, 403)
        if not speaks and not wants_key:
            return ""
        return await self._asked_closer() or (COMPATIBLE if speaks or _is_openai_error(models.told) else "")

    async def _asked_closer(self) -> str:
        """The program by the interfaces that are its own."""
        studio, kobold, described = await asyncio.gather(
            self.ask("/api/v0/models"), self.ask("/api/extra/version"), self.ask("/openapi.json")
        )
        if any({"type", "state"} <= entry.keys() for entry in _entries(studio.told)):
            return "LM Studio"
        if _dict(kobold.told).get("result") == "KoboldCpp":
            return "KoboldCpp"
        title = _dict(_dict(described.told).get("info")).get("title")
        return "Jan" if isinstance(title, str) and re.match(r"Jan\b", title) else ""

    async def ask(self, path: str) -> _Answer:
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._read(path)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError):  # OSError: also time-outs
            answer = _Answer()
        self.answers[path] = answer
        return answer

    async def _read(self, path: str) -> _Answer:
        async with self.client.stream("GET", self.base + path) as response:
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    return _Answer(response.status_code)
        text = body.decode("utf-8", "replace")
        return _Answer(response.status_code, text, _json(text), response.headers.get("server", ""))


def _is_alisa(root: _Answer) -> bool:
    return bool(_dict(root.told).get("message") == "Alisa Backend Running")


def _is_loading(models: _Answer) -> bool:
    error = _dict(_dict(models.told).get("error"))
    return models.status == 503 and error.get("type") == "unavailable_error"


def _is_openai_error(told: object) -> bool:
    return isinstance(_dict(_dict(told).get("error")).get("message"), str)


def _chat_model(entry: dict[str, Any]) -> str:
    """The name of a model that can chat and runs where it is listed, else ""."""
    name = entry.get("id") or entry.get("model") or entry.get("name")
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        return ""
    details = _dict(entry.get("details"))
    kinds = [entry.get("type"), details.get("family"), *(_list(entry, "capabilities") or ["completion"])]
    embeds = any(isinstance(kind, str) and ("embedding" in kind or "bert" in kind) for kind in kinds)
    if "completion" in kinds and entry.get("capabilities"):
        embeds = False
    elsewhere = entry.get("remote_host") or _ELSEWHERE.search(name)
    return "" if embeds or elsewhere or _NO_CHAT.search(name) else name


def _entries(listed: object) -> list[dict[str, Any]]:
    found = _list(listed, "data")
    return [entry for entry in found or _list(listed, "models") or [] if isinstance(entry, dict)]


def _list(told: object, name: str) -> list[Any] | None:
    found = _dict(told).get(name)
    return found if isinstance(found, list) else None


def _dict(told: object) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
