"""What is asked of a runner that loads a model file, and what is given up, step by step, when that is too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alisa_desktop.core.frames import Frame
from alisa_desktop.model.beside import projector_beside
from alisa_desktop.model.safe_list import SafeList

LEAST_CONTEXT = 2048
"""Tokens. With less, she forgets within a few sentences."""

SMALLER = "There isn't enough room for my model's whole context here, so it makes do with {context} tokens."
PROCESSOR_ONLY = "My model doesn't get on with the graphics card, so it makes do with the processor."


@dataclass(slots=True)
class Less:
    """With what a model file makes do: at most so many tokens of context (0: no limit), the processor alone."""

    context: int = 0
    processor_only: bool = False

    @property
    def sentence(self) -> str:
        """What the user is told about it, empty when nothing was given up."""
        said = [SMALLER.format(context=self.context)] if self.context else []
        return " ".join([*said, PROCESSOR_ONLY] if self.processor_only else said)


Limits = dict[Path, Less]
"""With what model files make do in this session, by path; whoever makes one model after the other hands it on."""


class LoadPlan:
    """How one model file is loaded. `prepare` reads the disk, in whatever thread; all else belongs to the loop's."""

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        safe_models: SafeList,
        threads: Callable[[], int] | None,
        state_folder: Path | None,
        limits: Limits,
    ) -> None:
        self.path = path
        self.context = context_tokens
        """Tokens of context that are asked for, as far as the runner has not said how many there can be."""
        self.safe = False
        self.projector: Path | None = None
        self.gpu_layers = 0
        self.wanted = context_tokens
        self._safe_models = safe_models
        self._threads = threads
        self._state_folder = state_folder
        self._limits = limits
        self._facts: Frame = {}

    @property
    def less(self) -> Less:
        """With what the file makes do in this session."""
        return self._limits.get(self.path, Less())

    @property
    def classifier_path(self) -> Path:
        """Where the classifier of a model with a repertoire lies."""
        return self.path.with_suffix(".topics.gguf")

    def prepare(self, *, blind: bool) -> None:
        """Find out what belongs to the file, without its eyes when `blind`; asks for the threads."""
        self.projector = None if blind else projector_beside(self.path)
        self._facts = {
            "safe": self.path in self._safe_models,
            "classifier": str(self.classifier_path) if self.classifier_path.exists() else "",
            "mmproj": str(self.projector or ""),
            "threads": self._threads() if self._threads else None,
            "states": str(self._state_folder or ""),
        }

    def request(self, gpu_layers: int = 0) -> Frame:
        """The order to load, with so many layers on the graphics card, after `prepare`."""
        less = self.less
        self.context = min(filter(None, (self.wanted, less.context)), default=0)
        self.gpu_layers = 0 if less.processor_only else gpu_layers
        self.safe = self.safe or self._facts["safe"]
        said = {"safe": self.safe, "context": self.context, "gpu_layers": self.gpu_layers}
        return {"type": "load", "path": str(self.path), **self._facts, **said}

    def step_down(self) -> str:
        """Give something up for this session; returns the sentence about it, empty when nothing is left to give up."""
        less = self.less
        if self.context > LEAST_CONTEXT:
            less.context = self.context = max(self.context // 2, LEAST_CONTEXT)
            said = SMALLER.format(context=less.context)
        elif self.gpu_layers:
            less.processor_only, self.gpu_layers = True, 0
            said = PROCESSOR_ONLY
        else:
            return ""
        self._limits[self.path] = less
        return said

    def loaded(self) -> None:
        """It works like this: remember when only the safe way did, and not that memory was short."""
        if self.safe and not self._facts["safe"] and not self.less.context:
            self._safe_models.add(self.path)
            self._facts["safe"] = True

    def forget(self) -> None:
        """All of it was in vain: the next start begins with everything again."""
        self._limits.pop(self.path, None)
