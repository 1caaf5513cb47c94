"""The text that the eyes' benchmark shows is the same on every machine, and fits its page."""

from __future__ import annotations

from benchmarks.eyes_text import line


def test_a_line_is_always_the_same_and_fits() -> None:
    lines = [line(number, 140) for number in range(50)]
    assert lines == [line(number, 140) for number in range(50)]
    assert all(120 < len(text) <= 140 for text in lines)
    assert len(set(lines)) == 50
