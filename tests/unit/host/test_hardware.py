"""What the machine has is told as far as it is known, by any system, and nothing of it ever raises."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alisa_desktop.host import graphics, processor
from alisa_desktop.host.container import Limits, read_limits
from alisa_desktop.host.graphics import Gpu
from alisa_desktop.host.hardware import GIB, Hardware, Senses, look, threads_for
from alisa_desktop.host.processor import Processor

X86 = """processor\t: 0
model name\t: Some CPU @ 2.00GHz
flags\t\t: fpu sse4_2 avx avx2 fma f16c bmi2 unheard_of

processor\t: 1
model name\t: Some other CPU
flags\t\t: fpu
"""
ARM = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd asimddp\nCPU architecture: 8\n"


def senses(**ways: object) -> Senses:
    known = {
        "memory": lambda: (16 * GIB, 9 * GIB),
        "limits": Limits,
        "cores": lambda: (8, 16),
        "processor": lambda: Processor("Some CPU", frozenset({"AVX", "AVX2"})),
        "on_battery": lambda: False,
        "load": lambda: 0.1,
        "gpus": lambda: (),
        "disk_free": lambda folder: 200 * GIB,
    }
    return Senses(**{**known, **ways})  # type: ignore[arg-type]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


# This machine


def test_this_machine_is_known(tmp_path: Path) -> None:
    found = look(tmp_path / "still" / "to come")
    assert 0 < found.available_bytes <= found.memory_bytes
    assert 0 < found.physical_cores <= found.logical_cores
    assert found.disk_free_bytes > 0
    assert "of memory" in str(found)


def test_a_path_that_can_be_none_is_no_trouble() -> None:
    assert look(Path("a\0b")).memory_bytes


@pytest.mark.parametrize(
    "error", [OSError, RuntimeError, ValueError, NotImplementedError, psutil.AccessDenied, KeyError]
)
def test_what_the_system_refuses_to_tell_is_unknown(error: type[Exception]) -> None:
    def refuse(*_: object) -> None:
        raise error

    found = look(Path(), Senses(**{field.name: refuse for field in fields(Senses)}))  # type: ignore[arg-type]
    assert found == Hardware()
    assert str(found) == ""
    assert threads_for(found) == 1


def test_one_line_for_people() -> None:
    found = look(
        Path(), senses(on_battery=lambda: True, load=lambda: 0.9, gpus=lambda: (Gpu("Big", 8 * GIB), Gpu("Own")))
    )
    assert str(found) == (
        "Some CPU, 8 cores with AVX2, 16 GB of memory (9 GB free), 200 GB of disk free, Big (8 GB), Own, "
        "on battery, busy"
    )
    assert str(look(Path(), senses(cores=lambda: (1, 1)))).startswith("Some CPU, 1 core with")


def test_no_battery_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert look(Path()).on_battery is None
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert look(Path()).on_battery is None
    plugged = type("Battery", (), {"power_plugged": False})
    monkeypatch.setattr(psutil, "sensors_battery", lambda: plugged, raising=False)
    assert look(Path()).on_battery is True


# Threads


@pytest.mark.parametrize(
    ("cores", "load", "on_battery", "threads"),
    [
        *[((1, 1), 0.0, False, 1), ((2, 4), 0.0, False, 1), ((8, 16), 0.0, None, 7), ((8, 16), None, False, 7)],
        *[((8, 16), 0.9, False, 6), ((8, 16), 0.0, True, 4), ((8, 16), 0.9, True, 4), ((3, 3), 0.9, True, 1)],
        *[((1, 2), 1.0, True, 1), ((0, 8), 0.0, False, 3), ((0, 0), 0.0, False, 1)],
    ],
)
def test_threads(cores: tuple[int, int], load: float | None, on_battery: bool | None, threads: int) -> None:
    told = senses(cores=lambda: cores, load=lambda: load, on_battery=lambda: on_battery)
    assert threads_for(look(Path(), told)) == threads


@given(st.integers(0, 256), st.integers(0, 512), st.booleans(), st.floats(0, 4))
def test_there_is_always_a_thread_and_never_one_too_many(cores: int, logical: int, battery: bool, load: float) -> None:
    hardware = Hardware(physical_cores=cores, logical_cores=logical, on_battery=battery, load=load)
    assert 1 <= threads_for(hardware) <= max(1, cores, logical)


# Processors


def test_linux_tells_the_first_core() -> None:
    found = processor.of_linux(X86)
    assert found.name == "Some CPU @ 2.00GHz"
    assert [found.knows(name) for name in ("AVX2", "FMA", "F16C", "AVX512", "NEON")] == [True, True, True, False, None]
    arm = processor.of_linux(ARM)
    assert [arm.knows(name) for name in ("NEON", "DOTPROD", "SVE", "AVX2")] == [True, True, False, None]
    assert processor.of_linux("").knows("AVX") is None


def test_windows_tells_what_it_has_a_number_for() -> None:
    found = processor.of_windows(" Some CPU ", {38, 39, 40}.__contains__, 22_631)
    assert found.name == "Some CPU"
    assert [found.knows(name) for name in ("AVX2", "AVX512", "F16C")] == [True, False, None]
    old = processor.of_windows("", lambda number: False, 17_763)
    assert old.knows("AVX2") is None


def test_macos_tells_by_sysctl() -> None:
    found = processor.of_macos("Apple M2", {"hw.optional.neon": 1, "hw.optional.arm.FEAT_I8MM": 0})
    assert [found.knows(name) for name in ("NEON", "I8MM", "AVX2")] == [True, False, None]


# Graphics cards


def test_cards_of_linux(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "sys/class/drm/card0/device/vendor": "0x1002\n",
            "sys/class/drm/card0/device/mem_info_vram_total": f"{8 * GIB}\n",
            "sys/class/drm/card0-HDMI-A-1/device/vendor": "0x1002\n",
            "sys/class/drm/card1/device/vendor": "0x10de\n",
            "sys/class/drm/card2/device/vendor": "0x1234\n",
            "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA GeForce\nIRQ:  7\n",
        },
    )
    assert graphics.of_linux(tmp_path) == (Gpu("NVIDIA GeForce"), Gpu("AMD graphics", 8 * GIB))
    assert graphics.of_linux(tmp_path / "nothing") == ()


def test_cards_of_windows() -> None:
    cards = [
        {"DriverDesc": "Big", "HardwareInformation.qwMemorySize": 8 * GIB},
        {"DriverDesc": "Bytes", "HardwareInformation.qwMemorySize": (2 * GIB).to_bytes(8, "little")},
        {"DriverDesc": "Own", "HardwareInformation.qwMemorySize": "much"},
        {},
    ]
    assert graphics.of_registry(cards) == (Gpu("Big", 8 * GIB), Gpu("Bytes", 2 * GIB), Gpu("Own"))


# Containers


def test_no_limits_outside_of_containers(tmp_path: Path) -> None:
    assert read_limits(tmp_path) == Limits()
    write(tmp_path, {"proc/self/cgroup": "0::/user\n", "sys/fs/cgroup/user/memory.max": "max\n"})
    write(tmp_path, {"sys/fs/cgroup/user/cpu.max": "max 100000\n"})
    assert read_limits(tmp_path) == Limits()


def test_limits_of_version_2_are_the_tightest_around(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/memory.max": f"{8 * GIB}\n",
            "sys/fs/cgroup/a/b/memory.current": f"{3 * GIB}\n",
            "sys/fs/cgroup/a/b/memory.stat": f"anon 5\ninactive_file {GIB}\n",
            "sys/fs/cgroup/a/memory.max": f"{9 * GIB}\n",
            "sys/fs/cgroup/a/memory.current": f"{5 * GIB}\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
        },
    )
    assert read_limits(tmp_path) == Limits(8 * GIB, 4 * GIB, 1.5)


def test_limits_of_version_1_though_the_path_is_that_of_the_world_outside(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GIB}\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert read_limits(tmp_path) == Limits(2 * GIB, GIB, 4.0)
    write(tmp_path, {"sys/fs/cgroup/memory/memory.limit_in_bytes": str((1 << 63) - 4096)})
    write(tmp_path, {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"})
    assert read_limits(tmp_path) == Limits()


def test_a_container_has_what_it_may_use() -> None:
    found = look(Path(), senses(limits=lambda: Limits(4 * GIB, 3 * GIB, 1.6)))
    assert (found.memory_bytes, found.available_bytes, found.physical_cores) == (4 * GIB, 3 * GIB, 2)
