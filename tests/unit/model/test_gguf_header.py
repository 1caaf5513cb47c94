from __future__ import annotations

import io
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_gguf import write_tiny_classifier, write_tiny_gguf, write_tiny_mamba
from tiny_vision import write_tiny_llava, write_tiny_qwen2vl, write_tiny_qwen2vl_projector

from alisa_desktop.core.errors import ModelBroken, ModelMissing, ModelTooBig
from alisa_desktop.model import architectures
from alisa_desktop.model.gguf_header import (
    GgufHeader,
    check_memory,
    check_model_file,
    check_projector_file,
    read_header,
    read_model_file,
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


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_header_or_a_named_error(data: bytes) -> None:
    for start in (b"", b"GGUF", b"GGUF\x03\0\0\0", b"GGUF" + struct.pack("<IQQ", 3, 1, 2)):
        with suppress(ModelBroken):
            read(start + data)


@settings(max_examples=60)
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


# What else a header tells


def llama(**more: int | str) -> dict[str, int | str]:
    entries = {"general.architecture": "llama", "llama.context_length": 4096, "llama.embedding_length": 64}
    return entries | {key.replace("__", "."): value for key, value in more.items()}


def test_a_header_tells_what_people_choose_by() -> None:
    entries = {"general.size_label": "8x7B", "general.license": "apache-2.0", "tokenizer.chat_template": "{{ x }}"}
    told = llama(general__file_type=15, llama__attention__sliding_window=1024) | entries
    found = read(header(told, []))
    assert (found.parameters, found.quantization, found.licence) == ("8x7B", "Q4_K_M", "apache-2.0")
    assert found.has_template
    assert found.sliding_window == 1024
    assert (found.recurrent, found.talks) == (False, True)


def test_what_a_header_does_not_tell_is_empty() -> None:
    found = read(header(llama(general__file_type=999, general__license=7), []))
    assert (found.parameters, found.quantization, found.licence, found.sliding_window) == ("", "", "", 0)
    assert not found.has_template


def test_texts_of_a_file_are_short_and_on_one_line() -> None:
    found = read(header(llama(general__license="a\n\x1b[31m\u202eb " + "c" * 500), []))
    assert found.licence.startswith("a [31m b ccc")
    assert len(found.licence) == 60


@pytest.mark.parametrize(
    ("numbers", "words"),
    [(0, ""), (999, ""), (360_500, "360K"), (1_720_000_000, "1.7B"), (4_022_000_000, "4B"), (40_000_000_000, "40B")],
)
def test_parameters_are_counted_where_no_label_is(numbers: int, words: str) -> None:
    assert read(header(llama(), [([numbers], 2, 0)])).parameters == words


def test_words_for_quantizations_are_those_of_the_format() -> None:
    official = {kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    official[gguf.LlamaFileType.MOSTLY_MXFP4_MOE.value] = "MXFP4"
    del official[gguf.LlamaFileType.GUESSED.value]
    assert official == architectures.QUANTIZATIONS


def named(entries: dict[str, int | str], tensors: dict[str, int]) -> GgufHeader:
    """A header with tensors of 8 bit by name and size."""
    data = header(entries, [([size], 24, 0) for size in tensors.values()])
    for number, name in enumerate(tensors):
        data = data.replace(text(f"t{number}"), text(name), 1)
    return read(data)


def test_a_token_reads_one_row_of_a_table_and_few_experts() -> None:
    tensors = {"token_embd.weight": 1000, "output.weight": 500, "blk.0.ffn_up_exps.weight": 800, "blk.0.attn_q": 7}
    experts = llama(llama__expert_count=8, llama__expert_used_count=2)
    assert named(experts, tensors).active_bytes == 500 + 200 + 7
    assert named(llama(), tensors).active_bytes == 500 + 800 + 7
    del tensors["output.weight"]  # the table scores the tokens, too
    assert named(experts, tensors).active_bytes == 1000 + 200 + 7


def test_a_memory_that_cannot_be_cut_is_known_by_the_kind_and_by_its_keys(tmp_path: Path) -> None:
    assert read(write_tiny_mamba(tmp_path / "mamba.gguf").read_bytes()).recurrent
    for kind in ("qwen35", "lfm2", "granitehybrid", "falcon-h1", "jamba", "qwen3next"):
        assert read(header({"general.architecture": kind}, [])).recurrent, kind
    for kind in ("llama", "qwen3", "qwen3vl", "gemma3", "gemma4", "mistral3", "phi3"):
        assert not read(header({"general.architecture": kind}, [])).recurrent, kind
    assert read(header({"general.architecture": "newest", "newest.ssm.state_size": 128}, [])).recurrent


def test_a_model_that_only_measures_text_does_not_talk(tmp_path: Path) -> None:
    path = write_tiny_classifier(tmp_path / "classifier.gguf", ["a"], {"word": ["a"]})
    assert not read(path.read_bytes()).talks
    assert not read(header(llama(general__type="adapter"), [])).talks
    assert read(header(llama(general__type="model"), [])).talks
    assert read(write_tiny_gguf(tmp_path / "tiny.gguf").read_bytes()).talks


def texts(words: list[str]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(words)) + b"".join(map(text, words))


def with_words(words: list[str]) -> bytes:
    """A header whose first entry is a list of texts, and the second its kind."""
    kind = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + text("tokenizer.ggml.tokens") + texts(words) + kind


@settings(max_examples=40)
@given(st.lists(st.text(max_size=12), max_size=30), st.integers(0, 60))
def test_long_lists_are_passed_over(words: list[str], cut: int) -> None:
    data = with_words(words)
    assert read(data).architecture == "llama"
    with pytest.raises(ModelBroken, match=r"incomplete|damaged"):
        read(data[: max(4, len(data) - 1 - cut)])


def test_lists_longer_than_what_is_read_at_once() -> None:
    for words in (["x" * 1_500_000, "y", "z" * 999_999], ["word"] * 200_000, ["x" * ((1 << 20) - 12), "y"]):
        assert read(with_words(words)).architecture == "llama"


# Kinds


def test_a_kind_nobody_knows_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "new.gguf"
    path.write_bytes(header({"general.architecture": "llama99\nIgnore all\x07"}, []))
    with pytest.raises(
        ModelBroken, match=r"new\.gguf is of a kind \(llama99 Ignore all\) that I don't know yet; a newer"
    ):
        check_model_file(path, 512, EIGHT_GB)


def test_eyes_are_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match="only the eyes"):
        check_model_file(write_tiny_llava(tmp_path / "eyes.gguf"), 512, EIGHT_GB)


def test_the_list_of_kinds_fits_the_installed_library(root: Path) -> None:
    tool = [sys.executable, "tools/list_architectures.py", "--check"]
    found = subprocess.run(tool, cwd=root, capture_output=True, text=True, timeout=90)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_list_that_is_lost_keeps_nothing_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(architectures, "resources", lambda: tmp_path)
    assert architectures.is_known("anything")
    assert not architectures.is_recurrent("mamba")


# Models in several files


def test_a_model_in_parts_counts_all_of_them(tmp_path: Path) -> None:
    first, second = tmp_path / "big-00001-of-00002.gguf", tmp_path / "big-00002-of-00002.gguf"
    first.write_bytes(header(llama(), [([64], 24, 0)]).ljust(1000, b"\0"))
    with pytest.raises(ModelBroken, match=r"are missing \(1 of 2\)"):
        read_model_file(first)
    second.write_bytes(b"x" * 9000)
    found = check_model_file(first, 512, EIGHT_GB)
    assert found.weight_bytes == found.active_bytes == 10_000
    assert read(header(llama(split__count=2), [([10_000_000], 24, 0)])).parameters == ""
    with pytest.raises(ModelTooBig):
        check_model_file(first, 512, 10_000)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("general.size_label", "general.file_type", "general.license", "general.alignment", "general.name"),
                *("llama.attention.sliding_window", "llama.expert_count", "llama.expert_used_count"),
                *("llama.block_count", "llama.attention.head_count", "llama.attention.key_length"),
            ]
        ),
        st.one_of(st.integers(0, 2**32 - 1), st.text(max_size=80)),
    )
)
def test_any_entry_may_be_of_any_kind(entries: dict[str, int | str]) -> None:
    found = read(header({"general.architecture": "llama", **entries}, [([64, 64], 2, 0)]))
    assert 0 <= found.active_bytes <= found.weight_bytes
    assert found.memory_bytes(1) >= found.weight_bytes
    assert len(found.licence) <= 60
