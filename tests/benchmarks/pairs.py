"""Pairs of measurements on a machine that others use, too: A B A B ..., and the median of what each pair says.

And how far many measurements of one thing are spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Pairs:
    """The same thing measured in turn on both sides, `ours` before `theirs` in every pair."""

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """Ours to theirs, pair by pair."""
        return [our / their for our, their in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def note(self) -> str:
        """How many pairs, and how far they are apart."""
        return f"median of {len(self.ratios)} pairs; ratios {min(self.ratios):.3f} to {max(self.ratios):.3f}"


@dataclass(frozen=True, slots=True)
class Spread:
    """Many measurements of one thing, in ms."""

    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f}, p99 {self.p99:.1f}, longest {self.longest:.1f} ms"


def spread(gaps: Sequence[float]) -> Spread:
    """How `gaps` (ms) are spread."""
    hundredths = quantiles(gaps, n=100)
    return Spread(hundredths[49], hundredths[98], max(gaps))
