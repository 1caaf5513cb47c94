"""Numbers as people say them."""

import pytest

from alisa_desktop.ui import amounts


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 MB"), (1, "1 MB"), (41_000_000, "41 MB"), (99_000_000, "0.1 GB"), (2_497_281_120, "2.5 GB")],
)
def test_sizes(count: int, words: str) -> None:
    assert amounts.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s left"),
        (7.2, "8 s left"),
        (41, "45 s left"),
        (89, "90 s left"),
        (168, "3 min left"),
        (3599, "60 min left"),
        (4000, "1 h 7 min left"),
        (7200, "2 h left"),
        (40_000, "11 h left"),
        (10**9, "days left"),
        (float("inf"), "days left"),
        (None, ""),
    ],
)
def test_time_left(seconds: float | None, words: str) -> None:
    assert amounts.left(seconds) == words


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (0.5, "much slower than you read"),
        (3, "slower than you read"),
        (7, "about as fast as you read"),
        (15, "faster than you read"),
        (80, "much faster than you read"),
    ],
)
def test_how_fast_it_writes(tokens: float, words: str) -> None:
    assert amounts.pace(tokens) == words


def test_the_rest() -> None:
    assert [amounts.speed(number) for number in (7.31, 9.49, 64.2)] == ["7.3 tokens/s", "9.5 tokens/s", "64 tokens/s"]
    assert [amounts.rate(number) for number in (5_000, 1_240_000, 31_000_000)] == ["5 kB/s", "1.2 MB/s", "31 MB/s"]
    assert [amounts.percent(share) for share in (0, 0.43, 0.999, 1)] == ["0 %", "43 %", "99 %", "100 %"]
    assert amounts.part_of(1_400_000_000, 3_310_000_000) == "1.4 of 3.3 GB"
    assert amounts.part_of(4_000_000, 0) == "4 MB" and amounts.part_of(4_000_000, 41_000_000) == "4 of 41 MB"
    assert amounts.count(1840) == "1,840"
