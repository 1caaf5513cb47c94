"""What the graphics card is and how much of a model it takes, tried out. Child side.

Speaks to the C API that `llama_cpp` exposes; the module is handed in, since only `runner` imports it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alisa_desktop.model.native import DecodeFailed, LoadFailed, NativeModel, model_params, open_model

CARDS = (1, 2)  # ggml-backend.h, enum ggml_backend_dev_type: GPU and IGPU
SHARE = 0.85
"""How much of the card's free memory a model may take."""


def device_of(lib: Any, build: str) -> str:
    """Name what computes: the library's `build` and its back-ends; empty without one for graphics cards."""
    if not lib.llama_supports_gpu_offload():
        return ""
    return f"{build} {lib.llama_print_system_info().decode('utf-8', 'replace')}"


def free_memory(lib: Any) -> int:
    """Return the free bytes of the first graphics card, 0 where the binding does not ask (yet)."""
    if not hasattr(lib, "ggml_backend_dev_memory"):
        return 0
    for number in range(lib.ggml_backend_dev_count()):
        device = lib.ggml_backend_dev_get(number)
        if lib.ggml_backend_dev_type(device) in CARDS:
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            lib.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            return free.value
    return 0


def most_layers(layers: int, needed: int, free: int, works: Callable[[int], bool]) -> int:
    """Return how many of a model's `layers` the card takes: as many as have room in `free` bytes (0: not known).

    That number is halved until it `works`; 0 when none does.
    """
    room = SHARE * free
    count = layers if not free or needed <= room else int(layers * room / needed)
    while count and not works(count):
        count //= 2
    return count


def layer_count(lib: Any, path: Path) -> int:
    """Return how many layers a model file has, what comes behind the last one as one more; raises `LoadFailed`."""
    with ExitStack() as until:
        model = open_model(lib, path, model_params(lib, True), until)
        return int(lib.llama_model_n_layer(model)) + 1


def works(open_with: Callable[[], NativeModel]) -> bool:
    """Tell whether a model can be opened like that and decodes a few tokens; it may crash the process."""
    try:
        model = open_with()
    except LoadFailed:
        return False
    try:
        model.warm_up()
        return True
    except DecodeFailed:
        return False
    finally:
        model.close()
