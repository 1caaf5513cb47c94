"""Tables of words, written so that they can be read."""

from __future__ import annotations


def words(listed: str) -> tuple[str, ...]:
    """The words of a list that is divided by spaces."""
    return tuple(listed.split())


def any_of(listed: str) -> str:
    """A regular expression for any of these words (divided by spaces; a dot stands for any character)."""
    return f"(?:{'|'.join(listed.split())})"
