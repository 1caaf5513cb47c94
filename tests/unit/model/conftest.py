from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp
import psutil
import pytest
from own_tasks import own_tasks
from stand_in_runner import StandIn
from tiny_gguf import write_endless_gguf, write_tiny_gguf

from alisa_desktop.core.messages import Chosen, Chunk, ModelStatus, Prompt, Usage
from alisa_desktop.model.llama import LlamaModel
from alisa_desktop.model.safe_list import SafeList
from alisa_desktop.model.variants import Variants, load_best

ROOT = Path(__file__).resolve().parents[3]
STARTER = ROOT / "resources" / "models" / "alisa-starter.gguf"
RUNNER = [sys.executable, "-c", "import sys; from alisa_desktop.model.runner import main; sys.exit(main())"]
PATIENCE = 60.0
"""Seconds for a runner to do as it is told; who is killed after less may only have been on a busy machine."""


class Told:
    """Every status a model published; one can wait for a kind of them."""

    def __init__(self) -> None:
        self.all: list[ModelStatus] = []
        self._more = asyncio.Event()

    def __call__(self, status: ModelStatus) -> None:
        self.all.append(status)
        self._more.set()

    async def until(self, wanted: Callable[[ModelStatus], bool]) -> ModelStatus:
        async with asyncio.timeout(60):
            while not (found := [one for one in self.all if wanted(one)]):
                self._more.clear()
                await self._more.wait()
        return found[-1]


@dataclass
class Heard:
    """A whole reply."""

    option: str = ""
    text: str = ""
    usage: Usage = field(default_factory=lambda: Usage(0, 0, 0))


class Started:
    """A model of a test with what it told and the processes it started."""

    def __init__(
        self, path: Path, folder: Path, command: list[str], context: int, back_off: tuple[float, ...], **more: Any
    ) -> None:
        self.told = Told()
        self.safe_list = SafeList(folder / "profile" / "safe.json")
        self.processes: list[int] = []
        self.model = LlamaModel(
            path,
            command=command,
            context_tokens=context,
            safe_models=self.safe_list,
            variants=Variants(folder / "profile" / "processors.json", STARTER),
            cwd=ROOT,
            on_status=self.told,
            adopt=lambda process: self.processes.append(process.pid),
            back_off=back_off,
            **more,
        )

    async def hear(self, prompt: Prompt) -> Heard:
        heard = Heard()
        async for part in self.model.stream(prompt):
            match part:
                case Chosen(option):
                    heard.option = option
                case Chunk(text):
                    heard.text += text
                case Usage():
                    heard.usage = part
        return heard


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., object]]:
    """Start models, whose runners end by themselves; afterwards closes them and sees that nothing is left of them."""
    monkeypatch.setattr("alisa_desktop.model.supervisor.GRACE_SECONDS", PATIENCE)
    monkeypatch.setattr("alisa_desktop.model.llama.CANCEL_SECONDS", PATIENCE)
    before = set(threading.enumerate())
    running: list[Started] = []

    async def begin(
        path: Path,
        *,
        command: list[str] = RUNNER,
        context: int = 2048,
        ready: bool = True,
        back_off: tuple[float, ...] = (0.0,),
        **more: Any,
    ) -> Started:
        started = Started(path, tmp_path, command, context, back_off, **more)
        running.append(started)
        await started.model.start()
        if ready:
            await started.model.ready()
        return started

    yield begin
    for started in running:
        await started.model.close()
        assert not [pid for pid in started.processes if psutil.pid_exists(pid)]
    assert set(threading.enumerate()) <= before
    assert own_tasks() == {asyncio.current_task()}


@pytest.fixture(scope="session", autouse=True)
def variant() -> str:
    """The processor variant of llama.cpp, which is loaded."""
    return load_best(llama_cpp)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that ends its replies now and then."""
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose replies never end by themselves, large enough to be caught in the middle."""
    return write_endless_gguf(tmp_path_factory.mktemp("gguf") / "endless.gguf")


@pytest.fixture(scope="session")
def starter() -> Path:
    """The shipped starter brain."""
    return STARTER


@pytest.fixture
def bare_starter(starter: Path, tmp_path: Path) -> Path:
    """The shipped starter brain without what tells it what to say: a small model like any other."""
    return Path(shutil.copy(starter, tmp_path / "bare.gguf"))


@pytest.fixture
def runner() -> list[str]:
    """The command that starts the real runner; its folder is the root."""
    return list(RUNNER)


@pytest.fixture
def machine(tmp_path: Path) -> StandIn:
    """A runner without a model, for machines that are in a bad way."""
    return StandIn(tmp_path)


@pytest.fixture
def root() -> Path:
    return ROOT
