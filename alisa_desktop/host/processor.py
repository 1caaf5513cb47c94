"""The processor: what it calls itself and which instructions it has, as far as the system tells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# /proc/cpuinfo, "flags" on x86 and "Features" on ARM
LINUX = {
    **{"sse4_2": "SSE4.2", "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "bmi2": "BMI2"},
    **{"avx512f": "AVX512", "avx512_vnni": "AVX512 VNNI", "avx_vnni": "AVX VNNI", "amx_int8": "AMX"},
    **{"asimd": "NEON", "neon": "NEON", "asimddp": "DOTPROD", "i8mm": "I8MM", "sve": "SVE"},
}
X86 = ("SSE4.2", "AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512", "AVX512 VNNI", "AVX VNNI", "AMX")
ARM = ("NEON", "DOTPROD", "I8MM", "SVE")
# winnt.h, PF_..._INSTRUCTIONS_AVAILABLE; there is none for FMA and F16C
WINDOWS = {38: "SSE4.2", 39: "AVX", 40: "AVX2", 41: "AVX512", 19: "NEON", 43: "DOTPROD", 46: "SVE", 66: "I8MM"}
WINDOWS_TELLS_ALL = 19_041
"""Builds of Windows before this one (2004) say no to every kind of AVX."""
# sysctl hw.optional.*
MACOS = {
    **{"hw.optional.sse4_2": "SSE4.2", "hw.optional.avx1_0": "AVX", "hw.optional.avx2_0": "AVX2"},
    **{"hw.optional.fma": "FMA", "hw.optional.f16c": "F16C", "hw.optional.bmi2": "BMI2"},
    **{"hw.optional.avx512f": "AVX512", "hw.optional.neon": "NEON", "hw.optional.AdvSIMD": "NEON"},
    **{"hw.optional.arm.FEAT_DotProd": "DOTPROD", "hw.optional.arm.FEAT_I8MM": "I8MM"},
}
CPU_KEY = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"


@dataclass(frozen=True, slots=True)
class Processor:
    """Its name ("" for unknown), the instructions it is known to have, and those it is known to lack."""

    name: str = ""
    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()

    def knows(self, feature: str) -> bool | None:
        """Whether it has that one (AVX2, F16C, NEON ...); None where nobody has told."""
        return True if feature in self.has else False if feature in self.lacks else None


def of_linux(cpuinfo: str) -> Processor:
    """The processor that the text of /proc/cpuinfo speaks of: its first core."""
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip(), value.strip())
    said, family = (fields["flags"], X86) if "flags" in fields else (fields.get("Features", ""), ARM)
    has = frozenset(LINUX[word] for word in said.split() if word in LINUX)
    return Processor(fields.get("model name", ""), has, frozenset(family) - has if said else frozenset())


def of_windows(name: str, present: Callable[[int], bool], build: int) -> Processor:
    """The processor that IsProcessorFeaturePresent (`present`) of a Windows `build` tells of."""
    has = frozenset(feature for number, feature in WINDOWS.items() if present(number))
    lacks = frozenset(WINDOWS.values()) - has if build >= WINDOWS_TELLS_ALL else frozenset[str]()
    return Processor(name.strip(), has, lacks)


def of_macos(name: str, said: Mapping[str, int]) -> Processor:
    """The processor that these numbers of sysctl tell of; those that it doesn't know are not there."""
    has = frozenset(feature for key, feature in MACOS.items() if said.get(key))
    return Processor(name.strip(), has, frozenset(MACOS[key] for key, value in said.items() if not value) - has)


if sys.platform == "win32":
    import ctypes
    import winreg

    def read_processor() -> Processor:
        """What this machine's processor is; raises `OSError` where the system doesn't say."""
        present = ctypes.WinDLL("kernel32").IsProcessorFeaturePresent
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, CPU_KEY) as key:
            name = str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
        return of_windows(name, lambda number: bool(present(number)), sys.getwindowsversion().build)

elif sys.platform == "darwin":
    import ctypes

    def read_processor() -> Processor:
        """What this machine's processor is; raises `OSError` where the system doesn't say."""
        said = {key: _sysctl(key) for key in MACOS}
        name = _sysctl("machdep.cpu.brand_string") or b""
        numbers = {key: int.from_bytes(value, sys.byteorder) for key, value in said.items() if value is not None}
        return of_macos(name.rstrip(b"\0").decode("utf-8", "replace"), numbers)

    def _sysctl(name: str) -> bytes | None:
        buffer, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        failed = ctypes.CDLL(None).sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0))
        return None if failed else buffer.raw[: size.value]

else:

    def read_processor() -> Processor:
        """What this machine's processor is; raises `OSError` where the system doesn't say."""
        return of_linux(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
