from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import llama_cpp
import pytest

from alisa_desktop.model.gpu import Graphics
from alisa_desktop.model.gpu_trial import device_of, free_memory, layer_count, most_layers, works
from alisa_desktop.model.native import LoadFailed, NativeModel, model_params


class Library:
    """A build for two devices: the processor and a card with a gigabyte, 600 MB of it free."""

    def llama_supports_gpu_offload(self) -> bool:
        return True

    def llama_print_system_info(self) -> bytes:
        return b"Vulkan : 1"

    def ggml_backend_dev_count(self) -> int:
        return 2

    def ggml_backend_dev_get(self, number: int) -> int:
        return number

    def ggml_backend_dev_type(self, device: int) -> int:
        return device

    def ggml_backend_dev_memory(self, device: int, free: Any, total: Any) -> None:
        assert device == 1
        ctypes.cast(free, ctypes.POINTER(ctypes.c_size_t))[0] = 600_000_000
        ctypes.cast(total, ctypes.POINTER(ctypes.c_size_t))[0] = 1_000_000_000


def test_a_build_without_cards_has_no_device() -> None:
    assert device_of(Library(), "0.1") == "0.1 Vulkan : 1"
    if not llama_cpp.llama_supports_gpu_offload():
        assert device_of(llama_cpp, "0.1") == ""


def test_free_memory_is_told_where_it_is_known() -> None:
    assert free_memory(Library()) == 600_000_000
    assert free_memory(object()) == 0


@pytest.mark.parametrize(
    ("needed", "free", "limit", "layers", "tried"),
    [
        (100, 0, 33, 33, [33]),
        (100, 1000, 33, 33, [33]),
        (1000, 500, 33, 14, [14]),
        (1000, 0, 10, 8, [33, 16, 8]),
        (1000, 500, 0, 0, [14, 7, 3, 1]),
        (1000, 1, 33, 0, []),
    ],
)
def test_as_many_layers_as_have_room_and_work(
    needed: int, free: int, limit: int, layers: int, tried: list[int]
) -> None:
    asked: list[int] = []

    def works(count: int) -> bool:
        asked.append(count)
        return count <= limit

    assert most_layers(33, needed, free, works) == layers
    assert asked == tried


def test_an_answer_is_good_for_one_device_file_and_context(tmp_path: Path) -> None:
    model, file = tmp_path / "m.gguf", tmp_path / "gpu.json"
    model.write_bytes(b"GGUF")
    graphics = Graphics(file, command=[], cwd=tmp_path)
    assert graphics.layers("card", model, 4096) is None
    graphics.blame("card", model, 4096)
    assert Graphics(file, command=[], cwd=tmp_path).layers("card", model, 4096) == 0
    assert graphics.layers("card", model, 2048) is None
    assert graphics.layers("other", model, 4096) is None
    model.write_bytes(b"GGUF, changed")
    assert graphics.layers("card", model, 4096) is None


@pytest.mark.parametrize("content", ["", "{", "[1]", '[["card"]]', '[[["card"], 1]]'])
def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "gpu.json").write_text(content)
    assert Graphics(tmp_path / "gpu.json", command=[], cwd=tmp_path).layers("card", tmp_path, 1) is None


class WithCard:
    """The real library, which says that it could use a card."""

    def __getattr__(self, name: str) -> Any:
        return (lambda: True) if name == "llama_supports_gpu_offload" else getattr(llama_cpp, name)


def native(path: Path, layers: int, lib: Any = llama_cpp) -> NativeModel:
    return NativeModel(
        lib,
        path,
        context_tokens=256,
        threads=1,
        batch_threads=1,
        safe=True,
        on_progress=lambda _: None,
        is_stopped=lambda: False,
        gpu_layers=layers,
    )


def test_a_model_is_tried_with_a_token(tiny: Path, tmp_path: Path) -> None:
    assert layer_count(llama_cpp, tiny) == 3
    assert works(lambda: native(tiny, 0))
    (tmp_path / "none.gguf").write_bytes(b"GGUF")
    assert not works(lambda: native(tmp_path / "none.gguf", 0))
    with pytest.raises(LoadFailed):
        layer_count(llama_cpp, tmp_path / "none.gguf")


def test_layers_for_a_card_that_is_not_there_stay_on_the_processor(tiny: Path) -> None:
    assert works(lambda: native(tiny, 3))
    assert works(lambda: native(tiny, 3, WithCard()))


def test_on_the_processor_no_card_is_looked_at(tiny: Path) -> None:
    assert model_params(llama_cpp, False, 0).devices is None or llama_cpp.llama_supports_gpu_offload()
    devices = ctypes.cast(model_params(WithCard(), False, 0).devices, ctypes.POINTER(ctypes.c_void_p))
    assert devices[0] is None, "an empty list"
    assert works(lambda: native(tiny, 0, WithCard()))


async def test_the_real_runner_can_be_asked(
    endless: Path, runner: list[str], root: Path, tmp_path: Path, variant: str
) -> None:
    graphics = Graphics(tmp_path / "gpu.json", command=runner, cwd=root)
    await graphics.probe("card", endless, 512, variant)
    assert graphics.layers("card", endless, 512) == 5, "all four, and what comes behind them"
    await graphics.probe("card", tmp_path / "none.gguf", 512, variant)
    assert graphics.layers("card", tmp_path / "none.gguf", 512) == 0, "a file that isn't there is not the card's fault"
    assert Graphics(tmp_path / "gpu.json", command=[], cwd=root).layers("card", tmp_path / "none.gguf", 512) is None
