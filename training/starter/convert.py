"""Writes the trained network as GGUF, and checks that llama.cpp computes the same as PyTorch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch import Tensor

from alisa_desktop.model.variants import load_best
from training.starter.corpus import MODES
from training.starter.network import EPSILON, ROTARY_BASE, Network
from training.starter.tokens import ALISA, BEGIN, CONTROL, END, PAD, USER

NAME = "Starter brain"
TEMPLATE = (
    "{{ bos_token }}{% set ns = namespace(mode='<|default|>') %}"
    "{% for m in messages %}{% if m['role'] == 'system' %}{% set c = m['content'] | lower %}"
    + "".join(
        f"{{% {'if' if mode == 'study' else 'elif'} 'mode: {mode}' in c %}}{{% set ns.mode = '<|{mode}|>' %}}"
        for mode in MODES[1:]
    )
    + "{% endif %}{% endif %}{% endfor %}{{ ns.mode }}"
    "{% for m in messages %}"
    f"{{% if m['role'] == 'user' %}}{{{{ '{USER}' + m['content'] + '{END}' }}}}"
    f"{{% elif m['role'] == 'assistant' %}}{{{{ '{ALISA}' + m['content'] + '{END}' }}}}{{% endif %}}"
    f"{{% endfor %}}{{% if add_generation_prompt %}}{{{{ '{ALISA}' }}}}{{% endif %}}"
)
"""Maps the app's messages onto the small format: of the long system prompt only the mode is left."""


def write(network: Network, tokenizer: Path, path: Path) -> None:
    """Write `network` with its tokenizer (a `tokenizers` JSON file) to `path`, matrices as Q8_0."""
    shape = network.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_description("Alisa's starter brain, trained from nothing on a corpus written for this project")
    writer.add_license("MIT")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(ROTARY_BASE)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    _add_tokenizer(writer, json.loads(tokenizer.read_text("utf-8")))
    writer.add_chat_template(TEMPLATE)
    for name, tensor in network.state_dict().items():
        add_tensor(writer, name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter, told: dict[str, Any]) -> None:
    model = told["model"]
    ids: dict[str, int] = dict(model["vocab"])
    kinds = dict.fromkeys(ids, gguf.TokenType.NORMAL)
    for one in told["added_tokens"]:
        ids[one["content"]] = one["id"]
        kinds[one["content"]] = gguf.TokenType.CONTROL if one["content"] in CONTROL else gguf.TokenType.USER_DEFINED
    listed = sorted(ids, key=ids.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(listed)
    writer.add_token_types([kinds[one] for one in listed])
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in model["merges"]])
    writer.add_bos_token_id(ids[BEGIN])
    writer.add_eos_token_id(ids[END])
    writer.add_eot_token_id(ids[END])
    writer.add_pad_token_id(ids[PAD])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)


def add_tensor(writer: gguf.GGUFWriter, name: str, tensor: Tensor) -> None:
    """Add a matrix as Q8_0, a vector as it is."""
    numbers = tensor.detach().float().numpy()
    if numbers.ndim == 1:
        writer.add_tensor(name, numbers)
    else:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(numbers, kind), raw_dtype=kind)


def check(network: Network, path: Path, said: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
    """Compare llama.cpp's favourite tokens with PyTorch's where she speaks; raises `ValueError` when they differ.

    `said` are conversations as tokens, with a weight of 1 for what she says. Elsewhere neither has a favourite.
    """
    import llama_cpp

    load_best(llama_cpp)
    llama = llama_cpp.Llama(str(path), n_ctx=network.shape.context, logits_all=True, verbose=False, n_threads=1)
    agreed, compared = 0, 0
    try:
        for tokens, weights in said:
            llama.reset()
            llama.eval(tokens.tolist())
            with torch.no_grad():
                expected = network.logits(network(torch.from_numpy(tokens)[None])).float()[0].numpy()
            found = np.array(llama.scores[: len(tokens)])
            hers = np.flatnonzero(weights[1:] == 1)
            agreed += int((expected[hers].argmax(-1) == found[hers].argmax(-1)).sum())
            compared += len(hers)
    finally:
        llama.close()
    print(f"llama.cpp and PyTorch: same favourite {agreed / compared:.2%} of {compared} tokens")
    if agreed / compared < 0.99:
        raise ValueError("llama.cpp computes something else than PyTorch")
