"""Words of others as entries of a menu."""

from __future__ import annotations

LONGEST_LINE = 64


def line(text: str) -> str:
    """`text` as an entry: not too long, and with no mnemonic in it."""
    return literal(text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…")


def literal(text: str) -> str:
    """`text` as it is, with no mnemonic in it."""
    return text.replace("&", "&&")
