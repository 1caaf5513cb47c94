"""What suits a machine, and what is recommended for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_gguf import write_tiny_gguf

from alisa_desktop.core.brains import Fit
from alisa_desktop.core.errors import ModelTooBig
from alisa_desktop.host.hardware import Hardware
from alisa_desktop.model import fit as fitting
from alisa_desktop.model.fit import (
    Candidate,
    fit,
    gigabytes,
    memory_needed,
    memory_of_size,
    recommend,
    size_by_name,
    tokens_per_second,
    why,
)
from alisa_desktop.model.gguf_header import GIB, check_memory, read_model_file

GB = 10**9
EIGHT = Hardware(memory_bytes=8 * GIB, available_bytes=6 * GIB, disk_free_bytes=100 * GB)
SIXTEEN = Hardware(memory_bytes=16 * GIB, available_bytes=12 * GIB, disk_free_bytes=100 * GB)
sizes = st.integers(0, 64 * GIB)


def candidate(name: str, size: float, **more: object) -> Candidate:
    weights = int(size * GIB)
    return replace(Candidate(name, name, weights, weights + GIB, weights), **more)  # type: ignore[arg-type]


def names(*candidates: Candidate, on: Hardware = EIGHT, bandwidth: float = 30e9) -> list[str]:
    return [one.id for one in recommend(candidates, on, bandwidth)]


# Memory


def test_memory_is_weights_cache_room_and_eyes(tmp_path: Path) -> None:
    header = read_model_file(write_tiny_gguf(tmp_path / "tiny.gguf", layers=2, d=64, heads=4, kv_heads=2, context=512))
    cache = 2 * 2 * (16 + 16) * 2
    assert memory_needed(header, 512) - memory_needed(header, 0) == 0  # 0 asks for all it was trained for
    assert memory_needed(header, 512) - memory_needed(header, 100) == 412 * cache
    assert memory_needed(header, 99_999) == memory_needed(header, 512)
    assert memory_needed(header, 512, GIB) - memory_needed(header, 512) == GIB


def test_memory_of_a_file_that_is_not_here_yet_is_rather_too_high() -> None:
    qwen3_4b = 2_497_000_000 + 36 * 8 * 256 * 2 * 4096 + GIB
    assert qwen3_4b < memory_of_size(2_497_000_000, 4096) < 1.1 * qwen3_4b


@pytest.mark.parametrize(
    ("parameters", "quantization", "real"),
    [
        ("4 billion", "Q4_K_M", 2.5e9),
        ("3B", "Q4_K_M", 2.02e9),
        ("0.5 billion", "Q8_0", 0.44e9),
        ("2 billion effective", "Q4_K_M", 3.1e9),
        ("8x7B", "Q4_K_M", 28e9),
        ("360M", "F16", 0.72e9),
    ],
)
def test_a_size_can_be_guessed_by_the_name(parameters: str, quantization: str, real: float) -> None:
    assert 0.75 * real < size_by_name(parameters, quantization) < 1.35 * real


def test_words_that_tell_nothing_are_no_size() -> None:
    assert size_by_name("", "Q4_K_M") == size_by_name("large", "Q4_K_M") == size_by_name("4B", "") == 0
    assert memory_of_size(0, 4096) == 0
    assert names(replace(FOUR, memory_bytes=0)) == []


def test_fits() -> None:
    assert fit(3 * GIB, EIGHT) is Fit.GOOD
    assert fit(6 * GIB, EIGHT) is Fit.TIGHT
    assert fit(6 * GIB, EIGHT, freed_bytes=2 * GIB) is Fit.GOOD
    assert fit(19 * GIB, EIGHT) is Fit.TOO_BIG
    assert fit(19 * GIB, EIGHT, freed_bytes=90 * GIB) is Fit.TOO_BIG
    assert fit(200 << 20, Hardware(memory_bytes=GIB, available_bytes=GIB // 2)) is Fit.GOOD
    assert fit(GIB, Hardware()) is Fit.TIGHT


@given(sizes, sizes, sizes)
def test_what_fits_well_is_not_refused_by_the_runner(memory: int, total: int, available: int) -> None:
    machine = Hardware(memory_bytes=max(total, available), available_bytes=available)
    if fit(memory, machine) is Fit.GOOD:
        assert memory <= 0.8 * available


def test_the_runner_refuses_by_the_same_share(tmp_path: Path) -> None:
    header = read_model_file(write_tiny_gguf(tmp_path / "tiny.gguf"))
    needed = memory_needed(header, 512)
    check_memory(header, 512, int(needed / fitting.SHARE) + 8)
    with pytest.raises(ModelTooBig):
        check_memory(header, 512, int(needed / fitting.SHARE) - 8)


@given(sizes, sizes, st.integers(0, GIB))
def test_less_never_fits_worse(memory: int, available: int, less: int) -> None:
    order = [Fit.GOOD, Fit.TIGHT, Fit.TOO_BIG]
    machine = Hardware(memory_bytes=64 * GIB, available_bytes=available)
    assert order.index(fit(max(0, memory - less), machine)) <= order.index(fit(memory, machine))


# Sentences


def test_sentences_name_the_way_out() -> None:
    assert why(2 * GIB, EIGHT) == ""
    assert why(19 * GIB, EIGHT, title="Big", others=["Small", "Tiny"]) == (
        "Big needs about 19 GB of memory, this machine has 8: choose one of these: Small, Tiny."
    )
    assert why(19 * GIB, EIGHT, others=["Small"]).endswith("this machine has 8: choose Small.")
    assert why(6 * GIB, EIGHT) == (
        "It needs about 6 GB of memory, and just now 6 are free: close other programs first, or choose a smaller one."
    )
    assert why(GIB, Hardware()) == "It needs about 1 GB of memory, and I can't tell how much this machine has."


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "less than 0.1"), (1, "0.5"), (2, "1"), (3, "1.5"), (16, "8"), (18.9, "9.4"), (19.2, "10"), (38.2, "19")],
)
def test_numbers_for_people(size: float, words: str) -> None:
    assert gigabytes(int(size * GIB / 2)) == f"{words} GB"


# Speed


def test_memory_sets_the_pace() -> None:
    assert tokens_per_second(2 * GB, 20e9) == pytest.approx(6.0)
    assert tokens_per_second(0, 20e9) is None
    assert tokens_per_second(GB, 0) is None


# Recommending

FOUR = candidate("four", 2.3)
THREE = candidate("three", 1.9)
EYES = candidate("eyes", 1.8, sees=True)
HALF = candidate("half", 0.5)


def test_the_biggest_that_fits_and_is_quick_comes_first() -> None:
    assert names(HALF, FOUR, THREE) == ["four", "three", "half"]
    assert names(HALF, candidate("huge", 30), FOUR) == ["four", "half"]
    assert names(HALF, FOUR, bandwidth=5e9) == ["half"]
    assert names(HALF, FOUR, bandwidth=0) == ["four", "half"]


def test_one_of_them_sees() -> None:
    small = replace(EYES, memory_bytes=GIB // 2, id="small eyes")
    assert names(FOUR, THREE, HALF, EYES) == ["four", "three", "eyes"]
    assert names(FOUR, THREE, HALF, small) == ["four", "three", "small eyes"]
    assert names(FOUR, THREE, HALF, replace(EYES, memory_bytes=30 * GIB)) == ["four", "three", "half"]


def test_recurrent_ones_never_are() -> None:
    assert names(replace(FOUR, recurrent=True), HALF) == ["half"]
    assert names(replace(FOUR, recurrent=True)) == []


def test_full_attention_is_preferred_among_likes() -> None:
    assert names(candidate("sliding", 2.4, full_attention=False), FOUR) == ["four", "sliding"]
    assert names(candidate("sliding", 2.4, full_attention=False), HALF) == ["sliding", "half"]


def test_what_has_no_room_on_the_disk_is_not_recommended_unless_it_is_here() -> None:
    full = replace(EIGHT, disk_free_bytes=2 * GB)
    assert names(FOUR, HALF, on=full) == ["half"]
    assert names(replace(FOUR, installed=True), HALF, on=full) == ["four", "half"]


def test_roomy_ones_before_tight_ones() -> None:
    tight = replace(EIGHT, available_bytes=4 * GIB)
    assert names(FOUR, HALF, on=tight) == ["half"]
    assert names(FOUR, on=tight) == ["four"]


def test_the_quickest_where_none_is_quick() -> None:
    assert names(FOUR, THREE, HALF, bandwidth=1e9) == ["half"]
    assert names(on=SIXTEEN) == []


@given(
    st.lists(
        st.builds(
            Candidate,
            *(st.text(max_size=3), st.just(""), sizes, sizes, sizes),
            sees=st.booleans(),
            recurrent=st.booleans(),
            full_attention=st.booleans(),
            installed=st.booleans(),
        ),
        max_size=8,
    ),
    st.floats(0, 1e12),
)
def test_recommendations_always_suit(candidates: list[Candidate], bandwidth: float) -> None:
    found = recommend(candidates, SIXTEEN, bandwidth)
    assert len(found) <= 3
    assert all(one.memory_bytes for one in found)
    assert not [one for one in found if one.recurrent or fit(one.memory_bytes, SIXTEEN) is Fit.TOO_BIG]
