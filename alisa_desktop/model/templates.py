"""Prompts in the model's own format, safe from injection and append-only. Child side, pure: text in, pieces out.

The chat template never sees what was said: contents are replaced by private-use sentinels before rendering and put
back as pieces of their own, which the tokenizer reads without control tokens. The system prompt is ours and passes
through, since templates may look into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import TemplateError

from alisa_desktop.core.messages import Message, Role

_OPEN, _CLOSE = "\ue000", "\ue001"
_SENTINEL = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_STRIP = str.maketrans("", "", _OPEN + _CLOSE)

# What a template of a model file may raise: its own complaints and any slip of its author.
_TEMPLATE_SLIPS = (TemplateError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)

Render = Callable[[list[dict[str, str]]], str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the prompt; `said_by` is None for the template's own text, the only one with control tokens."""

    text: str
    said_by: Role | None = None


def prompt_pieces(messages: Sequence[Message], render: Render) -> list[Piece]:
    """Return the prompt for the next reply, in order.

    A template that knows no system role gets the system prompt inside the first user message; one that fails even so
    is replaced by ChatML.
    """
    said = [Message(one.role, one.content.translate(_STRIP)) for one in messages]
    marked = [_marked(number, message) for number, message in enumerate(said)]
    return _pieces(_rendered(marked, render), said)


def chatml(messages: list[dict[str, str]]) -> str:
    """Render ChatML, the format of models that bring no template."""
    turns = (f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in messages)
    return "".join(turns) + "<|im_start|>assistant\n"


def _marked(number: int, message: Message) -> dict[str, str]:
    content = message.content if message.role is Role.SYSTEM else f"{_OPEN}{number}{_CLOSE}"
    return {"role": message.role.value, "content": content}


def _rendered(marked: list[dict[str, str]], render: Render) -> str:
    for attempt in (marked, _system_folded(marked)):
        try:
            text = render([dict(one) for one in attempt])
        except _TEMPLATE_SLIPS:
            continue
        if not marked or _is_complete(text, marked[-1]):
            return text
    return chatml(marked)


def _is_complete(text: str, last: dict[str, str]) -> bool:
    return last["role"] == Role.SYSTEM or last["content"] in text


def _system_folded(marked: list[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(one["content"] for one in marked if one["role"] == Role.SYSTEM)
    rest = [dict(one) for one in marked if one["role"] != Role.SYSTEM]
    if rest and rest[0]["role"] == Role.USER:
        rest[0]["content"] = f"{system}\n\n{rest[0]['content']}"
    return rest


def _pieces(text: str, said: Sequence[Message]) -> list[Piece]:
    parts = _SENTINEL.split(text)
    pieces = []
    for index, part in enumerate(parts):
        if index % 2:
            message = said[int(part)]
            pieces.append(Piece(message.content, message.role))
        else:
            pieces.append(Piece(part))
    return [piece for piece in pieces if piece.text]
