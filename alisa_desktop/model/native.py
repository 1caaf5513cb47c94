"""A loaded model of llama.cpp: tokens in, scores out, and what its KV cache holds. Child side.

Speaks to the C API that `llama_cpp` exposes; the module is handed in, since only `runner` imports it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alisa_desktop.core.messages import Sampling
from alisa_desktop.model.vocabulary import Vocabulary

BATCH = 512
PENALTY_WINDOW = 64
ABORTED = 2
WARM_UP = 8
PICTURE = -1
"""Stands for each of the tokens that a picture takes in a prompt."""
TALK, SPARE = 0, 1
"""Sequences of the KV cache: the talk, and the one that a part of it is copied to for keeping."""
QUICK_TOKEN = 0.03
"""Seconds. A token decoded faster than this is not worth being interrupted: who may stop it is asked between two."""


class LoadFailed(Exception):
    """llama.cpp refused the file or found no memory for it."""


class NoRoom(LoadFailed):
    """llama.cpp found no memory for a context."""


class DecodeFailed(Exception):
    """llama.cpp could not decode a batch; the model stays usable."""


def model_params(lib: Any, safe: bool, gpu_layers: int = 0) -> Any:
    """How models are loaded: mapped from the file, `safe` without rearranging their weights.

    So many layers go to the graphics card; with none it is not even looked at, since its driver may be what crashes.
    """
    params = lib.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    if not gpu_layers and lib.llama_supports_gpu_offload():
        params.devices = ctypes.cast((ctypes.c_void_p * 1)(), ctypes.c_void_p)  # a list that ends at once
    params.load_mode = lib.LLAMA_LOAD_MODE_MMAP
    params.use_extra_bufts = not safe
    return params


def open_model(lib: Any, path: Path, params: Any, until: ExitStack) -> Any:
    """Load a file; the model is freed when `until` closes. Raises `LoadFailed`."""
    model = lib.llama_model_load_from_file(str(path).encode("utf-8"), params)
    if not model:
        raise LoadFailed("llama.cpp did not load the file")
    until.callback(lib.llama_model_free, model)
    return model


def open_context(lib: Any, model: Any, params: Any, until: ExitStack) -> Any:
    """Make a context; it is freed when `until` closes. Raises `NoRoom`."""
    context = lib.llama_init_from_model(model, params)
    if not context:
        raise NoRoom("llama.cpp did not make a context")
    until.callback(lib.llama_free, context)
    return context


@dataclass(frozen=True, slots=True)
class Work:
    """How a context works: its room (tokens), the threads for single tokens and for batches, and who may stop it.

    `is_stopped` is asked before every decode, and in one that takes long before every node of the computation; a yes
    ends it with False. `batch` is how many tokens are decoded at once. `graphics` lets the card of a model's layers
    have their KV cache, too.
    """

    context_tokens: int
    threads: int
    batch_threads: int
    is_stopped: Callable[[], bool]
    batch: int = BATCH
    graphics: bool = False


class Context(Vocabulary):
    """A context on a loaded model, with its vocabulary and its KV cache; call it from one thread.

    `close` gives the context back, before the model. Raises `LoadFailed`.
    """

    picture_tokens = 0
    """How many tokens of the prompt are a picture; they are written `PICTURE`."""

    def __init__(self, lib: Any, model: Any, work: Work) -> None:
        self.work = work
        self.cached: list[int] = []
        self._positions_saved = 0
        self._asking = False
        self._token_seconds = 1.0
        self._open = ExitStack()
        super().__init__(lib, model)
        self._is_recurrent: bool = lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model)
        self._context = self._make_context()
        self._memory = lib.llama_get_memory(self._context)
        self.context_tokens: int = min(work.context_tokens, lib.llama_n_ctx(self._context))

    def _make_context(self) -> Any:
        params = self.lib.llama_context_default_params()
        params.n_ctx = self.work.context_tokens
        params.n_batch = params.n_ubatch = min(self.work.batch, self.work.context_tokens)
        params.n_threads, params.n_threads_batch = self.work.threads, self.work.batch_threads
        params.flash_attn_type = self.lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.offload_kqv = params.op_offload = self.work.graphics
        if not self._is_recurrent:
            params.n_seq_max, params.kv_unified = 2, True  # both in one cache: the spare one takes no room
        context = open_context(self.lib, self.model, params, self._open)
        self._abort = self.lib.ggml_abort_callback(lambda _: self.work.is_stopped())
        self._asks_nobody = self.lib.ggml_abort_callback()
        return context

    def _ask_whether_stopped(self, on: bool) -> None:
        """Let llama.cpp ask before every node of the computation; some 240 calls into Python a token."""
        if on is not self._asking:
            self._asking = on
            self.lib.llama_set_abort_callback(self._context, self._abort if on else self._asks_nobody, None)

    def close(self) -> None:
        """Free the context."""
        self._open.close()

    def warm_up(self) -> None:
        """Decode a few tokens and forget them, so that a processor that can't do it fails here and not in a talk."""
        token = max(self.bos, 0)
        if self.decode([token] * min(WARM_UP, self.context_tokens - 1)):
            self.decode([token])
        self.keep(0)

    # Decoding

    def keep(self, count: int) -> int:
        """Cut the KV cache down to its first `count` tokens; returns how many stay (0 where a model can't cut)."""
        if count < len(self.cached) and not self.lib.llama_memory_seq_rm(self._memory, TALK, count, -1):
            count = 0
        if count == 0:
            self.lib.llama_memory_clear(self._memory, False)
        del self.cached[count:]
        return len(self.cached)

    def decode(self, tokens: Sequence[int]) -> bool:
        """Put `tokens` behind those in the KV cache; False when stopped on the way. Raises `DecodeFailed`."""
        for start in range(0, len(tokens), BATCH):
            if self.work.is_stopped():
                return False
            part = tokens[start : start + BATCH]
            self._ask_whether_stopped(len(part) > 1 or self._token_seconds > QUICK_TOKEN)
            began = time.perf_counter()
            result = self.lib.llama_decode(self._context, self._batch(part))
            if len(part) == 1:
                self._token_seconds = time.perf_counter() - began
            if not self._is_done(result):
                return False
            self.cached += part
        return True

    def _batch(self, tokens: Sequence[int]) -> Any:
        count = len(tokens)
        batch = self.lib.llama_batch_get_one(None, count)
        batch.token = (self.lib.llama_token * count)(*tokens)  # a structure keeps the arrays it is given
        batch.pos = (self.lib.llama_pos * count)(*range(self._position, self._position + count))
        return batch

    @property
    def _position(self) -> int:
        """The place that the next token stands at; pictures may take fewer places than tokens (M-RoPE)."""
        return len(self.cached) - self._positions_saved

    def _is_done(self, result: int) -> bool:
        """Tell whether llama.cpp put a batch into the KV cache, False when it was stopped. Raises `DecodeFailed`."""
        if not result:
            return True
        self._discard_rest()
        if result == ABORTED:
            return False
        raise DecodeFailed(f"llama.cpp returned {result}")

    def _discard_rest(self) -> None:
        """Take out what a failed batch may have left behind the tokens we know of; all of it where that can't be."""
        if self._is_recurrent or not self.lib.llama_memory_seq_rm(self._memory, TALK, self._position, -1):
            self.keep(0)

    # What was read, kept for another start

    def state(self, count: int, most_bytes: int) -> bytearray | None:
        """Copy the KV state of the first `count` tokens; None where it takes more than that or can't be cut out."""
        lib = self.lib
        if self._is_recurrent or self._positions_saved:
            return None
        lib.llama_memory_seq_cp(self._memory, TALK, SPARE, 0, count)
        try:
            size = lib.llama_state_seq_get_size(self._context, SPARE)
            if not 0 < size <= most_bytes:
                return None
            data = bytearray(size)
            room = (ctypes.c_uint8 * size).from_buffer(data)
            return data if lib.llama_state_seq_get_data(self._context, room, size, SPARE) == size else None
        except MemoryError:
            return None
        finally:
            lib.llama_memory_seq_rm(self._memory, SPARE, -1, -1)

    def restore(self, tokens: Sequence[int], state: bytearray) -> bool:
        """Put the `state` of `tokens` in the place of all that the KV cache holds; False where it doesn't fit."""
        self.keep(0)
        room = (ctypes.c_uint8 * len(state)).from_buffer(state)
        read = self.lib.llama_state_seq_set_data(self._context, room, len(state), TALK)
        if read != len(state) or self.lib.llama_memory_seq_pos_max(self._memory, TALK) != len(tokens) - 1:
            self.keep(0)
            return False
        self.cached += tokens
        return True

    def scores(self) -> list[float]:
        """Return the scores (logits) of all tokens for the next place."""
        logits: list[float] = self.lib.llama_get_logits_ith(self._context, -1)[: self.vocabulary]
        return logits

    def avoid(self, tokens: Collection[int]) -> None:
        """Rule `tokens` out for the next place, unless they are together likelier than all others."""
        scores = np.ctypeslib.as_array(self.lib.llama_get_logits_ith(self._context, -1), (self.vocabulary,))
        chances = np.exp(scores - scores.max())
        if 2 * chances[list(tokens)].sum() < chances.sum():
            scores[list(tokens)] = -np.inf

    def allow_only(self, tokens: Collection[int]) -> None:
        """Rule all others out for the next place."""
        scores = np.ctypeslib.as_array(self.lib.llama_get_logits_ith(self._context, -1), (self.vocabulary,))
        allowed = list(tokens)
        kept = scores[allowed].copy()
        scores[:] = -np.inf
        scores[allowed] = kept

    @contextmanager
    def sampler(self, sampling: Sampling) -> Iterator[Callable[[], int]]:
        """Give a function that draws the next token, its memory of the reply included."""
        lib = self.lib
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        try:
            for link in self._links(sampling):
                lib.llama_sampler_chain_add(chain, link)
            yield lambda: int(lib.llama_sampler_sample(chain, self._context, -1))
        finally:
            lib.llama_sampler_free(chain)

    def _links(self, sampling: Sampling) -> Iterator[Any]:
        lib = self.lib
        if sampling.repeat_penalty != 1.0:
            yield lib.llama_sampler_init_penalties(self.vocabulary, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0)
        if sampling.temperature <= 0:
            yield lib.llama_sampler_init_greedy()
            return
        yield lib.llama_sampler_init_min_p(sampling.min_p, 1)  # first: it leaves top_p few tokens to sort
        yield lib.llama_sampler_init_top_p(sampling.top_p, 1)
        yield lib.llama_sampler_init_temp(sampling.temperature)
        yield lib.llama_sampler_init_dist(lib.LLAMA_DEFAULT_SEED)


class NativeModel(Context):
    """A model file with the context for talking; `close` gives both back.

    `on_progress` gets the progress of loading (0-1), and a yes of `is_stopped` ends it with `LoadFailed`; see `Work`.
    """

    def __init__(
        self,
        lib: Any,
        path: Path,
        *,
        context_tokens: int,
        threads: int,
        batch_threads: int,
        safe: bool,
        on_progress: Callable[[float], None],
        is_stopped: Callable[[], bool],
        gpu_layers: int = 0,
    ) -> None:
        def progress(value: float, _: Any) -> bool:
            on_progress(value)
            return not is_stopped()

        params = model_params(lib, safe, gpu_layers)
        params.progress_callback = lib.llama_progress_callback(progress)
        with ExitStack() as until:
            model = open_model(lib, path, params, until)
            work = Work(context_tokens, threads, batch_threads, is_stopped, graphics=gpu_layers > 0)
            super().__init__(lib, model, work)
            self._file = until.pop_all()

    def close(self) -> None:
        """Free the context and the model."""
        super().close()
        self._file.close()
