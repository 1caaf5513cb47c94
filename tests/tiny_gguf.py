"""Tiny GGUF models with random weights for tests: the llama architecture and a hand-made byte-level tokenizer.

They talk nonsense, but tokenise, decode, stop and crash like any other model. Large ones for benchmarks are made of
random blocks, without quantising anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CONTROL = ("<unk>", "<s>", "<|im_start|>", "<|im_end|>")
BOS, IM_START, IM_END = 1, 2, 3
MERGES = ("h e", "l l", "he ll", "hell o", "Ġ t", "Ġt he", "i n", "Ġ a", "e r")
QUANTS = {"F32": Kind.F32, "F16": Kind.F16, "Q8_0": Kind.Q8_0, "Q4_0": Kind.Q4_0, "Q4_K": Kind.Q4_K}
LOUD, QUIET = 0.3, 0.02


def write_endless_gguf(path: Path) -> Path:
    """Write a model whose replies never end by themselves and take seconds, so that one can be caught in the middle."""
    return write_tiny_gguf(path, never_ends=True, quant="Q4_0", layers=4, d=512, heads=8, ff=2048, context=8192)


def write_tiny_gguf(
    path: Path,
    *,
    quant: str = "F16",
    layers: int = 2,
    d: int = 64,
    heads: int = 4,
    kv_heads: int = 2,
    ff: int = 128,
    context: int = 2048,
    user_defined: Sequence[str] = (),
    chat_template: str | None = CHATML,
    add_bos: bool = False,
    never_ends: bool = False,
    seed: int = 0,
) -> Path:
    """Write a model to `path` and return it; `user_defined` are further tokens that are read in any text.

    `quant` is F32, F16, Q8_0, Q4_0 or Q4_K (those with 256 weights a block need `d` and `ff` to be multiples of 256).
    `never_ends` makes the model avoid control tokens and the token it has just said, so that a reply goes on to its
    limit. 100 million parameters: `layers=12, d=768, ff=3072, quant="Q4_0"`.
    """
    tokens, kinds = tiny_vocabulary(user_defined)
    writer = gguf.GGUFWriter(path, "llama")
    _add_shape(writer, f"Tiny {quant}", layers=layers, d=d, ff=ff, context=context)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_dimension_count(d // heads)
    writer.add_vocab_size(len(tokens))
    _add_tokenizer(writer, tokens, kinds, add_bos)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    weights = _Weights(QUANTS[quant], seed)
    embedding = weights.matrix(len(tokens), d, LOUD)
    writer.add_tensor("token_embd.weight", embedding, raw_dtype=weights.raw)
    output = weights.opposite(embedding) if never_ends else weights.matrix(len(tokens), d, LOUD)
    if never_ends:
        output[: len(CONTROL)] = 0
    writer.add_tensor("output.weight", output, raw_dtype=weights.raw)
    _add_layers(writer, weights, layers, d, kv_heads * d // heads, ff)
    return _finish(writer, path)


def write_tiny_spm(path: Path, *, d: int = 64) -> Path:
    """Write a model whose tokenizer is SentencePiece's kind, which puts a space before a text; BOS 1, EOS 2."""
    letters = ["▁", *(chr(code) for code in range(0x21, 0x7F))]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters, "▁h", "he", "lo", "llo"]
    special = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds = [*special, *[gguf.TokenType.BYTE] * 256, *[gguf.TokenType.NORMAL] * (len(tokens) - 259)]
    writer = gguf.GGUFWriter(path, "llama")
    _add_shape(writer, "Tiny SPM", layers=1, d=d, ff=128, context=512)
    writer.add_head_count(4)
    writer.add_rope_dimension_count(d // 4)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    weights = _Weights(Kind.F16, 0)
    writer.add_tensor("token_embd.weight", weights.matrix(len(tokens), d, LOUD))
    _add_layers(writer, weights, 1, d, d, 128)
    return _finish(writer, path)


def write_tiny_mamba(path: Path, *, d: int = 32) -> Path:
    """Write a recurrent model, whose memory can't be cut back to an earlier token."""
    tokens, kinds = tiny_vocabulary()
    inner, state, rank, kernel = 2 * d, 8, 4, 4
    writer = gguf.GGUFWriter(path, "mamba")
    _add_shape(writer, "Tiny Mamba", layers=2, d=d, ff=0, context=512)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(kernel)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(state)
    writer.add_ssm_time_step_rank(rank)
    _add_tokenizer(writer, tokens, kinds, False)
    writer.add_chat_template(CHATML)
    weights = _Weights(Kind.F32, 0)
    writer.add_tensor("token_embd.weight", weights.matrix(len(tokens), d, LOUD))
    writer.add_tensor("output_norm.weight", np.ones(d, dtype=np.float32))
    for layer in range(2):
        block = f"blk.{layer}."
        writer.add_tensor(block + "attn_norm.weight", np.ones(d, dtype=np.float32))
        for name, rows, columns in (
            *(("ssm_in", 2 * inner, d), ("ssm_conv1d", inner, kernel), ("ssm_x", rank + 2 * state, inner)),
            *(("ssm_dt", inner, rank), ("ssm_out", d, inner)),
        ):
            writer.add_tensor(f"{block}{name}.weight", weights.matrix(rows, columns, QUIET))
        for name in ("ssm_conv1d.bias", "ssm_dt.bias", "ssm_d"):
            writer.add_tensor(block + name, np.ones(inner, dtype=np.float32))
        writer.add_tensor(block + "ssm_a", -np.ones((inner, state), dtype=np.float32))
    return _finish(writer, path)


def write_tiny_classifier(path: Path, labels: Sequence[str], words: Mapping[str, Sequence[str]]) -> Path:
    """Write a classifier that knows these words, each of which speaks for some of the labels: +1 for its share."""
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    d, ff = 32 * -(-(len(special) + len(words)) // 32), 32
    writer = gguf.GGUFWriter(path, "bert")
    _add_shape(writer, "Tiny classifier", layers=1, d=d, ff=ff, context=16)
    writer.add_layer_norm_eps(1e-12)
    writer.add_head_count(1)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    writer.add_uint32("bert.classifier.pooling_type", gguf.PoolingType.MEAN)
    writer.add_array("bert.classifier.output_labels", list(labels))
    writer.add_tokenizer_model("bert")
    writer.add_token_list([*special, *(f"\u2581{word}" for word in words)])
    writer.add_token_types([gguf.TokenType.CONTROL] * len(special) + [gguf.TokenType.NORMAL] * len(words))
    writer.add_token_type_count(1)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(1)
    embedding = np.eye(len(special) + len(words), d, dtype=np.float32)
    head = np.zeros((len(labels), d), np.float32)
    for at, spoken_for in enumerate(words.values(), len(special)):
        for label in spoken_for:
            head[list(labels).index(label), at] = 1
    tensors = {
        "token_embd.weight": embedding,
        "position_embd.weight": np.zeros((16, d), np.float32),
        "cls.output.weight": head,
        "cls.output.bias": np.zeros(len(labels), np.float32),
        **{f"blk.0.attn_{part}.weight": np.zeros((d, d), np.float32) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_up.weight": np.zeros((ff, d), np.float32),
        "blk.0.ffn_down.weight": np.zeros((d, ff), np.float32),
    }
    for norm in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        tensors |= {f"{norm}.weight": np.ones(d, np.float32), f"{norm}.bias": np.zeros(d, np.float32)}
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    return _finish(writer, path)


def _add_shape(writer: gguf.GGUFWriter, name: str, *, layers: int, d: int, ff: int, context: int) -> None:
    writer.add_name(name)
    writer.add_context_length(context)
    writer.add_embedding_length(d)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(ff)
    writer.add_layer_norm_rms_eps(1e-5)


def _finish(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: list[str], kinds: list[gguf.TokenType], add_bos: bool) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(IM_END)
    writer.add_add_bos_token(add_bos)


def tiny_vocabulary(user_defined: Sequence[str] = ()) -> tuple[list[str], list[gguf.TokenType]]:
    """Return the tokens of the byte-level tokenizer and their kinds."""
    merged = [merge.replace(" ", "") for merge in MERGES]
    normal = [*_byte_letters(), *merged]
    tokens = [*CONTROL, *user_defined, *normal]
    kinds = [gguf.TokenType.CONTROL] * len(CONTROL) + [gguf.TokenType.USER_DEFINED] * len(user_defined)
    return tokens, kinds + [gguf.TokenType.NORMAL] * len(normal)


def _byte_letters() -> list[str]:
    """Return the 256 letters that byte-level BPE writes bytes with (GPT-2's table)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + number) for number in range(len(rest))]


class _Weights:
    def __init__(self, kind: Kind, seed: int) -> None:
        self.kind = kind
        self._random = np.random.default_rng(seed)

    @property
    def raw(self) -> Kind | None:
        """What GGUFWriter must be told about the bytes."""
        return None if self.kind in (Kind.F32, Kind.F16) else self.kind

    def matrix(self, rows: int, columns: int, spread: float) -> np.ndarray:
        """Random weights with about that standard deviation, in the kind's own bytes."""
        if self.raw is None:
            width = np.float32 if self.kind is Kind.F32 else np.float16
            return (self._random.standard_normal((rows, columns), dtype=np.float32) * spread).astype(width)
        per_block, size = gguf.GGML_QUANT_SIZES[self.kind]
        blocks = self._nibbles((rows, columns // per_block, size))
        if self.kind is Kind.Q8_0:
            blocks[:] = self._random.integers(0, 256, blocks.shape, dtype=np.uint8)
        blocks[:, :, :2] = _half(spread / {Kind.Q8_0: 74, Kind.Q4_0: 4.3, Kind.Q4_K: 8 * 4.3}[self.kind])
        if self.kind is Kind.Q4_K:
            blocks[:, :, 2:4] = _half(8 * spread / (8 * 4.3))  # the minimum that centres them
            blocks[:, :, 4:12], blocks[:, :, 12:16] = 0x08, 0x88  # a factor of 8 for all scales and minima
        return blocks.reshape(rows, -1)

    def _nibbles(self, shape: tuple[int, ...]) -> np.ndarray:
        """Pairs of numbers from 1 to 15, whose mean is the 8 that stands for nothing."""
        low, high = self._random.integers(1, 16, (2, *shape), dtype=np.uint8)
        return low | high << 4

    def opposite(self, matrix: np.ndarray) -> np.ndarray:
        """The same weights with the other sign."""
        if self.raw is None:
            return -matrix
        blocks = matrix.reshape(matrix.shape[0], -1, gguf.GGML_QUANT_SIZES[self.kind][1]).copy()
        blocks[:, :, 1] ^= 0x80  # the sign of the scale that every block begins with
        if self.kind is Kind.Q4_K:
            blocks[:, :, 3] ^= 0x80
        return blocks.reshape(matrix.shape)


def _half(value: float) -> np.ndarray:
    return np.frombuffer(np.float16(value).tobytes(), np.uint8)


def _add_layers(writer: gguf.GGUFWriter, weights: _Weights, layers: int, d: int, kv: int, ff: int) -> None:
    def add(name: str, rows: int, columns: int) -> None:
        writer.add_tensor(f"{name}.weight", weights.matrix(rows, columns, QUIET), raw_dtype=weights.raw)

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(d, dtype=np.float32))

    add_norm("output_norm")
    for layer in range(layers):
        block = f"blk.{layer}."
        add_norm(block + "attn_norm")
        add_norm(block + "ffn_norm")
        for name, rows, columns in (
            *(("attn_q", d, d), ("attn_k", kv, d), ("attn_v", kv, d), ("attn_output", d, d)),
            *(("ffn_gate", ff, d), ("ffn_up", ff, d), ("ffn_down", d, ff)),
        ):
            add(block + name, rows, columns)
