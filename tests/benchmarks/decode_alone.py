"""The baseline of `decode`: llama.cpp alone, with the variant that the app gets, as a program.

One JSON line in, one with the measured rate out.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import llama_cpp

from alisa_desktop.model.variants import load_best

FIRST_WORD = 300
"""A token of the middle of the vocabulary; a prompt is made of it and the ones behind it."""


def main() -> None:
    """Answer requests until the input ends."""
    said = json.loads(sys.argv[1])
    load_best(llama_cpp)
    llama = llama_cpp.Llama(
        said["model"],
        n_ctx=said["context"],
        n_threads=said["threads"],
        n_threads_batch=said["batch_threads"],
        n_gpu_layers=0,
        verbose=False,
    )
    for line in sys.stdin:
        print(json.dumps({"rate": rate(llama, said, **json.loads(line))}), flush=True)


def rate(llama: Any, said: dict[str, Any], depth: int, tokens: int) -> float:
    """Tokens a second, from the first generated token to the last of `tokens`."""
    prompt = [FIRST_WORD + number for number in range(depth)]
    words = llama.generate(prompt, temp=said["temperature"], top_p=said["top_p"], min_p=said["min_p"])
    next(words)
    began = time.perf_counter()
    for _ in range(tokens - 1):
        next(words)
    return (tokens - 1) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
