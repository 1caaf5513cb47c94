"""A model that is none: replies from a JSON file, for tests, demos and screenshots. Shipped, and says what it is.

The file: {"name": "...", "context": 4096, "sees": false, "replies": [reply, ...], "default": reply}, a reply being
{"text": "...", "emotion": "happy", "when": "regular expression", "chunks": ["raw ", "pieces"], "delay_ms": 0,
"fail": "crash" | "unreachable"}; all but `text` (or `chunks`) may be left out. The first reply whose `when` is found in
the user's last message wins; else those without `when` take turns; else `default` speaks.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import ModelBroken, ModelCrashed, ModelMissing, ModelUnreachable, SightFailed
from alisa_desktop.core.messages import (
    Chosen,
    Chunk,
    Message,
    ModelState,
    ModelStatus,
    Occasion,
    Prompt,
    Role,
    StreamPart,
    Usage,
    notes_for_any_model,
)
from alisa_desktop.model.completions import estimated_tokens
from alisa_desktop.model.picture import BLIND

FAILURES: dict[str, Callable[[], Exception]] = {
    "crash": lambda: ModelCrashed("My model stopped in the middle of that, as its script says."),
    "unreachable": lambda: ModelUnreachable("The model server can't be reached, says the script."),
}


@dataclass(frozen=True, slots=True)
class _Reply:
    chunks: tuple[str, ...]
    emotion: str
    when: re.Pattern[str] | None
    delay: float
    fail: str


class ScriptedModel:
    """A `ChatModel` that speaks the replies of a file; raises `ModelMissing` or `ModelBroken` for a bad file."""

    def __init__(self, path: Path, *, on_status: Callable[[ModelStatus], None] = lambda _: None) -> None:
        script = _read(path)
        self._name = str(script.get("name", path.stem))
        self._context: int = _checked(script, "context", int, 4096)
        self._sees: bool = _checked(script, "sees", bool, False)
        self._replies = [_reply(one) for one in _checked(script, "replies", list, [])]
        self._default = _reply(script.get("default", {"text": "..."}))
        self._turns = 0
        self._on_status = on_status

    @property
    def status(self) -> ModelStatus:
        """Always ready."""
        return ModelStatus(ModelState.READY, self._name, sees=self._sees)

    @property
    def context_tokens(self) -> int:
        """The context the script names, in tokens."""
        return self._context

    async def start(self) -> None:
        """Say that the script is ready."""
        self._on_status(self.status)

    async def ready(self) -> None:
        """Return at once."""

    async def close(self) -> None:
        """Return at once."""

    async def notes(self, occasion: Occasion) -> list[str]:
        """Return the notes for a message: all facts that it asks for."""
        return notes_for_any_model(occasion)

    async def count(self, messages: Sequence[Message]) -> int:
        """Return an estimate of the tokens `messages` take."""
        return estimated_tokens(messages)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[StreamPart, None]:
        """Speak the reply for the user's last message; see `ChatModel.stream`. Raises `SightFailed` for a picture
        that the script says it can't see."""
        if prompt.picture and not self._sees:
            raise SightFailed(BLIND)
        reply = self._pick(prompt.messages)
        if prompt.choice and reply.emotion in prompt.choice.options:
            yield Chosen(reply.emotion)
        for text in reply.chunks:
            await asyncio.sleep(reply.delay)
            yield Chunk(text)
        if reply.fail:
            raise FAILURES[reply.fail]()
        tokens = estimated_tokens(prompt.messages)
        yield Usage(tokens, tokens, len(reply.chunks))

    def _pick(self, messages: Sequence[Message]) -> _Reply:
        said = next((one.content for one in reversed(messages) if one.role is Role.USER), "")
        for reply in self._replies:
            if reply.when and reply.when.search(said):
                return reply
        free = [reply for reply in self._replies if reply.when is None]
        if not free:
            return self._default
        self._turns += 1
        return free[(self._turns - 1) % len(free)]


def _read(path: Path) -> dict[str, Any]:
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelMissing(f"I can't read the script {path}. Choose another model in Settings.") from error
    except (ValueError, RecursionError) as error:
        raise ModelBroken(f"The script {path.name} is no JSON ({error}).") from error
    if not isinstance(script, dict):
        raise ModelBroken(f"The script {path.name} is no JSON object with “replies”.")
    return script


def _reply(told: object) -> _Reply:
    if not isinstance(told, dict):
        raise ModelBroken("Every reply of a script is a JSON object with a “text”.")
    fail = _checked(told, "fail", str, "")
    if fail and fail not in FAILURES:
        raise ModelBroken(f"A script can't fail by “{fail}”, only by {' or '.join(FAILURES)}.")
    chunks = _checked(told, "chunks", list, None)
    text = _checked(told, "text", str, "")
    return _Reply(
        chunks=tuple(str(one) for one in chunks) if chunks is not None else tuple(re.findall(r"\s*\S+|\s+$", text)),
        emotion=_checked(told, "emotion", str, ""),
        when=_pattern(told),
        delay=_checked(told, "delay_ms", int, 0) / 1000,
        fail=fail,
    )


def _pattern(told: dict[str, Any]) -> re.Pattern[str] | None:
    when = _checked(told, "when", str, "")
    try:
        return re.compile(when, re.IGNORECASE) if when else None
    except re.error as error:
        raise ModelBroken(f"The “when” of a script's reply, “{when}”, is no regular expression ({error}).") from error


def _checked(told: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = told.get(key, default)
    if value is not default and (not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool)):
        raise ModelBroken(f"“{key}” in a script must be {_KINDS[kind]}.")
    return value


_KINDS = {bool: "true or false", int: "a whole number", str: "a text", list: "a list"}
