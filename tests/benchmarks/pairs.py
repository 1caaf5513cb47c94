"""Pairs of measurements on a machine that others use, too: A B A B ..., and the median of what each pair says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


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
