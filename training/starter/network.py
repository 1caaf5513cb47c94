"""The network: a small Llama (RMSNorm, rotary positions, grouped-query attention, SwiGLU, tied embeddings) in PyTorch.

Rotary positions are interleaved, as llama.cpp has them for this architecture, so the weights convert without permuting.
Attention is written out: on CPUs its backward pass is about twice as fast as the fused one at these sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the network; `context` in tokens."""

    vocabulary: int
    width: int = 256
    layers: int = 5
    heads: int = 8
    kv_heads: int = 4
    inner: int = 768
    context: int = 1024

    @property
    def head(self) -> int:
        """Numbers a head."""
        return self.width // self.heads


EPSILON = 1e-5
ROTARY_BASE = 10_000.0


class Norm(nn.Module):
    """Root-mean-square normalisation (Zhang and Sennrich 2019)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), EPSILON)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions (Su et al. 2021) on neighbouring pairs; x is (batch, heads, tokens, head)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    """One layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, kv = shape.width, shape.kv_heads * shape.head
        self.attn_norm, self.ffn_norm = Norm(width), Norm(width)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, kv, bias=False)
        self.attn_v = nn.Linear(width, kv, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_gate = nn.Linear(width, shape.inner, bias=False)
        self.ffn_up = nn.Linear(width, shape.inner, bias=False)
        self.ffn_down = nn.Linear(shape.inner, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, width) in and out."""
        batch, length, width = x.shape
        y = self.attn_norm(x)

        def heads(z: Tensor, count: int) -> Tensor:
            return z.view(batch, length, count, self.shape.head).transpose(1, 2)

        groups = self.shape.heads // self.shape.kv_heads
        q = rotate(heads(self.attn_q(y), self.shape.heads), cos, sin)
        k = rotate(heads(self.attn_k(y), self.shape.kv_heads), cos, sin).repeat_interleave(groups, 1)
        v = heads(self.attn_v(y), self.shape.kv_heads).repeat_interleave(groups, 1)
        scores = torch.matmul(q, k.transpose(-1, -2)) * self.shape.head**-0.5 + mask
        mixed = torch.matmul(torch.softmax(scores, -1), v)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, width))
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))


class Network(nn.Module):
    """Tokens in (batch, tokens), hidden states out; `logits` turns these into scores of all tokens."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width)
        frequencies = 1 / (ROTARY_BASE ** (torch.arange(0, shape.head, 2).float() / shape.head))
        angles = torch.arange(shape.context).float()[:, None] * frequencies
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                out = name.endswith(("attn_output.weight", "ffn_down.weight"))
                spread = 0.5 / math.sqrt(parameter.shape[1]) / (math.sqrt(2 * shape.layers) if out else 1)
                nn.init.normal_(parameter, 0, 0.02 if "embd" in name else spread)

    def forward(self, tokens: Tensor) -> Tensor:
        """Hidden states (batch, tokens, width) of tokens (batch, tokens)."""
        x = self.token_embd(tokens)
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        x = x.to(kind)
        length = tokens.shape[1]
        cos, sin = self.cos[:length].to(kind), self.sin[:length].to(kind)
        mask = torch.full((length, length), -1e4, dtype=kind, device=x.device).triu(1)
        for block in self.blk:
            x = block(x, cos, sin, mask)
        out: Tensor = self.output_norm(x)
        return out

    def logits(self, hidden: Tensor) -> Tensor:
        """The scores of all tokens (the embedding is tied)."""
        return functional.linear(hidden, self.token_embd.weight.to(hidden.dtype))
