"""Sizes, times, speeds and shares as people say them; the only place that writes such numbers. Without windows."""

from __future__ import annotations

import math

GB = 1_000_000_000
MB = 1_000_000
SMALLEST_IN_GB = 95_000_000
"""Below, a size in GB with one decimal would be nothing."""
READING = ((2.0, "much slower than you read"), (4.5, "slower than you read"), (9.0, "about as fast as you read"),
           (25.0, "faster than you read"), (math.inf, "much faster than you read"))  # fmt: skip
"""Tokens a second below which words come so; people read about four words, or five to six tokens, a second."""
CLOSE, HOUR = 90, 3600
"""Seconds up to which seconds are told, and those of an hour."""


def size(count: int) -> str:
    """Bytes, in GB with one decimal; small files in MB."""
    if count >= SMALLEST_IN_GB:
        return f"{count / GB:.1f} GB"
    return f"{max(1, round(count / MB))} MB" if count > 0 else "0 MB"


def part_of(done: int, total: int) -> str:
    """How many of how many bytes, in one unit."""
    if not total:
        return size(done)
    if total >= SMALLEST_IN_GB:
        return f"{done / GB:.1f} of {size(total)}"
    return f"{round(done / MB)} of {size(total)}"


def percent(share: float) -> str:
    """A share (0-1) in percent, never 100 before it is all."""
    whole = round(share * 100)
    return f"{min(whole, 99) if share < 1 else 100} %"


def rate(bytes_per_second: float) -> str:
    """How fast bytes come."""
    if bytes_per_second >= 10 * MB:
        return f"{bytes_per_second / MB:.0f} MB/s"
    return f"{bytes_per_second / MB:.1f} MB/s" if bytes_per_second >= MB / 10 else f"{bytes_per_second / 1000:.0f} kB/s"


def duration(seconds: float) -> str:
    """A time in seconds, in the unit that people would take."""
    if not seconds < 48 * HOUR:
        return "days"
    if seconds < CLOSE:
        return f"{_tens(seconds)} s"
    if seconds < HOUR:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"


def _tens(seconds: float) -> int:
    """Steps of 5 s while there are many: a number that changes with every look is no help."""
    return max(1, math.ceil(seconds)) if seconds <= 10 else math.ceil(seconds / 5) * 5


def left(seconds: float | None) -> str:
    """How long it still takes; empty where that is not known."""
    return "" if seconds is None else f"{duration(seconds)} left"


def pace(tokens_per_second: float) -> str:
    """How fast a model writes, beside how fast people read."""
    return next(words for bound, words in READING if tokens_per_second < bound)


def speed(tokens_per_second: float) -> str:
    """How fast a model writes, as a number."""
    number = f"{tokens_per_second:.0f}" if tokens_per_second >= 9.5 else f"{tokens_per_second:.1f}"
    return f"{number} tokens/s"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"
