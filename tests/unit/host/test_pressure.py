"""Memory is low by what is left, by what the kernel waits for, or by the system's own word; and nothing ever raises."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.host import pressure
from alisa_desktop.host.container import Limits
from alisa_desktop.host.hardware import GIB, Hardware, Senses, look
from alisa_desktop.host.pressure import Signs, is_scarce, memory_is_low, stalled_percent

MIB = 1 << 20
STALLED = "some avg10=60.12 avg60=9.00 avg300=1.00 total=5\nfull avg10={} avg60=99.00 avg300=99.00 total=4\n"


def signs(available: int = 8 * GIB, total: int = 16 * GIB, percent: str = "0.00", is_notified: bool = False) -> Signs:
    return Signs(
        lambda: Hardware(memory_bytes=total, available_bytes=available),
        lambda: STALLED.format(percent),
        lambda: is_notified,
    )


@pytest.mark.parametrize(
    ("available", "total", "low"),
    [
        *[(8 * GIB, 16 * GIB, False), (GIB, 16 * GIB, False), (700 * MIB, 16 * GIB, True)],  # a twentieth
        *[(399 * MIB, 4 * GIB, True), (400 * MIB, 4 * GIB, False), (300 * MIB, 4 * GIB, True)],  # 400 MB
        *[(0, 4 * GIB, True), (0, 0, False)],  # nothing left; nothing known
    ],
)
def test_what_is_left(available: int, total: int, low: bool) -> None:
    assert is_scarce(available, total) is low
    assert memory_is_low(signs(available, total)) is low


@pytest.mark.parametrize(("percent", "low"), [("0.00", False), ("10.00", False), ("10.01", True), ("100.00", True)])
def test_what_the_kernel_waits_for(percent: str, low: bool) -> None:
    assert memory_is_low(signs(percent=percent)) is low


def test_what_the_system_says() -> None:
    assert memory_is_low(signs(is_notified=True))
    assert not memory_is_low(signs())


@given(st.text())
def test_any_words_of_the_kernel_will_do(text: str) -> None:
    assert stalled_percent(text) >= 0
    assert stalled_percent(f"full avg10={text}") >= 0


def test_old_kernels_say_nothing() -> None:
    assert stalled_percent("") == 0
    assert stalled_percent("some avg10=99.00 avg60=99.00 avg300=99.00 total=4\n") == 0


def test_the_limits_of_a_container_count() -> None:
    machine = {"cores": lambda: (0, 0), "gpus": tuple, "memory": lambda: (64 * GIB, 40 * GIB)}
    tight = look(Path(), Senses(**machine, limits=lambda: Limits(4 * GIB, 100 * MIB)))  # type: ignore[arg-type]
    assert memory_is_low(Signs(lambda: tight, str, lambda: False))
    roomy = look(Path(), Senses(**machine, limits=lambda: Limits(4 * GIB, 2 * GIB)))  # type: ignore[arg-type]
    assert not memory_is_low(Signs(lambda: roomy, str, lambda: False))


def test_this_machine_answers() -> None:
    assert memory_is_low() in (True, False)
    found = pressure.Signs().memory()
    assert 0 < found.available_bytes <= found.memory_bytes
    assert not found.gpus
    assert not found.logical_cores


@pytest.mark.skipif(not Path("/proc/pressure/memory").is_file(), reason="a kernel without pressure stalls")
def test_this_kernel_is_understood() -> None:
    assert "full avg10=" in pressure.Signs().pressure()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has a word of its own")
def test_other_systems_have_no_word_of_their_own() -> None:
    assert not pressure.Signs().is_notified()
