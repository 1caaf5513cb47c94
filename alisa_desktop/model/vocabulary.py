"""How a model of llama.cpp reads and writes: text to tokens and back. Child side.

Speaks to the C API that `llama_cpp` exposes; the module is handed in, since only `runner` imports it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any


class Vocabulary:
    """The tokens of a loaded model; numbers below 0 stand for what is no text. Call it from one thread."""

    def __init__(self, lib: Any, model: Any) -> None:
        self.lib = lib
        self.model = model
        self._vocab = lib.llama_model_get_vocab(model)
        self.vocabulary: int = lib.llama_vocab_n_tokens(self._vocab)
        self.bos: int = lib.llama_vocab_bos(self._vocab)
        self._newline: list[int] = self._tokens("\n", control=False)
        self._adds_space = self.piece(self._newline[0])[:1] == b" " if self._newline else False
        self.adds_bos: bool = lib.llama_vocab_get_add_bos(self._vocab) and self.bos >= 0

    def tokenize(self, text: str, *, control: bool, after: Sequence[int] = ()) -> list[int]:
        """Return the tokens of `text` that goes on `after` those.

        Only with `control` are control tokens read as such, user-defined ones always. SentencePiece puts a space
        before every text it is given; one that goes on within a line of words gets none.
        """
        if not self._adds_space or not after or self._is_control(after[-1]):
            return self._tokens(text, control=control)
        tokens = self._tokens("\n" + text, control=control)
        begin = len(self._newline)
        return tokens[begin:] if tokens[:begin] == self._newline else self._tokens(text, control=control)

    def _is_control(self, token: int) -> bool:
        return token < 0 or bool(self.lib.llama_vocab_is_control(self._vocab, token))

    def _tokens(self, text: str, *, control: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            tokens = (self.lib.llama_token * room)()
            count = self.lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, control)
            if count >= 0:
                return list(tokens[:count])
            room = -count

    def piece(self, token: int) -> bytes:
        """Return the bytes of `token`; none for control tokens."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            length = self.lib.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            room = -length

    def text_of(self, token: int) -> str:
        """Return how the vocabulary writes `token` ("" for none), as templates want it for BOS and EOS."""
        raw: bytes = self.lib.llama_vocab_get_text(self._vocab, token) if token >= 0 else b""
        return raw.decode("utf-8", "replace")

    @property
    def eos(self) -> int:
        """The end-of-sequence token, -1 for none."""
        token: int = self.lib.llama_vocab_eos(self._vocab)
        return token

    def is_end(self, token: int) -> bool:
        """Tell whether `token` ends a reply, by any of the names models use."""
        return bool(self.lib.llama_vocab_is_eog(self._vocab, token))

    def template(self) -> str:
        """Return the chat template of the file, "" for none."""
        raw: bytes | None = self.lib.llama_model_chat_template(self.model, None)
        return (raw or b"").decode("utf-8", "replace")
