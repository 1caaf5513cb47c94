"""Graphics cards, as far as the system knows them without the library of a vendor."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_CARDS = 8
VENDORS = {"0x1002": "AMD", "0x10de": "NVIDIA", "0x8086": "Intel"}
DISPLAY_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
NAME, MEMORY = "DriverDesc", "HardwareInformation.qwMemorySize"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card: its name and its own memory (bytes; 0: not known)."""

    name: str
    memory_bytes: int = 0


def of_linux(root: Path = Path("/")) -> tuple[Gpu, ...]:
    """The cards that the kernel under `root` tells of; NVIDIA's own driver says what its cards are called."""
    named = [_model(text) for text in _texts(root, "proc/driver/nvidia/gpus/*/information")]
    return (*(Gpu(name) for name in named if name), *_drm(root, bool(named)))[:MAX_CARDS]


def of_registry(cards: Iterable[Mapping[str, object]]) -> tuple[Gpu, ...]:
    """The cards that the registry of Windows describes by these values."""
    return tuple(_from_values(card) for card in cards if card.get(NAME))[:MAX_CARDS]


def _drm(root: Path, nvidia_is_known: bool) -> Iterator[Gpu]:
    for device in sorted(root.glob("sys/class/drm/card[0-9]*/device")):
        vendor = VENDORS.get(_text(device / "vendor"))
        if "-" in device.parent.name or not vendor or (vendor == "NVIDIA" and nvidia_is_known):
            continue  # a connector of a card, a virtual screen, or told already
        memory = _text(device / "mem_info_vram_total")  # amdgpu
        yield Gpu(_text(device / "product_name") or f"{vendor} graphics", int(memory) if memory.isdecimal() else 0)


def _texts(root: Path, pattern: str) -> Iterator[str]:
    return (_text(path) for path in sorted(root.glob(pattern)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _model(information: str) -> str:
    lines = (line.partition(":") for line in information.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == "Model"), "")


def _from_values(card: Mapping[str, object]) -> Gpu:
    memory = card.get(MEMORY)
    if isinstance(memory, bytes):  # some drivers write the number as bytes
        memory = int.from_bytes(memory[:8], "little")
    return Gpu(str(card[NAME]).strip(), memory if isinstance(memory, int) else 0)


if sys.platform == "win32":
    import winreg
    from contextlib import suppress

    def read_gpus() -> tuple[Gpu, ...]:
        """This machine's cards; raises `OSError` where the system doesn't say."""
        return of_registry(_cards())

    def _cards() -> Iterator[dict[str, object]]:
        for number in range(MAX_CARDS):
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{DISPLAY_CLASS}\{number:04}") as key:
                yield dict(_values(key))

    def _values(key: winreg.HKEYType) -> Iterator[tuple[str, object]]:
        for name in (NAME, MEMORY):
            with suppress(OSError):
                yield name, winreg.QueryValueEx(key, name)[0]

elif sys.platform == "darwin":

    def read_gpus() -> tuple[Gpu, ...]:
        """Nothing: its cards share the machine's memory, and no file tells of them."""
        return ()

else:

    def read_gpus() -> tuple[Gpu, ...]:
        """This machine's cards."""
        return of_linux()
