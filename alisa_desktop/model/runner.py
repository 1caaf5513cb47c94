"""The child process that holds the model: frames on standard input and output, one request after the other.

The only importer of llama_cpp. In: `greet`, `try` (a processor variant), `load`, `classify`, `count`, `generate`,
`cancel`, or `probe` (the graphics card); the end of the input is the order to stop. Out: `hello`, `tried`, `opened`,
`progress`, `ready`, `classified`, `counted`, `chosen`, `chunk`, `done`, `probed`, `error`. After a `load` that was
refused, there may be another one that asks less.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from alisa_desktop.core.errors import AlisaError, ModelBroken, ModelCrashed, ModelError, ModelTooBig, SightFailed
from alisa_desktop.core.frames import PROTOCOL, Frame
from alisa_desktop.core.messages import Choice, Chosen, Chunk, Message, Prompt, Role, Sampling, StreamPart, Usage
from alisa_desktop.host.pipe import Inbox, Outbox, connect
from alisa_desktop.model.classifier import Classifier
from alisa_desktop.model.gguf_header import (
    MIB,
    GgufHeader,
    check_memory,
    check_model_file,
    check_projector_file,
    open_header,
)
from alisa_desktop.model.gpu_trial import device_of, free_memory, layer_count, most_layers, works
from alisa_desktop.model.kept_state import KeptStates
from alisa_desktop.model.native import DecodeFailed, LoadFailed, NativeModel, NoRoom
from alisa_desktop.model.picture import BLIND, picture_bytes
from alisa_desktop.model.plugins import build, decodes, facts, load_others, load_variant
from alisa_desktop.model.safe_list import mark
from alisa_desktop.model.sight import Projector
from alisa_desktop.model.speaker import Speaker
from alisa_desktop.model.templates import Render, chatml

SMALL_MODEL = 64 * MIB
NO_MODEL = (
    "I can't use the model file {file} (kind: {kind}). It may be damaged, too new for me, or no chat model. "
    "Choose another one in Settings."
)
LOG_WARN, LOG_ERROR = 3, 4  # ggml.h, enum ggml_log_level


def main() -> int:
    """Serve the pipe on standard input and output until it closes; returns the exit status."""
    inbox, outbox = connect()
    with suppress(BrokenPipeError):  # the parent is gone: nobody is left to tell
        _serve(inbox, outbox)
    return 0


def _serve(inbox: Inbox, outbox: Outbox) -> None:
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError, AttributeError) as error:  # a library that is missing or doesn't fit
        print(f"llama_cpp: {error}", file=sys.stderr)  # noqa: T201 - standard error is our log
        outbox.fail(0, ModelBroken("My engine for model files is damaged. Please install me again."))
        return
    logging.getLogger("llama-cpp-python").setLevel(logging.WARNING)  # it passes llama.cpp's chatter through
    load_others(llama_cpp)
    gpu = device_of(llama_cpp, build(llama_cpp))
    outbox.send(type="hello", protocol=PROTOCOL, pid=os.getpid(), gpu=gpu, **facts(llama_cpp))
    Runner(llama_cpp, inbox, outbox).run()


class Runner:
    """Answers requests with one model."""

    def __init__(self, lib: Any, inbox: Inbox, outbox: Outbox) -> None:
        self._lib = lib
        self._inbox = inbox
        self._outbox = outbox
        self._request = 0
        self._percent = -1
        self._model: NativeModel | None = None
        self._classifier: Classifier | None = None
        self._projector: Projector | None = None
        self._states: KeptStates | None = None
        self._speaker: Speaker | None = None

    def run(self) -> None:
        """Serve until the pipe ends, then free the model."""
        try:
            for frame in self._inbox.requests():
                self._answer(frame)
        finally:
            for opened in (self._states, self._model, self._classifier):
                if opened:
                    opened.close()

    def _answer(self, frame: Frame) -> None:
        self._request = int(frame.get("id", 0))
        try:
            match frame["type"]:
                case "try":
                    self._try_out(frame)
                case "load":
                    self._load(frame)
                case "probe":
                    self._probe(frame)
                case "classify":
                    self._classify(str(frame["text"]))
                case "count":
                    tokens = self._ready_speaker().prompt_tokens(_messages(frame))
                    self._outbox.send(type="counted", id=self._request, tokens=len(tokens))
                case "generate":
                    self._generate(_prompt(frame))
        except AlisaError as error:
            self._outbox.fail(self._request, error)
        except DecodeFailed as error:
            print(error, file=sys.stderr)  # noqa: T201 - standard error is our log
            self._outbox.fail(self._request, ModelCrashed("My model lost its thread. Please say that again."))

    def _try_out(self, frame: Frame) -> None:
        """Find out whether the processor can do what it claims; it may crash us."""
        load_variant(self._lib, frame["variant"])
        self._outbox.send(type="tried", proven=decodes(self._lib, Path(frame["path"])))

    def _load(self, frame: Frame) -> None:
        path, context = Path(frame["path"]), int(frame["context"])
        self._percent = -1
        try:
            header = check_model_file(path, context, psutil.virtual_memory().available)
            context = header.usable_context(context)
            self._load_with(path, header, {**frame, "context": context})
        except ModelTooBig as error:
            said = {"kind": type(error).__name__, "sentence": error.sentence}
            context = open_header(path)[0].usable_context(context)
            self._outbox.send(type="error", id=0, context=context, **said)

    def _load_with(self, path: Path, header: GgufHeader, frame: Frame) -> None:
        load_variant(self._lib, frame["variant"])
        available = psutil.virtual_memory().available
        if frame["mmproj"]:
            self._find_projector(Path(frame["mmproj"]), header, frame["context"], available)
        self._outbox.send(type="opened", name=header.name, context=frame["context"])
        model = self._model = self._open(path, header, frame)
        if classifier := frame["classifier"]:
            self._classifier = self._open_classifier(Path(classifier), frame["safe"])
        model.warm_up()
        if frame["states"] and header.weight_bytes >= SMALL_MODEL:
            self._states = KeptStates(Path(frame["states"]), [*mark(path), model.context_tokens, build(self._lib)])
        self._speaker = Speaker(model, self._renderer(model), self._heard, states=self._states)
        labels = self._classifier.labels if self._classifier else 0
        sees = self._projector is not None
        self._outbox.send(type="ready", context=model.context_tokens, labels=labels, sees=sees)

    def _find_projector(self, path: Path, model: GgufHeader, context_tokens: int, available_bytes: int) -> None:
        """Take a projector that fits the model and the memory, to be loaded when there is something to see.

        Without one that is usable, the model still talks.
        """
        try:
            header = check_projector_file(path, model)
            check_memory(model, context_tokens, available_bytes, header.file_bytes)
            from llama_cpp import mtmd_cpp
        except (ModelError, ImportError, OSError, RuntimeError, AttributeError) as error:
            print(f"no eyes: {error}", file=sys.stderr)  # noqa: T201 - standard error is our log
            return
        self._log = self._lib.llama_log_callback(_log_warning)  # kept: C holds no reference
        mtmd_cpp.mtmd_helper_log_set(self._log, None)
        self._projector = Projector(mtmd_cpp, path)

    def _open(self, path: Path, header: GgufHeader, frame: Frame) -> NativeModel:
        try:
            return self._native(path, header, frame)
        except LoadFailed as error:
            if isinstance(error, NoRoom) or frame["gpu_layers"]:
                raise ModelTooBig(
                    f"There is no room for my model {header.name} in this machine's memory. "
                    "Choose a smaller model or a smaller context in Settings, or close other programs."
                ) from error
            raise ModelBroken(NO_MODEL.format(file=path.name, kind=header.architecture)) from error

    def _native(self, path: Path, header: GgufHeader, frame: Frame) -> NativeModel:
        threads, batch_threads = _threads(header, frame["threads"])
        return NativeModel(
            self._lib,
            path,
            context_tokens=frame["context"],
            threads=threads,
            batch_threads=batch_threads,
            safe=frame["safe"],
            gpu_layers=frame["gpu_layers"],
            on_progress=self._report,
            is_stopped=lambda: self._inbox.ended or self._heard() is not None,
        )

    def _probe(self, frame: Frame) -> None:
        """Find out how many layers of a model the graphics card takes; it may crash us."""
        load_variant(self._lib, frame["variant"])
        path = Path(frame["path"])
        header = check_model_file(path, frame["context"], psutil.virtual_memory().available)
        context = header.usable_context(frame["context"])

        def try_out(layers: int) -> bool:
            said = {"context": context, "safe": False, "threads": None, "gpu_layers": layers}
            return works(lambda: self._native(path, header, said))

        try:
            layers, needed = layer_count(self._lib, path), header.memory_bytes(context)
        except LoadFailed as error:
            raise ModelBroken(NO_MODEL.format(file=path.name, kind=header.architecture)) from error
        self._outbox.send(type="probed", layers=most_layers(layers, needed, free_memory(self._lib), try_out))

    def _open_classifier(self, path: Path, safe: bool) -> Classifier:
        try:
            classifier = Classifier(self._lib, path, safe=safe)
            classifier.scores("hello")  # a processor that can't do it fails here and not in a talk
            return classifier
        except (LoadFailed, DecodeFailed) as error:
            raise ModelBroken(
                f"I can't use {path.name}, which belongs to my model; it may be damaged. "
                "Choose another model in Settings, or install me again."
            ) from error

    def _report(self, progress: float) -> None:
        percent = int(progress * 100)
        if percent > self._percent:
            self._percent = percent
            self._outbox.send(type="progress", value=percent / 100)

    def _heard(self) -> int | None:
        return self._inbox.heard(self._request)

    def _renderer(self, model: NativeModel) -> Render:
        """Return the renderer of the model's own template, in the sandbox of llama-cpp-python; ChatML without one."""
        from jinja2 import TemplateError
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        template, bos, eos = model.template(), model.text_of(model.bos), model.text_of(model.eos)
        if not template:
            return chatml
        try:
            formatter: Any = Jinja2ChatFormatter(template=template, bos_token=bos, eos_token=eos)
        except TemplateError:
            return chatml
        return lambda messages: str(formatter(messages=messages, enable_thinking=False).prompt)

    def _ready_speaker(self) -> Speaker:
        if self._speaker is None:
            raise ModelCrashed("My model isn't loaded yet. Please try again in a moment.")
        return self._speaker

    def _classify(self, text: str) -> None:
        if self._classifier is None:
            raise ModelCrashed("My model isn't loaded yet. Please try again in a moment.")
        self._outbox.send(type="classified", id=self._request, scores=self._classifier.scores(text))

    def _generate(self, prompt: Prompt) -> None:
        times: list[float] = []
        with self._speaker_for(prompt.picture) as speaker:
            for part in speaker.speak(prompt):
                times += [time.perf_counter()] if isinstance(part, Chunk) else []
                self._send(part, times[-1] - times[0] if times else 0.0)
        if self._inbox.ended or not self._inbox.waits:  # nobody waits for it
            speaker.keep_state()

    @contextmanager
    def _speaker_for(self, picture: str) -> Iterator[Speaker]:
        """Give who speaks: with a picture, in a context that sees it and that is gone afterwards."""
        speaker = self._ready_speaker()
        if not picture:
            yield speaker
            return
        if self._model is None or self._projector is None:
            raise SightFailed(BLIND)
        with self._projector.look(self._model, picture_bytes(picture)) as context:
            yield speaker.within(context)

    def _send(self, part: StreamPart, seconds: float) -> None:
        """Pass a part on; `seconds` have passed since the first words."""
        match part:
            case Chosen(option):
                self._outbox.send(type="chosen", id=self._request, option=option)
            case Chunk(text):
                self._outbox.send(type="chunk", id=self._request, text=text)
            case Usage(prompt=tokens, decoded=decoded, reply=reply) if not self._inbox.ended:
                said = {"prompt": tokens, "decoded": decoded, "reply": reply, "seconds": seconds}
                self._outbox.send(type="done", id=self._request, **said)


def _log_warning(level: int, text: bytes, _: Any) -> None:
    """Pass on what llama.cpp has to complain of, without its chatter."""
    if level in (LOG_WARN, LOG_ERROR):
        print(text.decode("utf-8", "replace"), end="", file=sys.stderr)  # noqa: T201 - standard error is our log


def _threads(header: GgufHeader, wanted: int | None) -> tuple[int, int]:
    """Return the threads for single tokens and for batches.

    They wait for each other after every step, so each one that the rest of the desktop keeps off its core stops all:
    one core is left free for single tokens, and a small model gets one thread, which waits for nobody.
    """
    if header.weight_bytes < SMALL_MODEL:
        return 1, 1
    if wanted:
        return wanted, wanted
    cores = psutil.cpu_count(logical=False) or 1
    return max(1, cores - 1), cores


def _messages(frame: Frame) -> list[Message]:
    return [Message(Role(role), content) for role, content in frame["messages"]]


def _prompt(frame: Frame) -> Prompt:
    choice = frame["choice"]
    return Prompt(
        tuple(_messages(frame)),
        Sampling(**frame["sampling"]),
        Choice(choice["before"], tuple(choice["options"]), choice["after"]) if choice else None,
        frame["line"],
        frame["picture"],
    )
