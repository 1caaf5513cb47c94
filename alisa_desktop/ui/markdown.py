"""Markdown of a reply cut into pieces that are shown on their own: prose and code. Pure text, no Qt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[^\s`]*)[^`]*$")
GOES_ON = re.compile(r"\s|[-*+]\s|\d+[.)]\s|[>|]")
"""How a line begins that may belong to the list, quote or table before the blank line."""


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown without fenced code."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The inside of a fenced block, without the fence and its indentation."""

    text: str
    language: str = ""


Piece = Prose | Code


def split(markdown: str, longest: int | None = None) -> list[Piece]:
    """The pieces of `markdown`, in order; more text at its end changes only the last one.

    Prose of more than `longest` characters is cut at the next blank line where that changes no meaning, so that a
    long reply under way is rendered in small parts.
    """
    return list(_Cutter(longest).cut(markdown))


@dataclass
class _Cutter:
    longest: int | None
    lines: list[str] = field(default_factory=list)
    size: int = 0
    fence: re.Match[str] | None = None

    def cut(self, markdown: str) -> Iterator[Piece]:
        for line in markdown.split("\n"):
            yield from self._take(line)
        yield from self._close()

    def _take(self, line: str) -> Iterator[Piece]:
        mark = FENCE.match(line)
        if self.fence:
            if mark and _closes(self.fence, mark):
                yield from self._close()
            else:
                self._keep(_without_indent(line, self.fence["indent"]))
        elif mark:
            yield from self._close()
            self.fence = mark
        else:
            if self._may_cut(line):
                yield from self._close()
            self._keep(line)

    def _keep(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line) + 1

    def _may_cut(self, line: str) -> bool:
        if self.longest is None or self.size <= self.longest or not line.strip():
            return False
        return not self.lines[-1].strip() and not GOES_ON.match(line)

    def _close(self) -> Iterator[Piece]:
        text = "\n".join(self.lines)
        if self.fence:
            yield Code(text, self.fence["language"])
        elif text.strip():
            yield Prose(text.strip("\n"))
        self.lines, self.size, self.fence = [], 0, None


def _closes(opened: re.Match[str], mark: re.Match[str]) -> bool:
    same = mark["marks"][0] == opened["marks"][0] and len(mark["marks"]) >= len(opened["marks"])
    return same and not mark["language"]


def _without_indent(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip()
