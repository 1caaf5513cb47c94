"""A loaded classifier of llama.cpp: text in, a score for each of its labels out. Child side.

Speaks to the C API that `llama_cpp` exposes; the module is handed in, since only `runner` imports it.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alisa_desktop.model.native import DecodeFailed, LoadFailed, model_params, open_context, open_model


class Classifier:
    """An encoder with a classifier head (`bert.classifier.output_labels`). One thread; `close` gives everything back.

    Raises `LoadFailed` when the file is none.
    """

    def __init__(self, lib: Any, path: Path, *, safe: bool) -> None:
        self._lib = lib
        self._open = ExitStack()
        try:
            model = open_model(lib, path, model_params(lib, safe), self._open)
            self._vocab = lib.llama_model_get_vocab(model)
            self.labels: int = lib.llama_model_n_cls_out(model)
            if not lib.llama_model_cls_label(model, 0):
                raise LoadFailed("the file has no labels")
            self._longest: int = lib.llama_model_n_ctx_train(model)
            self._context = open_context(lib, model, self._params(), self._open)
        except LoadFailed:
            self._open.close()
            raise

    def _params(self) -> Any:
        params = self._lib.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self._longest
        params.n_threads = params.n_threads_batch = 1
        params.embeddings = True
        params.flash_attn_type = self._lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        return params

    def close(self) -> None:
        """Free the context and the model."""
        self._open.close()

    def scores(self, text: str) -> list[float]:
        """How well each label fits `text`, as logits; of a long text its beginning and its end count.

        Raises `DecodeFailed`.
        """
        tokens = self._tokens(text)
        if len(tokens) > self._longest:
            half = self._longest // 2
            tokens = tokens[:half] + tokens[half - self._longest :]
        batch = self._lib.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for at, token in enumerate(tokens):
                batch.token[at], batch.pos[at], batch.n_seq_id[at], batch.seq_id[at][0] = token, at, 1, 0
                batch.logits[at] = True
            if result := self._lib.llama_encode(self._context, batch):
                raise DecodeFailed(f"llama_encode returned {result}")
        finally:
            self._lib.llama_batch_free(batch)
        scores: list[float] = self._lib.llama_get_embeddings_seq(self._context, 0)[: self.labels]
        return scores

    def _tokens(self, text: str) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (self._lib.llama_token * room)()
        count: int = self._lib.llama_tokenize(self._vocab, data, len(data), tokens, room, True, False)
        return list(tokens[:count])
