"""Text to look at: the same lines every time, of words that are easy to tell apart."""

from __future__ import annotations

from random import Random

WORDS = (
    "harbour", "morning", "window", "garden", "letter", "silver", "table", "number", "forest", "answer", "paper",
    "river", "station", "music", "orange", "kitchen", "bridge", "summer", "pencil", "mountain", "yellow", "market",
    "island", "village", "doctor", "winter", "butter", "ticket", "mirror", "corner", "travel", "simple", "carpet",
)  # fmt: skip


def line(number: int, length: int) -> str:
    """The line of this number, in at most `length` characters and little less."""
    choose = Random(number)
    words = choose.choice(WORDS)
    while len(words) < length:
        words += " " + choose.choice(WORDS)
    return words[:length].rsplit(" ", 1)[0]
