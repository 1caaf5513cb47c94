"""A vision projector of llama.cpp: a picture goes into a context of its own, beside the one for talking. Child side.

Speaks to the C API that `llama_cpp.mtmd_cpp` exposes; the module is handed in, since only `runner` imports it.

The projector file, the context and what the picture becomes are there for one reply and given back after it, so that
an idle companion keeps none of them. Meanwhile they take the size of the file, a second KV cache and a second room to
compute, as large as those for talking (some 1.5 GB for a model with 2 billion parameters and 4,096 tokens of context).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alisa_desktop.core.errors import ModelError, SightFailed
from alisa_desktop.model.native import PICTURE, Context, LoadFailed, NativeModel
from alisa_desktop.model.picture import UNREADABLE


class Projector:
    """The file that lets a model see; `mtmd` is the library for it. Call it from one thread."""

    def __init__(self, mtmd: Any, path: Path) -> None:
        self._mtmd = mtmd
        self._path = path

    @contextmanager
    def look(self, model: NativeModel, picture: bytes) -> Iterator[PictureContext]:
        """Give a context in which `model` sees `picture`, a PNG or JPEG file.

        Raises `ModelError` for a picture that can't be read, and `SightFailed` when the file doesn't fit the model,
        memory is short or the reply was cancelled meanwhile.
        """
        with ExitStack() as until:
            try:
                sight = self._open(model, until)
                chunks = self._chunks(sight, picture, until)
                context = PictureContext(self._mtmd, sight, chunks, model)
            except LoadFailed as error:
                raise SightFailed(
                    f"My model can't look at pictures with {self._path.name}: it doesn't fit, or there is too little "
                    "memory. Choose another model in Settings, or close other programs."
                ) from error
            until.callback(context.close)
            yield context

    def _open(self, model: NativeModel, until: ExitStack) -> Any:
        """Load the projector. The callbacks go with the parameters and must live as long as what they are for."""
        mtmd, is_stopped = self._mtmd, model.work.is_stopped
        params = mtmd.mtmd_context_params_default()
        params.use_gpu = params.print_timings = params.warmup = False
        params.n_threads = model.work.batch_threads
        params.progress_callback = mtmd.mtmd_progress_callback(lambda _, __: not is_stopped())
        # Asked whether it wants to see a node of the computation, then whether to go on after it.
        params.cb_eval = model.lib.ggml_backend_sched_eval_callback(lambda _, asks, __: asks or not is_stopped())
        sight = mtmd.mtmd_init_from_file(str(self._path).encode("utf-8"), model.model, params)
        if not sight:
            raise LoadFailed("llama.cpp did not load the projector")
        until.callback(lambda _: mtmd.mtmd_free(sight), params)
        return sight

    def _chunks(self, sight: Any, picture: bytes, until: ExitStack) -> Any:
        """Cut the picture up as the model wants it: tiles with tokens around them. Raises `ModelError`."""
        mtmd = self._mtmd
        options = mtmd.mtmd_helper_init_opt_default()
        # What is no picture would be tried as a film, with whatever ffmpeg there is: let it find none.
        options.video_params.ffmpeg_bin_dir = os.devnull.encode()
        data = (ctypes.c_uint8 * len(picture)).from_buffer_copy(picture)
        bitmap = mtmd.mtmd_helper_bitmap_init_from_buf(sight, data, len(picture), False, options)
        if not bitmap:
            raise ModelError(UNREADABLE)
        until.callback(mtmd.mtmd_bitmap_free, bitmap)
        chunks = mtmd.mtmd_input_chunks_init()
        until.callback(mtmd.mtmd_input_chunks_free, chunks)
        part = mtmd.mtmd_input_part(None, bitmap)
        parts = (ctypes.POINTER(mtmd.mtmd_input_part) * 1)(ctypes.pointer(part))
        if mtmd.mtmd_tokenize_from_parts(sight, chunks, parts, 1, False):
            raise ModelError(UNREADABLE)
        return chunks


class PictureContext(Context):
    """An empty context that sees a picture where a prompt has `picture_tokens` times `PICTURE`."""

    def __init__(self, mtmd: Any, sight: Any, chunks: Any, model: NativeModel) -> None:
        self._mtmd = mtmd
        self._sight = sight
        self._chunks = [
            mtmd.mtmd_input_chunks_get(chunks, number) for number in range(mtmd.mtmd_input_chunks_size(chunks))
        ]
        self.picture_tokens = mtmd.mtmd_helper_get_n_tokens(chunks)
        super().__init__(model.lib, model.model, replace(model.work, batch=self._batch_size(model.work.batch)))

    def _batch_size(self, usual: int) -> int:
        """A tile whose tokens look at each other must be decoded at once."""
        tiles = [chunk for chunk in self._chunks if self._mtmd.mtmd_decode_use_non_causal(self._sight, chunk)]
        sizes: list[int] = [self._mtmd.mtmd_input_chunk_get_n_tokens(tile) for tile in tiles]
        return max([usual, *sizes])

    def decode(self, tokens: Sequence[int]) -> bool:
        """Put `tokens` behind those in the KV cache, the picture among them; see `Context.decode`."""
        if PICTURE not in tokens:
            return super().decode(tokens)
        begin = tokens.index(PICTURE)
        end = begin + self.picture_tokens
        return super().decode(tokens[:begin]) and self._see() and super().decode(tokens[end:])

    def _see(self) -> bool:
        """Encode and decode the picture; False when stopped on the way. Raises `DecodeFailed`."""
        self._ask_whether_stopped(True)
        return all(self._see_part(chunk) for chunk in self._chunks)

    def _see_part(self, chunk: Any) -> bool:
        begin = self._position
        end = self.lib.llama_pos(begin)
        result = self._mtmd.mtmd_helper_eval_chunk_single(
            self._sight, self._context, chunk, begin, 0, self.work.batch, False, ctypes.byref(end)
        )
        if not self._is_done(result):
            return False
        count = self._mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        self.cached += [PICTURE] * count
        self._positions_saved += count - (end.value - begin)
        return True
