"""Tiny vision models with random weights for tests: a projector file for each of two kinds of language models.

`llava`: one square picture of a fixed number of tokens, for `write_tiny_gguf`. `qwen2vl`: as many tokens as the picture
has, in rows and columns (M-RoPE), for `write_tiny_qwen2vl`.
"""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import gguf
import numpy as np
from tiny_gguf import BOS, CHATML, CONTROL, IM_END, LOUD, QUIET, tiny_vocabulary

PATCH = 8
"""Pixels of a side of a patch."""
ENCODER_WIDTH = 32


def write_tiny_llava(path: Path, *, width: int = 64, side: int = 48, blocks: int = 2, seed: int = 0) -> Path:
    """Write a projector for models of that width; a picture is `side` pixels wide and high, in patches of 8."""
    patches = (side // PATCH) ** 2
    tensors = _encoder(blocks, seed)
    tensors["v.position_embd.weight"] = _random((patches, ENCODER_WIDTH), LOUD, seed)
    tensors |= _projector(ENCODER_WIDTH, width, seed)
    return _write(path, "mlp", tensors, width=width, side=side, blocks=blocks)


def write_tiny_qwen2vl_projector(path: Path, *, width: int = 64, seed: int = 0) -> Path:
    """Write a projector that makes one token of four patches, at least eight of a picture."""
    tensors = _encoder(1, seed)
    tensors["v.patch_embd.weight.1"] = tensors["v.patch_embd.weight"]
    tensors |= _projector(4 * ENCODER_WIDTH, width, seed)
    return _write(path, "qwen2vl_merger", tensors, width=width, side=64, blocks=1)


def write_tiny_qwen2vl(path: Path, *, d: int = 64, ff: int = 64) -> Path:
    """Write a language model whose tokens stand in rows and columns."""
    tokens, kinds = tiny_vocabulary()
    writer = gguf.GGUFWriter(path, "qwen2vl")
    writer.add_name("Tiny Qwen2-VL")
    writer.add_context_length(512)
    writer.add_embedding_length(d)
    writer.add_block_count(1)
    writer.add_feed_forward_length(ff)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_rope_dimension_sections([2, 3, 3, 0])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(IM_END)
    writer.add_chat_template(CHATML)
    output = _random((len(tokens), d), LOUD, 1)
    output[: len(CONTROL)] = 0
    tensors = {"token_embd.weight": _random((len(tokens), d), LOUD, 0), "output.weight": output}
    for name, rows, columns in (
        *(("attn_q", d, d), ("attn_k", d, d), ("attn_v", d, d), ("attn_output", d, d)),
        *(("ffn_gate", ff, d), ("ffn_up", ff, d), ("ffn_down", d, ff)),
    ):
        tensors[f"blk.0.{name}.weight"] = _random((rows, columns), LOUD, len(tensors))
    for name in ("attn_q", "attn_k", "attn_v"):
        tensors[f"blk.0.{name}.bias"] = np.zeros(d, np.float32)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        tensors[f"{name}.weight"] = np.ones(d, np.float32)
    return _finish(writer, tensors, path)


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Return a PNG file of one colour with a white corner."""
    rows = np.full((height, width, 3), colour, np.uint8)
    rows[: height // 2, : width // 2] = 255
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _block(b"IHDR", header) + _block(b"IDAT", zlib.compress(data)) + _block(b"IEND", b"")


def data_address(picture: bytes, kind: str = "png") -> str:
    """Return the `data:` address of a picture file."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _block(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _encoder(blocks: int, seed: int) -> dict[str, np.ndarray]:
    d = ENCODER_WIDTH
    tensors = {"v.patch_embd.weight": _random((d, 3, PATCH, PATCH), LOUD, seed)}
    for number in range(blocks):
        block = f"v.blk.{number}."
        for name, rows, columns in (
            *(("attn_q", d, d), ("attn_k", d, d), ("attn_v", d, d), ("attn_out", d, d)),
            *(("ffn_up", 2 * d, d), ("ffn_down", d, 2 * d)),
        ):
            tensors[f"{block}{name}.weight"] = _random((rows, columns), QUIET, seed + len(tensors))
            tensors[f"{block}{name}.bias"] = np.zeros(rows, np.float32)
        for name in ("ln1", "ln2"):
            tensors[f"{block}{name}.weight"] = np.ones(d, np.float32)
            tensors[f"{block}{name}.bias"] = np.zeros(d, np.float32)
    return tensors


def _projector(columns: int, width: int, seed: int) -> dict[str, np.ndarray]:
    return {
        "mm.0.weight": _random((width, columns), LOUD, seed),
        "mm.0.bias": np.zeros(width, np.float32),
        "mm.2.weight": _random((width, width), LOUD, seed + 1),
        "mm.2.bias": np.zeros(width, np.float32),
    }


def _random(shape: tuple[int, ...], spread: float, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) * spread).astype(np.float32)


def _write(path: Path, projector: str, tensors: dict[str, np.ndarray], *, width: int, side: int, blocks: int) -> Path:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_name("Tiny eyes")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(projector)
    writer.add_vision_embedding_length(ENCODER_WIDTH)
    writer.add_vision_feed_forward_length(2 * ENCODER_WIDTH)
    writer.add_vision_block_count(blocks)
    writer.add_vision_head_count(2)
    writer.add_vision_projection_dim(width)
    writer.add_vision_attention_layernorm_eps(1e-5)
    writer.add_vision_image_size(side)
    writer.add_vision_patch_size(PATCH)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    return _finish(writer, tensors, path)


def _finish(writer: gguf.GGUFWriter, tensors: dict[str, np.ndarray], path: Path) -> Path:
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
