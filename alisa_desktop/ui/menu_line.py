"""Words of others as entries of a menu."""

from __future__ import annotations

LONGEST_LINE = 64


def line(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` as an entry: not too long (in characters), and with no mnemonic in it."""
    return literal(text if len(text) <= longest else f"{text[: longest - 1]}…")


def literal(text: str) -> str:
    """`text` as it is, with no mnemonic in it."""
    return text.replace("&", "&&")
