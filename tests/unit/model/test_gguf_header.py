from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_gguf import write_tiny_gguf
from tiny_vision import write_tiny_llava, write_tiny_qwen2vl, write_tiny_qwen2vl_projector

from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig
from alisa_desktop.model.gguf_header import (
    GgufHeader,
    check_memory,
    check_model_file,
    check_projector_file,
    read_header,
)

GIB = 1 << 30
EIGHT_GB = 8 * GIB


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def header(entries: dict[str, int | str], tensors: list[tuple[list[int], int, int]]) -> bytes:
    """A GGUF header by hand; tensors are (dimensions, ggml type, offset)."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(entries))]
    for key, value in entries.items():
        parts.append(text(key))
        parts.append(struct.pack("<II", 4, value) if isinstance(value, int) else struct.pack("<I", 8) + text(value))
    for number, (dimensions, kind, offset) in enumerate(tensors):
        parts.append(text(f"t{number}") + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions))
        parts.append(struct.pack("<IQ", kind, offset))
    return b"".join(parts)


FORTY_BILLION = header(
    {
        **{"general.architecture": "llama", "general.name": "Forty", "llama.block_count": 60},
        **{"llama.context_length": 8192, "llama.embedding_length": 8192, "llama.attention.head_count": 64},
        "llama.attention.head_count_kv": 8,
    },
    [([40_000, 1_000_000], 2, 0)],
)


def read(data: bytes) -> GgufHeader:
    return read_header(io.BytesIO(data))


def test_a_real_model_says_what_it_is(starter: Path) -> None:
    found = check_model_file(starter, 512, EIGHT_GB)
    assert found.architecture == "llama"
    assert found.trained_context == 1024
    assert found.file_bytes == starter.stat().st_size
    assert 0 < found.weight_bytes < found.file_bytes
    assert found.cache_bytes_per_token == 5 * 4 * (32 + 32) * 2


@pytest.mark.parametrize("quant", ["F32", "F16", "Q8_0", "Q4_0", "Q4_K"])
def test_sizes_of_all_kinds_add_up(tmp_path: Path, quant: str) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", quant=quant, d=256, ff=256)
    assert path.stat().st_size - 32 < read(path.read_bytes()).file_bytes <= path.stat().st_size


def test_the_starter_brain_fits_a_small_machine(starter: Path) -> None:
    check_model_file(starter, 512, GIB // 2)


def test_the_context_is_no_longer_than_the_training(starter: Path) -> None:
    found = check_model_file(starter, 4096, EIGHT_GB)
    assert (found.usable_context(4096), found.usable_context(100), found.usable_context(0)) == (1024, 100, 1024)


def test_forty_billion_weights_need_more_than_eight_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "forty.gguf"
    path.write_bytes(FORTY_BILLION)
    with pytest.raises(ModelTooBig, match=r"Forty needs about 2\d\.\d GB of memory.*smaller model"):
        check_model_file(path, 4096, EIGHT_GB)


def test_the_context_counts(tmp_path: Path) -> None:
    found = read(FORTY_BILLION)
    assert found.memory_bytes(8192) - found.memory_bytes(0) == 8192 * 60 * 8 * (128 + 128) * 2


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"GG", "is no GGUF model"),
        (b"PK\x03\x04" * 100, "is no GGUF model"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b"\xef\xbb\xbf<html>", "is a web page"),
        (b"GGUF", "incomplete"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "what kind"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62) + b"x" * 99, "damaged"),
        (header({"general.architecture": "llama"}, [([1 << 60, 1 << 60], 0, 0)]), "damaged"),
        (header({"general.architecture": "llama"}, [([1] * 5, 0, 0)]), "damaged"),
    ],
)
def test_broken_files_are_called_by_their_name(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "my model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelBroken, match=why) as caught:
        check_model_file(path, 512, EIGHT_GB)
    assert "my model.gguf" in caught.value.sentence


def test_a_file_cut_off_anywhere_is_incomplete(tmp_path: Path, starter: Path) -> None:
    whole = starter.read_bytes()
    for length in (5, 30, 1000, 50_000, len(whole) // 2, len(whole) - 1):
        path = tmp_path / "cut.gguf"
        path.write_bytes(whole[:length])
        with pytest.raises(ModelBroken, match=r"incomplete|damaged"):
            check_model_file(path, 512, EIGHT_GB)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="can't find"):
        check_model_file(tmp_path / "none.gguf", 512, EIGHT_GB)
    with pytest.raises(ModelMissing):
        check_model_file(tmp_path, 512, EIGHT_GB)
    with pytest.raises(ModelMissing):
        check_model_file(tmp_path / "a\0b", 512, EIGHT_GB)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_header_or_a_named_error(data: bytes) -> None:
    for start in (b"", b"GGUF", b"GGUF\x03\0\0\0", b"GGUF" + struct.pack("<IQQ", 3, 1, 2)):
        with suppress(ModelBroken):
            read(start + data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(FORTY_BILLION) - 1), st.binary(min_size=1, max_size=8))
def test_a_header_with_flipped_bytes_is_read_or_refused(place: int, junk: bytes) -> None:
    data = FORTY_BILLION[:place] + junk + FORTY_BILLION[place + len(junk) :]
    try:
        found = read(data)
    except ModelBroken:
        return
    assert found.memory_bytes(4096) >= 0


# Vision projectors


def test_projectors_are_known_by_their_header(tmp_path: Path) -> None:
    llava = check_model_file(write_tiny_gguf(tmp_path / "llava.gguf"), 0, EIGHT_GB)
    qwen = check_model_file(write_tiny_qwen2vl(tmp_path / "qwen.gguf"), 0, EIGHT_GB)
    assert not llava.sees
    for model, path in (
        (llava, write_tiny_llava(tmp_path / "a.gguf")),
        (qwen, write_tiny_qwen2vl_projector(tmp_path / "b.gguf")),
    ):
        found = check_projector_file(path, model)
        assert found.sees
        assert found.file_bytes == path.stat().st_size


def test_a_projector_that_is_none_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "model.gguf")
    model = check_model_file(path, 0, EIGHT_GB)
    with pytest.raises(ModelBroken, match="no eyes"):
        check_projector_file(path, model)
    with pytest.raises(ModelMissing):
        check_projector_file(tmp_path / "none.gguf", model)
    other = write_tiny_llava(tmp_path / "other.gguf", width=96)
    with pytest.raises(ModelBroken, match="another model"):
        check_projector_file(other, model)
    data = write_tiny_llava(tmp_path / "cut.gguf").read_bytes()
    for kept, why in ((0, "empty"), (500, "damaged"), (len(data) - 100, "incomplete")):
        (tmp_path / "cut.gguf").write_bytes(data[:kept])
        with pytest.raises(ModelBroken, match=why):
            check_projector_file(tmp_path / "cut.gguf", model)


def test_the_eyes_take_memory_too(starter: Path) -> None:
    header = check_model_file(starter, 512, EIGHT_GB)
    check_memory(header, 512, EIGHT_GB, GIB)
    with pytest.raises(ModelTooBig, match=r"\d GB of memory"):
        check_memory(header, 512, EIGHT_GB, 8 * GIB)
